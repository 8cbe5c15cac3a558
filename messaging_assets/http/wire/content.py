"""What the body of an answer says, in the format that the file or its headers name."""

from __future__ import annotations

from typing import Any

from messaging_assets.answers.formats.archives import TooFar
from messaging_assets.answers.formats.decoding import Came, decoded, decoded_in_parts, format_of
from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.answers.formats.laid_out import NotInParts
from messaging_assets.answers.formats.texts import charset_of
from messaging_assets.description.api import Client, Endpoint
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.spool import NoRoom, Spool


def decode(answer: Answer, endpoint: Endpoint, client: Client) -> None:
    """Put into the answer what its body says, and in which format.

    Args:
        answer: what came.
        endpoint: what was asked, and in which format it answers.
        client: how many bytes an archive may unfold to.

    Raises:
        Unreadable, TooFar, NoRoom: see there.
    """
    if answer.spool is not None:
        came = Came.of(answer.spool.start(), answer.headers)
        written = format_of(came, endpoint.format)
        selector, most, file = endpoint.data_selector, client.maximum_bytes, answer.spool.file
        try:
            answer.rest = decoded_in_parts(came, file, written, selector, most, Spool)
            answer.parsed, answer.format = next(answer.rest), written.type
            return
        except NotInParts:
            answer.take_body(answer.spool.whole())
    came = Came.of(answer.content, answer.headers)
    written, pager = format_of(came, endpoint.format), endpoint.paginator
    may_be_empty = pager is not None and pager.empty_when_missing
    answer.parsed = decoded(came, written, endpoint.data_selector, client.maximum_bytes, may_be_empty)
    answer.format = written.type


def body_of(answer: Answer, endpoint: Endpoint, client: Client) -> Any:
    """What the body of any answer says, also of one that is an error; None where it cannot be read."""
    try:
        decode(answer, endpoint, client)
    except (Unreadable, TooFar, NoRoom):
        return json_of(answer)
    return answer.parsed


def json_of(answer: Answer) -> Any:
    """The body as JSON, whatever format was agreed; None where it is none."""
    try:
        return parse(answer.content, charset_of(answer.headers.get("content-type", "")))
    except Unreadable:
        return None
