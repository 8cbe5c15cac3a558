"""The API's own counts of a list, declared or not: found by the words for them, and watched while the list is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import Any

from messaging_assets.answers.beside_list import Leaf, plain_word
from messaging_assets.answers.record_keys import whole_number

_COUNTERS = frozenset(("total", "totals", "count", "counts", "cnt", "found", "num", "number", "nb"))
_FILLERS = frozenset(("of", "all", "filtered", "matching", "matched", "full", "overall", "available", "exact", "grand"))
# A count of what a filter of the request left.
_FILTERED = frozenset(("filtered", "matching", "matched", "display"))
_PREFIXES = frozenset(("odata", "opensearch", "dc", "approximate", "estimated"))
_ROWS = frozenset(
    (
        *("item", "items", "result", "results", "record", "records", "row", "rows", "element", "elements", "value"),
        *("entry", "entries", "object", "objects", "hit", "hits", "match", "matches", "resource", "resources"),
        *("document", "documents", "docs", "list", "data", "collection", "size"),
    )
)
_OTHER_COUNTS = frozenset(("records_filtered", "hits", "number_matched", "num_matched"))
_OTHER_COUNTS |= {"rows_before_limit", "rows_before_limit_at_least", "i_total_records", "i_total_display_records"}
# "1-10 of 50" or "0-9/50", where the name or the text says that it is of rows, and not of weeks.
_RANGE = re.compile(r"(?:\D* )?(\d[\d,]*) ?(?:-|\u2013|to) ?(\d[\d,]*)(?: of | ?/ ?)(\d[\d,]*)(?: \D*)?")
_RANGES = frozenset(("range", "showing", "shown", "displaying", "displayed", "items", "rows", "results", "records"))
_OF_ROWS = re.compile(r"\b(?:items|rows|results|records|entries)\b", re.IGNORECASE)
# A number of pages moves with the number of rows, and counts something else.
_PAGES = frozenset(("page", "pages"))
_IN_TOTAL = frozenset(("value", "count", "items", "rows", "records", "results", "all"))
# Numbers of an account or a clock, and sizes of a page, move or differ by themselves.
_NO_COUNTS = frozenset(
    (
        *("limit", "limits", "rate", "quota", "remaining", "left", "request", "requests", "retry", "retries", "page"),
        *("pages", "size", "offset", "time", "took", "ms", "seconds", "elapsed", "duration", "cost", "unread"),
    )
)
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
# What stands behind one of these is a part of a number's name only together with rows: number_of_results.
_NEEDS_ROWS = frozenset(("num", "number", "nb"))

# How an API says that a number is no count, but a bound at which it stops counting.
_BOUND_WORDS = frozenset(("relation", "total_relation", "total_count_relation", "count_relation", "total_operator"))
_BOUNDS = frozenset(("gte", "gt", "at_least", "more_than", "greater_than", "greater_or_equal", "greater_than_or_equal"))
_CAPPED = frozenset(("capped", "truncated", "limited", "bounded"))


@lru_cache(maxsize=4096)
def _is_count(word: str, of: frozenset[str]) -> bool:
    parts = set(word.split("_"))
    counted = parts & (_ROWS | of)
    is_named = bool(parts & _COUNTERS) and (bool(counted) or bool(parts & _COUNTERS - _NEEDS_ROWS))
    return word in _OTHER_COUNTS or (is_named and parts <= _COUNTERS | _FILLERS | _PREFIXES | _ROWS | of)


def is_range_of_more(leaf: Leaf) -> bool:
    """Whether a text says that the page is the rows up to one that is not the last, as `1-10 of 50`."""
    found = _RANGE.fullmatch(leaf.value.strip())
    is_named = not _RANGES.isdisjoint(leaf.word.split("_")) or bool(_OF_ROWS.search(leaf.value))
    if not found or leaf.is_header or not is_named:
        return False
    first, last, every = (int(one.replace(",", "")) for one in found.groups())
    # Some count the first row as 0.
    return first <= last < every - (first == 0)


@lru_cache(maxsize=4096)
def is_number_of_pages(word: str) -> bool:
    """Whether a plain word names the number of all pages."""
    parts = set(word.split("_"))
    is_counted = bool(parts & {"total", "count", "num", "number", "nb", "last", "max"}) and bool(parts & _PAGES)
    # `page_number` alone is the page that came.
    return word == "pages" or (
        is_counted
        and word not in ("page_number", "page_num", "number_page")
        and parts <= _PAGES | _FILLERS | {"total", "count", "num", "number", "nb", "last", "max"}
    )


@lru_cache(maxsize=4096)
def _may_count(word: str) -> bool:
    """Whether a word may name a count of the list under a name of its own, such as total_messages."""
    parts = set(word.split("_"))
    return bool(parts & _COUNTERS) and not parts & _NO_COUNTS


def words_of(*names: str) -> frozenset[str]:
    """Words for rows, in singular and plural, from names such as the list's key."""
    last = {plain_word(name).rpartition("_")[2].removesuffix("s") for name in names}
    return frozenset(word + end for word in last if len(word) > 2 for end in ("", "s"))


