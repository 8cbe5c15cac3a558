"""Rows without a key that came twice at a page join: nothing tells them apart but what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from messaging_assets.answers.watched_counts import WatchedCounts


class EqualRows:
    """Watches the joins of a list whose records have no key."""

    def __init__(self) -> None:
        self._last: list[int] = []
        self._are_normal = self._is_joined_twice = False

    def page(self, digests: Sequence[int]) -> None:
        """Note the digests of a page's whole rows, in order."""
        # Where one page holds equal rows, two pages may.
        self._are_normal = self._are_normal or len(set(digests)) < len(digests)
        self._is_joined_twice = self._is_joined_twice or _begins_with_end_of(self._last, digests)
        self._last = list(digests)

    def page_goes_on(self, digests: Sequence[int], are_normal: bool) -> None:
        """Note those of a further part of the page, and whether rows of it are equal to others of the page."""
        self._are_normal, self._last = self._are_normal or are_normal, list(digests)

    def said(self) -> str | None:
        """That a page began with the rows that ended the one before, as a clause; None where none did."""
        if self._are_normal or not self._is_joined_twice:
            return None
        return (
            "a page began with the rows that ended the one before, so the API counts from another first row, or the "
            "list moved; correct the paginator, or declare a primary_key"
        )


def surplus(rows: int, totals: Sequence[int], counts: WatchedCounts, longest: int) -> str | None:
    """That a few rows more came than the API counts, as a clause; None where not.

    Args:
        rows: how many came, over more than one page.
        totals: the count at the path that the file names, as it was on each page.
        counts: the other counts.
        longest: the rows of the longest page; what differs by more than one page counts something else.
    """
    told = max(totals) if totals else counts.total_below(rows)
    if told is None or not longest < told < rows < told + longest:
        return None
    more = rows - told
    return (
        f"{more} row{'s' * (more > 1)} more came than the API counts, so some came twice; correct the paginator, or "
        "set endpoint.total to ignore if its count is not to be believed"
    )


def _begins_with_end_of(last: Sequence[int], digests: Sequence[int]) -> bool:
    if not digests:
        return False
    starts = (place for place, digest in enumerate(last) if digest == digests[0])
    return any(list(last[place:]) == list(digests[: len(last) - place]) for place in starts)
