"""Where one page of a list is judged: what of it came before, what is set aside, and what is handed on.

Everything is counted here, in the stream. The loaded table can no longer tell: a merge hides repeated rows and missing
ones alike.
"""

from __future__ import annotations

import re
from typing import Any

from messaging_assets.answers.formats.texts import Document
from messaging_assets.answers.list_shapes import is_keyed, likeliest_list
from messaging_assets.answers.record_keys import PageKeys, keys_of, page_keys
from messaging_assets.answers.signs_of_more import is_word_of_none
from messaging_assets.description.pagination import CursorPaginator, HeaderCursorPaginator
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import PagesRepeat
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.evidence.page_so_far import PageSoFar
from messaging_assets.reading.evidence.picked_lists import (
    cut_off_inside,
    failed_inside,
    lists_inside,
    lists_picked_from,
    look_at_unfiltered,
    sent_by_server,
)
from messaging_assets.reading.resume_point import Place
from messaging_assets.reading.selection import FoundList, check_objects, check_selection, take_records


def judge_page(reading: Reading, response: Any, rows: list[Any]) -> int:
    """Judge one page and clean it in place: what cannot be loaded is set aside, what overlaps is dropped.

    Args:
        reading: the list.
        response: the answer.
        rows: the page's list as dlt selected it; changed in place.

    Returns:
        How many rows the server sent, which is how far the list has advanced.

    Raises:
        MendDescription: the selector finds no list of objects.
        ReadIncomplete: the page repeats one that came before.
    """
    sent = _select(reading, response, rows)
    page = page_keys(rows, reading.context.keys)
    if reading.resume.at is not None and reading.page == 1:
        return _resumed(reading, reading.resume.at, page, rows)
    again = reading.repetition.among(page.hashes)
    if not reading.context.is_parent:
        reading.context.receipt.repeats.page(page.hashes, again)
    if _comes_again(reading, response.parsed, page.hashes, again, sent):
        rows.clear()
        return 0
    if isinstance(response.parsed, Document) and response.parsed.is_begun:
        kept = list(range(len(page.hashes)))
        reading.join.equal_rows.page_goes_on(page.hashes, len(set(page.hashes) - again) < len(kept))
    else:
        kept = reading.join.kept(page.hashes, again)
    _count(reading, rows, page, kept, again)
    _note_place(reading, page)
    _hand_on(reading, rows)
    return sent


def judge_part(reading: Reading, response: Any, rows: list[Any]) -> int | None:
    """Judge a part of a page that comes in several, and clean it as `judge_page` does.

    The last part shows whether the page is an earlier one once more, which is an error. Rows that a merge committed
    before it are those of the earlier one then.

    Returns:
        How many rows the server sent, with the last part; None before.

    Raises:
        MendDescription, ReadIncomplete: see `judge_page`.
    """
    part, repetition, context = response.parsed, reading.repetition, reading.context
    if not part.is_begun:
        repetition.page = PageSoFar()
        reading.counts.pages += 1
        context.receipt.pages += 1
    sent = _take(reading, response, rows, reading.page)
    keys = page_keys(rows, context.keys, repetition.page.strange)
    again = repetition.among(keys.hashes)
    if not context.is_parent:
        context.receipt.repeats.page(keys.hashes, again)
    if not part.is_begun:
        repetition.note_fresh(keys.hashes, again)
        reading.counts.full_pages += bool(keys.hashes)
        reading.join.kept(keys.hashes, again)
    repetition.page.note(keys.hashes, sent)
    repetition.page.goes_on = part.goes_on
    fresh, repeated = repetition.page.fresh(set(keys.hashes), again)
    if part.is_begun and not context.keys:
        reading.join.equal_rows.page_goes_on(keys.hashes, len(fresh) + len(again) < len(keys))
    _count_rows(reading, rows, keys, fresh, again)
    repetition.rows_again += len(repeated) if context.keys else 0
    if not part.goes_on:
        sent = repetition.page.sent
        _count_sent(reading, sent)
        if sent and repetition.ends_as_repeat():
            raise _repeats(reading)
        repetition.count_page()
    _hand_on(reading, rows)
    return None if part.goes_on else sent


