"""What the file makes a key of: rows whose keys were made otherwise would be in the table a second time."""

from __future__ import annotations

from typing import Any

import dlt

from messaging_assets.description.api import Resource
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.identity import identity_of
from messaging_assets.loading.marks.target import ReadTarget

_MADE_BY = "messaging_assets_key_made_by"


def makers_of(resource: Resource) -> list[Any]:
    """What of a resource's steps, and of what its answers give, makes or changes the values of its key, in order.

    Args:
        resource: the resource with the file's defaults merged in.
    """
    names, found = set(resource.keys), list[Any]()
    for step in reversed(resource.steps):
        pairs = {**(step.copy_ or {}), **(step.template or {}), **(step.constant or {}), **(step.cast or {})}
        pairs |= dict.fromkeys((*(step.hash or ()), *(step.flatten or ()), *(step.explode or ())))
        renamed = {new: old for old, new in (step.rename or {}).items() if new in names}
        own = renamed | {name: made for name, made in pairs.items() if step.makes(name) and name in names}
        if own:
            found.append([step.word, own])
        names |= set(renamed.values())
        if step.copy_ or step.template:
            # What they take may be made by a step before.
            names |= {path.partition(".")[0].partition("[")[0] for path in step.takes} if own else set()
    given = {name: path for name, path in resource.endpoint.include_from_answer.items() if name in names}
    # What a window gives is another text in each run.
    given |= dict.fromkeys(sorted(names & resource.endpoint.include_from_request.keys()), "include_from_request")
    return [found, given]


def refuse_keys_made_otherwise(target: ReadTarget, has_rows: bool | None) -> None:
    """Stop before a merge into a table whose keys were made in another way.

    Args:
        target: the resource that is read.
        has_rows: whether the table has any.

    Raises:
        MendDescription: they were.
    """
    one, kept = target.resource, dlt.current.resource_state().get(_MADE_BY, {})
    # Of another key nothing is known.
    if not has_rows or one.disposition != "merge" or kept.get("/".join(one.keys)) in (None, _digest(one)):
        return
    anew = "write another table_name and run its windows anew" if one.partitions else "run it once with full_refresh"
    raise MendDescription(
        f"steps or include_from_ make the values of its key {', '.join(one.keys)} otherwise than before, so that "
        "rows would be in its table once more",
        f"put them back, or {anew}",
        where=target.asset,
    )


def store_makers(target: ReadTarget) -> None:
    """Let it be stored with the rows how their keys were made."""
    if target.resource.keys:
        dlt.current.resource_state()[_MADE_BY] = {"/".join(target.resource.keys): _digest(target.resource)}


def _digest(resource: Resource) -> str:
    return identity_of(makers_of(resource)).digest[:16]
