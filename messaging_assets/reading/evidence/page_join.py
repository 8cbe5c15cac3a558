"""Whether each page of a list joins the one before it, so that no row slipped between them.

A row that is asked for again with the next page shows that nothing between the two pages was lost.
"""

from __future__ import annotations

from collections import Counter

from messaging_assets.reading.evidence.equal_rows import EqualRows


class PageJoin:
    """How the pages of one list join.

    Args:
        overlap: how many rows the file asks for again at each join.
        has_keys: whether records are told apart by a key.

    Attributes:
        back: how many rows of the page before the next page was asked to repeat.
        is_own: whether pages repeat a row though the file does not ask for it.
        is_refused: whether the API answered such a request with the page before, as where it takes whole pages only.
        may_begin_with_last: whether a page may begin with the last rows of the page before, as it is asked for by them.
        is_backwards: whether those are its first rows, as each page holds what lies before the one that came.
        equal_rows: rows without a key that came twice at a join.
        outcomes: how the joins turned out: same, moved, open (not found again) or unseen (not asked for).
    """

    def __init__(self, overlap: int, has_keys: bool) -> None:
        self._overlap, self._has_keys = overlap, has_keys
        self.back = 0
        self.is_own = self.is_refused = self.may_begin_with_last = self.is_backwards = False
        self.equal_rows = EqualRows()
        self.outcomes: Counter[str] = Counter()
        # Whether the next page is the first that was asked to repeat rows, unless the file says so.
        self._is_tried = False
        self._last_keys: list[int] = []

    def begin_own(self, pages: int) -> None:
        """Let pages repeat a row from the next one on, which the API may not take; so many pages came before."""
        self.is_own = self._is_tried = True
        # A count that turned out to be the page's own had passed for one of the list.
        self.outcomes["unseen"] += pages - 1

    def resume(self, outcomes: tuple[tuple[str, int], ...], keys: list[int]) -> None:
        """Go on behind a page with these keys."""
        self.outcomes, self._last_keys = Counter(dict(outcomes)), keys

    def refuses(self, keys: list[int], is_known: bool) -> bool:
        """Whether the API refuses to repeat rows: it answered the first such request with a page that had come.

        Args:
            keys: hashes of the page's keys.
            is_known: whether a page with just these came before.
        """
        is_first, self._is_tried = self._is_tried, False
        if is_first and len(keys) > self.back and is_known:
            self.is_refused = True
            return True
        return False

    def is_overlap(self, keys: list[int]) -> bool:
        """Whether a page holds nothing but rows that it was asked to repeat."""
        return len(keys) <= self.back

    def ended_open(self) -> None:
        """The list ended by a refusal; rows that were asked for again did not come."""
        if self.back:
            self.outcomes["open"] += 1

    def kept(self, keys: list[int], again: set[int]) -> list[int]:
        """Places of the page's rows without those that were asked for again; how it joins is noted.

        Args:
            keys: hashes of the page's keys, in order.
            again: those of them that came on an earlier page.
        """
        kept = list(range(len(keys)))
        if not (self._has_keys or self.back):
            self.equal_rows.page(keys)
        if self.may_begin_with_last and not self.back and self._is_boundary(again):
            kept = [place for place, key in enumerate(keys) if key not in again]
        if self._last_keys and self.back:
            kept = self._behind_overlap(keys, again)
        elif self._last_keys and kept and (self._overlap or self.is_own):
            self.outcomes["open" if self._overlap else "unseen"] += 1
        self._last_keys = keys
        return kept

    def _behind_overlap(self, keys: list[int], again: set[int]) -> list[int]:
        """Places of the rows behind the overlap, wherever a row of the page before stands now.

        What follows that row on this page follows it in the list.
        """
        back = self.back
        # Without a key equal rows are different ones, so the first that may be it counts, and all behind it stay.
        places = {key: place for place, key in reversed(list(enumerate(keys)))}
        known = next((places[key] for key in reversed(self._last_keys) if key in places), None)
        same = keys[:back] == self._last_keys[-back:]
        self.outcomes["same" if same else "open" if known is None else "moved"] += 1
        until = back if same else 0 if known is None else known + 1
        drop = {place for place in range(until) if keys[place] in again}
        return [place for place in range(len(keys)) if place not in drop]

    def _is_boundary(self, again: set[int]) -> bool:
        """Whether the rows that came again are the outermost ones of the page before, in whatever order."""
        outermost = self._last_keys[: len(again)] if self.is_backwards else self._last_keys[-len(again) :]
        return bool(self._has_keys and again) and set(outermost) == again
