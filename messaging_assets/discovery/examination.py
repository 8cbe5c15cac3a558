"""What the first pages of a resource say about its API file: what is wrong, and how to mend it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any

from messaging_assets.answers.field_names import why_no_column
from messaging_assets.answers.formats.decoding import shown_format
from messaging_assets.answers.record_keys import whole_number
from messaging_assets.answers.row_totals import more_than_came, total_path
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import identifier
from messaging_assets.description.pagination import (
    AutoPaginator,
    CursorPaginator,
    HeaderCursorPaginator,
    HeaderLinkPaginator,
    JsonLinkPaginator,
    OffsetPaginator,
    Paginator,
    SinglePagePaginator,
)
from messaging_assets.description.parents import fields_of_parents, is_child, parents_of
from messaging_assets.discovery.columns import Sample
from messaging_assets.discovery.examined import Examined, Finding, Level
from messaging_assets.discovery.field_words import about_values
from messaging_assets.discovery.first_pages import FirstPages
from messaging_assets.discovery.next_time import about_answers
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import (
    CheckCredentials,
    ReadIncomplete,
    SetSecret,
    SyncFailure,
    TryAgainLater,
    clause,
)
from messaging_assets.http.wire.answer import Answer
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.evidence.sought_fields import CORRECT
from messaging_assets.reading.paging.paginators import paginator_of
from messaging_assets.reading.receipt import Verdict
from messaging_assets.rows.values.conversion import arrow_type, convert_declared
from messaging_assets.seams.dlt_rest_client import find_response_page_data

# A Date header is whole seconds and the answer took its time; tokens and time windows bear this much.
_SKEW = 30.0
_RATE_LIMITS = ("ratelimit", "x-ratelimit", "x-rate-limit")


def examine(description: ApiDescription, resource: Resource, came: FirstPages) -> Examined:
    """Compare what came with what the file says.

    Args:
        description: the API.
        resource: one of its resources, with the defaults merged in.
        came: its first pages.
    """
    good = [answer for answer in came.answers if answer.status_code < 300]
    pages = [len(rows) for answer in came.answers if (rows := _rows(resource, answer)) is not None]
    paginator = paginator_of(description, resource)
    total = None if is_child(resource) else _total(paginator, resource, good)
    examined = Examined(resource.name, came.receipt.requests, len(pages), len(came.rows), total)
    order: tuple[Level, ...] = ("wrong", "warning", "note")
    examined.is_paging_seen = _is_paging_seen(paginator, came, pages)
    found = [*_failure(came, description.asset_of(resource)), *_format(resource, good), *_key(resource, came)]
    found += [*_columns(resource, came), *_paging(paginator, resource, came, pages)]
    if came.failure is None and not is_child(resource) and resource.endpoint.total != "ignore":
        found += _count(examined)
        found += _more(paginator, resource, good)
    sent = [row for answer in good for row in _rows(resource, answer) or ()]
    found += about_answers(resource, paginator, good, came.rows, sent)
    found += [*_steps(came), *_parents(came), *_wire(description, came.answers)]
    examined.findings = sorted(found, key=lambda finding: order.index(finding.level))
    return examined


def _steps(came: FirstPages) -> Iterator[Finding]:
    """What the file's steps and its selector take that no record has."""
    fields = came.receipt.fields
    for word, name in fields.unseen():
        what = f"no record has {name}, which {word} takes, of {fields.met[word, name]}"
        yield Finding("warning", "steps", what, CORRECT)


def _parents(came: FirstPages) -> Iterator[Finding]:
    """What the first parents' records do not have that their child takes of them."""
    receipt = came.receipt
    for why in receipt.lists_left_out.values():
        level: Level = "warning" if receipt.lists_begun else "wrong"
        mend = "correct the field's name in the request, or filter such records out in the parent's steps"
        yield Finding(level, "parents", f"a parent's record has no list that could be asked for: {why}", mend)
    if receipt.parents_untold:
        what = "a parent's record does not have the field that tells whether it changed, so it is always asked"
        yield Finding("warning", "parents", what, "correct only_changed_parents, or let it be true")


def _rows(resource: Resource, answer: Answer) -> list[Any] | None:
    """The list in an answer; None where there is none."""
    if answer.status_code >= 300:
        return None
    selector = resource.endpoint.data_selector
    if selector is None:
        names, _ = find_response_page_data(answer.parsed)
        selector = ".".join(names)
    found = json_paths.find_values(selector.removesuffix("[*]") or "$", answer.parsed)
    if not found and "?" not in selector:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], list) else found


