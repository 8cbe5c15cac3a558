"""Where the mark of one list is decided: how far its rows reach, and how far the next sync takes them for read.

A row that is dated after the sync's own start is loaded and moves nothing: a mark in the year 2099 would ask for
nothing new until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.foundation import moments
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.answer import IN_ANSWER, AnswerCursor
from messaging_assets.reading.cursors.order import Direction, Order
from messaging_assets.reading.cursors.reach import Reach, Units
from messaging_assets.reading.cursors.request_values import is_closed
from messaging_assets.reading.cursors.row_digests import BEYOND, KnownRows
from messaging_assets.reading.cursors.row_order import RowOrder
from messaging_assets.reading.times.relative_times import is_relative, resolved

# An append knows again so many rows that no mark can be set behind.
BEYOND_KEPT = 100_000
# Under this name a mark keeps how far a read in doubt reached.
HELD = "messaging_assets_held"
# Under this one it keeps how far rows came that it does not reach, as rows of earlier pages may have changed before.
SEEN = "messaging_assets_seen"
# Stands in a mark whose read was in doubt, and whose range is not asked for any more: where that range begins.
LEFT_IN_DOUBT = "messaging_assets_left_in_doubt"


def mark_at(own: described.Incremental, last: Any, hashes: Iterable[str] = ()) -> dict[str, Any]:
    """A mark as dlt keeps it.

    Args:
        own: the incremental as the file has it.
        last: how far the rows reach.
        hashes: what tells the rows apart that stand there.
    """
    initial = own.initial_value
    return {"initial_value": initial, "last_value": last, "start_value": last, "unique_hashes": list(hashes)}


def mark_in_answer(own: described.Incremental, cursor: Any) -> dict[str, Any]:
    """A mark whose value an answer had, and no record."""
    return mark_at(own, cursor) | {IN_ANSWER: "link" if own.cursor_in == "link" else True}


def farther(order: Order, one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Any] | None:
    """The one of two marks that has the higher value, and the first of two that are alike; without one, the other.

    A mark that has gone nowhere yet may have the file's own word, such as `-30d`.
    """
    if one is None or other is None:
        return one or other
    values = one["last_value"], other["last_value"]
    if values[0] == values[1] or any(map(is_relative, values)):
        return other if is_relative(values[0]) and not is_relative(values[1]) else one
    return one if order.compare(*values) >= 0 else other


def doubted(
    own: described.Incremental,
    order: Order,
    reached: dict[str, Any] | None,
    kept: dict[str, Any] | None,
    before: dict[str, Any] | None = None,
    is_asked_again: bool = True,
) -> dict[str, Any] | None:
    """The mark of a read in doubt: it goes only as far as the read before reached, and its range is asked for again.

    A range that was in doubt twice is left, or that an append would have twice, and its mark says so. Of windows it is
    the first in doubt that counts.

    Args:
        own: the incremental as the file has it.
        order: how its values compare.
        reached: the mark that follows from the rows; one that did not move, or is held, stays as it is.
        kept: the mark as the last committed load left it.
        before: the mark before the doubt, where a part of the range was read without any.
        is_asked_again: whether rows may come twice.
    """
    if reached is None or reached is (before or kept):
        return reached
    begun = before or kept or mark_at(own, own.initial_value)
    held: dict[str, Any] = (kept or {}).get(HELD, {})
    is_later = before is not None and farther(order, kept, before) is before
    if is_asked_again and (is_later or not held):
        return {**begun, HELD: reached}
    left, more = (held, {HELD: reached}) if is_asked_again else (reached, {})
    # Where the mark does not go on, its range is asked for with the next one.
    is_left = left["last_value"] != begun["last_value"]
    return {**left, **({LEFT_IN_DOUBT: begun["last_value"]} if is_left else {}), **more}


def with_doubt(mark: dict[str, Any] | None, kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A mark that also says from where on rows may be missing, as the one does that its read began with."""
    if mark is None or kept is None or LEFT_IN_DOUBT not in kept:
        return mark
    return {**mark, LEFT_IN_DOUBT: kept[LEFT_IN_DOUBT]}


def without_doubt(mark: Any) -> Any:
    """The mark of rows before which none is missing; what is no mark of a cursor stays as it is."""
    is_mark = isinstance(mark, Mapping)
    return {name: value for name, value in mark.items() if name != LEFT_IN_DOUBT} if is_mark else mark


def is_of_other_place(own: described.Incremental, mark: Mapping[str, Any]) -> bool:
    """Whether a mark is of a cursor that stood elsewhere than the file says now, and so means something else.

    Args:
        own: the incremental as the file has it.
        mark: the mark as an earlier sync left it.
    """
    found = (mark.get(HELD) or mark).get(IN_ANSWER)
    place = "link" if found == "link" else "answer" if found else "record"
    # A file that says nothing takes either of the others, as the first answer showed.
    return place != own.cursor_in and (own.cursor_in is not None or place == "link")


