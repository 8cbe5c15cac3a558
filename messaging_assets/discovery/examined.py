"""What an examination of a resource finds out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["wrong", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing that was found out.

    Args:
        level: `wrong` where a sync would fail or lose something, `warning` where it may, else `note`.
        about: what it is about, in a word.
        what: what was found.
        mend: what to do; empty where nothing is to be done.
    """

    level: Level
    about: str
    what: str
    mend: str = ""


@dataclass
class Examined:
    """A resource that was asked.

    Args:
        resource: its name.
        requests: how many requests that took.
        pages: pages that came.
        rows: rows that came.
        total: how many rows the API says it has.
        is_paging_seen: whether the declared way to a second page was seen at work, or the end that it says.
        findings: what was found out, the worst first.
    """

    resource: str
    requests: int = 0
    pages: int = 0
    rows: int = 0
    total: int | None = None
    is_paging_seen: bool = True
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_wrong(self) -> bool:
        """Whether a sync would fail or lose something."""
        return any(finding.level == "wrong" for finding in self.findings)
