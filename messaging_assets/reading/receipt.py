"""What a sync saw, and whether that was everything.

The verdict of a read, from best to worst, and what each does to the asset:

    proven            nothing can have slipped between pages; deletes may rely on it     green
    read to the end   the end was confirmed, nothing contradicts it                      green
    unknown           signs are bad but prove nothing, as on a live feed                 green, check warns
    incomplete        rows are known to be missing, or the end was not reached           the step fails

Proven means: every row that the API had from the first request to the last one was read. It presumes that the API keeps
its rows in one order. A count alone proves that only for a list of one page: a row deleted and another one added
between two requests leave the count as it was, and a third row slips through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from messaging_assets.foundation.failures import clause
from messaging_assets.reading.counts import Counts
from messaging_assets.reading.evidence.repeats import Repeats
from messaging_assets.reading.evidence.usual_caps import STEP


class Verdict(IntEnum):
    """How complete a read was; a higher value is worse."""

    PROVEN = 0
    READ_TO_THE_END = 1
    UNKNOWN = 2
    INCOMPLETE = 3

    @property
    def words(self) -> str:
        """The verdict as people read it."""
        return self.name.lower().replace("_", " ")

    @classmethod
    def of_words(cls, words: str) -> Verdict:
        """The verdict that people read so."""
        return cls[words.upper().replace(" ", "_")]


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason.

    Args:
        verdict: how complete the read was.
        what: what speaks for that verdict, as a clause.
        next_step: what to do about it, as a clause.
        moved: whether another pass may mend it.
        is_left: whether a response action left a list before its first page.
        kind: what it is about: the resource's own `list`, its `parents`, or a `cap` that the file sets.
        may_be_chance: whether only a round number of rows speaks for it. Rows that did not come are gone all the same.
    """

    verdict: Verdict
    what: str
    next_step: str = ""
    moved: bool = False
    is_left: bool = False
    kind: Literal["list", "parents", "cap"] = "list"
    may_be_chance: bool = False

    @property
    def reason(self) -> str:
        """The reason as people read it: a clause that can follow a colon."""
        return clause("parents" if self.kind == "parents" else "", self.what, self.next_step)


@dataclass(frozen=True)
class ReadResult:
    """What is kept of a read that is over.

    Args:
        finding: how complete it was, and why.
        rows_set_aside: records that went to the rejected table.
        rows_loaded: rows that were written.
        left: hashes of the lists that a response action left before their first page, and so without a row.
        split: how many values went beside the column of their field, by column.
        rows_then: rows that the table had behind it, where it is an earlier sync's; else 0.
    """

    finding: Finding
    rows_set_aside: int = 0
    rows_loaded: int = 0
    left: frozenset[str] = frozenset()
    split: Mapping[str, int] = field(default_factory=dict)
    rows_then: int = 0


_KEEPS = "ask in a way that leaves the API its records; what it has forgotten it has to give once more"
_NO_LIST = "filter it out in the parent's steps if it has no list"


