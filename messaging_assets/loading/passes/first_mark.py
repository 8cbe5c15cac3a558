"""The first cursor of a list, where an API gives it by a request of its own."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urljoin

import requests

from messaging_assets.description.endpoint import Endpoint, Format
from messaging_assets.description.jobs import FirstMark
from messaging_assets.description.ways.sent_values import as_written
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.http.session import ApiSession
from messaging_assets.reading.cursors.answer import is_cursor
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.list_context import ListContext, ListsSoFar


def take_first_mark(context: ListContext, session: ApiSession, base_url: str) -> None:
    """Ask for the first cursor of a list of which no sync left one, before the first request for a page.

    Args:
        context: what is known of the list. A read that was interrupted goes on with the cursor that it began with.
        session: sends the request.
        base_url: the API's address.

    Raises:
        MendDescription: the answer has none.
        SyncFailure: there was no usable answer.
    """
    own, marks = context.incremental, context.marks
    if own is None or own.first_mark is None or marks is None or not marks.wants_first:
        return
    kept = context.so_far.interrupted.first
    marks.take_first(_asked_for(own.first_mark, context, session, base_url) if kept is None else kept)


def _asked_for(first: FirstMark, context: ListContext, session: ApiSession, base_url: str) -> object:
    url = urljoin(f"{base_url}/", first.path.lstrip("/"))
    request = requests.Request(
        "GET", url, params=as_written(first.params), headers=as_written(context.endpoint.headers)
    )
    # What the file says of the list's answers is not said of this one.
    renewing, handler = context.terms.renewing, context.endpoint.error_handler
    endpoint = Endpoint(
        path=first.path, format=Format(type="json"), response_actions=list(renewing), error_handler=handler
    )
    terms = replace(context.terms, endpoint=endpoint, takes_parts=False)
    answer = session.ask(request, Reading(replace(context, so_far=ListsSoFar(), marks=None)), terms)
    is_in_body = context.incremental is not None and context.incremental.cursor_in == "answer"
    found = json_paths.find_values(first.cursor_path, answer.parsed)
    if not found or not is_cursor(found[0], is_in_body):
        raise MendDescription(
            f"the answer of first_mark has no cursor at '{first.cursor_path}'",
            "correct path and cursor_path of first_mark in the file",
            where=context.asset,
        )
    return found[0]