def _failure(came: FirstPages, place: str) -> Iterator[Finding]:
    if came.failure is None:
        return
    failure = came.failure
    # What is wrong with the list itself needs no place; a parent's does.
    what = failure.what if failure.where == place else clause(failure.where, failure.what, "")
    yield Finding("wrong", _about(failure, came.answers), what, failure.next_step)


def _about(failure: SyncFailure, answers: list[Answer]) -> str:
    if isinstance(failure, (SetSecret, CheckCredentials)):
        return "authentication"
    if isinstance(failure, ReadIncomplete):
        return "paging"
    if isinstance(failure, TryAgainLater) or not answers:
        return "reachable"
    return "path" if answers[-1].status_code >= 300 else "list"


def _format(resource: Resource, good: list[Answer]) -> Iterator[Finding]:
    """The format of the answers, where it is not JSON."""
    if good and (written := good[0].format) != "json":
        mend = f"write format: {written}, which holds whatever the Content-Type says"
        said = "as the file says" if resource.endpoint.format else "by its Content-Type"
        yield Finding("note", "format", f"{shown_format(written)}, {said}", "" if resource.endpoint.format else mend)


def _key(resource: Resource, came: FirstPages) -> Iterator[Finding]:
    for reason, number in came.receipt.set_aside.items():
        what = f"{number} of {came.receipt.rows_read} records would be set aside: {reason}"
        yield Finding("wrong", "key", what, _suggested(came, resource))
    if not resource.keys:
        if suggested := Sample(came.rows).key(resource.name):
            told = f"{', '.join(suggested)} is never null and never twice in {len(came.rows)} rows"
            yield Finding("note", "key", f"no primary_key is declared; {told}")
        return
    keys = [tuple(row.get(key) for key in resource.keys) for row in came.rows]
    repeated = len(keys) - len(set(map(repr, keys)))
    if repeated:
        what = f"{repeated} of {len(keys)} rows repeat the {', '.join(resource.keys)} of another"
        yield Finding("wrong", "key", what, _suggested(came, resource))


def _suggested(came: FirstPages, resource: Resource) -> str:
    suggested = Sample(came.rows).key("")
    if suggested and tuple(suggested) == tuple(resource.keys):
        return "see whether these are records at all; a sync loads the others, and says how many it set aside"
    named = f", such as {', '.join(suggested)}" if suggested else ""
    if is_child(resource) and not resource.include_from_parent:
        field = [*chain(*fields_of_parents(resource)), "id"][0].partition(":")[0]
        beside = f"include_from_parent: [{field}], and _{parents_of(resource)[0]}_{field} beside it"
        named += f"; where it is unique within its parent only, write {beside}"
    return f"name a primary_key that every record has once{named}"


def _columns(resource: Resource, came: FirstPages) -> Iterator[Finding]:
    if not came.rows:
        if came.failure is None and not came.receipt.set_aside:
            yield Finding("note", "columns", "the list is empty, so key and columns were not seen")
        return
    shared = (why_no_column({name: identifier(name) or name for name in row}, {}) for row in came.rows)
    for why, number in Counter(filter(None, shared)).items():
        what = f"{number} of {len(came.rows)} records would be set aside: {why}"
        yield Finding("wrong", "columns", what, "let steps drop or rename one of them")
    fields = {identifier(name): name for row in came.rows for name in row}
    for name, column in resource.columns.items():
        if identifier(name) not in fields:
            level: Level = "warning" if column.nullable else "wrong"
            what = f"no record has a field {name}, of {len(came.rows)}"
            yield Finding(level, "columns", what, "correct the name under columns, or leave it out")
            continue
        values = [row.get(fields[identifier(name)]) for row in came.rows]
        yield from _values(name, values, column)
    declared = {identifier(name) for name in (*resource.columns, *resource.keys)}
    others = [name for plain, name in fields.items() if plain not in declared]
    yield from about_values(resource, came.rows)
    if resource.columns and others:
        yield Finding("note", "columns", f"not declared, typed by what comes: {', '.join(sorted(others)[:15])}")


def _values(name: str, values: list[Any], column: Any) -> Iterator[Finding]:
    nulls = sum(value is None for value in values)
    if nulls and not column.nullable:
        yield Finding(
            "wrong", "columns", f"{name} is null in {nulls} of {len(values)} rows", f"write nullable: true for {name}"
        )
    if column.data_type:
        type_ = arrow_type(column.data_type, column.precision, column.scale)
        misfits = convert_declared(values, column.data_type, type_).misfits
        for reason in dict.fromkeys(misfits.values()):
            number = sum(one == reason for one in misfits.values())
            what = f"{name} is {reason} in {number} of {len(values)} rows, which would be set aside"
            yield Finding("wrong", "columns", what, f"correct data_type of {name}, now {column.data_type}")


