"""The records of the batch in hand, one for each key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from messaging_assets.rows.keys.part_keys import PartKeys


class Collected:
    """Records that wait to be handed out.

    Args:
        keys: the keys of the load.
        first_wins: whether the first record of a key stays, and no later one takes its place.

    Attributes:
        rows: the records.
        pages: the page that each came on.
        late: records whose key is in a batch that is already out; they are loaded after it.
    """

    def __init__(self, keys: PartKeys, first_wins: bool) -> None:
        self._keys, self._first_wins = keys, first_wins
        self.rows: list[dict[str, Any]] = []
        self.pages: list[int] = []
        self.late: dict[tuple[Any, ...], dict[str, Any]] = {}

    def add(self, rows: list[dict[str, Any]], page: int) -> Iterator[dict[str, Any]]:
        """Take a page's records; those are given back whose key is none."""
        if self._keys.note_page(rows, len(self.rows), page):
            self.rows += rows
            self.pages += [page] * len(rows)
            return
        for row in rows:
            key = self._keys.key(row)
            try:
                place = self._keys.place(key)
            except TypeError:
                yield row
                continue
            if None in key:
                # A step found nothing to make the key of, so that these records are not each other.
                yield row
                continue
            if self._is_new(row, page, key, place):
                self.rows.append(row)
                self.pages.append(page)

    def _is_new(self, row: dict[str, Any], page: int, key: tuple[Any, ...], place: int | None) -> bool:
        """Whether a record's key is new to the load; one that repeats a key takes the place of the other, or stays out.

        Args:
            row: the record.
            page: the page that it came on.
            key: its key.
            place: where in the batch that key is; None where it is not.
        """
        versions = self._keys.book.versions
        if place is not None:
            self._keys.repeats(row, self.rows[place], self.pages[place] == page)
            if not self._first_wins and not versions.is_older(row, self.rows[place]):
                self.rows[place], self.pages[place] = row, page
            return False
        if self._keys.came_earlier(key, row):
            before = self.late.get(key)
            is_older = versions.is_older(row, before) if before else versions.is_older_than_all(row)
            if not self._first_wins and not is_older and (before or not self._keys.is_loaded(key, row)):
                self.late[key] = row
            return False
        self._keys.note(key, len(self.rows), row)
        return True

    def hand_out(self) -> tuple[list[dict[str, Any]], list[int], list[list[Any]]]:
        """Let go of the records; also their pages, and their keys as `PartKeys.hand_out` has them."""
        rows, self.rows = self.rows, []
        pages, self.pages = self.pages, []
        self._keys.book.versions.hand_out(rows)
        return rows, pages, self._keys.hand_out(rows, pages)