def looked_at(reading: Reading, response: Any, rows: list[Any]) -> tuple[list[Any], int]:
    """The rows of a page that was asked for after the end, and how many the server sent; none is handed on.

    Args:
        reading: the list.
        response: the answer, which may hold no list.
        rows: the page's list as dlt selected it; emptied.
    """
    path = (reading.context.endpoint.data_selector or "$").removesuffix("[*]") or "$"
    found = json_paths.find_values(path, response.parsed)
    is_whole = isinstance(response.parsed, list) or any(isinstance(one, list) for one in found)
    is_whole = is_whole or any(is_keyed(one, response.parsed) for one in (path, f"{path}[*]"))
    is_list = is_whole or bool(lists_picked_from(path, response.parsed))
    looked = list(rows) if is_list else []
    sent = sent_by_server(path, response.parsed, looked) if is_list else 0
    rows.clear()
    take_records(reading.context, path, response, reading.page, looked, reading.fields_of_request)
    came = keys_of(looked, reading.context.keys)[0]
    reading.context.receipt.repeats.page(came, reading.repetition.among(came))
    return looked, sent


def _select(reading: Reading, response: Any, rows: list[Any]) -> int:
    """See that the page holds a list of objects; how many the server sent."""
    sent = _take(reading, response, rows, reading.page + 1)
    reading.counts.pages += 1
    reading.context.receipt.pages += 1
    _count_sent(reading, sent)
    return sent


def _take(reading: Reading, response: Any, rows: list[Any], page: int) -> int:
    context = reading.context
    selector = context.endpoint.data_selector or reading.found.selector or _guessed(reading, response)
    if check_selection(context, response, page, selector):
        rows.clear()
    reading.found = FoundList(selector, isinstance(response.parsed, dict))
    if "?" in selector and not context.is_parent:
        look_at_unfiltered(context.receipt.fields, selector, response.parsed)
    if "*" in selector:
        _doubt_inner_lists(reading, selector, response.parsed)
        may_be_left_out = getattr(context.endpoint.paginator, "empty_when_missing", False) or context.is_parent
        place = failed_inside(selector, response.parsed, None if may_be_left_out else context.receipt.fields)
        if place is not None and context.endpoint.error_in_body is None:
            context.doubt(f"an error came at '{place}' in the place of rows", "look the error up with the vendor")
    take_records(context, selector, response, page, rows, reading.fields_of_request)
    check_objects(context, response, page, rows)
    if reading.cursor:
        reading.cursor.take_answer(response.parsed, rows, page)
    return sent_by_server(selector, response.parsed, rows)


def _guessed(reading: Reading, response: Any) -> str:
    context = reading.context
    names = (context.asset.rpartition(".")[2], str(context.endpoint.path).rstrip("/").rpartition("/")[2])
    selector, others = likeliest_list(response.parsed, context.keys, names)
    if others:
        words = f"no data_selector is written, and beside '{selector}' stand other lists: {', '.join(others)}"
        context.doubt(words, "write data_selector, and read another list by a resource of its own")
    return selector


def _doubt_inner_lists(reading: Reading, selector: str, body: Any) -> None:
    """Doubt a read whose rows are in lists inside records, of which one says that it has more."""
    own, (holders, lists) = reading.context.endpoint.paginator, lists_inside(selector, body)
    are_signs_believed = own is None or "has_more_path" not in own.model_fields_set or own.has_more_path is not None
    said = cut_off_inside(holders, lists, reading.claims.is_believed, are_signs_believed)
    if said and not _is_paged_inside(holders, own):
        reading.context.doubt(said, "read such lists as those of a child, whose path takes the record's key")


def _is_paged_inside(holders: str, own: Any) -> bool:
    """Whether the file looks for the next page inside what holds the list, which then is read page by page."""
    words = ("cursor_path", "next_url_path", "has_more_path", "end_path", "total_path")
    pattern = re.escape(holders).replace(r"\[\*\]", r"\[[^\]]*\]").replace(r"\*", r"[^.]+")
    return any(re.match(rf"{pattern}\.", str(getattr(own, word, None))) for word in words)


def _count_sent(reading: Reading, sent: int) -> None:
    reading.counts.page_came(sent)
    reading.context.receipt.pages_with_rows += sent > 0


def _resumed(reading: Reading, place: Place, page: PageKeys, rows: list[Any]) -> int:
    """Go on behind the last committed page, once it has shown that it is still where it was."""
    if not reading.resume.is_still(page):
        raise reading.cannot_resume("the list has changed before the checkpoint")
    keys, counts = page.hashes, reading.counts
    counts.before, counts.rows = place.distinct - len(set(keys)), len(keys)
    counts.pages = counts.full_pages = place.page
    reading.claims.totals = list(place.totals)
    reading.repetition.resume(keys, place.came_again)
    reading.join.resume(place.joins, keys)
    reading.context.receipt.resumed(place.distinct, again=len(rows))
    _note_place(reading, page)
    rows.clear()
    return place.rows


