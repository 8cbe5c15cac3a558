"""Which server an address means, by the parser that the wire uses (urllib3's), so that rule and request agree."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable

Origin = tuple[str, str, int]

_PORTS = {"http": 80, "https": 443}
# Parsers disagree on these; a blank in the query is none of them, because no host can stand behind it.
_STRANGE = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|^[^?]*\s|[^\S ]")

# No parser finds another end of a host that is written so plainly; what follows it says nothing of the origin.
_PLAIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?(?=[/?#]|$)")


class NoAddress(ValueError):
    """This is no address that can be asked; the text is the reason, as a clause, and never the address."""


def origin(url: str) -> Origin:
    """Scheme, host and port of an address (RFC 6454), default ports filled in.

    Raises:
        NoAddress: it has a backslash, a control character, a blank or a user in it, or is no web address at all.
    """
    if found := _STRANGE.search(url):
        raise NoAddress("has a backslash in it" if found[0] == "\\" else "has a blank or a control character in it")
    plain = _PLAIN.match(url) if url.isascii() else None
    return _origin_of(plain[0] if plain else url)


@lru_cache(maxsize=1024)
def _origin_of(url: str) -> Origin:
    try:
        parts = parse_url(url)
        # requests picks the connection by this one.
        other = urlsplit(url)
        seen = other.scheme, (other.hostname or "").strip("[]"), other.port
    except (LocationParseError, ValueError):
        raise NoAddress("cannot be read") from None
    scheme, host = parts.scheme or "", (parts.host or "").strip("[]").lower()
    if scheme not in _PORTS or not host:
        raise NoAddress("is no http or https address")
    if parts.auth is not None or "@" in other.netloc:
        raise NoAddress("has a user in it")
    if (scheme, host.isascii() and host, parts.port) != (seen[0], seen[1] if seen[1].isascii() else host, seen[2]):
        raise NoAddress("can be read in two ways")
    return scheme, host, parts.port or _PORTS[scheme]


def is_among(there: Origin, hosts: Iterable[str], base: Origin) -> bool:
    """Whether an origin is the API's own, or at one of its further hosts, with the API's scheme.

    Args:
        there: the origin.
        hosts: as `client.allowed_hosts` has them.
        base: that of the API's address.
    """
    return there == base or (there[0] == base[0] and any(_is_at(there, one) for one in hosts))


def or_allow(there: Origin, base: Origin) -> str:
    """Words behind a next step: to name the host. Empty where the scheme is another one than the API's."""
    if there[0] != base[0]:
        return ""
    host = there[1] if there[2] == _PORTS[there[0]] else f"{there[1]}:{there[2]}"
    return f", or name {host} in client.allowed_hosts, if it is the API's and may have its secrets"


def _is_at(there: Origin, pattern: str) -> bool:
    name, _, port = pattern.partition(":")
    is_host = there[1].endswith(name[1:]) if name.startswith("*.") else there[1] == name
    return is_host and there[2] == int(port or _PORTS[there[0]])
