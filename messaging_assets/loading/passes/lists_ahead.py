"""Lists of parents that are read ahead of their turn, so that their answers wait when dlt asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from messaging_assets.description.api import Client
from messaging_assets.description.parents import LIST
from messaging_assets.http.pages_ahead import Enough, ListId
from messaging_assets.http.session import ApiSession, ListSession
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.content import decode
from messaging_assets.reading.evidence.seen_keys import SentKeys
from messaging_assets.reading.list_context import ListContext, ListsSoFar
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.receipt import Receipt
from messaging_assets.seams.dlt_rest_client import ListRequests


class ListsAhead:
    """Reads lists ahead as dlt and a reading would, and counts nothing but requests.

    What a list's next page is, only its paginator knows. So the very code that reads a list reads it here first, with
    a reading that nobody hears. What it asks for is what will be asked for.

    Args:
        context: what the lists' own readings share.
        config: the lists' resource with its parent, in dlt's words.
        client: the API's client in the file.
        session: sends the requests.
    """

    def __init__(self, context: ListContext, config: Mapping[str, Any], client: Client, session: ApiSession) -> None:
        self._context, self._client, self._session = context, client, session
        self._requests = ListRequests(config)

    def __deepcopy__(self, memo: dict[int, Any]) -> ListsAhead:
        # dlt copies a config to look at it.
        return self

    def come(self, rows: Any) -> Any:
        """Records came whose lists are about to be read, in this order; a step of their resource."""
        records = rows if isinstance(rows, list) else [rows]
        self._session.ahead.expect(self._expected(records))
        return rows

    def _expected(self, records: list[Any]) -> Iterator[tuple[ListId, Any]]:
        for record in records:
            # A list that goes on behind an interruption does not begin where it is asked for here.
            if record[LIST] != self._context.so_far.interrupted.name:
                yield ListId(id(self._context), record[LIST]), partial(self._read, record)

    def _read(self, record: Mapping[str, Any]) -> None:
        own = self._context
        unheard = replace(
            own,
            receipt=Receipt(),
            set_aside=lambda record, reason, page: None,
            sent_keys=SentKeys(),
            so_far=ListsSoFar(is_start_known=own.so_far.is_start_known, header=own.so_far.header),
            marks=None,
            changes=None,
        )
        paginator = build_paginator(own.endpoint.paginator, unheard, self._client.max_in_flight)  # type: ignore[arg-type]
        # What is wrong is told when the list is read in its turn.
        with suppress(Enough, Exception):
            session = ListSession(self._session, ListId(id(own), record[LIST]), own.receipt, self._again)
            for page in self._requests.pages(record, session, paginator):
                # Pages that can be counted leave side by side when the list has its turn. One that is read in the
                # order of its cursor may end with any page, because of a mark that is not known here.
                if any(page.paginator.reading.ahead(page.request)) or (own.incremental and own.incremental.row_order):
                    return

    def _again(self, answer: Answer) -> Answer:
        twin = Answer()
        twin.__dict__.update(answer.__dict__)
        decode(twin, self._context.endpoint, self._client)
        return twin
