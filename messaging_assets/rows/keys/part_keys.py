"""The keys of one load: which record of the batch in hand has a key, and whether one is in an earlier batch."""

from __future__ import annotations

from collections.abc import Sequence, Set
from operator import itemgetter
from typing import Any

from messaging_assets.answers.record_keys import hash_of, hashes_of, told_apart
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.rows.keys.key_book import KeyBook


class PartKeys:
    """The keys of one load.

    Args:
        book: the keys of the whole read.
        receipt: where duplicates are counted.
        is_late: whether the load holds later versions, which take the place of rows that were counted before.
    """

    def __init__(self, book: KeyBook, receipt: Receipt, is_late: bool) -> None:
        self.book, self._receipt, self.is_late = book, receipt, is_late
        self._places: dict[tuple[Any, ...], int] = {}
        # The same keys, a list of values for each field.
        self._columns: list[list[Any]] = [[] for _ in book.names]
        # Keys of the last batch with their page; the page in hand may have them too.
        self._parted: dict[int, int] = {}

    def note_page(self, rows: list[dict[str, Any]], start: int, page: int) -> bool:
        """Note the keys of a whole page at once.

        Args:
            rows: the page's records.
            start: their first place in the batch.
            page: the page's number.

        Returns:
            False where a record repeats a key, or its key needs a closer look; nothing is noted then.
        """
        names = self.book.names
        if not names:
            return True
        try:
            columns = [list(map(itemgetter(name), rows)) for name in names]
            keys = list(zip(*columns, strict=True))
            fresh = set(keys)
        except (KeyError, TypeError):
            return False
        if any(bool in set(map(type, column)) for column in columns):
            return False
        if len(fresh) < len(rows) or not self._places.keys().isdisjoint(fresh):
            return False
        if self._has_earlier and (earlier := [one for one in (self.book.earlier, self._near(page)) if one]):
            hashes = hashes_of(keys)
            if not all(one.isdisjoint(hashes) for one in earlier):
                return False
        self._places.update(zip(keys, range(start, start + len(rows)), strict=True))
        for kept, column in zip(self._columns, columns, strict=True):
            kept += column
        return True

    @property
    def _has_earlier(self) -> bool:
        return bool(self._receipt.rows_loaded) and not self.is_late

    def _near(self, page: int) -> Set[int]:
        """Keys of the last batch that this page may have too, because it began, or nearly, in that batch."""
        is_near = self._parted and page <= max(self._parted.values()) + 1
        return self._parted.keys() if is_near else frozenset()

    def key(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """The key of one record."""
        return tuple(told_apart(row.get(name)) for name in self.book.names)

    def place(self, key: tuple[Any, ...]) -> int | None:
        """Where in the batch a key is; None where it is not.

        Raises:
            TypeError: a part of it is a list or an object.
        """
        return self._places.get(key)

    def note(self, key: tuple[Any, ...], place: int, row: dict[str, Any]) -> None:
        """Note where in the batch a key is, and the record's own values of it."""
        self._places[key] = place
        for kept, name in zip(self._columns, self.book.names, strict=True):
            kept.append(row.get(name))

    def repeats(self, row: dict[str, Any], before: dict[str, Any], is_of_one_page: bool) -> None:
        """Count a record whose key is in the batch.

        Args:
            row: the record.
            before: the one with its key.
            is_of_one_page: whether both came on one page, on which none can be a later state of the other.
        """
        is_sent_twice = is_of_one_page and not self.book.versions.are_known(row, before)
        is_looked_at = self.book.sees_repeats or is_sent_twice
        if is_looked_at and self.book.are_two(self.book.content(row), self.book.content(before)):
            self._are_two()
        self._receipt.duplicates += self.book.sees_repeats

    def came_earlier(self, key: tuple[Any, ...], row: dict[str, Any]) -> bool:
        """Whether a key is, or may be, in an earlier batch."""
        if not self._has_earlier:
            return False
        hashed = hash_of(key)
        if not self.book.sees_repeats:
            # The reading saw this key on an earlier page, and it is not in this batch.
            return hashed in self.book.as_sent.again or hashed in self._parted
        known = self.book.loaded(hashed)
        if known is None:
            return False
        self._receipt.duplicates += 1
        if self.book.are_two(known, self.book.content(row)):
            self._are_two()
        return True

    def is_loaded(self, key: tuple[Any, ...], row: dict[str, Any]) -> bool:
        """Whether a record that came in an earlier batch came again as it was."""
        return self.book.is_loaded(hash_of(key), row)

    def hand_out(self, rows: Sequence[dict[str, Any]], pages: Sequence[int]) -> list[list[Any]]:
        """Let go of a batch; what the next one may repeat is kept.

        Args:
            rows: its records.
            pages: the page that each came on.

        Returns:
            Their keys, a list of values for each field; empty where records do not replace each other.
        """
        places, self._places = self._places, {}
        columns, self._columns = self._columns, [[] for _ in self.book.names]
        if self.book.sees_repeats:
            self.book.load(list(places), rows)
        elif pages:
            # A page may go on in the next batch, and so may keys that it has twice.
            near = pages[-1] - 1
            self._parted = {hashed: page for hashed, page in self._parted.items() if page >= near}
            self._parted |= {hash_of(key): pages[place] for key, place in places.items() if pages[place] >= near}
        return columns

    def _are_two(self) -> None:
        if self.book.from_values:
            way = f"if they are of different values of for_each, add {self.book.from_values} to primary_key"
        elif self.book.is_child:
            way = "if they are of different parents, add the parent's key (include_from_parent) to primary_key"
        elif self.book.sees_repeats:
            way = "if processing steps made two keys one, let them keep what tells the records apart"
        else:
            other = (
                "let dedup_sort of a column say which one counts"
                if self.book.may_sort
                else "drop by steps what differs"
            )
            way = f"add to primary_key what tells them apart, or {other}"
        self._receipt.found(
            Verdict.UNKNOWN, f"records with one key and different content came, of which one is kept: {way}"
        )