def counts_rows(leaf: Leaf, of: frozenset[str] = frozenset()) -> bool:
    """Whether a value counts the rows of the list that it stands beside.

    Args:
        leaf: the value.
        of: words for those rows, such as the list's own key.
    """
    if leaf.word in _IN_TOTAL and len(leaf.names) > 1 and not leaf.is_header:
        # Search engines write total: {value: 5}, others total: {items: 5}.
        return plain_ends_with_total(leaf) or (leaf.word != "value" and _is_count(leaf.word, of))
    if leaf.is_header and leaf.names[0] == "total":
        return True
    return _is_count(leaf.word, of)


def plain_ends_with_total(leaf: Leaf) -> bool:
    """Whether the object that holds the value is a total."""
    return len(leaf.names) > 1 and Leaf(leaf.names[:-1], None).word == "total"


def is_total_of_all(leaf: Leaf, of: frozenset[str] = frozenset()) -> bool:
    """Whether a count is of all rows by its name, so that more than came means that others are missing."""
    parts = set(leaf.word.split("_"))
    is_of_page = bool(parts & {"size", "list", "data"}) and not parts & {"total", "totals", "found"}
    return counts_rows(leaf, of) and not is_of_page


def is_bound(leaf: Leaf) -> bool:
    """Whether a value says that the count beside it is only a bound, at which the API stops counting."""
    if leaf.word in _BOUND_WORDS and (leaf.word != "relation" or plain_ends_with_total(leaf)):
        return isinstance(leaf.value, str) and (plain_word(leaf.value) in _BOUNDS or leaf.value.strip() in (">", ">="))
    if isinstance(leaf.value, str) and leaf.value.strip().endswith("+"):
        # 50+: they are counted up to there.
        return (counts_rows(leaf) or _may_count(leaf.word)) and _number(leaf.value) is not None
    if leaf.value is not True:
        return False
    parts = set(leaf.word.split("_"))
    return bool(parts & _COUNTERS) and bool(parts & _CAPPED)


def _is_total(leaf: Leaf) -> bool:
    """Whether a count calls itself a total, as a Content-Range does behind its slash."""
    return "total" in leaf.word or (leaf.is_header and leaf.names[0] == "total")


def _are_pages_left(values: list[int]) -> bool:
    """Whether numbers fall by one from page to page, to the last or to none, as those of what is left do."""
    return len(values) > 1 and values[-1] < 2 and values == list(range(values[0], values[-1] - 1, -1))


def _number(value: Any) -> int | None:
    """A whole number, also one written with commas between its thousands, or as `50+`."""
    text = value.strip().rstrip("+") if isinstance(value, str) else ""
    value = text or value
    return whole_number(text.replace(",", "") if _THOUSANDS.fullmatch(text) else value)


# By its keys, each with the pages that it stood beside.
_Seen = dict[tuple[str, ...], tuple[Leaf, list[int], list[int]]]


