"""Lists of the resources that follow in the same run and process, read while a resource before them is synced.

Only answers are got ahead, see `http/pages_ahead.py`: the sync of a resource reads its list in its turn as if nobody
had asked before, and finds answers to what it asks for. So rows, marks, receipt and verdict are those of a resource
that is read after the one before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from dlt import Pipeline
from requests.auth import AuthBase

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry, is_child
from messaging_assets.destination.names import pipeline_name, schema_name
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators, Secrets
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.pages_ahead import MOST_BYTES
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.terms import EarlyCounts
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.passes.opening import open_before_turn
from messaging_assets.reading.receipt import Receipt
from messaging_assets.seams.dlt_packages import noted_state
from messaging_assets.tables.notes.noted_syncs import generations

# Seconds after which an answer is too old to be loaded as what the API has, and a place in a list may be forgotten.
OLDEST = 60.0
# Seconds for which a list may have been left in the middle, where a token of the API says how it goes on.
LONGEST_LEFT = 5.0


@dataclass
class ReadBegun:
    """A list that is read before its resource's turn.

    Args:
        session: sends its requests, and has the answers.
        auths: what puts secrets onto them, by resource name.
        base_url: the API's address.
        counts: of its requests.
        began: when, on the clock that only ever goes forward.
    """

    session: ApiSession
    auths: dict[str, AuthBase | None]
    base_url: str
    counts: EarlyCounts = field(default_factory=lambda: EarlyCounts(Receipt()))
    began: float = field(default_factory=time.monotonic)

    @property
    def is_old(self) -> bool:
        """Whether its answers are too old, or the token with which the list goes on."""
        now, left = time.monotonic(), self.session.begun.left
        return now - self.began > OLDEST or (left is not None and now - left > LONGEST_LEFT)

    def is_wanted(self) -> bool:
        """Whether more of it is to be read; not when the process ends."""
        return not self.is_old and threading.main_thread().is_alive()


class ReadsAhead:
    """The lists of one API that a run reads before their turn.

    Args:
        description: the API.
        folders: where working files are.
        run: Dagster's id of the run.
        following: the resources that this process syncs in the run and that wait for no other, in their order.

    Attributes:
        redaction: knows the secrets of every sync of the run.
        pacing: when requests leave, shared by all sessions of the run; None before the first.
        came: keys of the first rows that failed reads of a resource had, by its name.
    """

    def __init__(
        self, description: ApiDescription, folders: ProjectFolders, run: str, following: list[Resource]
    ) -> None:
        self._description, self._folders, self._run = description, folders, run
        self._following, self._turns = following, set[str]()
        self._begun: dict[str, ReadBegun] = {}
        self._generations: dict[str, int] | None = None
        self.redaction, self._redacted = Redaction(), ExitStack()
        self.pacing: Pacing | None = None
        self.came: dict[str, frozenset[int]] = {}

    def turn_to(self, resource: Resource) -> None:
        """The sync of a resource begins."""
        self._turns.add(resource.name)

    def note(self, pipeline: Pipeline) -> None:
        """Note how many syncs of the resources that follow the destination knows, before one of them is begun.

        Args:
            pipeline: one of the same dataset.
        """
        if self._to_come:
            names = [schema_name(self._description, one) for one in self._to_come]
            self._generations = (self._generations or {}) | generations(pipeline, names)

    def begin(self, credentials: Secrets, base_url: str) -> None:
        """Begin to read the lists of the next resources, each in a thread of its own.

        What is wrong with one is told in its turn.
        """
        if self._generations is None:
            return
        most = self._description.client.max_in_flight - len(self._begun)
        if self._to_come and not self._begun:
            # Their threads log between two syncs too.
            self._redacted.enter_context(self.redaction.on_loggers())
        made = Authenticators(self._description, credentials, self.redaction, self._run)
        for one in self._to_come[: max(most, 0)]:
            # Once is enough, whatever comes of it.
            self._turns.add(one.name)
            with suppress(Exception):
                self._begin(one, made, base_url)

    def _begin(self, resource: Resource, made: Authenticators, base_url: str) -> None:
        description, client = self._description, self._description.client
        session = ApiSession(base_url, client, self._folders.pace / description.name, self.pacing)
        session.pacing.is_behind, session.ahead.most_bytes = True, MOST_BYTES // client.max_in_flight
        try:
            auths = {one.name: made.of(one) for one in ancestry(description, resource)}
            begun = ReadBegun(session, auths, base_url)
            target = ReadTarget(description, resource, session, auths, base_url)
            is_first = not (self._generations or {}).get(schema_name(description, resource))
            noted = noted_state(self._folders.pipelines / pipeline_name(description.name, resource.name), resource.name)
            if (noted is not None or is_first) and open_before_turn(
                target, begun.counts, begun.is_wanted, noted or {}, is_first=is_first
            ):
                self._begun[resource.name] = begun
        finally:
            if resource.name not in self._begun:
                session.close()

    def take(
        self, resource: Resource, base_url: str, earlier: int | None, let_go: Callable[[], None] = lambda: None
    ) -> tuple[ReadBegun | None, EarlyCounts]:
        """What was begun for a resource whose turn it is, if it is still right to go on with it.

        Args:
            resource: the resource.
            base_url: the API's address.
            earlier: how many syncs of it the destination knows; None where it keeps no count.
            let_go: called before requests under way are waited for, which nobody wants any more.

        Returns:
            The read, or None; and what its requests cost in any case.
        """
        begun = self._begun.pop(resource.name, None)
        if begun is None:
            return None, EarlyCounts(Receipt())
        known = (self._generations or {}).get(schema_name(self._description, resource), 0)
        # Another process may have loaded newer rows meanwhile.
        if begun.is_old or begun.base_url != base_url or earlier != known:
            let_go()
            begun.session.close()
            return None, begun.counts
        begun.session.pacing.is_behind, begun.session.ahead.most_bytes = False, MOST_BYTES
        return begun, begun.counts

    def end(self, resource: Resource) -> None:
        """The sync of a resource is over; what it did not take is dropped, and all when none is to come."""
        if (begun := self._begun.pop(resource.name, None)) is not None:
            begun.session.close()
        if not self._begun:
            self._redacted.close()

    def drop(self, *, only_old: bool = False) -> None:
        """Drop what was begun, or what of it is too old; the threads end, and nothing more is begun."""
        self._following = []
        for name in [name for name, one in self._begun.items() if one.is_old or not only_old]:
            self._begun.pop(name).session.close()
        if not self._begun:
            self._redacted.close()

    @property
    def _to_come(self) -> list[Resource]:
        return [one for one in self._following if one.name not in self._turns]


def may_begin(resource: Resource) -> bool:
    """Whether a resource is one list, whose requests are known before its turn."""
    endpoint = resource.endpoint
    is_one_list = not (is_child(resource) or resource.partitions or endpoint.has_step)
    # What was read ahead may be dropped, and rows may come only once where a request does more than to read.
    is_one_list = is_one_list and endpoint.method == "GET"
    # A job is begun in its turn, and what a list was called is known in it.
    return resource.parallelized and is_one_list and endpoint.job is None and not endpoint.conditional
