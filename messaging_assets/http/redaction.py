"""Secrets out of every text: log lines, exceptions, messages."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus, urlsplit

MASK = "***"
# The loggers of the libraries below us, which write addresses and headers at INFO and DEBUG.
_TALKATIVE = ("dlt", "urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection", "requests")


class Redaction(logging.Filter):
    """Knows the secrets of one sync and takes them out of texts, raw, URL-encoded and in base64.

    Args:
        secrets: the values to hide; those under three characters are passed over.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._hidden: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide these values too, such as a token that was just issued."""
        known = set(self._hidden)
        # One or two characters hide nothing, but would blacken every text.
        for secret in (value for value in secrets if len(value) > 2):
            known |= {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
            known.add(base64.b64encode(secret.encode()).decode())
        # Long ones first, so that no tail of a longer secret is left standing.
        self._hidden = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with every known secret replaced by ***."""
        for hidden in self._hidden:
            if hidden in text:
                text = text.replace(hidden, MASK)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact a log record in place (Python's logging.Filter protocol); nothing is dropped."""
        record.msg, record.args = self(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = self(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True

    @contextmanager
    def on_loggers(self) -> Iterator[None]:
        """Redact what dlt, requests and urllib3 log while the sync runs."""
        loggers = [logging.getLogger(name) for name in _TALKATIVE]
        for logger in loggers:
            logger.addFilter(self)
        try:
            yield
        finally:
            for logger in loggers:
                logger.removeFilter(self)


def plain_address(url: str | None) -> str:
    """The address without user, query and fragment, which is where secrets live."""
    parts = urlsplit(url or "")
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address (RFC 6454), default ports filled in."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower(), 0)
    return parts.scheme.lower(), (parts.hostname or "").lower(), port