class WatchedCounts:
    """Every number that counts a list's rows or pages, page by page.

    Args:
        of: words for the list's rows, such as its key.
    """

    def __init__(self, of: frozenset[str] = frozenset()) -> None:
        self._of = of
        self._seen: _Seen = {}
        self._others: _Seen = {}
        self._pages: list[int] = []
        self._bounds: list[Leaf] = []

    def page(self, leaves: Iterable[Leaf], sent: int) -> None:
        """Note the numbers beside a page of `sent` rows."""
        self._pages.append(sent)
        self._bounds = []
        for leaf in leaves:
            if is_bound(leaf):
                self._bounds.append(leaf)
            is_known = counts_rows(leaf, self._of) or is_number_of_pages(leaf.word)
            if not (is_known or _may_count(leaf.word)):
                continue
            number = _number(leaf.value)
            if number is not None and number >= 0:
                seen = self._seen if is_known else self._others
                _, values, pages = seen.setdefault(leaf.names, (leaf, [], []))
                values.append(number)
                pages.append(len(self._pages) - 1)

    def _of_all(self, seen: _Seen | None = None) -> list[tuple[Leaf, list[int]]]:
        """Those that are no page's own size, nor the rows so far or those left, which change with each page."""
        sent, seen = self._pages, self._seen if seen is None else seen
        if len(sent) == 1:
            return [(leaf, values) for leaf, values, _ in seen.values()]
        so_far = list(accumulate(sent))
        found = []
        for leaf, values, pages in seen.values():
            of_page, until = [sent[page] for page in pages], [so_far[page] for page in pages]
            left = {value + rows for value, rows in zip(values, until, strict=True)}
            left_before = {value + rows - own for value, rows, own in zip(values, until, of_page, strict=True)}
            is_own = values in (of_page, until) or (len(values) > 1 and 1 in (len(left), len(left_before)))
            is_own |= is_number_of_pages(leaf.word) and _are_pages_left(values)
            if not is_own:
                found.append((leaf, values))
        return found

    def moved(self, rows: int) -> str | None:
        """That a count moved while so many rows came, as a clause; None where none did.

        A number that never reached what came counts something else.
        """
        # A number under a name of its own is one that stood still at first.
        others = ((leaf, values) for leaf, values in self._of_all(self._others) if len(set(values[:2])) == 1)
        for leaf, values in (*self._of_all(), *others):
            is_of_rows = not is_number_of_pages(leaf.word)
            if min(values) != max(values) and (not is_of_rows or max(values) >= rows):
                return f"{leaf.place} moved from {values[0]} to {values[-1]} while it was read"
        return None

    def more_than(self, rows: int) -> str | None:
        """That a count of all rows is larger than what came, as a clause; None where none is."""
        counts = self._of_all()
        if any(values[-1] == rows and _FILTERED & set(leaf.word.split("_")) for leaf, values in counts):
            # The others are of the list before a filter.
            return None
        for leaf, values in counts:
            if values[-1] > rows and is_total_of_all(leaf, self._of):
                return f"the answer says at {leaf.place} that there are {values[-1]} rows, and {rows} came"
        return None

    def stopped_at_bound(self, rows: int) -> str | None:
        """That just as many rows came as the API counts at most, as a clause; None where it counts them all."""
        if not self._bounds:
            return None
        every = [values[-1] for leaf, values in self._of_all() if _is_total(leaf) or plain_ends_with_total(leaf)]
        for bound in self._bounds:
            # 50+ is a bound of its own number.
            own = _number(bound.value)
            if rows in ([own] if own is not None else every):
                return f"{bound.place} says that there are more than the {rows} that it counts, and no more came"
        return None

    def total_below(self, rows: int) -> int | None:
        """The largest total that is smaller than what came; None where there is none."""
        totals = (max(values) for leaf, values in self._of_all() if _is_total(leaf) and is_total_of_all(leaf, self._of))
        return max((total for total in totals if total < rows), default=None)

    @property
    def number_of_pages(self) -> tuple[int, str] | None:
        """The number of all pages that came last, and where it was; one by the word `max` may be the API's limit."""
        found = [one for one in self._of_all() if is_number_of_pages(one[0].word) and "max" not in one[0].word]
        return (found[0][1][-1], found[0][0].place) if found else None

    @property
    def is_any_of_rows(self) -> bool:
        """Whether a number counts all rows, over several pages."""
        return any(not is_number_of_pages(leaf.word) for leaf, _ in self._of_all())

    @property
    def is_any(self) -> bool:
        """Whether a number counts all rows or all pages."""
        if len(self._pages) == 1:
            # On one page a count may be its own size.
            found = self._seen.values()
            return any(values[-1] != self._pages[0] or "total" in leaf.word for leaf, values, _ in found)
        return bool(self._of_all())

    @property
    def totals(self) -> list[list[int]]:
        """What each number said that calls itself a total, in order."""
        return [values for leaf, values, _ in self._seen.values() if _is_total(leaf)]

    def agrees(self, rows: int) -> bool:
        """Whether a total says that exactly these rows are all."""
        return any(values[-1] == rows for values in self.totals)
