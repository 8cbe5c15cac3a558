"""What no single key of a description can get wrong alone: keys against columns, dispositions, incremental, code.

The checks work on the raw mapping, so that they speak even where its shape is wrong, and skip what is malformed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from messaging_assets.description.endpoint import TABULAR
from messaging_assets.description.names import identifier
from messaging_assets.files.rules.mistakes import Mistake, Place, came, mapping, step_into, suggestion, value_at
from messaging_assets.files.rules.names import listed_columns

_PATHS_OF_PAGING = frozenset(
    ("cursor_path", "next_url_path", "total_path", "rows_total_path", "has_more_path", "end_path")
)
_PAGING_OF_TABLES = (
    "page by offset, page_number, header_link or header_cursor, or by a field of the last record, [-1].id"
)
_CODE = "code has no place in an API file; use definitions_for(...) from Python"


class Written(NamedTuple):
    """A resource as it was written, and with the defaults laid under it."""

    place: Place
    own: Mapping[str, Any]
    full: Mapping[str, Any]
    endpoint: Mapping[str, Any]

    def place_of(self, *steps: str | int) -> Place:
        """Where a part of the resource was written: in the resource itself, else in the defaults."""
        if steps[:2] == ("endpoint", "path") and isinstance(self.own.get("endpoint"), str):
            return (*self.place, "endpoint")
        in_defaults = value_at(self.own, steps) is None and value_at(self.full, steps) is not None
        return ("resource_defaults", *steps) if in_defaults else (*self.place, *steps)


def consistency_mistakes(raw: Mapping[str, Any], is_file: bool) -> Iterator[Mistake]:
    """A mistake for each contradiction in a description.

    Args:
        raw: the description as it was written.
        is_file: whether it stands in a file, where code has no place.
    """
    if is_file:
        yield from _code(raw)
    windows: dict[Any, tuple[Any, ...]] = {}
    for resource in written_resources(raw):
        yield from _keys(resource)
        yield from _keys_inside(resource)
        yield from _partitions(resource, windows)
        yield from _deletes(resource)
        yield from _incremental(resource)
        yield from _objects_in_requests(resource)
        yield from _steps(resource)
        yield from _paths_in_tables(resource, mapping(raw.get("client")).get("paginator"))
        if resource.endpoint.get("json") is not None and resource.endpoint.get("data") is not None:
            yield Mistake(resource.place_of("endpoint", "data"), "a request has one body; keep json or data")
        yield from _key_in_body(resource, mapping(raw.get("client")))
        yield from _paging_in_form(resource, mapping(mapping(raw.get("client")).get("paginator")))


def _paths_in_tables(resource: Written, of_client: Any) -> Iterator[Mistake]:
    """Paths to what stands beside the records, in a format that has nothing but records."""
    written = resource.endpoint.get("format")
    name = written if isinstance(written, str) else step_into(written, "type")
    if name == "xml" and resource.endpoint.get("data_selector") is None:
        words = "one element of XML looks like no list; name the path to those that are records, such as feed.entry"
        yield Mistake(resource.place_of("endpoint", "data_selector"), words)
    if name not in TABULAR:
        return
    selector = str(resource.endpoint.get("data_selector", "$"))
    if selector != "$" and not (name == "ndjson" and selector.startswith(("[", "$["))):
        words = f"an answer in {name} is the list itself; write $" + (", or [*].name" if name == "ndjson" else "")
        yield Mistake(resource.place_of("endpoint", "data_selector"), f"{words}, or take it out")
    if step_into(resource.endpoint.get("incremental"), "cursor_in") == "answer":
        place = resource.place_of("endpoint", "incremental", "cursor_in")
        yield Mistake(place, f"an answer in {name} has nothing beside its records; write record")
    own = resource.endpoint.get("paginator")
    given = of_client if own is None else own
    place = ("client", "paginator") if own is None else resource.place_of("endpoint", "paginator")
    for word, path in _paths_of_paging({"type": given} if isinstance(given, str) else mapping(given)):
        if path is not None and not str(path).startswith(("[", "$[")):
            words = f"an answer in {name} has nothing beside its records, where {word} could lead; {_PAGING_OF_TABLES}"
            yield Mistake((*place, word) if step_into(given, word) is not None else place, words)


def _paths_of_paging(paginator: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    defaults = {
        "cursor": {"cursor_path": "cursors.next"},
        "json_link": {"next_url_path": "next"},
        "json_response": {"next_url_path": "next"},
    }
    written = {**defaults.get(str(paginator.get("type")), {}), **paginator}
    yield from ((word, path) for word, path in written.items() if word in _PATHS_OF_PAGING)


def _key_in_body(resource: Written, client: Mapping[str, Any]) -> Iterator[Mistake]:
    """A key in the body of a request that has none, or has a text for one."""
    auth = resource.endpoint.get("auth") or client.get("auth")
    ways = auth if isinstance(auth, (list, tuple)) else [auth]
    if not any(isinstance(way, Mapping) and way.get("location") == "body" for way in ways):
        return
    if str(resource.endpoint.get("method", "GET")).upper() == "GET":
        words = "is GET, whose requests have no body for the key that auth puts there; write method: POST"
        yield Mistake(resource.place_of("endpoint", "method"), f"{words}, or another location")
    for word in ("json", "data"):
        if not isinstance(resource.endpoint.get(word, {}), (Mapping, type(None))):
            told = "is no mapping, into which auth could put a key; write fields, or another location"
            yield Mistake(resource.place_of("endpoint", word), told)


def _paging_in_form(resource: Written, of_client: Mapping[str, Any]) -> Iterator[Mistake]:
    """A place in the body that a body written as `data` does not have."""
    data, own = resource.endpoint.get("data"), resource.endpoint.get("paginator")
    paginator = of_client if own is None else mapping(own)
    for name in ("page_body_path", "offset_body_path", "limit_body_path", "cursor_body_path"):
        path = paginator.get(name)
        if data is None or not isinstance(path, str):
            continue
        place = ("client", "paginator", name) if own is None else resource.place_of("endpoint", "paginator", name)
        if not isinstance(data, Mapping):
            yield Mistake(place, "data is a text, into which no page can be put; write it as a mapping, or as json")
        elif "." in path.removeprefix("$.") or "[" in path:
            yield Mistake(place, "a form has fields and nothing below them; name one field, or write json for data")


def undeclared_columns(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A remark for each key or cursor that is none of the declared columns: legal, and seldom meant.

    Args:
        raw: the description as it was written, which is a good one.
    """
    for resource in written_resources(raw):
        columns = _columns_of(resource)
        declared = {identifier(name) for name in columns}
        taken = [*_names(resource.full.get("include_from_parent")), *mapping(resource.full.get("for_each"))]
        from_parent = tuple(f"_{name.rpartition('.')[2]}" for name in map(str, taken))
        for steps, name in _columns_that_matter(resource) if columns else ():
            if identifier(name) in declared or (name.startswith("_") and name.endswith(from_parent)):
                continue
            place = resource.place_of(*steps)
            meant = suggestion(name, columns)
            mend = f"did you mean {meant}?" if meant else "declare it too, with its type"
            yield Mistake(place, f"{came(name, place)} is none of the declared columns; {mend}")


