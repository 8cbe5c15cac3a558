"""Offsets: a list goes on by the rows that really came, to the first empty page."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.record_keys import whole_number
from messaging_assets.description import pagination as described
from messaging_assets.foundation import json_paths
from messaging_assets.reading.paging.counted import CountingPaginator

# Pages of so many rows can overlap each time: it costs one request in so many.
_MANY = 50


class OffsetPaginator(CountingPaginator):
    """Goes on by the rows that really came, to the first empty page; a believed total spares that one."""

    description: described.OffsetPaginator
    _overlaps = 0
    _is_overlap_off = _is_before_short = _looks_at_start = False

    def first_position(self) -> int:
        """The file's offset, 0 where it has none."""
        return self.description.offset

    def advance(self, response: Any, sent: int) -> str | None:
        """See GuardedPaginator."""
        own, reading = self.description, self.reading
        total = self._announced(response)
        says_no_more = self.says_no_more(response, is_over=sent == 0)
        if reading.join.is_refused and not self._is_overlap_off:
            # Some take whole pages only; the rows behind the page are asked for without a row before them.
            self._is_overlap_off, self.position, reading.join.back = True, self.position + reading.join.back, 0
            reading.join.is_own = False
            return None
        if sent == 0:
            return "an empty page"
        reached = self.position + sent
        is_more_said = reading.ending.is_more_said or reading.claims.signs.said
        if reading.join.is_own and sent <= reading.join.back and self._is_before_short and not is_more_said:
            reading.ending.is_short = True
            return "nothing came behind the last row"
        if says_no_more:
            return "the API said that there is no more"
        if self.context.endpoint.total == "exact" and reached - own.offset == total and sent < own.size:
            return "a short page at total"
        # A page with nothing but the overlap is followed by one without, so that the list always moves on.
        overlap = self.context.overlap or self._overlap(sent)
        self._is_before_short = sent < max(own.size, reading.counts.most_sent)
        reading.join.back = min(overlap, sent) if sent > reading.join.back else 0
        self.position = reached - reading.join.back
        if own.maximum_offset is not None and reached >= own.maximum_offset:
            reading.ending.cut_short(f"maximum_offset ({own.maximum_offset}) was reached before the end", is_cap=True)
        end = total + own.offset if total is not None else None
        # Small pages overlap only for a while; what was asked for at the distance of before would be asked for in vain.
        overlaps_end = reading.join.back and not self.context.overlap and sent < _MANY
        alike = max(reading.counts.most_sent - self._overlaps, 0) if overlaps_end else None
        self.ask_ahead(sent, max(sent - reading.join.back, 1), end if end is None or end >= reached else None, alike)
        return None

    def _overlap(self, sent: int) -> int:
        """One row, where the file says nothing of it and no number would show that the list moved.

        With small pages only as often as costs one more request in all.
        """
        reading = self.reading
        may = self._may_join and not self._is_overlap_off and bool(self.context.keys) and not self._picks_inside
        if not may or sent < 2 or not reading.claims.is_uncounted:
            return 0
        if sent < _MANY and self._overlaps >= reading.counts.most_sent:
            return 0
        self._overlaps += 1
        if not reading.join.is_own:
            reading.join.begin_own(reading.page)
        return 1

    @property
    def _may_join(self) -> bool:
        own = self.description
        # An API that refuses what lies behind its end may refuse a page that begins before it, too.
        return own.overlap is None and not own.end_status_codes and not own.end_on_missing_selector

    @property
    def _picks_inside(self) -> bool:
        """Whether the selector picks records from inside the list, whose own items an offset counts."""
        return "[" in (self.context.endpoint.data_selector or "").removesuffix("[*]")

    def looks_once_more(self, how: str) -> bool:
        """See GuardedPaginator. Where nothing counts the rows, a first sync looks at what stands before an offset of 1.
        Any without a key looks at the last row once more.

        An API that counts its offset in pages answers with nothing there; rows that only changed are no sign.
        """
        reading = self.reading
        is_uncounted = reading.claims.is_uncounted and reading.resume.at is None
        if self.first_position() == 1 and not self.context.so_far.is_start_known and is_uncounted:
            self._looks_at_start = True
            self.look_at(0, how)
            return True
        is_alone = not self.context.keys or self._picks_inside
        may = is_alone and self._may_join and reading.claims.is_uncounted and reading.resume.at is None
        was_paged = reading.counts.full_pages > 1 or reading.counts.most_sent >= self.description.size
        if not (may and was_paged) or reading.counts.sent or self.position <= self.first_position():
            return False
        self.look_at(self.position - 1, how)
        return True

    def look(self, rows: list[Any], sent: int) -> bool:
        """See GuardedPaginator."""
        if self._looks_at_start:
            return self._look_at_start(rows)
        _, is_known = self.reading.repetition.looked(rows)
        if not is_known and sent != 1 and not self.reading.ending.doubt:
            self.reading.ending.doubt = (
                f"the last row did not come when {self.position} was asked for, so the offset may count pages, or the "
                "list moved; correct the paginator, or declare a primary_key"
            )
        return False

    def _look_at_start(self, rows: list[Any]) -> bool:
        has_rows, is_known = self.reading.repetition.looked(rows[:1])
        if self.position == 0 and has_rows and not is_known:
            # The row may be new; whether row 1 is still where it was tells.
            self.look_at(1, str(self.reading.ending.look))
            return True
        told = "offset 0 holds a row that did not come, so the API counts its rows from 0"
        self.judge_start(told, self.position == 1 and is_known, "offset: 0")
        return False

    def _announced(self, response: Any) -> int | None:
        """How many rows the API says there are from the file's first offset on."""
        own = self.description
        if own.total_path:
            total = whole_number(json_paths.first_value(own.total_path, response.parsed))
            # The first row is row 1 for some, and nothing is skipped then.
            skipped = own.offset if own.offset > 1 else 0
            self.reading.claims.announce(max(total - skipped, 0) if total is not None else None)
        return self.reading.total
