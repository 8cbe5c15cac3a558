"""An answer: its body, read once in the format of the file or its headers, and the connection that it came over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import requests

from messaging_assets.answers.formats.archives import TooFar
from messaging_assets.answers.formats.decoding import Came, decoded, decoded_in_parts, format_of
from messaging_assets.answers.formats.joined import Documents
from messaging_assets.answers.formats.json_text import Unreadable, WrongFormat, parse
from messaging_assets.answers.formats.laid_out import NotInParts
from messaging_assets.answers.formats.texts import Document, charset_of
from messaging_assets.description.api import Client, Endpoint
from messaging_assets.description.pagination import AutoPaginator, SinglePagePaginator
from messaging_assets.http.wire.spool import NoRoom, Spool


class Answer(requests.Response):
    """A response whose body is parsed once; everything else is requests' own.

    Attributes:
        line: the connection that it came over, until `settle`.
        is_clean: whether it ended where it said, and nothing came behind it.
        has_surplus: whether bytes came behind the end that it announced.
        format: what its body was written in.
        spool: its body, where that is long and is read in parts; `content` is empty then.
        rest: the parts, or documents, behind the one that is parsed; None where there are none.
        documents: all of those that an archive held, each with a list of its own.
        asked_at: of which moment it is, by the clocks of both, in seconds since 1970; None where nobody knows.
        is_refused: whether it stands for one that was welcome but did not come.
    """

    parsed: Any = None
    format = "json"
    line: Any = None
    is_clean = True
    has_surplus = False
    spool: Spool | None = None
    rest: Iterator[Any] | None = None
    documents: Sequence[Document] = ()
    asked_at: float | None = None
    is_refused = False

    def settle(self, is_good: bool) -> None:
        """Let the next request have the connection, or close it where anything about this answer was not good."""
        line, self.line = self.line, None
        if line is not None:
            (line.keep if is_good and self.is_clean else line.drop)()

    def take_body(self, body: bytes | Spool) -> None:
        """Take the body that came."""
        self.spool = body if isinstance(body, Spool) else None
        self._content = body if isinstance(body, bytes) else b""

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.content) if self.spool is None else self.spool.size

    @property
    def said(self) -> list[Any]:
        """All that its body says: more than one object where an archive held several."""
        return list(self.documents) or [self.parsed]

    def twin(self) -> Answer:
        """The same answer once more, which may be read otherwise."""
        twin = Answer()
        twin.__dict__.update(self.__dict__)
        return twin

    def later_parts(self) -> Iterator[Answer]:
        """The same answer with each of the parts that follow."""
        for part in self.rest or ():
            twin = self.twin()
            twin.parsed, twin.rest = part, None
            yield twin

    def fill(self, body: bytes, status: int) -> None:
        """Take a body in place of the one that came.

        Args:
            body: the bytes.
            status: in place of its status.
        """
        self.take_body(body)
        self.status_code = status

    def read(self, endpoint: Endpoint, client: Client) -> None:
        """Take from the body what it says.

        Args:
            endpoint: what was asked, and in which format it answers.
            client: how many bytes an archive may unfold to.

        Raises:
            Unreadable, TooFar, NoRoom: see there.
        """
        if self.spool is not None:
            came, file = Came.of(self.spool.start(), self.headers), self.spool.file
            written, selector = format_of(came, endpoint.format), endpoint.data_selector
            try:
                self.rest = decoded_in_parts(came, file, written, selector, client.maximum_bytes, Spool)
                self.parsed, self.format = next(self.rest), written.type
                return
            except NotInParts:
                self.take_body(self.spool.whole())
        came = Came.of(self.content, self.headers)
        written, pager = format_of(came, endpoint.format), endpoint.paginator
        may_be_empty = pager is not None and pager.empty_when_missing
        self.parsed = decoded(came, written, endpoint.data_selector, client.maximum_bytes, may_be_empty)
        self.format = written.type
        if isinstance(self.parsed, Documents):
            if not isinstance(pager, SinglePagePaginator | AutoPaginator | None):
                raise WrongFormat(f"an archive of several documents, which is no page of {pager.type}")
            self.documents = self.parsed
            self.parsed, self.rest = self.documents[0], iter(self.documents[1:])

    def read_anyhow(self, endpoint: Endpoint, client: Client) -> Any:
        """What the body of any answer says, also of one that is an error; None where it cannot be read."""
        try:
            self.read(endpoint, client)
        except (Unreadable, TooFar, NoRoom):
            return self.read_as_json()
        return self.parsed

    def read_as_json(self) -> Any:
        """The body as JSON, whatever format was agreed; None where it is none."""
        try:
            # One of which no body was taken has none.
            return parse(self.content or b"", charset_of(self.headers.get("content-type", "")))
        except Unreadable:
            return None

    def json(self, **kwargs: Any) -> Any:
        """The parsed body, as JSON would be (dlt asks for it several times a page)."""
        return self.parsed


def refused_look(request: requests.PreparedRequest) -> Answer:
    """What stands for an answer that was welcome but did not come."""
    answer = Answer()
    answer.status_code, answer.url, answer.request = 200, str(request.url), request
    answer.parsed, answer.is_refused = {}, True
    return answer


def keep_rest(request: requests.Request, answer: Answer) -> Answer:
    """Keep what follows of an answer on its list's request, which dlt prepares again for each page."""
    if answer.rest is not None and answer.parsed.goes_on:
        request.rest = answer.later_parts()  # type: ignore[attr-defined]
    return answer


def for_next_part(request: requests.Request) -> requests.PreparedRequest | None:
    """What stands for a request whose answer, as `part`, came with the one before; None where it is to be sent."""
    rest = getattr(request, "rest", None)
    if rest is None:
        return None
    of_part = requests.PreparedRequest()
    part = next(rest)
    if not part.parsed.goes_on:
        del request.rest  # type: ignore[attr-defined]
    of_part.url, of_part.part, of_part.reading = request.url, part, request.reading  # type: ignore[attr-defined]
    return of_part
