"""Whether a page holds the list that the file selects: a selector that matches nothing is no empty list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.beside_list import beside, list_names
from messaging_assets.answers.failure_words import FailureWord, said_instead, says_failed
from messaging_assets.answers.field_names import NAME
from messaging_assets.answers.formats.decoding import shown_format
from messaging_assets.answers.formats.texts import Records
from messaging_assets.answers.held_records import held_records
from messaging_assets.answers.list_shapes import (
    column_names,
    is_keyed,
    kind,
    leaves_out,
    likelier_selector,
    name_values,
    selector_for_several,
    selector_inside,
    to_objects,
)
from messaging_assets.description.endpoint import DELIMITED
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.redaction import redacted
from messaging_assets.reading.evidence.picked_lists import QUOTED, SEVERAL, lists_picked_from
from messaging_assets.reading.list_fields import fields_of_answer, refuse_other_value
from messaging_assets.reading.receipt import Verdict

if TYPE_CHECKING:
    from messaging_assets.reading.list_context import ListContext

_GIVER = "the file gives it by include_from_answer or include_from_request"
_SAID_INSTEAD = "look it up with the vendor, and say in error_in_body what an error looks like"


@dataclass(frozen=True)
class FoundList:
    """Where the page that came last held the list.

    Args:
        selector: what finds it: the file's own, or one that was detected; None before the first page.
        is_object: whether the whole answer was an object.
    """

    selector: str | None = None
    is_object: bool = False


def check_selection(context: ListContext, response: Any, page: int, selector: str) -> bool:
    """Refuse an answer in which the selector finds no list.

    Args:
        context: the resource that is read.
        response: the answer, its JSON as `parsed`.
        page: the page's number, for the sentence.
        selector: the file's own, or the one that was guessed on the first page.

    Returns:
        Whether the answer leaves the list out, which the file takes for an empty one.

    Raises:
        MendDescription: the selector finds something else, or nothing.
    """
    if context.endpoint.data_selector is None and getattr(response, "format", "json") == "xml":
        raise MendDescription(
            f"XML came on page {page} of {context.shown(response.url)}, in which one element looks like no list",
            "name data_selector, the path to the elements that are records, such as feed.entry",
            where=context.asset,
        )
    path = selector.removesuffix("[*]") or "$"
    found = json_paths.find_values(path, response.parsed)
    may_be_left_out = getattr(context.endpoint.paginator, "empty_when_missing", False)
    is_empty = may_be_left_out and leaves_out(path, response.parsed)
    if _is_list(context, path, found, response.parsed) or is_keyed(selector, response.parsed) or is_empty:
        _judge_error_beside(context, response, page, found, path)
        _judge_records(context, response, page)
        if (
            is_empty
            and context.endpoint.error_in_body is None
            and (said := said_instead(response.parsed, beside(response.parsed, list_names(path))))
        ):
            context.doubt(f"page {page} left the list out and says something at '{said}'", _SAID_INSTEAD)
        return is_empty
    step, is_left_out = "", leaves_out(path, response.parsed)
    if other := likelier_selector(path, response.parsed, context.keys):
        step = f"write data_selector: {other}, if {'the answer itself' if other == '$' else 'that'} is the list; else "
    elif is_left_out and context.endpoint.job is None and _failure_word(context, response, path) is None:
        ends = (
            ("no page is left", "end_on_missing_selector") if page > 1 else ("there are no rows", "empty_when_missing")
        )
        step = f"if this is how the API says that {ends[0]}, write {ends[1]}: true in the paginator; else "
    elif several := selector_for_several(path, context.keys, response.parsed):
        step = f'write data_selector: "{several}", if those are the rows; else '
    if page == 1 and not context.one_object and _may_be_a_record(context, path, found):
        step = "if that object is all there is, write paginator: single_page; else "
    missing = _keys_not_in(context, found)
    if context.one_object and missing and not (step or is_left_out) and _failure_word(context, response, path) is None:
        step = f"name in primary_key what that object has in place of {missing}; else "
    what = f"finds {kind(found[0]) if len(found) == 1 else 'several things'}" if found else "finds nothing"
    raise MendDescription(
        f"the selector '{selector}' {what} where a list of objects was expected, on page {page} of "
        f"{context.shown(response.url)} ({redacted(_outline(response.parsed))})",
        f"{step}compare data_selector with what the API sends now, or say in the file what an error inside a 200 "
        "looks like (error_in_body)",
        where=context.asset,
    )


def _judge_records(context: ListContext, response: Any, page: int) -> None:
    """Refuse an answer that is no table, as any text could pass for one; doubt one of which a part may be missing."""
    records = response.parsed
    if not isinstance(records, Records):
        return
    where = f"on page {page} of {context.shown(response.url)}"
    _refuse_no_table(context, response, records, where)
    doubt = _doubt_of(context, records)
    last = records.closing = _last_apart(context, records)
    if last and context.endpoint.error_in_body is None and (word := says_failed(last, beside(last, ()))):
        says = f"has '{word.path}' and no {' and '.join(context.keys) or 'field of the first one'}"
        if len(records) == 1 and not records.is_begun:
            raise MendDescription(
                f"the only line {says}, {where}",
                f"look the error up with the vendor, and {_step(word)}",
                where=context.asset,
            )
        doubt = doubt or f"the last line {says}, so others may be missing"
    context.so_far.header = records.header if records else context.so_far.header
    if doubt is not None:
        context.receipt.found(Verdict.UNKNOWN, f"{doubt} (page {page})", of_parents=context.is_parent)
    elif not records.has_end:
        words = "a table or lines came without a length, and nothing shows that none is missing behind the last one"
        context.receipt.found(Verdict.READ_TO_THE_END, words, of_parents=context.is_parent)


def _refuse_no_table(context: ListContext, response: Any, records: Records, where: str) -> None:
    own = context.endpoint.paginator
    path = getattr(own, "cursor_path", None) or getattr(own, "next_url_path", None)
    if path is not None and not path.startswith(("[", "$[")):
        raise MendDescription(
            f"{shown_format(response.format)} came {where}, which has nothing beside its records where the "
            f"paginator's '{path}' could lead",
            "correct the paginator in the file, and write format",
            where=context.asset,
        )
    missing = next((key for key in context.keys if records.header is not None and key not in records.header), None)
    if missing is not None:
        raise MendDescription(
            f"the header {where} has no column '{missing}', the primary_key",
            "compare format (delimiter, quote_char, skip_rows_before_header) and primary_key with what the API sends",
            where=context.asset,
        )


def _doubt_of(context: ListContext, records: Records) -> str | None:
    """What says that records without a key are none, or not all, as a clause; a key would tell the first."""
    if not (records or context.keys) and records.header != context.so_far.header:
        return "a header alone came; without a primary_key it may be any text"
    only = None if context.keys else records.only_object
    word = says_failed(only, beside(only, ())) if only else None
    if records.header is None and len(records) > 1 and isinstance(records[-1], BadLine) and not records.goes_on:
        return "the last line is no JSON, so others may be missing"
    return records.doubt or (f"the only record has '{word.path}', and may be an error" if word else None)


def _last_apart(context: ListContext, records: Records) -> dict[str, Any] | None:
    """The last line, where it is no record: one with the key is one, whatever it says."""
    last = records[-1] if records and records.header is None and not records.goes_on else None
    known = context.keys or (records[0] if records and isinstance(records[0], dict) else ())
    return last if isinstance(last, dict) and not any(key in last for key in known) else None


def take_records(
    context: ListContext, selector: str, response: Any, page: int, rows: list[Any], of_request: dict[str, Any]
) -> None:
    """Make records of a page's rows, in place, where the API sends plain values, or values apart from their names.

    Raises:
        MendDescription: names for the values are missing, or a record has a field of its own where it gets one.
    """
    # Lists of values become objects first, which get the key that they are under.
    _name_values(context, response, page, rows)
    to_objects(selector, context.keys, response.parsed, rows)
    shared = context.endpoint.include_from_answer
    if not (shared or of_request):
        return
    every = fields_of_answer(context, selector, shared, response.parsed, rows)
    for row, of_answer in zip(rows, every, strict=True):
        if type(row) is dict:
            given = of_answer | of_request
            refuse_other_value(row, given, _GIVER, "give that another name in the file", context.asset, page)
            row.update(given)


def _name_values(context: ListContext, response: Any, page: int, rows: list[Any]) -> None:
    written = context.endpoint.format
    if written is None or (written.columns_path is None and written.columns is None) or written.type in DELIMITED:
        return
    names = written.columns or column_names(written.columns_path or "", response.parsed)
    if names is None:
        raise MendDescription(
            f"no names of columns, each a text of its own, are at columns_path '{written.columns_path}' on page {page}",
            "correct columns_path in the file, or name columns",
            where=context.asset,
        )
    name_values(names, rows, getattr(response.parsed, "before", 0))


def _judge_error_beside(context: ListContext, response: Any, page: int, found: list[Any], path: str) -> None:
    """Refuse an empty list beside an error, which would pass for a list without rows, or for its end; beside rows an
    error may mean that others are missing, and a record that is the whole answer may have a field of that name.
    """
    if found[:1] == [response.parsed]:
        return
    if not any(found):
        _refuse_failure(context, response, page, path)
    elif word := _failure_word(context, response, path):
        why = f"rows came beside '{word.path}', so others may be missing"
        context.receipt.found(Verdict.UNKNOWN, why, _step(word), of_parents=context.is_parent)


def _refuse_failure(context: ListContext, response: Any, page: int, path: str) -> None:
    word = _failure_word(context, response, path)
    if word is not None:
        raise MendDescription(
            f"an empty list beside '{word.path}' came on page {page} of {context.shown(response.url)}",
            f"look the error up with the vendor, and {_step(word)}",
            where=context.asset,
        )


def _failure_word(context: ListContext, response: Any, path: str) -> FailureWord | None:
    if context.endpoint.error_in_body is not None or not isinstance(response.parsed, dict):
        return None
    of_file = list_names(context.endpoint.data_selector)
    return says_failed(response.parsed, beside(response.parsed, list_names(path)), of_file)


def _step(word: FailureWord) -> str:
    return f"say error_in_body: {word.declaration} in the file, or another path if '{word.path}' is no error"


def check_objects(context: ListContext, response: Any, page: int, rows: list[Any]) -> None:
    """Refuse a list without a single object; one with some is sorted out record by record.

    Raises:
        MendDescription: it is a list of other things.
    """
    # Of a page in parts the first one says what it holds.
    is_told = getattr(response.parsed, "is_begun", False)
    if rows and not is_told and not any(isinstance(row, (dict, BadLine)) for row in rows):
        path = context.endpoint.data_selector or "$"
        inner = f'write data_selector: "{further}"; or ' if (further := selector_inside(path, rows)) else ""
        raise MendDescription(
            f"the list on page {page} of {context.shown(response.url)} holds no objects but {kind(rows[0])}",
            f"{inner}point data_selector at the list of records; or, for a list of plain values, let value be the "
            "primary_key; for lists of values, name columns in format",
            where=context.asset,
        )


def _is_list(context: ListContext, path: str, found: list[Any], body: Any) -> bool:
    if several := SEVERAL.search(path):
        # One that is left out would be missed by nobody.
        return len(found) == len(QUOTED.findall(several[0])) and all(isinstance(one, list) for one in found)
    if (len(found) == 1 and isinstance(found[0], list)) or is_keyed(path, body):
        return True
    if context.one_object and len(found) == 1 and isinstance(found[0], dict):
        if held := held_records(found[0], path):
            why = f"the answer was taken for one object, and {held.words}; name its data_selector if those are the rows"
            context.receipt.found(Verdict.READ_TO_THE_END, why)
        return all(key in found[0] for key in context.keys)
    return bool(lists_picked_from(path, body))


def _keys_not_in(context: ListContext, found: list[Any]) -> str:
    """The fields of the primary key that the only object of an answer lacks."""
    one = found[0] if len(found) == 1 and isinstance(found[0], dict) else dict.fromkeys(context.keys)
    return ", ".join(key for key in context.keys if key not in one)


def _may_be_a_record(context: ListContext, path: str, found: list[Any]) -> bool:
    """Whether a selector found one object that looks like a record, and like no answer around a list."""
    one = found[0] if len(found) == 1 and isinstance(found[0], dict) else {}
    return bool(one) and all(key in one for key in context.keys) and not held_records(one, path)


def _outline(body: Any) -> str:
    """What the body looks like: its keys, never its values, nor keys that look like values."""
    if isinstance(body, dict):
        # XML's names may have a prefix, as in soap:Body.
        keys = [key if NAME.fullmatch(key.replace(":", "_", 1)) else "(no name)" for key in body][:10]
        what = getattr(body, "place", "the answer")
        return f"{what} has the keys {', '.join(keys)}" if keys else f"{what} is an empty object"
    return "the answer is the list itself, $" if isinstance(body, Records) else f"the answer is {kind(body)}"
