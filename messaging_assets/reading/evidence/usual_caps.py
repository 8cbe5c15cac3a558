"""Lists that end at a number of rows at which many APIs stop, while nothing says that it is their end."""

from __future__ import annotations

from collections import Counter, defaultdict

# The fewest rows that may be a cap: of pages that are counted, or a job's files, and of an answer taken for everything.
FEWEST_OF_SEVERAL, FEWEST_OF_ONE = 500, 100
# Where search engines stop to count, unless they are told to go on.
END_OF_COUNTS = 10_000
# A few lists of so many rows, and none that is longer, are no chance either.
_OF_MANY, _MANY = frozenset((20, 25, 50)), 3
_SMALL = frozenset((100, 200, 250, 500))
_LEADING = frozenset(("1", "2", "25", "3", "4", "5"))
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

    def is_cap(self, asset: str, is_parent: bool, rows: int, fewest: int | None) -> bool:
        """Whether a list that ended may have been cut.

        Args:
            asset: the asset's name.
            is_parent: whether the list is only read for a child resource.
            rows: how many came.
            fewest: the fewest rows that may be a cap; None where the API said that they are all.
        """
        return fewest is not None and rows >= max(fewest, self._longest[asset, is_parent]) and _is_usual(rows)

    def ended(self, asset: str, is_parent: bool, rows: int, fewest: int | None) -> None:
        """Note that a list ended; see `is_cap`."""
        of = (asset, is_parent)
        is_one_of_many = fewest == FEWEST_OF_ONE and rows in _OF_MANY
        self._ends[of][rows] += is_one_of_many or self.is_cap(asset, is_parent, rows, fewest)
        self._longest[of] = max(self._longest[of], rows)

    @property
    def doubts(self) -> list[tuple[str, bool]]:
        """What may have been cut, as a clause, and whether it is about parents."""
        found = [(of[1], rows, self._ends[of][rows]) for of, rows in self._longest.items()]
        words = "rows, where many APIs stop, and nothing says that they are all"
        return [
            (f"{_lists(many)} ended at exactly {rows:,} {words}", is_parent)
            for is_parent, rows, many in found
            if many >= (_MANY if rows in _OF_MANY else 1)
        ]


def _is_usual(rows: int) -> bool:
    return rows in _SMALL or (rows >= 1_000 and str(rows).rstrip("0") in _LEADING)


def _lists(many: int) -> str:
    return "the list" if many == 1 else f"{many} lists"
