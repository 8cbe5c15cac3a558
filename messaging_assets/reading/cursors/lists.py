"""The cursor of one list while it is read: which rows are newer than its mark.

A value whose order is not known never leaves a row out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging_assets.answers.formats.texts import Portion
from messaging_assets.description import api as described
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.answer import AnswerCursor
from messaging_assets.reading.cursors.mark import NextMark, decided_mark
from messaging_assets.reading.cursors.order import Direction, Order
from messaging_assets.reading.cursors.range import CursorRange
from messaging_assets.reading.cursors.request_values import is_closed, request_values
from messaging_assets.reading.cursors.row_digests import KnownRows
from messaging_assets.reading.cursors.row_order import RowOrder
from messaging_assets.reading.times.notation import NoOrder
from messaging_assets.reading.times.relative_times import is_relative

# So large an integer a state takes.
_STATE_BITS = 63


class ListCursor:
    """The cursor of one list: where its read starts, which of its rows are newer, and how far they reach.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        order: how its values compare.
        keys: the fields that tell rows apart; empty where only whole rows do.
        mark: how far an earlier read came.
        takes_repeats: whether rows that were loaded before may be loaded again.
        is_asked_for: whether the API is told of the mark, and so chose what it sends.

    Attributes:
        answer: the cursor as whole answers have it.
        known: which rows an earlier sync loaded.
        range: from where to where its rows are new; of an answer's cursor nobody knows.
        row_order: in which order its rows come.
    """

    def __init__(
        self,
        asset: str,
        own: described.Incremental,
        order: Order,
        keys: tuple[str, ...],
        mark: Mapping[str, Any] | None,
        takes_repeats: bool,
        is_asked_for: bool,
    ) -> None:
        self._asset, self._own, self._order, self._mark = asset, own, order, mark
        kept = mark if mark and not is_closed(own) else None
        # Rows of which none set a mark are known by themselves; the file's own words are no value that a row had.
        self._last = kept["last_value"] if kept and not is_relative(kept["last_value"]) else None
        self.answer = AnswerCursor(own, mark, order if takes_repeats else None)
        last_of_rows = None if self.answer.is_meant else self._last
        self._direction = Direction(own, order)
        self.range = CursorRange(asset, own, order, self._direction, last_of_rows)
        self.known = KnownRows(asset, own, keys, kept, takes_repeats)
        self._next = NextMark(asset, own, order, self._direction, self.known, self._last)
        self.row_order = RowOrder(own.row_order, order, self._direction.is_up and not own.lag)
        self._takes_late = takes_repeats and _may_have_late(own, is_asked_for)

    @property
    def values(self) -> dict[str, Any]:
        """What `{incremental.<name>}` means in a request for this list.

        Raises:
            MendDescription: a value cannot be written as the file wants it.
        """
        try:
            return self.answer.values(self._last) or request_values(self._own, self._last, self._order.now)
        except NoOrder:
            raise _not_sent(self._asset, self._own.cursor_path) from None

    @property
    def is_past(self) -> bool:
        """Whether rows come in the order of the cursor and those that follow are out of its range."""
        return self.row_order.is_past

    @property
    def is_disordered(self) -> bool:
        """Whether rows came in another order than the file declares, so that nothing is known of those that follow."""
        return self.row_order.is_contradicted

    @property
    def rows_ahead(self) -> int:
        """Rows that came dated after the sync's own start, and move no mark."""
        return self._next.rows_ahead

    @property
    def mark(self) -> dict[str, Any] | None:
        """How far the rows reach that came so far; None where they say no more than the file."""
        return decided_mark(self._own, self._mark, self._last, self.answer, self._next, self.row_order)

    def take_answer(self, body: Any, rows: list[Any], page: int) -> None:
        """Look for the cursor in a whole answer, where it is no record's.

        Args:
            body: the parsed answer.
            rows: the page's records.
            page: its number.
        """
        # One part of a list may have no cursor where the others do.
        is_part = isinstance(body, Portion) and body.is_part
        self.answer.take(body, rows, is_first=page <= 1 and self._last is None and not is_part)

    def newer(self, rows: list[Any], page: int) -> list[Any]:
        """The rows of a page that are not behind the mark.

        Raises:
            MendDescription: a row has no cursor value, or one of which it is not known how it compares.
        """
        if self.answer.is_meant or not rows:
            return rows
        values = _values_of(rows, self._own)
        try:
            self.row_order.note(values, page)
            self.known.keep_above(self.row_order.holding, self._last, rows, values, self._order)
            if self._are_all_newer(rows, values):
                return rows
            return [row for row, value in zip(rows, values, strict=True) if self._takes(row, value, page)]
        except NoOrder:
            raise _not_compared(self._asset, self._own.cursor_path, page) from None

    def _are_all_newer(self, rows: list[Any], values: list[Any]) -> bool:
        """Whether all rows of a page are plainly newer, which its first and last value show at once."""
        ends = self._order.ends(values) if self._direction.is_up and not self.known.has_beyond else None
        if ends is None or not self.range.has_inside(*ends) or self._next.is_ahead(ends[1]):
            return False
        for value in ends:
            self._next.note(value)
        self._next.take_all(ends[1], values, rows)
        self.row_order.came("inside")
        return True

    def _takes(self, row: Any, value: Any, page: int) -> bool:
        """Whether one row is to be loaded; what it reaches is noted."""
        if value is None or not self._is_in_order(value, page):
            self.row_order.came(None)
            return self._takes_without(row, value, page)
        self._next.note(value)
        place = self.range.place_of(value)
        self.row_order.came(place)
        if place == "past end" or (place == "at start" and self._own.range_start == "open"):
            return False
        if place == "before":
            return self._takes_late and self.range.is_of_file(value)
        if place == "at start" and self.known.was_at_mark(row):
            self._next.take(value, row)
            return False
        if self._next.is_ahead(value):
            self._next.take_ahead(value, row)
            return self.known.is_new_beyond(row, value)
        self._next.take(value, row)
        return not self.known.was_beyond(row, value)

    def _is_in_order(self, value: Any, page: int) -> bool:
        if callable(self._own.last_value_func) or self._order.has_place(value):
            return True
        if self._own.on_cursor_value_missing == "include":
            return False
        raise _no_order(self._asset, self._own.cursor_path, value, page)

    def _takes_without(self, row: Any, value: Any, page: int) -> bool:
        missing = self._own.on_cursor_value_missing
        if value is None and missing == "raise":
            raise _no_value(self._asset, self._own.cursor_path, page)
        is_left_out = value is None and missing == "exclude"
        return not is_left_out and self.known.is_new_beyond(row, None)


