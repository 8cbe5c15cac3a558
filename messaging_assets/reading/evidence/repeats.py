"""Whether an API gives its records again: some hand out each record once, and forget what they have answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

# So many of the first records of a read are enough to know it again.
_MOST = 1000


@dataclass
class Repeats:
    """What came again in one sync of one resource, over its pages, looks, passes and tries.

    Args:
        awaited: keys of the records with which earlier reads of the sync began.
        are_known: whether records have keys; else one that has changed is another one.

    Attributes:
        first: keys of those with which this read began.
        is_seen: whether any record came that had come before.
    """

    awaited: frozenset[int] = frozenset()
    are_known: bool = True
    first: frozenset[int] = field(default=frozenset(), init=False)
    is_seen: bool = field(default=False, init=False)

    def page(self, keys: Collection[int], again: Collection[int]) -> None:
        """A page came with these keys, and with those of them that an earlier page had."""
        self.is_seen = self.is_seen or bool(again) or not self.awaited.isdisjoint(keys)
        self.first = self.first or frozenset(list(keys)[:_MOST])

    @property
    def doubt(self) -> str | None:
        """That nothing of an earlier read came again, as a clause; None where some did, or there was none."""
        if not self.awaited or self.is_seen or (self.first and not self.are_known):
            return None
        rows = f"the first {len(self.awaited)} rows" if len(self.awaited) > 1 else "the first row"
        return f"{rows} of an earlier read of this sync did not come again, so the API may hand out each row once"