def _columns_that_matter(resource: Written) -> Iterator[tuple[tuple[str, ...], str]]:
    """The columns that keys and cursors name, and where; of a path its first part, which is the column."""
    yield from ((("primary_key",), name) for name in _names(resource.full.get("primary_key")))
    for place in (("endpoint", "incremental"), *(("endpoint", "params", name) for name in _bound(resource))):
        path = value_at(resource.full, (*place, "cursor_path"))
        first = re.match(r"(?:\$\.)?(\w+)(?=\.|$)", path) if isinstance(path, str) else None
        if first:
            yield (*place, "cursor_path"), first[1]


def written_resources(raw: Mapping[str, Any]) -> Iterator[Written]:
    """The resources of a raw description, with the defaults laid under them as dlt does."""
    defaults = mapping(raw.get("resource_defaults"))
    resources = raw.get("resources")
    for index, one in enumerate(resources if isinstance(resources, list) else ()):
        own = {"name": one} if isinstance(one, str) else mapping(one)
        endpoint = {**_endpoint(defaults), **_endpoint(own)}
        for part in ("params", "json"):
            inherited, given = (mapping(_endpoint(level).get(part)) for level in (defaults, own))
            if inherited and given:
                endpoint[part] = {**inherited, **given}
        yield Written(("resources", index), own, {**defaults, **own, "endpoint": endpoint}, endpoint)


