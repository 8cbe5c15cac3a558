"""What answers say of the next sync, and of their rows: where it begins, and fields that only the answer has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from messaging_assets.answers.beside_list import Leaf
from messaging_assets.answers.row_totals import leaves
from messaging_assets.description.api import Resource
from messaging_assets.description.jobs import gives_changes_alone
from messaging_assets.description.names import identifier
from messaging_assets.description.pagination import HeaderLinkPaginator, Paginator
from messaging_assets.discovery.columns import Sample
from messaging_assets.discovery.examined import Finding
from messaging_assets.foundation import json_paths
from messaging_assets.http.wire.answer import Answer

_NEXT_TIME = re.compile(r"(^|_)(delta_?link|delta_?token|next_?sync_?token|sync_?token|next_?delta)$")
_FORGOTTEN = "response_actions: [{status_code: 410, action: restart}]"


def next_time(body: Any) -> Leaf | None:
    """The value that says where the next sync begins: an address, or a token; None where an answer has none."""
    found = (one for one in leaves(body) if isinstance(one.value, str) and one.value)
    return next((one for one in found if _NEXT_TIME.search(identifier(one.names[-1].lstrip("@")))), None)


def words_for(leaf: Leaf) -> str:
    """The words of a file that begin the next sync with such a value."""
    is_link = "://" in leaf.value
    path = f'"{leaf.path}"' if leaf.path.startswith(("'", "@")) else leaf.path
    place = "cursor_in: link" if is_link else "cursor_in: answer, start_param: <the API's parameter>"
    return f"incremental: {{cursor_path: {path}, {place}}} and {_FORGOTTEN}"


def next_headers(answer: Answer) -> list[str]:
    """Headers of their own in which an answer names its next page, such as Next-Page."""
    named = (name for name, value in answer.headers.items() if value and "next" in re.split(r"[^a-z]+", name.lower()))
    return [name for name in named if name.lower() != "link"]


def about_answers(
    resource: Resource, paginator: Paginator | None, good: Sequence[Answer], *rows: Sequence[Any]
) -> Iterator[Finding]:
    """What answers have, or do not have, for the words of a resource that are about them.

    Args:
        resource: the resource.
        paginator: how its pages go on.
        good: the answers.
        rows: their records as steps leave them, and as they came.
    """
    if not good:
        return
    yield from _about_cursor(resource, good)
    yield from _about_marks(resource, rows)
    yield from _about_fields(resource, good[0].parsed)
    link = paginator if isinstance(paginator, HeaderLinkPaginator) else None
    if link and not good[0].links.get("next") and (named := next_headers(good[0])) and named[0] != link.header:
        what = f"the answer names a next page in its header {named[0]}, and the file looks into {link.header}"
        yield Finding("wrong", "paging", what, f"write header: {named[0]} in the paginator")


def _about_cursor(resource: Resource, good: Sequence[Answer]) -> Iterator[Finding]:
    own = resource.endpoint.incremental
    if own is None:
        if (leaf := next_time(good[-1].parsed)) is not None:
            what = f"the answer says at {leaf.path} where the next sync begins, and each sync reads all"
            yield Finding("note", "cursor", what, f"write {words_for(leaf)}")
        return
    if own.cursor_in not in ("answer", "link"):
        return
    if not any(json_paths.find_values(own.cursor_path, one.parsed) for one in good):
        what = f"nothing is at cursor_path {own.cursor_path} in {len(good)} answers"
        mend = "correct cursor_path, or see that the list's last page has it"
        yield Finding("note" if len(good) > 1 else "warning", "cursor", what, mend)
    begins_anew = any(getattr(one, "action", None) == "restart" for one in resource.endpoint.response_actions)
    if not begins_anew and not gives_changes_alone(own.first_mark):
        what = "the file does not say how the API answers once it has forgotten where a sync begins"
        yield Finding("note", "cursor", what, f"write {_FORGOTTEN}, or the status that the API has for it")


def _about_marks(resource: Resource, ways: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """Records without the cursor, however their steps leave it."""
    own = resource.endpoint.incremental
    if own is None or own.cursor_in in ("answer", "link") or not all(ways):
        return
    lacking = min(
        (sum(json_paths.find_values(own.cursor_path, row) in ([], [None]) for row in rows), len(rows)) for rows in ways
    )
    is_red = own.on_cursor_value_missing == "raise"
    if lacking[0] == lacking[1] or (lacking[0] and is_red):
        what = f"{lacking[0]} of {lacking[1]} records have no {own.cursor_path}, the cursor"
        mend = "correct cursor_path, or let on_cursor_value_missing be include or exclude"
        yield Finding("wrong" if is_red else "warning", "cursor", what, mend)


def _about_fields(resource: Resource, body: Any) -> Iterator[Finding]:
    for name, path in resource.endpoint.include_from_answer.items():
        if not json_paths.find_values(path, body):
            what = f"the answer has nothing at {path}, which include_from_answer puts into {name}"
            yield Finding("warning", "columns", what, "correct the path in include_from_answer")


def about_times(sample: Sample, declared: Mapping[str, Any]) -> str | None:
    """The step that makes moments of numbers and texts that are called like times; None where there are none."""
    found = {one.name: one.written_as for one in sample.columns.values() if one.name not in declared and one.written_as}
    if not found:
        return None
    casts = ", ".join(f"{name}: {way}" for name, way in found.items())
    return f"steps: [{{cast: {{{casts}}}}}]"
