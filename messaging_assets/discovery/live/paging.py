"""Tries ways of paging, and keeps the one whose second page begins where the first one ends.

The first answer, asked for without any parameter, is the measure. Where a parameter for the page's size is found,
pages of half the size are asked for: the second must be the first answer's second half, row by row. That cannot
happen by chance, and it works for lists that fit into one page too. Without such a parameter the second page must
hold rows, and none of the first page's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging_assets.answers.row_totals import more_than_came, total_path
from messaging_assets.description.pagination import PAGE_SIZES
from messaging_assets.discovery.found import without_nothing
from messaging_assets.discovery.live import paging_signs as signs
from messaging_assets.discovery.live.list_probe import ListProbe, Page
from messaging_assets.discovery.next_time import next_headers
from messaging_assets.discovery.page_sizes import saved
from messaging_assets.foundation import json_paths

_MODEST, _LARGE = 100, PAGE_SIZES[:3]
_FAR = 1_000_000


@dataclass
class Paging:
    """A way of paging.

    Args:
        paginator: as the file has it; None where none was found.
        params: parameters that each page needs besides, such as its size.
        words: what was tried and seen.
        sample: the largest page that came.
        joins: whether page 2 was seen to begin where page 1 ends.
        total: how many rows the API says it has; None where it does not say.
        doubt: why a sync will hardly get every row; empty where nothing says so.
    """

    paginator: dict[str, Any] | None
    params: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    sample: Page | None = None
    joins: bool = False
    total: int | None = None
    doubt: str = ""


def find_paging(probe: ListProbe) -> Paging:
    """The first way of paging whose second page joins the first; one without a paginator where none does."""
    if not probe.first.rows:
        return Paging(None, words="the list is empty, so no way of paging could be tried", sample=probe.first)
    probe.find_size()
    for ways in (_by_reference, _by_offset, _by_number, _by_number_with_size, _by_header_token, _by_last_row):
        for paging, second in ways(probe):
            return _completed(probe, paging, second)
    words = "no way of paging was found; links are followed if an answer has any. Declare the paginator, "
    if len(probe.first.rows) < 2:
        words = "one row alone shows no way of paging; links are followed if an answer has any. Declare the paginator, "
    paging = Paging(None, words=words + "or single_page if one answer is everything", sample=probe.first)
    if told := more_than_came(probe.first.answer.parsed, len(probe.first.rows), probe.selector):
        paging.doubt = f"{told}, and no way to the others was found; declare the paginator"
    elif named := next_headers(probe.first_small.answer):
        paging.doubt = (
            f"the answer names a next page in its header {named[0]}, which no way of paging was found to follow"
        )
    return paging


_Ways = Iterator[tuple[Paging, Page]]


def _by_reference(probe: ListProbe) -> _Ways:
    for paginator, address in signs.links(probe.first_small.answer):
        page = probe.get({}, address)
        if page is not None and probe.is_second(page):
            words = f"header {paginator['header']}" if "header" in paginator else _LINKS[paginator["type"]]
            yield _with_end(probe, Paging(paginator, words=f"its {words} leads to the second page")), page
    more = signs.has_more(probe.first_small.answer)
    for leaf, params in signs.cursors(probe.first_small.answer):
        for name in params:
            page, later = probe.get({**probe.sized(probe.half), name: leaf.value}), {}
            words = f"{leaf.path} goes into {name} for the second page"
            if page is None and (probe.size_param or probe.fixed):
                page, later = probe.get({name: leaf.value}, probe.path), {"next_request": dict[str, Any]()}
                words += ", with nothing beside it"
            if page is not None and probe.is_second(page):
                paginator = {"type": "cursor", "cursor_path": leaf.path, "cursor_param": name, "has_more_path": more}
                yield _with_end(probe, Paging(without_nothing(paginator) | later, words=words)), page


def _with_end(probe: ListProbe, paging: Paging) -> Paging:
    """The way of paging with the flag that is true on the last page, which may name a next one all the same."""
    path = signs.flag_of_end(probe.first_small.answer)
    if paging.paginator is not None and path:
        paging.paginator["end_path"] = path
        paging.words += f"; {path}, which is false there, is taken for true on the last page"
    return paging


def _by_header_token(probe: ListProbe) -> _Ways:
    for name, value in signs.header_tokens(probe.first_small.answer):
        for param in signs.cursor_params(name.lower().removeprefix("x-").replace("-", "_")):
            page = probe.get({**probe.sized(probe.half), param: value})
            if page is not None and probe.is_second(page):
                words = f"its header {name} goes into {param} for the second page"
                yield Paging({"type": "header_cursor", "cursor_key": name, "cursor_param": param}, words=words), page


_LINKS = {"json_link": "link in the body", "header_link": "Link header"}


def _by_offset(probe: ListProbe) -> _Ways:
    limit = probe.half if probe.size_param else len(probe.first.rows)
    names = {"limit": limit} if probe.size_param in (None, "limit") else probe.sized(limit)
    for name in signs.echoed(probe.first.answer, signs.OFFSETS):
        page = probe.get({**names, name: limit})
        if page is None or not probe.is_second(page):
            continue
        if not probe.size_param and not _continues(probe, probe.get({**names, name: limit - 1})):
            continue
        paginator = {"type": "offset", "limit": limit, "offset_param": name, "limit_param": probe.size_param}
        yield Paging({key: value for key, value in paginator.items() if value and value != key.split("_")[0]}), page


def _continues(probe: ListProbe, page: Page | None) -> bool:
    """Whether a page asked for one row earlier begins with the first page's last row."""
    return page is not None and bool(page.rows) and probe.identity(page.rows[0]) == probe.identity(probe.first.rows[-1])