def _paging(paginator: Paginator | None, resource: Resource, came: FirstPages, pages: list[int]) -> Iterator[Finding]:
    if came.failure is not None:
        return
    told = came.receipt.finding
    if told.verdict is Verdict.UNKNOWN:
        yield Finding("warning", "paging", told.reason)
    elif sum(rows > 0 for rows in pages) > 1:
        yield Finding("note", "paging", "the second page differs from the first")
        # A record that is set aside is not on its page any more.
        is_as_it_came = not came.receipt.set_aside and not is_child(resource)
        if isinstance(paginator, OffsetPaginator) and pages[0] < paginator.size and is_as_it_came:
            what = f"pages have {pages[0]} rows where {paginator.size} are asked for"
            yield Finding("note", "paging", what, f"write paginator.limit: {pages[0]}")
    elif came.rows:
        yield Finding("note", "paging", "everything came on one page, so paging was not seen")


def _is_paging_seen(paginator: Paginator | None, came: FirstPages, pages: list[int]) -> bool:
    """Whether a second page came, where the file names a place for it; one page says nothing of that place."""
    if came.receipt.finding.verdict is Verdict.UNKNOWN:
        return False
    by_reference = (AutoPaginator, CursorPaginator, HeaderCursorPaginator, HeaderLinkPaginator, JsonLinkPaginator)
    return sum(rows > 0 for rows in pages) > 1 or not isinstance(paginator, by_reference)


def _count(seen: Examined) -> Iterator[Finding]:
    if seen.total is None:
        what = "the API gives no number of rows, so a sync can be read to the end but hardly proven complete"
        yield Finding("note", "total", what)
    elif seen.total < seen.rows:
        mend = "correct total_path, or set endpoint.total to ignore"
        yield Finding("warning", "total", f"the API says it has {seen.total} rows, and {seen.rows} came already", mend)


def _more(paginator: Paginator | None, resource: Resource, answers: list[Answer]) -> Iterator[Finding]:
    """Rows that the one page counts and nothing leads to."""
    rows = _counted_rows(resource, answers[0]) if len(answers) == 1 else None
    if rows is None or not isinstance(paginator, (SinglePagePaginator, AutoPaginator)):
        return
    if told := more_than_came(answers[0].parsed, rows, resource.endpoint.data_selector):
        mend = "declare the paginator, or set endpoint.total to ignore if it counts something else"
        yield Finding("wrong", "paging", told, mend)


def _counted_rows(resource: Resource, answer: Answer) -> int | None:
    """How many rows came of the list that an answer may count; None where the file takes one object or a part of it."""
    rows = _rows(resource, answer)
    if rows is None or "?" in (resource.endpoint.data_selector or "") or cursor_of(resource.endpoint):
        return None
    return None if rows and rows[0] is answer.parsed else len(rows)


def _total(paginator: Paginator | None, resource: Resource, answers: list[Answer]) -> int | None:
    path = getattr(paginator, "rows_total_path", None)
    if path is None and isinstance(paginator, OffsetPaginator):
        path = paginator.total_path
    if path is None and isinstance(paginator, (SinglePagePaginator, AutoPaginator)) and answers:
        rows, bodies = _counted_rows(resource, answers[0]), [answer.parsed for answer in answers]
        path = total_path(bodies, rows, resource.endpoint.data_selector) if rows is not None else None
    found = json_paths.find_values(path, answers[-1].parsed) if path and answers else []
    return whole_number(found[0]) if found else None


def _wire(description: ApiDescription, answers: list[Answer]) -> Iterator[Finding]:
    """Clock skew and rate limits, from the last answer's headers."""
    if not answers:
        return
    headers = answers[-1].headers
    skew = _skew(headers.get("Date", ""))
    if skew is not None and abs(skew) > _SKEW:
        where = "ahead of" if skew > 0 else "behind"
        what = f"the API's clock is {abs(skew):.0f} s {where} this machine's"
        yield Finding("warning", "clock", what, "set this machine's clock by NTP; tokens and time windows depend on it")
    limits = [f"{name}: {value}" for name, value in headers.items() if name.lower().startswith(_RATE_LIMITS)]
    if limits:
        mend = "" if description.client.requests_per_second else "set client.requests_per_second to the API's budget"
        yield Finding("note", "rate limit", ", ".join(limits[:8]), mend)


def _skew(date: str) -> float | None:
    """Seconds that a Date header (RFC 9110, section 6.6.1) is ahead of this machine's clock."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