def _values_of(rows: list[Any], own: described.Incremental) -> list[Any]:
    """The cursor's value of each row; some write a missing moment as an empty text, which is the lowest of texts.

    An integer that no state can keep is a text, which compares as it does.
    """
    found = (json_paths.first_value(own.cursor_path, row) for row in rows)
    missing = None if own.cursor_format == "text" else ""
    values = [None if isinstance(value, str) and value == missing else value for value in found]
    return [str(value) if type(value) is int and value.bit_length() > _STATE_BITS else value for value in values]


def _may_have_late(own: described.Incremental, is_asked_for: bool) -> bool:
    """Whether rows behind the mark are few, of which one may be late: it was asked for, or ends the list."""
    return own.row_order == "desc" or (is_asked_for and own.row_order is None)


def _not_sent(asset: str, path: str) -> MendDescription:
    return MendDescription(
        f"the start or end of '{path}' is no moment whose way of writing is known, so it cannot be sent",
        "declare cursor_format as records have it, and format as the API wants it",
        where=asset,
    )


def _not_compared(asset: str, path: str, page: int) -> MendDescription:
    return MendDescription(
        f"'{path}' on page {page} does not compare with initial_value or the last sync's value, so what is new cannot "
        "be told",
        "write initial_value as the API writes the cursor, or run it once with full_refresh",
        where=asset,
    )


def _no_order(asset: str, path: str, value: Any, page: int) -> MendDescription:
    kind = "text" if isinstance(value, str) else type(value).__name__
    return MendDescription(
        f"'{path}' on page {page} holds a {kind} that is neither a number nor a moment, so which of two is newer is "
        "not known",
        "declare cursor_format as the records have it (text, where its letters are its order), let "
        "on_cursor_value_missing be include, or take incremental out",
        where=asset,
    )


def _no_value(asset: str, path: str, page: int) -> MendDescription:
    return MendDescription(
        f"a record on page {page} has no '{path}', so what is new cannot be told",
        "set on_cursor_value_missing to include or exclude, or correct cursor_path",
        where=asset,
    )