class NextMark:
    """How far the rows of one list reach, and the mark that follows from it.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        order: how its values compare.
        direction: says what is farther.
        known: which rows an earlier sync loaded.
        last: how far that came, None where there was none.
    """

    def __init__(
        self,
        asset: str,
        own: described.Incremental,
        order: Order,
        direction: Direction,
        known: KnownRows,
        last: Any,
    ) -> None:
        self._asset, self._own, self._order, self._known = asset, own, order, known
        self._direction, self._last = direction, last
        self._held = Reach(self._direction, known.at_mark, last, known.hashes)
        self._ahead = Reach(self._direction, known.at_mark)
        self._rows_ahead = 0
        self._units, self._noted = Units(order), 0
        # The file's own words for the range are moments, so that numbers between them are too.
        initial = resolved(own.initial_value, order.now)
        is_moment = moments.number_of(initial) is None and order.moment(initial) is not None
        self._are_times = is_moment or any(own.sent_as) or order.reading in moments.EPOCHS or bool(order.pattern)
        if last is not None:
            self.note(last)

    def note(self, value: Any) -> None:
        """A value came, in whatever unit of time.

        Raises:
            MendDescription: an earlier one was in another unit.
        """
        self._units.note(value)
        self._noted += 1
        if self._units.are_mixed and self._noted == 2 and self._last is not None:
            raise MendDescription(
                f"'{self._own.cursor_path}' holds times in another unit than at the last sync, so which of two is "
                "newer is not known",
                "run it once with full_refresh",
                where=self._asset,
            )
        if self._units.are_mixed:
            raise MendDescription(
                f"'{self._own.cursor_path}' holds times in more than one unit, so which of two is newer is not known",
                "declare cursor_format (number, where it is no time), or take incremental out",
                where=self._asset,
            )

    def take(self, value: Any, row: Any) -> None:
        """A row of the range came."""
        before, by_key = self._held.value, self._known.by_key
        self._held.take(value, row)
        if by_key.is_kept and (self._held.value is value or self._direction.is_same(value, self._held.value)):
            by_key.take(row, before is None or self._direction.is_further(value, before))

    def take_all(self, high: Any, values: list[Any], rows: list[Any]) -> None:
        """A page of the range came whose highest value is known."""
        if self._held.value is None or not self._direction.is_further(self._held.value, high):
            for row, value in zip(rows, values, strict=True):
                if value == high:
                    self.take(high, row)

    def is_ahead(self, value: Any) -> bool:
        """Whether a value is dated after the read began, since when rows that were read may have changed."""
        return self._direction.is_up and self._order.start.is_before(value)

    def take_ahead(self, value: Any, row: Any) -> None:
        """A row came that is dated ahead."""
        self._rows_ahead += 1
        self._ahead.take(value, row)

    @property
    def rows_ahead(self) -> int:
        """Rows that came dated ahead, and so move no mark."""
        return self._rows_ahead if self._holds else 0

    @property
    def _holds(self) -> bool:
        return self._ahead.value is not None and self.is_time(self._ahead.value)

    def is_time(self, value: Any) -> bool:
        """Whether a value that came, and so all of them, says a time."""
        if moments.number_of(value) is None:
            return self._own.cursor_format != "text"
        # Numbers are times where all of them could be, in one unit, and one is past.
        return self._are_times or self._units.are_times

    @property
    def _reach(self) -> Reach:
        held, ahead = self._held, self._ahead
        if ahead.value is None or self._holds:
            return held
        return ahead if held.value is None or self._direction.is_further(ahead.value, held.value) else held

    def of_rows(self) -> dict[str, Any] | None:
        """The mark that follows from the rows so far; None where they say no more than the file.

        Raises:
            MendDescription: more rows are dated ahead or not at all than an append can know again.
        """
        reach = self._reach
        hashes = list(reach.hashes.elements())
        beyond = [one for one in self._known.beyond if self._is_beyond(one, reach)]
        self._refuse_too_many(len(beyond))
        initial = self._own.initial_value
        last = initial if reach.value is None else reach.value
        if not hashes and not beyond and (last is None or last == initial):
            return None
        return mark_at(self._own, last, hashes) | ({BEYOND: beyond} if beyond else {}) | self._known.by_key.of_mark

    def known_from(self, value: Any) -> dict[str, Any] | None:
        """What a mark at this value keeps of the rows there and behind it; None where too many would come twice."""
        if self._known.above is None:
            return None
        above = [one for one in self._known.above if not self._direction.is_further(value, one[1])]
        kept = [*(one for one in self._known.beyond if one[1] is None), *above]
        return {BEYOND: kept} if kept else {}

    def _is_beyond(self, one: list[Any], reach: Reach) -> bool:
        return one[1] is None or reach.value is None or not self._direction.is_further(reach.value, one[1])

    def _refuse_too_many(self, beyond: int) -> None:
        if beyond > BEYOND_KEPT:
            raise MendDescription(
                f"{beyond} records are dated ahead or have no '{self._own.cursor_path}', more than an append can know "
                "again",
                "declare timezone, or cursor_format: number if it is no time, or write merge",
                where=self._asset,
            )


def decided_mark(
    own: described.Incremental,
    kept: Mapping[str, Any] | None,
    last: Any,
    answer: AnswerCursor,
    rows: NextMark,
    row_order: RowOrder,
) -> dict[str, Any] | None:
    """The mark that the next sync of a list begins with; None where nothing says more than the file.

    Args:
        own: the incremental as the file has it.
        kept: the mark that this sync began with.
        last: the value of it that rows or an answer had, None where there was none.
        answer: the cursor as whole answers have it.
        rows: how far the rows reach.
        row_order: in which order they came.

    Raises:
        MendDescription: see `NextMark.of_rows`.
    """
    # What an earlier sync met was there when this one began.
    before = (kept or {}).get(HELD) or kept or {}
    if answer.is_meant:
        reached, sure = answer.reached(last), answer.held_at(before.get(SEEN))
        held = {} if sure is None else {**mark_in_answer(own, sure), SEEN: reached}
        return held or (None if reached is None else mark_in_answer(own, reached))
    if is_closed(own):
        return dict(kept) if kept else None
    made, tops = rows.of_rows(), row_order.holding
    if tops is None or made is None or made["last_value"] is None or rows.is_time(made["last_value"]):
        return made
    surest = tops.held_at(made["last_value"], before.get(SEEN), before.get("last_value"))
    known = None if surest is None else rows.known_from(surest)
    return made if known is None else mark_at(own, surest) | {SEEN: made["last_value"]} | known
