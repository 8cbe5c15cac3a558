"""Lists that end at a number of rows at which many APIs stop, while nothing says that it is their end."""

from __future__ import annotations

from collections import Counter, defaultdict

# Where lists of counted pages, or a job's files, are cut. Few numbers, because such a list is asked for behind its end.
OF_SEVERAL = frozenset((1_000, 10_000))
# Where an answer is cut that is taken for everything.
OF_ONE = frozenset((100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 20_000, 25_000, 50_000, 100_000))
# Where search engines stop to count, unless they are told to go on.
END_OF_COUNTS = 10_000
# A few lists of so many rows, and none that is longer, are no chance either.
_OF_MANY, _MANY = frozenset((20, 25, 50)), 3
STEP = (
    "name what tells of the end, such as has_more_path, or total: exact for a count that goes further; or ask for less "
    "at once, such as by step; write has_more_path: null in the paginator if that is all"
)


class UsualCaps:
    """Where lists and windows of a sync ended. A longer list of the resource shows that a number is no cap."""

    def __init__(self) -> None:
        # By asset, and whether it is only read for a child: the longest list, and how many ended at a round number.
        self._longest: Counter[tuple[str, bool]] = Counter()
        self._ends: dict[tuple[str, bool], Counter[int]] = defaultdict(Counter)

    def is_cap(self, asset: str, is_parent: bool, rows: int, usual: frozenset[int]) -> bool:
        """Whether a list that ended may have been cut.

        Args:
            asset: the asset's name.
            is_parent: whether the list is only read for a child resource.
            rows: how many came.
            usual: the numbers of rows at which such lists are cut; none where the API said that they are all.
        """
        return rows in usual and rows >= self._longest[asset, is_parent]

    def ended(self, asset: str, is_parent: bool, rows: int, usual: frozenset[int]) -> None:
        """Note that a list ended; see `is_cap`."""
        of = (asset, is_parent)
        self._ends[of][rows] += self.is_cap(asset, is_parent, rows, usual | _OF_MANY if usual is OF_ONE else usual)
        self._longest[of] = max(self._longest[of], rows)

    @property
    def doubts(self) -> list[tuple[str, bool]]:
        """What may have been cut, as a clause, and whether it is about parents."""
        found = [(of[1], rows, self._ends[of][rows]) for of, rows in self._longest.items()]
        return [
            (_said(many, rows), is_parent)
            for is_parent, rows, many in found
            if many >= (_MANY if rows in _OF_MANY else 1)
        ]


def _said(many: int, rows: int) -> str:
    lists = "the list" if many == 1 else f"{many} lists"
    return f"{lists} ended at exactly {rows:,} rows, where many APIs stop, and nothing says that they are all"
