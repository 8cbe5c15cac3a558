"""What is to be reached, and whether it was: ratios of times that were measured in turns."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.measuring import Measurement


@dataclass(frozen=True)
class Spread:
    """A number that was measured several times: its median, least and most."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        low, high = min(self.values), max(self.values)
        return f"{self.median:.2f}" if low == high else f"{self.median:.2f} ({low:.2f} to {high:.2f})"


def ratio(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Quotients round by round, so that a slow minute of the machine is on both sides."""
    return Spread(tuple(one / other for one, other in zip(above, below, strict=True)))


@dataclass(frozen=True)
class Goal:
    """One statement of the table of goals.

    Args:
        case: the measurement's name.
        words: what is compared.
        measured: the number.
        bound: what it may be at most, or must be at least.
        sense: which of the two.
        unit: what follows the number.
    """

    case: str
    words: str
    measured: Spread
    bound: float
    sense: Literal["at most", "at least"] = "at most"
    unit: str = "x"

    @property
    def is_met(self) -> bool:
        """Whether the median is within the bound."""
        return self.measured.median <= self.bound if self.sense == "at most" else self.measured.median >= self.bound


@dataclass
class Outcome:
    """What a case found.

    Args:
        case: its name.
        title: what was measured, in words.
        runs: measurements by contender, a value a round.
        goals: the goals that they decide.
        notes: what else was seen, such as rows compared.
    """

    case: str
    title: str
    runs: dict[str, list[Measurement]] = field(default_factory=dict)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, contender: str, measurement: Measurement) -> None:
        """Keep one more round's measurement."""
        self.runs.setdefault(contender, []).append(measurement)

    def inner(self, contender: str) -> list[float]:
        """Seconds of the sync alone."""
        return [run.inner for run in self.runs[contender]]

    def inner_cpu(self, contender: str) -> list[float]:
        """CPU seconds of the sync alone, which a busy machine stretches less."""
        return [run.inner_cpu for run in self.runs[contender]]

    def wall(self, contender: str) -> list[float]:
        """Seconds of the whole process."""
        return [run.wall for run in self.runs[contender]]

    def cpu(self, contender: str) -> list[float]:
        """CPU seconds of the whole process."""
        return [run.cpu for run in self.runs[contender]]

    def peak(self, contender: str) -> list[float]:
        """Megabytes of memory at most."""
        return [run.peak for run in self.runs[contender]]

    def expect(
        self,
        words: str,
        measured: Spread,
        bound: float,
        sense: Literal["at most", "at least"] = "at most",
        unit: str = "x",
    ) -> None:
        """Note a goal."""
        self.goals.append(Goal(self.case, words, measured, bound, sense, unit))
