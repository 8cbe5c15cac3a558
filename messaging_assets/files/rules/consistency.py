"""What no single key of a description can get wrong alone: keys against columns, dispositions, incremental, code.

The checks work on the raw mapping, so that they speak even where its shape is wrong, and skip what is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from messaging_assets.description.names import identifier
from messaging_assets.description.windows import NAMES_OF_UTC
from messaging_assets.files.rules.endpoint_requests import request_mistakes
from messaging_assets.files.rules.mistakes import Mistake, Place, came, mapping, step_into, suggestion, value_at
from messaging_assets.files.rules.steps import made_by, taken_mistakes
from messaging_assets.files.rules.steps_of_time import step_mistakes, window_field_mistakes
from messaging_assets.files.rules.written import (
    Written,
    columns_of,
    cursor_params,
    disposition_in,
    is_given,
    names_in,
    place_of_column,
    written_resources,
)

_CODE = "code has no place in an API file; write steps (filter, drop, rename ...), or definitions_for(...) in Python"


def consistency_mistakes(raw: Mapping[str, Any], is_file: bool) -> Iterator[Mistake]:
    """A mistake for each contradiction in a description.

    Args:
        raw: the description as it was written.
        is_file: whether it stands in a file, where code has no place.
    """
    if is_file:
        yield from _code(raw)
    windows: dict[Any, tuple[Any, ...]] = {}
    resources = list(written_resources(raw))
    for resource in resources:
        yield from _keys(resource)
        yield from _keys_inside(resource)
        yield from _partitions(resource, windows)
        yield from _deletes(resource)
        yield from _hints(resource)
        yield from _incremental(resource)
        yield from window_field_mistakes(resource)
        yield from request_mistakes(resource, mapping(raw.get("client")))
    yield from taken_mistakes(resources)


def undeclared_columns(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A remark for each key or cursor that is none of the declared columns: legal, and seldom meant.

    Args:
        raw: the description as it was written, which is a good one.
    """
    for resource in written_resources(raw):
        columns = columns_of(resource)
        declared = {identifier(name) for name in columns}
        for steps, name in _columns_that_matter(resource) if columns else ():
            if identifier(name) in declared or is_given(resource, name):
                continue
            place = resource.place_of(*steps)
            mend = f"did you mean {meant}?" if (meant := suggestion(name, columns)) else "declare it too, with its type"
            yield Mistake(place, f"{came(name, place)} is none of the declared columns; {mend}")


def _columns_that_matter(resource: Written) -> Iterator[tuple[tuple[str, ...], str]]:
    """The columns that keys and cursors name, and where; of a path its first part, which is the column."""
    yield from ((("primary_key",), name) for name in names_in(resource.full.get("primary_key")))
    for place in (("endpoint", "incremental"), *(("endpoint", "params", name) for name in cursor_params(resource))):
        path = value_at(resource.full, (*place, "cursor_path"))
        first = re.match(r"(?:\$\.)?(\w+)(?=\.|$)", path) if isinstance(path, str) else None
        if first:
            yield (*place, "cursor_path"), first[1]