def _by_number(probe: ListProbe) -> _Ways:
    size = probe.sized(probe.half)
    for name in signs.echoed(probe.first.answer, signs.NUMBERS):
        one = probe.get({**size, name: 1})
        base, second = 0, one
        if probe.is_first(one):
            base, second = 1, probe.get({**size, name: 2})
        if second is not None and probe.is_second(second):
            yield Paging({"type": "page_number", "base_page": base, "page_param": name}), second


def _by_number_with_size(probe: ListProbe) -> _Ways:
    """Page numbers that work only together with a size, and then may show the list in another place and order."""
    if probe.size_param or probe.half < 1:
        return
    for base in (1, 0):
        for size in signs.SIZES_WITH_NUMBER:
            asked = ({"page": base, size: probe.half}, {"page": base + 1, size: probe.half}, {"page": base})
            found = probe.get_anywhere(asked[0])
            if found is None or len(found[1].rows) != probe.half:
                continue
            selector, one = found
            two, both = (probe.get_anywhere({size: 2 * probe.half, **params}) for params in asked[1:])
            if two and both and probe.are_joined(one, two[1], both[1]):
                probe.selector, probe.size_param, probe.small, probe.first = selector, size, one, both[1]
                probe.fixed = {"page": base}
                yield Paging({"type": "page_number", "base_page": base, "page_param": "page"}), two[1]


def _by_last_row(probe: ListProbe) -> _Ways:
    last = probe.identity(probe.first_small.rows[-1])
    if not (isinstance(last, tuple) and len(last) == 1):
        return
    key = next(name for name, value in probe.first_small.rows[-1].items() if value == last[0])
    for name in signs.AFTER_ROW:
        page = probe.get({**probe.sized(probe.half), name: last[0]})
        if page is not None and probe.is_second(page):
            path = f"{probe.selector}[-1].{key}"
            words = f"the last row's {key} goes into {name} for the second page"
            yield Paging({"type": "cursor", "cursor_path": path, "cursor_param": name}, words=words), page


