"""Answers that send on to another address (RFC 9110, section 15.4)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from messaging_assets.description.ways.origins import origin
from messaging_assets.http.wire.answer import Answer

_PAGES = frozenset(("page", "p", "page_number", "pagenumber", "offset", "start", "skip"))


def redirect_of(answer: Answer) -> str | None:
    """Where an answer sends on to; None where it does not."""
    if answer.status_code in (301, 302, 303, 307, 308) and "location" in answer.headers:
        return answer.headers["location"]
    return None


def moved(request: requests.PreparedRequest, location: str, status: int) -> requests.PreparedRequest:
    """The same request at another place; whether that is the same server is for the transport to see.

    Raises:
        NoAddress: nothing can be asked there.
    """
    target = urljoin(str(request.url), location)
    # Before preparing, which would make the address look like one.
    origin(target)
    there = request.copy()
    there.prepare_url(target, None)
    if (jar := getattr(request, "jar", None)) is not None:
        there.jar = jar  # type: ignore[attr-defined]
    reading = there.reading = getattr(request, "reading", None)  # type: ignore[attr-defined]
    if reading is not None and reading.auth is not None:
        # Few APIs repeat a key of the query in the address that they send on to.
        there.prepare_auth(reading.auth)
    if status == 303:
        there.method, there.body = "GET", None
        # A length without a body lets the API wait for one.
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            there.headers.pop(name, None)
    return there


def loses_query(before: str, location: str, after: str, status: int, may_be_file: bool) -> bool:
    """Whether a list is sent on to itself without a parameter that it was asked with.

    It is the same path, but for a slash at its end, or one that moved for good to an address without any parameter. Its
    page would be another one. Some send from their first page to the list itself, and to a file elsewhere.

    Args:
        before: what was asked.
        location: where the answer sends on to, as it has it.
        after: what would be asked then.
        status: the answer's.
        may_be_file: whether it may lead to a file elsewhere.
    """
    if status == 303 or (may_be_file and origin(before) != origin(after)):
        return False
    asked, there = urlsplit(before), urlsplit(after)
    pairs = parse_qsl(asked.query, keep_blank_values=True)
    wanted = {name for name, value in pairs if not (name.lower() in _PAGES and value in ("0", "1"))}
    lost = wanted - {name for name, _ in parse_qsl(there.query, keep_blank_values=True)}
    # A key in the query is put there anew, wherever it leads.
    has_moved = status in (301, 308) and not may_be_file and not urlsplit(location).query
    return bool(lost) and (has_moved or asked.path.rstrip("/") == there.path.rstrip("/"))
