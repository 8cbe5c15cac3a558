"""Lists that are read ahead of their turn, so that their answers wait when dlt asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from messaging_assets.description.parents import LIST
from messaging_assets.http.pages_ahead import Enough, ListId
from messaging_assets.http.session import ApiSession, ListSession
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.terms import Counts
from messaging_assets.reading.evidence.seen_keys import SentKeys
from messaging_assets.reading.list_context import ListContext, ListsSoFar
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.receipt import Receipt
from messaging_assets.seams.dlt_rest_client import IgnoreResponseException, ListRequests


class ListsAhead:
    """Reads lists ahead as dlt and a reading would, and counts nothing but requests.

    What a list's next page is, only its paginator knows. So the very code that reads a list reads it here first, with
    a reading that nobody hears. What it asks for is what will be asked for.

    Args:
        context: what the lists' own readings share.
        config: the lists' resource with its parent, in dlt's words.
        session: sends the requests.
    """

    def __init__(self, context: ListContext, config: Mapping[str, Any], session: ApiSession) -> None:
        self._context, self._session = context, session
        self._requests = ListRequests(config)

    def __deepcopy__(self, memo: dict[int, Any]) -> ListsAhead:
        # dlt copies a config to look at it.
        return self

    def come(self, rows: Any) -> Any:
        """Records came whose lists are about to be read, in this order; a step of their resource."""
        self.expect(rows if isinstance(rows, list) else [rows])
        return rows

    def expect(self, records: list[Any]) -> None:
        """Records are to come whose lists, or windows of one, are read in this order."""
        self._session.ahead.expect(self._expected(records))

    def _expected(self, records: list[Any]) -> Iterator[tuple[ListId, Any]]:
        for record in records:
            # A list that goes on behind an interruption does not begin where it is asked for here.
            if record[LIST] != self._context.so_far.interrupted.name:
                yield ListId(self._context.number, record[LIST]), partial(self._read, record)

    def _read(self, record: Mapping[str, Any]) -> None:
        own = self._context
        # What is wrong is told when the list is read in its turn.
        with suppress(Enough, Exception):
            of = ListId(own.number, record[LIST])
            for page in _pages(self._requests, record, own, of, self._session, own.receipt):
                # Pages that can be counted leave side by side when the list has its turn. One that is read in the
                # order of its cursor may end with any page, because of a mark that is not known here.
                if any(page.paginator.reading.ahead(page.request)) or (own.incremental and own.incremental.row_order):
                    return


def read_before_turn(
    context: ListContext,
    config: Mapping[str, Any],
    session: ApiSession,
    counts: Counts,
    is_wanted: Callable[[], bool],
) -> None:
    """Read the only list of a resource while another resource is synced; its session keeps the answers.

    Args:
        context: what tells the list from others; its readings are heard by nobody.
        config: the resource in dlt's words.
        session: that of the resource, which the sync goes on with in its turn.
        counts: where its requests are counted.
        is_wanted: whether the list is still to be read ahead; asked behind each page.
    """
    own, of = ListRequests(config), ListId(context.number, "")

    def read() -> None:
        is_counted = False
        try:
            for page in _pages(own, None, context, of, session, counts):
                is_counted = any(page.paginator.reading.ahead(page.request))
                # Pages that can be counted leave side by side from now on.
                is_due = is_counted and not session.pacing.is_behind
                if is_due or not is_wanted() or (context.incremental and context.incremental.row_order):
                    return
        except Enough:
            # A place that is counted stays where it is; a token may be forgotten.
            session.begun.left = None if is_counted else time.monotonic()
        except Exception:  # noqa: BLE001 - what is wrong is told when the list is read in its turn
            pass

    session.begun.number = context.number
    session.ahead.begin(of, read)


def _pages(
    asked: ListRequests,
    record: Mapping[str, Any] | None,
    own: ListContext,
    of: ListId,
    session: ApiSession,
    counts: Counts,
) -> Iterator[Any]:
    """The pages of a list as a reading asks for them that nobody hears."""
    unheard = replace(
        own,
        receipt=Receipt(),
        set_aside=lambda record, reason, page: None,
        sent_keys=SentKeys(),
        so_far=ListsSoFar(is_start_known=own.so_far.is_start_known, header=own.so_far.header, is_heard=False),
        marks=None,
        changes=None,
    )
    paginator = build_paginator(unheard, session.client.max_in_flight)

    def again(answer: Answer) -> Answer:
        if answer.spool is not None:
            # The only page; its parts are taken in its turn.
            raise IgnoreResponseException
        twin = answer.twin()
        twin.read(own.endpoint, session.client)
        return twin

    return asked.pages(record, ListSession(session, of, counts, again), paginator)