def _completed(probe: ListProbe, paging: Paging, second: Page) -> Paging:
    """The way of paging with its page size, its total and what the API does past the end."""
    assert paging.paginator is not None
    paging.joins = bool(probe.size_param)
    rows = len(probe.first.rows) + (0 if probe.size_param else len(second.rows))
    total = total_path([page.answer.parsed for page in (probe.first, probe.first_small, second)], rows, probe.selector)
    kind = paging.paginator["type"]
    if kind == "offset":
        paging.paginator["total_path"] = total
    elif total:
        paging.paginator["rows_total_path"] = total
    paging.total = _count(total, probe.first)
    joined = "begins where page 1 ends, row by row" if paging.joins else "holds other rows than page 1"
    words = f"page 2 {joined} ({len(probe.first_small.rows)} rows and {len(second.rows)})"
    paging.words = f"{paging.words}, and {words}" if paging.words else words
    _enlarge(probe, paging, total)
    if kind == "offset" and not total:
        paging.words += ". total_path is null, as no number in these answers counts all rows"
    elif total:
        paging.words += f". {total} in the answer counts all rows"
    if kind in ("offset", "page_number"):
        _go_past_the_end(probe, paging, total)
    if paging.paginator.get("total_path") == "total":
        del paging.paginator["total_path"]
    return paging


def _enlarge(probe: ListProbe, paging: Paging, total: str | None) -> None:
    """Ask for large pages, the largest first: fewer requests later, and more rows to guess from now."""
    paging.sample, rows = probe.first, len(probe.first.rows)
    if not probe.size_param:
        return
    known, size = _count(total, probe.first), rows
    for asked in (_MODEST,) if known is not None and known <= rows else _LARGE:
        page = probe.get(probe.sized(asked))
        came = f"{len(page.rows):,} rows" if page else "no list"
        paging.words += f". A page of {asked:,} was asked for, and {came} came"
        if page is not None and len(page.rows) >= rows:
            # Where the API clamps the size, or had no more, a larger one does no harm: rows are counted as they come.
            paging.sample, size = page, asked if len(page.rows) == known else max(len(page.rows), _MODEST)
            break
    if size > rows:
        paging.words += f", which takes {saved(rows, size, known)}"
    if paging.paginator and paging.paginator["type"] == "offset":
        paging.paginator["limit"] = size
    else:
        paging.params = probe.sized(size)


def _go_past_the_end(probe: ListProbe, paging: Paging, total: str | None) -> None:
    """See how the API answers where no rows are left, so that the end of a sync is not taken for a failure.

    An API may also refuse to go as far as its end: a refusal is the end only right behind the total, where the page
    before it holds rows.
    """
    assert paging.paginator is not None
    known, paginator = _count(total, probe.first), paging.paginator
    if paginator["type"] == "offset":
        name, size = paginator.get("offset_param", "offset"), paginator.get("limit")
        behind = known or _FAR
    else:
        name, size = paginator["page_param"], next(iter(paging.params.values()), None)
        rows = len((paging.sample or probe.first).rows)
        behind = paginator["base_page"] + (-(-known // min(size or rows, rows)) if known else _FAR)
    params = {**probe.fixed, **(probe.sized(size) if size else {})}
    words = _words_of_end(probe, {**params, name: behind})
    if not words:
        return
    told = (
        f"{name}={behind} {'leaves the list out' if True in words.values() else f'is refused with {probe.api.refused}'}"
    )
    if not known:
        told += (
            ", which may be the end or as far as the API goes; no total tells which, so it is not declared as the end"
        )
    elif (page := probe.get({**params, name: behind - 1})) and page.rows:
        paginator.update(words)
        told += f" and {name}={behind - 1} has rows, so that is how the list ends"
    else:
        told += (
            f" and {name}={behind - 1} has no rows, so the API may not go as far as its total; read it in smaller parts"
        )
        paging.doubt = told
    paging.words += f". {told}"


def _words_of_end(probe: ListProbe, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a paginator has to say where a page behind the last one is no empty list."""
    answer = probe.api.guess(probe.path, params)
    if answer is None:
        status = probe.api.refused
        return {"end_status_codes": [status]} if status in (400, 404, 410, 416, 422) else {}
    found = json_paths.find_values(probe.selector, answer.parsed)
    return {"end_on_missing_selector": True} if not found or found[0] is None else {}


def _count(total: str | None, page: Page) -> int | None:
    found = json_paths.find_values(total, page.answer.parsed) if total else []
    return int(found[0]) if found else None
