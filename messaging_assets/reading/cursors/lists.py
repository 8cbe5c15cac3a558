"""The cursor of one list while it is read: which rows are newer than its mark, and how far they reach.

A value whose order is not known never leaves a row out. A row that is dated after the sync's own start is loaded and
moves nothing: a mark in the year 2099 would ask for nothing new until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from messaging_assets.description import api as described
from messaging_assets.foundation import json_paths, moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.direction import Direction
from messaging_assets.reading.cursors.order import (
    NoOrder,
    Order,
    is_closed,
    lagged,
    request_values,
)
from messaging_assets.reading.cursors.reach import Reach, Units
from messaging_assets.reading.cursors.relative_times import is_relative, resolved
from messaging_assets.reading.cursors.row_digests import RowDigests
from messaging_assets.reading.cursors.row_order import RowOrder

# An append knows again so many rows that no mark can be set behind, because they are dated ahead or not at all.
BEYOND_KEPT = 100_000
# Under these names a mark keeps what dlt's own has no place for.
_BEYOND = "messaging_assets_beyond"
_ANSWER = "messaging_assets_in_answer"


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
        rows_ahead: rows that came dated after the sync's own start.
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
        self._takes_repeats = takes_repeats
        # A merge compares whole rows at the mark, because one of a key may have changed.
        own_keys = [own.primary_key] if isinstance(own.primary_key, str) else own.primary_key
        told_by = own_keys or ([] if takes_repeats else list(keys))
        self._is_answers = bool(mark and mark.get(_ANSWER)) or own.cursor_in == "answer"
        self._initial = resolved(own.initial_value, order.now)
        kept = mark if mark and not is_closed(own) else None
        # Rows of which none set a mark are known by themselves; the file's own words are no value that a row had.
        has_place = kept is not None and not is_relative(kept["last_value"])
        self._last = kept["last_value"] if kept and has_place else None
        self._start = self._lagged() if self._last is not None and not self._is_answers else self._initial
        self._end = own.end_value if is_closed(own) else None
        # A range that is closed by a day has that whole day.
        is_day = self._end is not None and order.is_day(self._end) and own.last_value_func in ("max", max)
        self._after_end = order.behind(self._end, 1, True, True) if is_day and own.range_end == "closed" else None
        hashes = list(kept["unique_hashes"]) if kept else []
        # Without a key two rows that are equal are two events.
        self._digests = RowDigests(asset, told_by, hashes, are_events=not (told_by or takes_repeats))
        self._direction = Direction(own, order)
        self._known_at_start = Counter(hashes)
        self._known_beyond = Counter(digest for digest, _ in (kept or {}).get(_BEYOND, ()))
        self._beyond: list[list[Any]] = [list(one) for one in (kept or {}).get(_BEYOND, ())]
        is_lagged = bool(own.lag) and own.last_value_func in ("max", "min", max, min)
        # Whether the next sync tells apart which rows at the mark it has.
        self._compares_at_start = own.range_start == "closed" and not is_closed(own) and not is_lagged
        at_mark = self._digests if self._compares_at_start else None
        self._held = Reach(self._direction, at_mark, self._last, Counter(hashes))
        self._ahead = Reach(self._direction, at_mark)
        self.rows_ahead = 0
        # The file's own words for the range are moments, so that numbers between them are too.
        is_moment = moments.number_of(self._initial) is None and order.moment(self._initial) is not None
        self._are_times = is_moment or own.format is not None or order.reading in moments.EPOCHS
        self._units = Units(order)
        if self._last is not None and not self._is_answers:
            self._units.note(self._last)
        self._is_behind = self._is_past_end = False
        self._row_order = RowOrder(own.row_order, order)
        self._takes_late = takes_repeats and is_asked_for and not own.row_order
        self._answer: Any = None

    def _lagged(self) -> Any:
        try:
            return lagged(self._own, self._order, self._last, self._initial)
        except NoOrder:
            raise MendDescription(
                f"the last sync's value of '{self._own.cursor_path}' is no moment, and no number whose unit is "
                "known, so no lag can be taken from it",
                "declare cursor_format, or take the lag out",
                where=self._asset,
            ) from None

    @property
    def values(self) -> dict[str, Any]:
        """What `{incremental.<name>}` means in a request for this list.

        Raises:
            MendDescription: a value cannot be written as the file wants it.
        """
        own, order = self._own, self._order
        if self._is_answers and self._last is not None and not (own.lag or own.format):
            start = _token(self._last, own.start_param)
            start = own.convert(start) if own.convert else start
            return {"start_value": start, "last_value": start, "initial_value": start, "end_value": None}
        try:
            return request_values(own, self._last, order.now)
        except NoOrder:
            raise MendDescription(
                f"the start or end of '{self._own.cursor_path}' is no moment whose way of writing is known, "
                "so it cannot be sent",
                "declare cursor_format as records have it, and format as the API wants it",
                where=self._asset,
            ) from None

    @property
    def is_past(self) -> bool:
        """Whether rows come in the order of the cursor and those that follow are out of its range."""
        if self._row_order.is_contradicted:
            return False
        if self._own.row_order == "desc":
            return self._is_behind
        return self._own.row_order == "asc" and self._is_past_end

    @property
    def is_disordered(self) -> bool:
        """Whether rows came in another order than the file declares, so that nothing is known of those that follow."""
        return self._row_order.is_contradicted

    @property
    def mark(self) -> dict[str, Any] | None:
        """How far the rows reach that came so far; None where they say no more than the file."""
        if self._is_answers:
            kept = self._last if self._answer is None else self._answer
            return None if kept is None else self._marked(kept, []) | {_ANSWER: True}
        if is_closed(self._own):
            return dict(self._mark) if self._mark else None
        reach = self._held if self.holds or self._ahead.value is None else self._farther()
        hashes = list(reach.hashes.elements())
        beyond = [one for one in self._beyond if one[1] is None or reach.value is None or self._is_beyond(one, reach)]
        self._refuse_too_many(beyond)
        initial = self._own.initial_value
        last = initial if reach.value is None else reach.value
        if not hashes and not beyond and (last is None or last == initial):
            return None
        return self._marked(last, hashes) | ({_BEYOND: beyond} if beyond else {})

    def _marked(self, last: Any, hashes: list[str]) -> dict[str, Any]:
        initial = self._own.initial_value
        return {"initial_value": initial, "last_value": last, "start_value": last, "unique_hashes": hashes}

    def _is_beyond(self, one: list[Any], reach: Reach) -> bool:
        return not self._direction.is_further(reach.value, one[1])

    def _refuse_too_many(self, beyond: list[list[Any]]) -> None:
        if len(beyond) > BEYOND_KEPT:
            raise MendDescription(
                f"{len(beyond)} records are dated ahead or have no '{self._own.cursor_path}', more than an "
                "append can know again",
                "declare timezone, or cursor_format: number if it is no time, or write merge",
                where=self._asset,
            )

    @property
    def holds(self) -> bool:
        """Whether rows are dated ahead, so that they move no mark."""
        if self._ahead.value is None:
            return False
        if moments.number_of(self._ahead.value) is None or self._are_times:
            return True
        # Numbers are times where all of them could be, in one unit, and one is past.
        return self._units.are_times

    def _farther(self) -> Reach:
        held, ahead = self._held, self._ahead
        return ahead if held.value is None or self._direction.is_further(ahead.value, held.value) else held

    def take_answer(self, body: Any, rows: list[Any], page: int) -> None:
        """Look for the cursor in a whole answer, where it is no record's: a token, or the server's own time.

        Args:
            body: the parsed answer.
            rows: the page's records.
            page: its number; only the first one may show that the answer is meant.
        """
        if not self._is_answers:
            if self._own.cursor_in is not None or page > 1 or self._last is not None or not rows:
                return
            if any(json_paths.find_values(self._own.cursor_path, row) for row in rows):
                return
        found = json_paths.find_values(self._own.cursor_path, body) if isinstance(body, dict) else []
        if found and isinstance(found[0], (str, int, float)) and not isinstance(found[0], bool) and found[0] != "":
            self._is_answers, self._answer = True, found[0]

    @property
    def is_answers(self) -> bool:
        """Whether the cursor stands beside the list, so that no row meets it."""
        return self._is_answers

    def newer(self, rows: list[Any], page: int) -> list[Any]:
        """The rows of a page that are not behind the mark.

        Raises:
            MendDescription: a row has no cursor value, or one of which it is not known how it compares.
        """
        if self._is_answers or not rows:
            return rows
        values = [(json_paths.find_values(self._own.cursor_path, row) or (None,))[0] for row in rows]
        try:
            self._row_order.note(values)
            if self._are_all_newer(rows, values):
                return rows
            return [row for row, value in zip(rows, values, strict=True) if self._takes(row, value, page)]
        except NoOrder:
            raise MendDescription(
                f"'{self._own.cursor_path}' on page {page} does not compare with initial_value or the last "
                "sync's value, so what is new cannot be told",
                "write initial_value as the API writes the cursor, or run it with forget_state",
                where=self._asset,
            ) from None

    def _are_all_newer(self, rows: list[Any], values: list[Any]) -> bool:
        """Whether all rows of a page are plainly newer, which its first and last value show at once."""
        ends = self._order.ends(values) if self._direction.is_up and not self._known_beyond else None
        if ends is None:
            return False
        low, high = ends
        if self._start is not None and not self._direction.is_further(low, self._start):
            return False
        if (self._end is not None and not self._direction.is_further(self._end, high)) or self._order.is_ahead(high):
            return False
        for value in ends:
            self._note(value)
        if self._held.value is None or not self._direction.is_further(self._held.value, high):
            for row, value in zip(rows, values, strict=True):
                if value == high:
                    self._held.take(high, row)
        self._is_behind = self._is_past_end = False
        return True

    def _takes(self, row: Any, value: Any, page: int) -> bool:
        """Whether one row is to be loaded; what it reaches is noted."""
        self._is_behind = self._is_past_end = False
        if value is None or not self._is_in_order(value, page):
            return self._takes_without(row, value, page)
        self._note(value)
        if self._is_out(value):
            self._is_past_end = True
            return False
        if self._start is not None and not self._direction.is_further(value, self._start):
            if not self._direction.is_same(value, self._start):
                self._is_behind = self._own.row_order == "desc"
                return self._is_late(value)
            if self._own.range_start == "open":
                return False
            if self._compares_at_start and self._digests.is_known(row, self._known_at_start):
                self._held.take(value, row)
                return False
        if self._direction.is_up and self._order.is_ahead(value):
            self.rows_ahead += 1
            self._ahead.take(value, row)
            return self._is_new_beyond(row, value)
        if self._known_beyond and self._digests.is_known(row, self._known_beyond):
            # It was dated ahead when it was loaded, and its time has come.
            self._held.take(value, row)
            return False
        self._held.take(value, row)
        return True

    def _is_out(self, value: Any) -> bool:
        """Whether a value lies behind the end of the range."""
        if self._end is None or self._direction.is_further(self._end, value):
            return False
        if self._after_end is not None:
            return not self._direction.is_further(self._after_end, value)
        return self._own.range_end == "open" or not self._direction.is_same(value, self._end)

    def _note(self, value: Any) -> None:
        self._units.note(value)
        if self._units.are_mixed:
            raise MendDescription(
                f"'{self._own.cursor_path}' holds times in more than one unit, so which of two is newer is not known",
                "declare cursor_format (number, where it is no time), or take incremental out",
                where=self._asset,
            )

    def _is_in_order(self, value: Any, page: int) -> bool:
        if callable(self._own.last_value_func):
            return True
        if self._order.has_place(value):
            return True
        if self._own.on_cursor_value_missing == "include":
            return False
        kind = "text" if isinstance(value, str) else type(value).__name__
        raise MendDescription(
            f"'{self._own.cursor_path}' on page {page} holds a {kind} that is neither a number nor a moment, "
            "so which of two is newer is not known",
            "declare cursor_format as the records have it (text, where its letters are its order), let "
            "on_cursor_value_missing be include, or take incremental out",
            where=self._asset,
        )

    def _takes_without(self, row: Any, value: Any, page: int) -> bool:
        missing = self._own.on_cursor_value_missing
        if value is None and missing == "raise":
            raise MendDescription(
                f"a record on page {page} has no '{self._own.cursor_path}', so what is new cannot be told",
                "set on_cursor_value_missing to include or exclude, or correct cursor_path",
                where=self._asset,
            )
        if value is None and missing == "exclude":
            return False
        return self._is_new_beyond(row, None)

    def _is_new_beyond(self, row: Any, value: Any) -> bool:
        """Whether a row behind which no mark can be set is not yet in a table that it would be in twice."""
        if self._takes_repeats or is_closed(self._own):
            return True
        if self._digests.is_known(row, self._known_beyond):
            return False
        self._beyond.append([self._digests.of(row), value])
        return True

    def _is_late(self, value: Any) -> bool:
        """Whether a row is older than the mark, and not than what the file itself begins with."""
        if not self._takes_late:
            return False
        least = self._initial
        return least is None or self._direction.is_same(value, least) or self._direction.is_further(value, least)


def _token(value: Any, param: str | None) -> Any:
    """What a request takes of an answer's cursor: of a link, the parameter's own value in it."""
    if isinstance(value, str) and "://" in value and param:
        return (parse_qs(urlsplit(value).query).get(param) or [value])[0]
    return value
