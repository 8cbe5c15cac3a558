"""Lists of the resources that follow in the same run and process, read while a resource before them is synced.

Only answers are got ahead, see `http/pages_ahead.py`: the sync of a resource reads its list in its turn as if nobody
had asked before, and finds answers to what it asks for. So rows, marks, receipt and verdict are those of a resource
that is read after the one before it.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from dagster import AssetExecutionContext
from dlt import Pipeline
from requests.auth import AuthBase

from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry, is_child
from messaging_assets.destination.names import schema_name
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.pages_ahead import MOST_BYTES
from messaging_assets.http.session import ApiSession
from messaging_assets.http.terms import EarlyCounts
from messaging_assets.loading.passes.opening import open_before_turn
from messaging_assets.loading.passes.target import ReadTarget
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.receipt import Receipt
from messaging_assets.seams.dagster_inside import keys_of_this_process
from messaging_assets.tables.notes.noted_syncs import generations

# Seconds after which an answer is too old to be loaded as what the API has, and a place in a list may be forgotten.
OLDEST = 60.0
# Runs of one process that are remembered, because a step of one may be tried again.
_MOST_RUNS = 8
_runs: dict[tuple[str, str], ReadsAhead] = {}


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
        """Whether its answers are too old."""
        return time.monotonic() - self.began > OLDEST

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
    """

    def __init__(
        self, description: ApiDescription, folders: ProjectFolders, run: str, following: list[Resource]
    ) -> None:
        self._description, self._folders, self._run = description, folders, run
        self._following, self._turns = following, set[str]()
        self._begun: dict[str, ReadBegun] = {}
        self._generations: dict[str, int] | None = None
        self.redaction = Redaction()
        self.pacing: Pacing | None = None

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

    def begin(self, credentials: ApiCredentials, base_url: str) -> None:
        """Begin to read the lists of the next resources, each in a thread of its own.

        What is wrong with one is told in its turn.
        """
        if self._generations is None:
            return
        most = self._description.client.max_in_flight - len(self._begun)
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
            open_before_turn(target, begun.counts, begun.is_wanted, is_start_known=not is_first)
        except BaseException:
            session.close()
            raise
        self._begun[resource.name] = begun

    def take(self, resource: Resource, base_url: str, earlier: int | None) -> tuple[ReadBegun | None, EarlyCounts]:
        """What was begun for a resource whose turn it is, if it is still right to go on with it.

        Args:
            resource: the resource.
            base_url: the API's address.
            earlier: how many syncs of it the destination knows; None where it keeps no count.

        Returns:
            The read, or None; and what its requests cost in any case.
        """
        begun = self._begun.pop(resource.name, None)
        if begun is None:
            return None, EarlyCounts(Receipt())
        known = (self._generations or {}).get(schema_name(self._description, resource), 0)
        # Another process may have loaded newer rows meanwhile.
        if begun.is_old or begun.base_url != base_url or earlier != known:
            begun.session.close()
            return None, begun.counts
        begun.session.pacing.is_behind, begun.session.ahead.most_bytes = False, MOST_BYTES
        return begun, begun.counts

    def end(self, resource: Resource) -> None:
        """The sync of a resource is over; what it did not take is dropped, and all when none is to come."""
        if (begun := self._begun.pop(resource.name, None)) is not None:
            begun.session.close()

    def drop(self, *, only_old: bool = False) -> None:
        """Drop what was begun, or what of it is too old; the threads end, and nothing more is begun."""
        self._following = []
        for name in [name for name, one in self._begun.items() if one.is_old or not only_old]:
            self._begun.pop(name).session.close()

    @property
    def _to_come(self) -> list[Resource]:
        return [one for one in self._following if one.name not in self._turns]


def reads_ahead(context: AssetExecutionContext, description: ApiDescription, folders: ProjectFolders) -> ReadsAhead:
    """Those of the run that an op belongs to."""
    of = context.run.run_id, description.name
    if of not in _runs:
        # Some end between two steps, and leave what they have begun.
        while len(_runs) >= _MOST_RUNS:
            _runs.pop(next(iter(_runs))).drop()
        every = description.resources_in_full.values() if description.client.max_in_flight > 1 else []
        by_key = {asset_key(description, one.name): one for one in every if _may_begin(one)}
        keys = keys_of_this_process(context) if len(by_key) > 1 else []
        _runs[of] = ReadsAhead(description, folders, of[0], [by_key[key] for key in keys if key in by_key])
    return _runs[of]


def end_run(context: AssetExecutionContext, description: ApiDescription) -> None:
    """Drop what a run has begun, because it is interrupted."""
    if (ahead := _runs.get((context.run.run_id, description.name))) is not None:
        ahead.drop()


def _may_begin(resource: Resource) -> bool:
    """Whether the requests for a resource depend on nothing but its file, so that they are known before its turn."""
    is_plain = not (is_child(resource) or resource.partitions or cursor_of(resource.endpoint))
    return resource.parallelized and is_plain
