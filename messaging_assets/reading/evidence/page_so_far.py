"""A page that comes in parts, of which nothing is judged as a page until the last of them."""

from __future__ import annotations

from collections import Counter

from messaging_assets.reading.evidence.seen_keys import SeenKeys


class PageSoFar:
    """What the parts of one page held.

    Attributes:
        keys: hashes of the keys that are new to the list.
        strange: how often each row without a key came, by what is in it.
        sent: rows that the server sent.
        signature: the same for pages with the same keys in the same order and parts.
        is_stale: whether no row of it is new to the list.
        goes_on: whether a part follows.
        within: keys of the document that came last which an earlier one of the same answer had.
    """

    def __init__(self) -> None:
        self.keys, self._again = SeenKeys(), SeenKeys()
        self.strange: Counter[int] = Counter()
        self.sent, self.signature, self.is_stale = 0, 0, True
        self.goes_on = False
        self.within: set[int] = set()

    def fresh(self, came: set[int], again: set[int]) -> tuple[set[int], set[int]]:
        """A part's keys that are new to the list; and those of earlier pages that are new to this page.

        Args:
            came: hashes of the part's keys.
            again: those of them that came on earlier pages.
        """
        fresh = came - again
        fresh -= self.keys.among(fresh)
        repeated = again - self._again.among(again)
        self.keys.add(fresh)
        self._again.add(repeated)
        self.is_stale = self.is_stale and not fresh
        return fresh, repeated

    def note(self, keys: list[int], sent: int) -> None:
        """A part came."""
        self.signature, self.sent = hash((self.signature, tuple(keys))), self.sent + sent
