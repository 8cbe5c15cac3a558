"""One list of a live API, found out from the first request to the last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from messaging_assets.answers.formats.decoding import shown_format
from messaging_assets.answers.held_records import HeldRecords, held_records
from messaging_assets.answers.list_shapes import KEY, is_keyed, to_objects
from messaging_assets.answers.row_totals import more_than_came
from messaging_assets.discovery.columns import ENOUGH_ROWS, Sample, identity_of
from messaging_assets.discovery.field_words import about_json, about_times, without_zone
from messaging_assets.discovery.found import FoundResource, about_sensitive, name_from_path, without_nothing
from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.discovery.live.answer_doubts import doubt_of_answer, doubt_of_keyless_object
from messaging_assets.discovery.live.list_probe import ListProbe, Page
from messaging_assets.discovery.live.paging import Paging, find_paging
from messaging_assets.discovery.live.probe import LiveApi
from messaging_assets.discovery.next_time import next_time, words_for
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.seams.dlt_rest_client import find_all_lists, find_response_page_data


@dataclass(frozen=True)
class _Selected:
    selector: str
    rows: list[Any]
    is_one_object: bool = False
    held: HeldRecords | None = None


def find_resource(api: LiveApi, path: str, name: str | None = None) -> FoundResource:
    """Ask an API about one of its lists.

    Args:
        api: the API; what is asked counts against its budget.
        path: where the list is, below the API's address.
        name: what to call it; made from the path where it is left out.

    Raises:
        SyncFailure: the first request was not answered.
        MendDescription: there is nothing in the answer that could be rows, or it says that it failed.
    """
    answer = api.ask(path)
    selected = _select(answer.parsed, path)
    name = name or name_from_path(path)
    first = Page(answer, selected.rows)
    doubt = doubt_of_answer(path, answer.parsed, selected.selector, len(selected.rows))
    if selected.is_one_object:
        paging, first = _of_one_object(selected, first), first if not _is_by_key(selected) else Page(answer, [])
    elif _is_by_key(selected):
        paging = _of_keyed(selected, first)
    else:
        identity = identity_of(Sample(first.rows).key(name))
        probe = ListProbe(api, path, selected.selector, first, identity)
        paging = find_paging(probe)
        selected = replace(selected, selector=probe.selector)
    rows = (paging.sample or first).rows
    sample = Sample(rows, is_whole=paging.total == len(rows))
    found = _resource(name, path, selected, paging, sample, answer.format)
    if selected.is_one_object and selected.held is None and not sample.key(name):
        doubt = doubt or doubt_of_keyless_object(answer.parsed)
    found.doubts += [doubt] if doubt else []
    if doubt:
        remark = found.remarks["endpoint", "data_selector"]
        found.remarks["endpoint", "data_selector"] = f"{remark}. Careful: {doubt}"
    return found


def _of_one_object(selected: _Selected, first: Page) -> Paging:
    """One page; none is declared over few records by their keys, so that no sync of them is green."""
    words, held = "the answer is one object and no list", selected.held
    if held is None:
        return Paging({"type": "single_page"}, words=words, sample=first)
    doubt = f"the answer was taken for one object, but {held.words}"
    if held.are_by_key:
        told = f"write data_selector: {_selector_by_key(held.path)} if those are the rows, or $ if it is one"
        return Paging(None, words=f"{doubt}; {told}", sample=Page(first.answer, []), doubt=f"{doubt}; {told}")
    if held.shape == "objects":
        told = f"name data_selector: {held.path} and a paginator if those are the rows"
    elif held.shape == "values":
        told = f"name data_selector: {held.path} and primary_key: value if those are the rows"
    elif held.shape == "rows":
        told = f"name data_selector: {held.path} and, in format, the columns or columns_path if those are the rows"
    else:
        told = "a table of it would have one row; let steps explode those columns if their places are the rows"
    return Paging({"type": "single_page"}, words=f"{doubt}; {told}", sample=first, doubt=f"{doubt}; {told}")


def _of_keyed(selected: _Selected, first: Page) -> Paging:
    """One page of records by their keys; whether there are more pages cannot be tried with the keys of one."""
    assert selected.held is not None
    words = (
        f"{counted(len(selected.rows))} were taken from an object that holds them by their keys, each key as "
        f"{KEY}, and no way to further pages was tried; name a paginator if the API has more, or data_selector: $ if "
        "they are one record"
    )
    total = more_than_came(first.answer.parsed, len(selected.rows), selected.held.path)
    return Paging({"type": "single_page"}, words=words, sample=first, doubt=f"{words}{f'; {total}' if total else ''}")


def _selector_by_key(path: str) -> str:
    return f"{path}.*"


def _is_by_key(selected: _Selected) -> bool:
    return selected.held is not None and selected.held.are_by_key


def _one_object(body: Any) -> _Selected:
    """An answer that is no list: one record, or many of them by their keys."""
    held = held_records(body)
    if held is not None and held.are_by_key and held.are_many and "[*]" not in held.path:
        selector = _selector_by_key(held.path)
        rows = json_paths.find_values(selector, body)
        if is_keyed(selector, body):
            to_objects(selector, (), body, rows)
            return _Selected(selector, rows, held=held)
    return _Selected("$", [body], is_one_object=True, held=held)


def _select(body: Any, path: str) -> _Selected:
    """The list of an answer, as dlt detects it; a list of objects before any other, one object where none is.

    Raises:
        MendDescription: the answer is neither, or an error.
    """
    # A list of errors is a list too.
    if (errors := signs.only_errors(body)) and name_from_path(path) not in errors:
        raise MendDescription(
            f"{path} answered with an error ({', '.join(errors)}) and no rows; look up what it asks for in the API's "
            "documentation, such as a parameter in the path or another way of authentication."
        )
    if isinstance(body, dict) and "paths" in body and not {"openapi", "swagger"}.isdisjoint(body):
        raise MendDescription(
            f"{path} answered with an OpenAPI document; save it, and write --openapi before its name."
        )
    names, rows = find_response_page_data(body)
    if isinstance(body, dict) and isinstance(rows, list) and rows and not isinstance(rows[0], dict):
        others = find_all_lists(body, result=[])
        objects = ((found, one) for found, one in others if one and all(isinstance(row, dict) for row in one))
        names, rows = next(objects, (names, rows))
    is_list = isinstance(rows, list) and bool(names) and signs.counts_list(body, rows)
    if isinstance(body, dict) and not (is_list or signs.is_envelope(body, names, name_from_path(path))):
        return _one_object(body)
    if isinstance(rows, list) and (not rows or any(isinstance(row, dict) for row in rows)):
        return _Selected(json_paths.quoted_path(*(name for name in names if name != "$")), rows)
    if isinstance(body, dict) and body:
        return _one_object(body)
    told = "name the path of a list, as the API's documentation has it."
    if isinstance(body, list) and not any(isinstance(row, list) for row in body):
        told = "write a file with data_selector: $ and primary_key: value, if those values are the rows."
    raise MendDescription(f"{path} answered without a list of objects; {told}")


def _resource(name: str, path: str, selected: _Selected, paging: Paging, sample: Sample, written: str) -> FoundResource:
    keys, sensitive = sample.key(name), sample.sensitive(name)
    endpoint = {
        "path": path,
        "params": paging.params,
        "format": written if written != "json" else None,
        "data_selector": selected.selector,
        "paginator": paging.paginator,
    }
    raw: dict[str, Any] = {
        "name": name,
        "primary_key": (keys[0] if len(keys) == 1 else list(keys)) if keys else None,
        "write_disposition": "merge" if keys else "replace",
        "endpoint": without_nothing(endpoint),
        "columns": sample.described(keys, sensitive),
    }
    found = FoundResource(without_nothing(raw), rows=len(sample.rows), doubts=[paging.doubt] if paging.doubt else [])
    found.remarks = {
        ("primary_key",) if keys else ("write_disposition",): _about_key(keys, sample),
        ("endpoint", "data_selector"): _about_list(selected),
        ("endpoint", "paginator"): paging.words,
        ("columns",): _about_columns(sample, keys),
        **about_sensitive(sensitive),
    }
    if written != "json":
        found.remarks["endpoint", "format"] = _about_format(written)
    if paging.paginator is None:
        found.remarks["endpoint",] = paging.words
    begins = next_time(paging.sample.answer.parsed) if paging.sample else None
    told = f"The answer says at {begins.path} where the next sync begins: {words_for(begins)}" if begins else None
    if remarks := [*filter(None, (found.remarks.get(("endpoint",)), about_cursors(sample), told))]:
        found.remarks["endpoint",] = ". ".join(remarks)
    if cast := about_times(sample, {}):
        found.remarks["columns",] += f"; if numbers or texts among them are times, add {cast}"
    if parse := about_json(sample, {}):
        found.remarks["columns",] += f"; to read texts that are written as JSON, add {parse}"
    if unsaid := without_zone(sample):
        found.remarks["columns",] += f"; taken for UTC until timezone says otherwise: {', '.join(unsaid)}"
    return found


def _about_format(written: str) -> str:
    words = f"the answer is {shown_format(written)}, by its Content-Type and its first letter"
    if written == "xml":
        return f"{words}; elements that come once here and several times elsewhere belong in lists"
    return words if written == "ndjson" else f"{words}; its values are texts until a column is declared otherwise"


def _about_list(selected: _Selected) -> str:
    if selected.is_one_object:
        return "the whole answer is one row"
    if _is_by_key(selected):
        return f"the records of one object, each under its key; the first answer held {counted(len(selected.rows))}"
    what = "the answer itself is the list" if selected.selector == "$" else "the list of objects in the answer"
    return f"{what}; the first answer held {counted(len(selected.rows))}"


def _about_key(keys: tuple[str, ...], sample: Sample) -> str:
    rows = counted(len(sample.rows))
    if not keys:
        return f"no field is a key in {rows}, so the table is replaced each time; name a primary_key to merge"
    some = "together they are" if len(keys) > 1 else "it is"
    return f"guessed: {some} never null and never twice in {rows}"


def _about_columns(sample: Sample, keys: tuple[str, ...]) -> str:
    rows = len(sample.rows)
    words = f"types guessed from {counted(rows)}"
    if sample.is_whole and rows >= ENOUGH_ROWS:
        words += ", the whole list; nullable: false where none of them was null"
    elif never := [*keys, *(name for name in sample.never_null() if name not in keys)]:
        words += f"; nullable: false for {' and '.join(never)} alone, as rows that were not seen may lack others"
    if empty := sample.without_type():
        words += f"; null or 0 in every row, so without a type: {', '.join(empty)}"
    if sample.colliding:
        words += f"; left out, because they would share a column: {', '.join(sample.colliding)}"
    return words


def about_cursors(sample: Sample) -> str | None:
    """A sentence on the fields that incremental loading could go by; None where there is none."""
    told = []
    for column in sample.cursors()[:3]:
        traits = [str(column.data_type)]
        traits += ["never null"] if column.values == len(sample.rows) else ["sometimes null"]
        traits += ["ascending"] if column.is_ascending and len(sample.rows) > 1 else []
        told.append(f"{column.name} ({', '.join(traits)})")
    if not told:
        return None
    return (
        f"Cursor candidates, from {counted(len(sample.rows))}: {'; '.join(told)}. "
        f"To ask for new rows only, add incremental: "
        f"{{cursor_path: {sample.cursors()[0].name}, start_param: <the API's parameter>, initial_value: ...}}"
    )


def counted(rows: int) -> str:
    """So many rows, in words."""
    return "1 row" if rows == 1 else f"{rows:,} rows"