@dataclass
class Receipt(Counts):
    """What a sync of one resource saw: its counts, and how complete its lists are.

    Args:
        lists_open: lists that were begun and not ended.
        lists_begun: lists of parents that were begun.
        lists_ignored: those of them that a response action left before their first page.
        lists_named: parents' records that have a list, by the child's asset.
        lists_left_out: why one of them has none, by the child's asset.
        doubts: how often something of the resource's own lists was found to be in doubt or worse.
        findings: what the ended lists came to.
        left: hashes of the lists that a response action left before their first page, and so without a row.
        repeats: whether the API gives its records again.
        limit: how many rows a page was asked to have, where the file lets the sync find out.
    """

    lists_open: int = 0
    lists_begun: int = 0
    lists_ignored: int = 0
    lists_named: Counter[str] = field(default_factory=Counter)
    lists_left_out: dict[str, str] = field(default_factory=dict)
    doubts: int = 0
    findings: list[Finding] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    repeats: Repeats = field(default_factory=Repeats)
    limit: int | None = None

    def found(self, verdict: Verdict, what: str, next_step: str = "", *, of_parents: bool = False) -> None:
        """Note what speaks for a verdict."""
        self.add(Finding(verdict, what, next_step, kind="parents" if of_parents else "list"))

    def add(self, finding: Finding) -> None:
        """Note one list's finding; once a reason, so that a thousand parents make no thousand lines."""
        # Of a parent's list it says nothing of its children's.
        self.doubts += finding.verdict >= Verdict.UNKNOWN and finding.kind != "parents"
        if finding not in self.findings:
            self.findings.append(finding)

    def parent_left_out(self, reason: str, child: str = "") -> None:
        """A parent's record has no list that could be asked for, for this reason.

        Args:
            reason: why, as a clause.
            child: whose list that would be; empty where the record itself is bad.
        """
        if child:
            self.lists_left_out[child] = reason
        self.parents_left_out = (self.parents_left_out or 0) + 1
        words = f"a record was left out ({reason}), so its list was not read"
        self.found(Verdict.UNKNOWN, words, _NO_LIST if child else "", of_parents=True)

    def deletion_unknown(self, rows: int, column: str) -> None:
        """Rows stay whose `hard_delete` column holds what is not known to mean a deletion."""
        if rows:
            self.maybe_deleted += rows
            self.found(
                Verdict.READ_TO_THE_END,
                f"rows were kept of which it is not known whether '{column}' calls them deleted (maybe_deleted)",
                "let a step make a truth value of it",
            )

    @property
    def result(self) -> ReadResult:
        """What is kept of the read when it is over."""
        left, split = frozenset(self.left), dict(self.split)
        return ReadResult(self.finding, self.rows_set_aside, self.rows_loaded, left, split)

    @property
    def finding(self) -> Finding:
        """The worst finding; a list that was begun and not ended makes the read incomplete."""
        return self._worst_of([*self.findings, *self._of_lists(), *self._of_repeats(), *self._of_caps()])

    @property
    def finding_of_read_lists(self) -> Finding:
        """The worst finding of the lists that a response action did not leave unread."""
        read = [one for one in [*self.findings, *self._of_repeats(), *self._of_caps()] if not one.is_left]
        return self._worst_of(read or [Finding(Verdict.READ_TO_THE_END, "")])

    def _worst_of(self, findings: list[Finding]) -> Finding:
        # Of two findings that are as bad, the one about the resource's own rows says more, and chance says least.
        worst = max(findings, key=lambda one: (one.verdict, not one.may_be_chance, one.kind != "parents"), default=None)
        if worst is not None and (worst.verdict is Verdict.INCOMPLETE or not self.lists_open):
            return worst
        return Finding(Verdict.INCOMPLETE, "the end of the list was not reached" if self.pages else "nothing was read")

    def _of_repeats(self) -> list[Finding]:
        doubt = self.repeats.doubt
        return [Finding(Verdict.UNKNOWN, doubt, _KEEPS)] if doubt else []

    def _of_caps(self) -> list[Finding]:
        found = self.caps.doubts
        return [
            Finding(Verdict.UNKNOWN, doubt, STEP, kind="parents" if of else "list", may_be_chance=True)
            for doubt, of in found
        ]

    def _of_lists(self) -> list[Finding]:
        """A finding where not one of the parents has a list, or not one of their lists was given: a name that is
        wrong, or no permission, looks like no rows then.
        """
        for asset, why in self.lists_left_out.items():
            if not self.lists_named[asset]:
                words = f"not one parent's record has a list for {asset}: {why}"
                return [Finding(Verdict.INCOMPLETE, words, "correct the field's name in the request", kind="parents")]
        if not self.lists_begun or self.lists_ignored < self.lists_begun:
            return []
        number = "the only parent's list" if self.lists_begun == 1 else f"the lists of all {self.lists_begun} parents"
        why = f"{number} went unanswered, as response_actions ignore, so nothing is known of their rows"
        return [Finding(Verdict.UNKNOWN, why, "see whether the API still lets these credentials read them")]
