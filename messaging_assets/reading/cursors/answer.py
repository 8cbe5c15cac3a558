"""A cursor that stands beside the list, so that no row meets it: a token, or the server's own time."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any

from messaging_assets.answers.beside_list import token_in
from messaging_assets.description import api as described
from messaging_assets.foundation import json_paths, moments
from messaging_assets.reading.cursors.order import Order
from messaging_assets.reading.times.notation import TOLERANCE

# Under this name a mark keeps that it is an answer's.
IN_ANSWER = "messaging_assets_in_answer"


class AnswerCursor:
    """The cursor as whole answers have it.

    Args:
        own: the incremental as the file has it.
        mark: how far an earlier read came.
        order: how its values compare, where rows may come again; None where they would be in the table twice.

    Attributes:
        is_meant: whether the cursor stands there, and not in records.
        first: the first cursor, which the API gave before the list was read; None where it was not asked for it.
        is_missing: whether rows came of answers that all had none, though the file says that it stands there.
    """

    def __init__(self, own: described.Incremental, mark: Mapping[str, Any] | None, order: Order | None = None) -> None:
        self._own, self._order = own, order
        self.first: Any = None
        self._found: Any = None
        self._clock: tuple[Decimal, Any] | None = None
        # Of numbers that are no moments: the lowest, the one before, and whether one came with two pages.
        self._least: tuple[Decimal, Any] | None = None
        self._before: Decimal | None = None
        self._is_count = False
        self.is_missing = False
        self.is_meant = bool(mark and mark.get(IN_ANSWER)) or own.cursor_in in ("answer", "link")

    def take(self, body: Any, rows: list[Any], is_first: bool) -> None:
        """Look for the cursor in an answer; only the first one of all may show that it stands there.

        Args:
            body: the parsed answer.
            rows: the page's records.
            is_first: whether neither an earlier page nor an earlier sync showed where it stands.
        """
        path = self._own.cursor_path
        if not self.is_meant:
            if self._own.cursor_in is not None or not is_first or not rows:
                return
            if any(json_paths.find_values(path, row) for row in rows):
                return
        found = json_paths.find_values(path, body) if isinstance(body, dict) else []
        if found and (is_cursor(found[0], self._own.cursor_in == "answer")):
            self.is_meant, self._found = True, found[0]
            self._note_clock(found[0])
            if not getattr(body, "is_begun", False):
                self._note_number(found[0], bool(rows))
        is_declared = self._own.cursor_in in ("answer", "link")
        self.is_missing = is_declared and self._found is None and self.first is None and (self.is_missing or bool(rows))

    @property
    def is_clock(self) -> bool:
        """Whether it moves as the API does; of a list that goes on behind an interruption, the first is not known."""
        return self._clock is not None or self._is_count

    def _note_clock(self, value: Any) -> None:
        order = self._order
        if order is None or self._own.cursor_in == "link" or not isinstance(value, (str, int, float)):
            return
        at = order.moment(value)
        # One before the sync's start is how far the pages came, of an export by time.
        is_clock = at is not None and at >= order.start.at - TOLERANCE
        if at is not None and is_clock and (self._clock is None or at < self._clock[0]):
            self._clock = at, value

    def _note_number(self, value: Any, has_rows: bool) -> None:
        number = moments.number_of(value)
        if number is None or self._order is None or self._own.cursor_in == "link" or self._order.moment(value):
            return
        if self._least is None or number < self._least[0]:
            self._least = number, value
        # How far the pages came would be another number with each page that has rows.
        self._is_count |= has_rows and number == self._before
        self._before = number

    def held_at(self, met: Any) -> Any:
        """How far a number goes by which the API counts its changes; None where it goes as far as the last one.

        Args:
            met: how far an earlier read came, or None.
        """
        found, known = moments.number_of(self._found), moments.number_of(met)
        if not self._is_count or self._least is None or self.first is not None or found is None:
            return None
        number, sure = self._least if known is None else max(self._least, (known, met), key=itemgetter(0))
        return sure if number < found else None

    def reached(self, last: Any) -> Any:
        """What the answers gave last; the value of the sync before where they gave none.

        One from before the first page comes first, and the earliest of the API's own times: behind it nothing is lost
        that happened while the list was read.
        """
        if self.first is not None:
            return self.first
        if self._clock is not None:
            return self._clock[1]
        return last if self._found is None else self._found

    def values(self, last: Any) -> dict[str, Any] | None:
        """What `{incremental.<name>}` means in a request, where it is the value of the sync before as it came."""
        own = self._own
        if not self.is_meant or last is None or own.lag or any(own.sent_as):
            return None
        start = token_in(last, own.start_param)
        start = own.convert(start) if own.convert else start
        return {"start_value": start, "last_value": start, "initial_value": start, "end_value": None}


def is_cursor(value: Any, is_in_body: bool = False) -> bool:
    """Whether a value can begin a sync: a text, a number, or in a body a place, such as the sort values of a record."""
    is_token = isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""
    return is_token or (is_in_body and isinstance(value, (list, dict)) and bool(value))