def _endpoint(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    written = resource.get("endpoint")
    return {"path": written} if isinstance(written, str) else mapping(written)


def _code(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    places: list[Place] = [("resource_defaults",)]
    resources = raw.get("resources")
    places += [("resources", index) for index in range(len(resources) if isinstance(resources, list) else 0)]
    for place in places:
        if value_at(raw, (*place, "processing_steps")) is not None:
            yield Mistake((*place, "processing_steps"), _CODE)


def _keys(resource: Written) -> Iterator[Mistake]:
    columns = _columns_of(resource)
    hinted = {
        kind: [name for name, column in columns.items() if step_into(column, kind) is True]
        for kind in ("primary_key", "merge_key")
    }
    keys = _names(resource.full.get("primary_key")) or hinted["primary_key"]
    for name in columns:
        is_key = identifier(name) in {identifier(key) for key in keys}
        if is_key and step_into(columns[name], "nullable") is True:
            place = _place_of_column(resource, name)
            yield Mistake((*place, "nullable"), "a column of the primary key cannot be empty; write nullable: false")
    if not keys and not _names(resource.full.get("merge_key")) and not hinted["merge_key"]:
        yield from _keyless(resource)


def _keys_inside(resource: Written) -> Iterator[Mistake]:
    """A key that is a path: it is looked for as a field of the record, and a field may have a dot in its name."""
    steps = resource.full.get("steps")
    made = {str(name) for step in (steps if isinstance(steps, list) else ()) for name in _made(step)}
    known = made | set(_columns_of(resource))
    for word in ("primary_key", "merge_key"):
        for name in _names(resource.full.get(word)):
            if "." in name and name not in known:
                path = name.removeprefix("$.")
                field = path.replace(".", "_")
                words = (
                    f"a key is a field of the record and no path; copy it first, steps: [{{copy: {{{field}: {path}}}}}]"
                )
                words += f", and write {field}; or declare it in columns, if the field's own name has a dot"
                yield Mistake(resource.place_of(word), words)


def _made(step: Any) -> list[Any]:
    """The fields that a step gives to a record."""
    renamed = mapping(step_into(step, "rename")).values()
    return [*renamed, *mapping(step_into(step, "copy")), *mapping(step_into(step, "constant"))]


def _keyless(resource: Written) -> Iterator[Mistake]:
    written = resource.full.get("write_disposition")
    strategy = step_into(written, "strategy")
    if _disposition(written) == "merge" and strategy != "scd2":
        yield Mistake(
            resource.place_of("write_disposition"),
            "merge needs a primary_key or a merge_key, to know which row is which; "
            "name one, or write append or replace",
        )


def _disposition(written: Any) -> Any:
    return written if isinstance(written, str) else step_into(written, "disposition")


def _names(keys: Any) -> list[str]:
    listed = keys if isinstance(keys, list) else [keys]
    return [key for key in listed if isinstance(key, str) and key]


def _columns_of(resource: Written) -> dict[str, Any]:
    every = {}
    for columns in (resource.full.get("columns"), resource.own.get("columns")):
        every.update({name: step_into(columns, step[0]) for step, name in listed_columns(columns)})
    return every


def _place_of_column(resource: Written, name: str) -> Place:
    own = {one: step for step, one in listed_columns(resource.own.get("columns"))}
    if name in own:
        return (*resource.place, "columns", *own[name])
    inherited = {one: step for step, one in listed_columns(resource.full.get("columns"))}
    return ("resource_defaults", "columns", *inherited[name])


def _partitions(resource: Written, windows: dict[Any, tuple[Any, ...]]) -> Iterator[Mistake]:
    """One job holds one partition definition, so windows of one length begin together."""
    written = mapping(resource.full.get("partitions"))
    if not written:
        return
    begins = (str(written.get("start")), written.get("timezone", "UTC"))
    if windows.setdefault(written.get("type"), begins) != begins:
        words = f"{written.get('type')} windows of one API share start and timezone; another resource has others"
        yield Mistake(resource.place_of("partitions", "start"), words)
    if _disposition(resource.full.get("write_disposition")) == "replace":
        words = "a window cannot replace a whole table; use merge or append, running a window again replaces it"
        yield Mistake(resource.place_of("write_disposition"), words)
    if why := _keeps_unchanged_rows(resource):
        words = f"{why}, so a window that is read again cannot tell which of its rows are gone; use another merge"
        yield Mistake(resource.place_of("write_disposition"), words)
    yield from _merge_key_in_parts(resource)
    column = _columns_of(resource).get("__".join(str(written.get("column")).removeprefix("$.").split(".")))
    type_ = step_into(column, "data_type")
    if type_ not in (None, "timestamp", "date", "bigint", "double", "decimal"):
        words = f"places rows in windows of time, and is declared as {type_}; declare it as timestamp or date"
        yield Mistake(resource.place_of("partitions", "column"), words)
    if step_into(column, "timezone") is False and written.get("type") == "hourly" and begins[1] != "UTC":
        words = "its times name no zone, and an hour comes twice when clocks are set back; read daily windows"
        yield Mistake(resource.place_of("partitions", "column"), words)
    asked = repr([resource.endpoint.get(part) for part in ("path", "params", "json", "data", "headers")])
    if not written.get("start_param") and not re.search(r"\{(window|partition)\.start\}", asked):
        words = "nothing tells the API which window is meant; name start_param, or write {window.start} in the request"
        yield Mistake(resource.place_of("partitions", "start_param"), words)
    if type_ == "date" and written.get("type") == "hourly":
        words = "places rows in hours, and is declared as date; declare it as timestamp, or read daily windows"
        yield Mistake(resource.place_of("partitions", "column"), words)


def _steps(resource: Written) -> Iterator[Mistake]:
    """A key or a cursor that a step takes away is none."""
    needed = dict.fromkeys(_names(resource.full.get("primary_key")), "the primary_key")
    for place in (("endpoint", "incremental"), *(("endpoint", "params", name) for name in _bound(resource))):
        path = value_at(resource.full, (*place, "cursor_path"))
        if isinstance(path, str):
            needed[path.removeprefix("$.").split(".")[0]] = "the cursor"
    steps = resource.full.get("steps")
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        dropped, kept = step_into(step, "drop"), step_into(step, "keep")
        renamed = mapping(step_into(step, "rename"))
        gone = {*_names(dropped), *map(str, renamed)}.difference(map(str, renamed.values()))
        if isinstance(kept, list):
            gone |= needed.keys() - set(_names(kept))
        for name in sorted(gone & needed.keys()):
            words = f"takes '{name}' away, which is {needed[name]}; leave it, or name what it becomes"
            yield Mistake(resource.place_of("steps", index), words)


def _objects_in_requests(resource: Written) -> Iterator[Mistake]:
    """A header holds a text, and so does each of several values of a parameter; one object goes as JSON."""
    for part, kinds in (("params", ()), ("headers", (Mapping, list))):
        for name, value in mapping(resource.endpoint.get(part)).items():
            several = value if isinstance(value, list) and part == "params" else ()
            if isinstance(value, kinds) or any(isinstance(one, (Mapping, list)) for one in several):
                words = (
                    "an object cannot be a value here; write the text that the API wants, its braces doubled, such as "
                    "'{{\"a\": 1}}'"
                )
                yield Mistake(resource.place_of("endpoint", part, name), words)


def _merge_key_in_parts(resource: Written) -> Iterator[Mistake]:
    hinted = any(step_into(column, "merge_key") is True for column in _columns_of(resource).values())
    if hinted or _names(resource.full.get("merge_key")):
        words = "a merge_key deletes all rows that share it, and a read of some rows does not bring all of them"
        yield Mistake(resource.place_of("merge_key"), f"{words}; take it out, or incremental and partitions")


def _keeps_unchanged_rows(resource: Written) -> str | None:
    """Why a row that came again may look as if it had not; None where each row that came is written."""
    written = resource.full.get("write_disposition")
    strategy = step_into(written, "strategy")
    if strategy in ("insert-only", "scd2"):
        return f"{strategy} leaves rows that came again as they are"
    return "skip_unchanged_rows leaves them as they are" if step_into(written, "skip_unchanged_rows") else None


def _deletes(resource: Written) -> Iterator[Mistake]:
    if resource.full.get("deletes", "ignore") == "ignore":
        return
    place = resource.place_of("deletes")
    if _disposition(resource.full.get("write_disposition")) != "merge":
        yield Mistake(place, "deletes go with write_disposition merge; replace drops what is gone, append keeps all")
    if resource.endpoint.get("incremental") or _bound(resource) or resource.full.get("partitions"):
        yield Mistake(
            place, "a read of some rows cannot tell which others are gone; take incremental or partitions out"
        )
    if why := _keeps_unchanged_rows(resource):
        yield Mistake(place, f"{why}, so it cannot be told which rows are gone; use another merge, or take deletes out")


def _bound(resource: Written) -> list[str]:
    """The parameters that take a cursor in dlt's older spelling."""
    params = mapping(resource.endpoint.get("params"))
    return [name for name, one in params.items() if step_into(one, "type") == "incremental"]


def _lag(resource: Written) -> tuple[str, ...] | None:
    """Where a lag is written, in either of dlt's spellings of a cursor."""
    params = [("endpoint", "params", name) for name in mapping(resource.endpoint.get("params"))]
    written = (("endpoint", "incremental"), *params)
    return next(((*place, "lag") for place in written if step_into(value_at(resource.full, place), "lag")), None)


def _sensitive_cursors(resource: Written, bound: Iterable[str]) -> Iterator[Mistake]:
    written = [("endpoint", "incremental"), *(("endpoint", "params", name) for name in bound)]
    paths = [value_at(resource.full, (*place, "cursor_path")) for place in written]
    cursors = {identifier(path.removeprefix("$.").split(".")[0]) for path in paths if isinstance(path, str)}
    for name, column in _columns_of(resource).items():
        if identifier(name) in cursors and step_into(column, "sensitive") is True:
            words = "sync and sensor keep a cursor's last value in Dagster, so it cannot be sensitive; take one out"
            yield Mistake((*_place_of_column(resource, name), "sensitive"), words)


def _unsent_answers(resource: Written, places: list[Place]) -> Iterator[Mistake]:
    """A cursor beside the list says nothing of records, so it is of use only where it is sent."""
    own = mapping(resource.endpoint.get("incremental"))
    asked = repr([resource.endpoint.get(part) for part in ("path", "params", "json", "data", "headers")])
    if own.get("cursor_in") == "answer" and not own.get("start_param") and "{incremental." not in asked:
        words = "nothing sends it to the API; name start_param, or write {incremental.start_value} in the request"
        yield Mistake((*places[-1], "cursor_in"), words)


def _incremental(resource: Written) -> Iterator[Mistake]:
    bound = _bound(resource)
    places: list[Place] = [resource.place_of("endpoint", "params", name) for name in bound]
    if resource.endpoint.get("incremental") is not None:
        places.append(resource.place_of("endpoint", "incremental"))
    yield from _sensitive_cursors(resource, bound)
    if places:
        yield from _merge_key_in_parts(resource)
    yield from _unsent_answers(resource, places)
    for extra in places[1:]:
        yield Mistake(extra, "one resource has one cursor; keep one incremental")
    disposition = _disposition(resource.full.get("write_disposition", "append"))
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
