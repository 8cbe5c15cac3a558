"""What comes again in one list: rows on a later page, whole pages, and pages that are looked at once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from messaging_assets.answers.record_keys import keys_of
from messaging_assets.reading.evidence.page_so_far import PageSoFar
from messaging_assets.reading.evidence.seen_keys import SeenKeys

if TYPE_CHECKING:
    from messaging_assets.answers.formats.texts import Document


class Repetition:
    """Which rows and pages of one list came before.

    Args:
        key: the fields that tell records apart; without any, a record is what is in it.

    Attributes:
        may_repeat: whether the last page once more means "past the last page" from here on.
        may_clamp: whether the page before, once more, may be what the API gives for whatever is behind its last one.
        is_clamped: whether it came so.
        is_nothing_new: whether the page that came last held nothing but rows that had come.
        rows_again: how many rows came on more than one page, an overlap aside.
        page: the one that comes in parts, or in documents.
        moved: that the first page holds other rows than before, as a clause.
    """

    def __init__(self, key: tuple[str, ...]) -> None:
        self._key = key
        self.may_repeat = self.may_clamp = self.is_clamped = self.is_nothing_new = False
        self.rows_again = 0
        self.moved: str | None = None
        self._seen = SeenKeys()
        # Signatures, in the order in which the pages came.
        self._pages: dict[int, None] = {}
        self._stale_pages = 0
        self._first_keys: list[int] = []
        self.page = PageSoFar()

    @property
    def _has_keys(self) -> bool:
        return bool(self._key)

    @property
    def different(self) -> int:
        """How many different records came."""
        return len(self._seen)

    def resume(self, keys: list[int], rows_again: int) -> None:
        """Go on behind a page with these keys; those of earlier pages are not known any more."""
        self._seen, self.rows_again = SeenKeys(keys), rows_again
        self._pages[hash(tuple(keys))] = None

    def among(self, keys: list[int]) -> set[int]:
        """Those of a page's keys that came on an earlier page."""
        return self._seen.among(set(keys))

    def is_known_page(self, keys: list[int]) -> bool:
        """Whether a page with just these keys came before."""
        return hash(tuple(keys)) in self._pages

    def note_fresh(self, keys: list[int], again: set[int]) -> None:
        """Note whether a page brings any new row, and what the first page holds."""
        self._first_keys, self.page.within = self._first_keys or keys[:], set()
        self.is_nothing_new = self._has_keys and again.issuperset(keys)

    def is_repeat(self, keys: list[int], again: set[int], is_overlap: bool) -> bool:
        """Whether an earlier page came once more, or a second one in a row that brings nothing new.

        Args:
            keys: hashes of the page's keys.
            again: those of them that came on an earlier page.
            is_overlap: whether the page holds only rows that it was asked to repeat.
        """
        is_stale = again.issuperset(keys) if self._has_keys else not keys
        return self._is_repeat(hash(tuple(keys)), is_stale, is_overlap)

    def document_came(self, document: Document, keys: list[int], again: set[int], sent: int) -> bool:
        """Note a document of an archive; whether with it the archive is an earlier answer once more.

        Rows that two documents of one answer have are the API's data, so only all of them together may be one.

        Args:
            document: the document.
            keys: hashes of its keys.
            again: those of them that came before.
            sent: rows that the server sent in it.
        """
        if not document.is_begun:
            self.page = PageSoFar()
            self._first_keys = self._first_keys or keys[:]
        self.page.within = self.page.keys.among(again)
        self.page.fresh(set(keys), again)
        self.page.note(keys, sent)
        return not document.goes_on and self.page.sent > 0 and self.ends_as_repeat()

    def ends_as_repeat(self) -> bool:
        """The page that came in parts is over; whether it is an earlier one once more, see `is_repeat`."""
        self.is_nothing_new = self._has_keys and self.page.is_stale
        return self._is_repeat(self.page.signature, self.page.is_stale and self._has_keys, is_overlap=False)

    def count_page(self) -> None:
        """Count the keys of a page that came in parts; `rows_again` is counted with them."""
        self._seen.take(self.page.keys)

    def _is_repeat(self, signature: int, is_stale: bool, is_overlap: bool) -> bool:
        self._stale_pages = self._stale_pages + 1 if is_stale and not is_overlap else 0
        if not is_overlap and (signature in self._pages or self._stale_pages > 1):
            self.is_clamped = self.may_clamp and signature == next(reversed(self._pages), None)
            return True
        self._pages[signature] = None
        return False

    def count(self, fresh: set[int], again: set[int]) -> None:
        """Count a page's keys, those that it was asked to repeat left out."""
        # A key twice within one page is the API's data; twice across pages, something moved.
        self.rows_again += len(again - self.page.within) if self._has_keys else 0
        self._seen.add(fresh)

    def looked(self, rows: list[Any]) -> tuple[bool, bool]:
        """Compare a page that was looked at once more with what came.

        Returns:
            Whether it holds records at all, and whether one of them came before.
        """
        keys, bad = keys_of(rows, self._key)
        good = {key for place, key in enumerate(keys) if place not in bad}
        return bool(good), bool(self._seen.among(good))

    def compare_first_page(self, rows: list[Any]) -> None:
        """Note it when rows of the first page are gone or stand elsewhere; new ones between them lose no other."""
        keys, _ = keys_of(rows, self._key)
        seen = self.among(keys)
        still = [key for key in keys if key in seen]
        if still != self._first_keys[: len(still)] or not keys:
            self.moved = "the first page holds other rows than when it was read, so the list moved meanwhile"
