"""An answer whose body is parsed once, and the connection that it came over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from messaging_assets.http.wire.spool import Spool


class Answer(requests.Response):
    """A response whose body is parsed once; everything else is requests' own.

    Attributes:
        line: the connection that it came over, until `settle`.
        is_clean: whether it ended where it said, and nothing came behind it.
        format: what its body was written in.
        spool: its body, where that is long and is read in parts; `content` is empty then.
        rest: the parts behind the one that is parsed; None where there are none.
        is_refused: whether it stands for one that was welcome but did not come.
    """

    parsed: Any = None
    format = "json"
    line: Any = None
    is_clean = True
    spool: Spool | None = None
    rest: Iterator[Any] | None = None
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

    def later_parts(self) -> Iterator[Answer]:
        """The same answer with each of the parts that follow."""
        for part in self.rest or ():
            twin = Answer()
            twin.__dict__.update(self.__dict__)
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