def _code(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    places: list[Place] = [("resource_defaults",)]
    resources = raw.get("resources")
    places += [("resources", index) for index in range(len(resources) if isinstance(resources, list) else 0)]
    for place in places:
        if value_at(raw, (*place, "processing_steps")) is not None:
            yield Mistake((*place, "processing_steps"), _CODE)


def _keys(resource: Written) -> Iterator[Mistake]:
    columns = columns_of(resource)
    hinted = {
        kind: [name for name, column in columns.items() if step_into(column, kind) is True]
        for kind in ("primary_key", "merge_key")
    }
    keys = names_in(resource.full.get("primary_key")) or hinted["primary_key"]
    for name in columns:
        is_key = identifier(name) in {identifier(key) for key in keys}
        if is_key and step_into(columns[name], "nullable") is True:
            place = place_of_column(resource, name)
            yield Mistake((*place, "nullable"), "a column of the primary key cannot be empty; write nullable: false")
    if not keys and not names_in(resource.full.get("merge_key")) and not hinted["merge_key"]:
        yield from _keyless(resource)


def _keys_inside(resource: Written) -> Iterator[Mistake]:
    """A key that is a path, or named twice: it is looked for as a field of the record, whose name may have a dot."""
    steps = resource.full.get("steps")
    made = {str(name) for step in (steps if isinstance(steps, list) else ()) for name in made_by(step)}
    known = made | set(columns_of(resource))
    for word in ("primary_key", "merge_key"):
        names = names_in(resource.full.get(word))
        if len({identifier(name) for name in names}) < len(names):
            yield Mistake(resource.place_of(word), "names one column twice; name each column of a key once")
        for name in names:
            if "," in name and name not in known:
                yield Mistake(resource.place_of(word), f"is one name; write a list for several: [{name}]")
            elif "." in name and name not in known:
                field = (path := name.removeprefix("$.")).replace(".", "_")
                words = f"a key is a field and no path; copy it first, steps: [{{copy: {{{field}: {path}}}}}]"
                words += f", and write {field}; or declare it in columns, if the field's own name has a dot"
                yield Mistake(resource.place_of(word), words)


def _keyless(resource: Written) -> Iterator[Mistake]:
    written = resource.full.get("write_disposition")
    strategy = step_into(written, "strategy")
    # One that is read for its children alone has no table in which rows could meet.
    has_table = resource.full.get("selected") is not False
    if has_table and disposition_in(written) == "merge" and strategy != "scd2":
        words = "merge needs a primary_key or a merge_key, to know which row is which; name one, or write append or"
        yield Mistake(resource.place_of("write_disposition"), f"{words} replace")


def _partitions(resource: Written, windows: dict[Any, tuple[Any, ...]]) -> Iterator[Mistake]:
    """One job holds one partition definition, so windows of one length begin together."""
    written = mapping(resource.full.get("partitions"))
    if not written:
        return
    begins = (str(written.get("start")), written.get("timezone", "UTC"))
    if windows.setdefault(str(written.get("type")), begins) != begins:
        words = f"{written.get('type')} windows of one API share start and timezone; another resource has others"
        yield Mistake(resource.place_of("partitions", "start"), words)
    if disposition_in(resource.full.get("write_disposition")) == "replace":
        words = "a window cannot replace a whole table; use merge or append, running a window again replaces it"
        yield Mistake(resource.place_of("write_disposition"), words)
    if why := _keeps_unchanged_rows(resource):
        words = f"{why}, so a window that is read again cannot tell which of its rows are gone; use another merge"
        yield Mistake(resource.place_of("write_disposition"), words)
    yield from _merge_key_in_parts(resource)
    column = columns_of(resource).get("__".join(str(written.get("column")).removeprefix("$.").split(".")))
    type_, zone = (step_into(column, word) for word in ("data_type", "timezone"))
    if type_ not in (None, "timestamp", "date", "bigint", "double", "decimal"):
        words = f"places rows in windows of time, and is declared as {type_}; declare it as timestamp or date"
        yield Mistake(resource.place_of("partitions", "column"), words)
    is_utc = str(begins[1] if zone is False else zone).upper() in {"NONE", "TRUE", *NAMES_OF_UTC}
    if written.get("type") == "hourly" and not is_utc:
        words = "its times name no zone, and an hour comes twice when clocks are set back; read daily windows"
        yield Mistake(resource.place_of("partitions", "column"), words)
    asked = resource.request_text
    if not written.get("start_param") and not re.search(r"\{(window|partition)\.start[:}]", asked):
        words = "nothing tells the API which window is meant; name start_param, or write {window.start} in the request"
        yield Mistake(resource.place_of("partitions", "start_param"), words)
    if type_ == "date" and written.get("type") == "hourly":
        words = "places rows in hours, and is declared as date; declare it as timestamp, or read daily windows"
        yield Mistake(resource.place_of("partitions", "column"), words)


def _merge_key_in_parts(resource: Written) -> Iterator[Mistake]:
    hinted = any(step_into(column, "merge_key") is True for column in columns_of(resource).values())
    if hinted or names_in(resource.full.get("merge_key")):
        words = "a merge_key deletes all rows that share it, and a read of some rows does not bring all of them"
        yield Mistake(resource.place_of("merge_key"), f"{words}; take it out, or incremental and partitions")


def _keeps_unchanged_rows(resource: Written) -> str | None:
    """Why a row that came again may look as if it had not; None where each row that came is written."""
    written = resource.full.get("write_disposition")
    strategy = step_into(written, "strategy")
    if strategy in ("insert-only", "scd2"):
        return f"{strategy} leaves rows that came again as they are"
    return "skip_unchanged_rows leaves them as they are" if step_into(written, "skip_unchanged_rows") else None


def _hints(resource: Written) -> Iterator[Mistake]:
    way = resource.full.get("write_disposition", "append")
    way = str(step_into(way, "strategy") or disposition_in(way))
    mend = "merge" if way in ("append", "replace") else "strategy: delete-insert"
    lost = {
        "hard_delete": dict.fromkeys(("append", "replace", "scd2"), "heeds no hard_delete"),
        "dedup_sort": dict.fromkeys(("upsert", "insert-only", "scd2"), "sorts out no rows with one key"),
    }
    lost["hard_delete"]["upsert"] = "inserts a new row that comes deleted"
    for hint, ways in lost.items():
        if way in ways and any(step_into(column, hint) for column in columns_of(resource).values()):
            words = f"{way} {ways[way]}; write {mend}, or take the column's {hint} out"
            yield Mistake(resource.place_of("write_disposition"), words)


def _deletes(resource: Written) -> Iterator[Mistake]:
    if resource.full.get("deletes", "ignore") == "ignore":
        return
    place = resource.place_of("deletes")
    if disposition_in(resource.full.get("write_disposition")) != "merge":
        yield Mistake(
            place, "deletes go with write_disposition merge; write it, with a primary_key, or take deletes out"
        )
    if resource.endpoint.get("incremental") or cursor_params(resource) or resource.full.get("partitions"):
        yield Mistake(
            place, "a read of some rows cannot tell which others are gone; take incremental or partitions out"
        )
    if why := _keeps_unchanged_rows(resource):
        yield Mistake(place, f"{why}, so it cannot be told which rows are gone; use another merge, or take deletes out")


def _lag(resource: Written) -> tuple[str, ...] | None:
    """Where a lag is written, in either of dlt's spellings of a cursor."""
    params = [("endpoint", "params", name) for name in mapping(resource.endpoint.get("params"))]
    written = (("endpoint", "incremental"), *params)
    return next(((*place, "lag") for place in written if step_into(value_at(resource.full, place), "lag")), None)


def _sensitive_cursors(resource: Written, bound: Iterable[str]) -> Iterator[Mistake]:
    written = [("endpoint", "incremental"), *(("endpoint", "params", name) for name in bound)]
    paths = [value_at(resource.full, (*place, "cursor_path")) for place in written]
    cursors = {identifier(path.removeprefix("$.").split(".")[0]) for path in paths if isinstance(path, str)}
    for name, column in columns_of(resource).items():
        if identifier(name) in cursors and step_into(column, "sensitive") is True:
            words = "sync and sensor keep a cursor's last value in Dagster, so it cannot be sensitive; take one out"
            yield Mistake((*place_of_column(resource, name), "sensitive"), words)


def _unsent_answers(resource: Written, places: list[Place]) -> Iterator[Mistake]:
    """A cursor beside the list says nothing of records, so it is of use only where it is sent."""
    own = mapping(resource.endpoint.get("incremental"))
    asked = resource.request_text
    if own.get("cursor_in") == "answer" and not own.get("start_param") and "{incremental." not in asked:
        words = "nothing sends it to the API; name start_param, or write {incremental.start_value} in the request"
        yield Mistake((*places[-1], "cursor_in"), words)
    is_many = "{resources." in asked or "'resolve'" in asked or resource.full.get("for_each")
    if own.get("cursor_in") == "link" and ("{incremental." in asked or is_many):
        words = "a link as it came begins one list without parents, and no part of a request takes it"
        yield Mistake((*places[-1], "cursor_in"), f"{words}; write answer, and start_param for its parameter")


def _incremental(resource: Written) -> Iterator[Mistake]:
    bound = cursor_params(resource)
    places: list[Place] = [resource.place_of("endpoint", "params", name) for name in bound]
    if resource.endpoint.get("incremental") is not None:
        places.append(resource.place_of("endpoint", "incremental"))
    yield from _sensitive_cursors(resource, bound)
    if places:
        yield from _merge_key_in_parts(resource)
    yield from _unsent_answers(resource, places)
    yield from step_mistakes(resource, places)
    for extra in places[1:]:
        yield Mistake(extra, "one resource has one cursor; keep one incremental")
    disposition = disposition_in(resource.full.get("write_disposition", "append"))
    if disposition == "append" and (lag := _lag(resource)):
        words = "a lag reads rows again, and append would have them twice; write merge, or take the lag out"
        yield Mistake(resource.place_of(*lag), words)
    if places and step_into(resource.full.get("write_disposition"), "strategy") == "scd2":
        yield Mistake(
            resource.place_of("write_disposition"),
            "scd2 retires every row that does not come, and incremental asks only for new ones; take incremental out, "
            "or use another merge strategy",
        )
    if places and disposition == "replace":
        yield Mistake(
            resource.place_of("write_disposition"),
            "replace with incremental would drop every row before the cursor; write merge or append",
        )