def _comes_again(reading: Reading, parsed: Any, keys: list[int], again: set[int], sent: int) -> bool:
    """Whether an earlier page came once more where that means something; elsewhere it is an error."""
    join, repetition = reading.join, reading.repetition
    if isinstance(parsed, Document):
        is_repeat = repetition.document_came(parsed, keys, again, sent)
    elif join.refuses(keys, repetition.is_known_page(keys)):
        return True
    else:
        repetition.note_fresh(keys, again)
        is_repeat = sent > 0 and repetition.is_repeat(keys, again, join.is_overlap(keys))
    if not is_repeat:
        return False
    if repetition.may_repeat or repetition.is_clamped:
        return True
    raise _repeats(reading)


def _repeats(reading: Reading) -> PagesRepeat:
    why = f"page {reading.page} repeats rows of an earlier page and brings nothing new"
    reading.ending.cut_short(why)
    return PagesRepeat(
        f"{why}, so the API ignores the paging parameter or repeats its link",
        f"{_end_token(reading)}correct the paginator in the file{_changes(reading)}",
        where=reading.asset,
    )


def _changes(reading: Reading) -> str:
    """What to write where rows with one key are no repeats, but versions of a record."""
    own, keys = reading.context.incremental, reading.context.keys
    if own is None or own.cursor_in not in (None, "record") or not keys or own.cursor_path in keys:
        return ""
    more = f"add {own.cursor_path} to primary_key or write append"
    return f"; if it is a list of changes, with several rows of a key, {more}"


def _end_token(reading: Reading) -> str:
    """How the file says that the word which the page was asked with is no token, but means the end."""
    own, token = reading.context.endpoint.paginator, str(reading.position)
    if not isinstance(own, (CursorPaginator, HeaderCursorPaginator)) or not is_word_of_none(token):
        is_asked_alike = isinstance(own, CursorPaginator) and own.next_request is None
        return "if further pages are asked for elsewhere, write next_request in the paginator; else " * is_asked_alike
    # No word of the file looks for the end in a header.
    of_body = "end_path and end_value for what the body says then"
    words = f"end_path: {own.cursor_path}, end_value: '{token}'" if isinstance(own, CursorPaginator) else of_body
    return f"if the token '{token}' means the end, write {words} in the paginator; else "


def _count(reading: Reading, rows: list[Any], page: PageKeys, kept: list[int], again: set[int]) -> None:
    """Count the rows that stay, and set aside those that cannot be loaded."""
    if len(kept) < len(rows):
        page, rows[:] = page.only(kept), [rows[place] for place in kept]
    came = set(page.hashes)
    fresh, again = came - again, again & came
    _count_rows(reading, rows, page, fresh, again)
    reading.counts.full_pages += bool(page.hashes)
    reading.repetition.count(fresh, again)


def _count_rows(reading: Reading, rows: list[Any], page: PageKeys, fresh: set[int], again: set[int]) -> None:
    context, receipt = reading.context, reading.context.receipt
    context.sent_keys.again.update(again)
    if not context.is_parent:
        receipt.rows_read += len(rows)
        receipt.duplicates += (len(page) - len(fresh)) * context.sent_keys.are_counted
    for place in reversed(page.bad):
        row = rows.pop(place)
        if page.hashes[place] not in again:
            context.set_aside(row, page.bad[place], reading.page)
    reading.counts.rows += len(page)
    if not (reading.cursor and reading.cursor.answer.is_meant):
        context.note_cursors(rows)


def _note_place(reading: Reading, page: PageKeys) -> None:
    totals, joins = reading.claims.first_and_last_total, tuple(reading.join.outcomes.items())
    again = reading.repetition.rows_again
    place = Place(reading.position, reading.page, reading.distinct, "", len(page), totals, again, joins)
    reading.resume.note(place, page)


def _hand_on(reading: Reading, rows: list[Any]) -> None:
    """Prepare the rows for who reads them next, without those behind a child's cursor."""
    reading.context.prepare_rows(rows)
    if reading.cursor and reading.meets_cursor:
        rows[:] = reading.context.newer(rows, reading.list_name, reading.page)
