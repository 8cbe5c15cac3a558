"""The first pages of a resource, read as a sync reads them, guards included, and loaded nowhere."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from requests.auth import AuthBase

from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.failure_sentence import as_failure
from messaging_assets.assets.partitions import newest_window
from messaging_assets.description.api import ApiDescription, Endpoint, Resource
from messaging_assets.description.parents import ancestry, columns_from_parents
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authentication import asking_part
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.terms import Terms
from messaging_assets.loading.passes.api_reader import ApiReader
from messaging_assets.reading.changed_parents import changes_of
from messaging_assets.reading.cursors.time_windows import Window
from messaging_assets.reading.jobs.asking import JobRequests
from messaging_assets.reading.jobs.jobs import Jobs
from messaging_assets.reading.jobs.notes import JobNotes
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.paginators import with_paginator
from messaging_assets.reading.receipt import Receipt
from messaging_assets.reading.times.asked_windows import in_window
from messaging_assets.rows.steps import keys_as_sent

# Parents whose children are asked for, and values of the file: the first may have none.
_PARENTS = 2
_PATIENCE = 15.0


@dataclass
class FirstPages:
    """What came.

    Args:
        rows: the rows, those that a sync would set aside left out.
        answers: the resource's own answers, also one that refused.
        receipt: what was counted; its verdict is that of a read that stops early.
        failure: why the reading stopped, if it did.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    receipt: Receipt = field(default_factory=Receipt)
    failure: SyncFailure | None = None


@dataclass
class _Watched(ListContext):
    """A context that keeps the answers, also one that refuses."""

    pages: FirstPages = field(default_factory=FirstPages)
    _parents: Counter[str] = field(default_factory=Counter)

    @property
    def terms(self) -> Terms:
        """The terms of the resource, with an eye on refusals."""
        return replace(super().terms, explain=self._keep)

    def windows_of(self, name: str) -> Iterator[Window]:
        """The newest window alone, as a list without others."""
        window = self.newest_window(name)
        self.so_far.windows[window.name] = window
        yield window

    def prepare_rows(self, rows: list[Any]) -> None:
        """Leave only a few parents of each list, whose own lists are read; a long answer comes in several parts."""
        if self.is_parent and (of := self.so_far.current):
            del rows[_PARENTS - self._parents[of.name] :]
            self._parents[of.name] += len(rows)

    def _keep(self, answer: Answer) -> str | None:
        self.pages.answers.append(answer)
        return None


class Reader:
    """Reads the first pages of an API's resources.

    Args:
        description: the API.
        credentials: its secrets and address.
        redaction: learns every secret.
    """

    def __init__(self, description: ApiDescription, credentials: ApiCredentials, redaction: Redaction) -> None:
        # One request at a time: pages that nobody wants are not asked for ahead.
        client = description.client.model_copy(update={"max_in_flight": 1})
        self._description = description.model_copy(update={"client": client})
        self._credentials, self._redaction = credentials, redaction
        self._auths = Authenticators(description, credentials, redaction)

    def read(self, resource: Resource, pages: int, rows: int | None = None) -> FirstPages:
        """Read up to so many pages, and of them up to so many rows; of parents one page.

        Returns:
            What came; a failure is part of it, its text without secrets.
        """
        came = FirstPages()
        try:
            base_url = self._credentials.base_url_for(self._description)
            newest = newest_window(resource, self._description.asset_of(resource))
            resource = in_window(resource, newest)
            chain = [*ancestry(self._description, resource)[:-1], resource]
            auths = {one.name: self._auths.of(one) for one in chain}
            # The gate of its syncs, whose budget and holds these requests are part of.
            pace = settle_environment().make().pace / self._description.name
            with ApiSession(base_url, self._description.client, pace) as session:
                sources = {one.name: self._source(one, chain, auths, came, pages, session, base_url) for one in chain}
                reader = ApiReader(self._description, session, sources, base_url, _PARENTS).reader(resource)
                try:
                    for row in itertools.islice(reader, rows):
                        came.rows.append(row)
                finally:
                    for source in sources.values():
                        if source.so_far.jobs:
                            source.so_far.jobs.clean_up()
        except Exception as error:  # noqa: BLE001 - dlt wraps what is raised inside it in classes of its own
            came.failure = as_failure(self._description.asset_of(resource), error, self._redaction)
        return came

    def _source(
        self,
        one: Resource,
        chain: list[Resource],
        auths: Mapping[str, AuthBase | None],
        came: FirstPages,
        pages: int,
        session: ApiSession,
        base_url: str,
    ) -> ListContext:
        own = one is chain[-1]
        endpoint = self._endpoint(one, pages if own else 1, base_url)

        from_parent = columns_from_parents(one).values()
        source = _Watched(
            asset=self._description.asset_of(one),
            endpoint=endpoint,
            keys=tuple(key for key in keys_as_sent(one, one.keys) if key not in from_parent),
            receipt=came.receipt,
            auth=auths[one.name],
            set_aside=lambda row, reason, page: came.receipt.set_aside.update([reason]) if own else None,
            is_parent=not own,
            pages=came if own else FirstPages(),
            changes=changes_of(one, {}) if own else None,
        )
        if endpoint.job:
            # A look has a job of its own, which goes with it.
            source.so_far.jobs = Jobs(JobRequests(session, base_url), JobNotes())
        auth = auths[one.name]
        if (asking := asking_part(auth)) is not None:
            session.token_exchange(asking, Terms(source.asset, endpoint, came.receipt))
        if own:
            actions = [*endpoint.response_actions, came.answers.append]
            source.endpoint = endpoint.model_copy(update={"response_actions": actions})
        return source

    def _endpoint(self, one: Resource, pages: int, base_url: str) -> Endpoint:
        """The endpoint with fewer pages and less patience than a sync has."""
        endpoint = with_paginator(self._description, one, base_url)
        assert endpoint.paginator is not None
        handler = endpoint.error_handler
        shortened = {
            "max_retries": min(handler.max_retries, 1),
            "maximum_wait": min(handler.maximum_wait, _PATIENCE),
        }
        changes = {
            "paginator": endpoint.paginator.model_copy(update={"maximum_pages": pages}),
            "error_handler": handler.model_copy(update=shortened),
        }
        return endpoint.model_copy(update=changes)
