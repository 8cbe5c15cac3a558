"""Whether so many records of a sync cannot be loaded that the rest is no table to rely on."""

from __future__ import annotations

from messaging_assets.answers.record_keys import ONE_VALUE
from messaging_assets.description.api import Resource
from messaging_assets.foundation.failures import TooManySetAside
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.rows.values.nested import INVALID_UNICODE

_MOST_REASONS = 3


def refuse_if_most_are_aside(resource: Resource, asset: str, receipt: Receipt) -> None:
    """Let a read fail of which more records were set aside than the file allows.

    Args:
        resource: says which share is allowed.
        asset: the asset's name in errors.
        receipt: what was counted; the verdict joins it.

    Raises:
        TooManySetAside: the reasons, the most frequent first.
    """
    aside = receipt.rows_set_aside
    every = aside + receipt.rows_loaded + (receipt.resumed_rows or 0)
    if not aside or aside <= resource.maximum_set_aside_share * every:
        return
    reasons = [f"{reason} ({count})" for reason, count in receipt.set_aside.most_common(_MOST_REASONS)]
    more = ", ..." if len(receipt.set_aside) > _MOST_REASONS else ""
    why = f"{aside} of {every} records were set aside: {'; '.join(reasons)}{more}"
    receipt.found(Verdict.INCOMPLETE, why)
    raise TooManySetAside(
        f"{why}, which is more than maximum_set_aside_share allows, so nothing was loaded",
        _step(resource, receipt.set_aside.most_common(1)[0][0]),
        where=asset,
    )


def _step(resource: Resource, reason: str) -> str:
    """What to do about the most frequent reason."""
    rejected = f"{resource.table}__rejected"
    if reason in [f"no {key}" for key in resource.keys]:
        return f"see in {rejected} which field tells records apart, and name it in primary_key"
    if reason.endswith(ONE_VALUE):
        return "let steps copy a value out of it that tells records apart ({copy: {uid: id.value}}), for primary_key"
    if reason.endswith(INVALID_UNICODE):
        return "name the charset that the API writes as the encoding of format, such as windows-1252"
    return f"look at {rejected}, and correct columns, or let steps drop or rename a field"
