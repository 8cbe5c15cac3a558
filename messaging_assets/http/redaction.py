"""Secrets out of every text: log records, exceptions, messages."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

MASK = "***"


class Redaction:
    """Knows the secrets of one sync and takes them out of texts, raw, escaped, URL-encoded and in base64.

    Args:
        secrets: the values to hide; those under three characters are passed over.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._hidden: list[str] = []
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide these values too, such as a token that was just issued."""
        known = set(self._hidden)
        # One or two characters hide nothing, but would blacken every text.
        for secret in (value for value in secrets if len(value) > 2):
            known |= set(_spellings(secret))
        # Long ones first, so that no tail of a longer secret is left standing.
        self._hidden = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with every known secret replaced by ***."""
        for hidden in self._hidden:
            if hidden in text:
                text = text.replace(hidden, MASK)
        return text

    def in_record(self, record: logging.LogRecord) -> None:
        """Redact a log record in place, its traceback included."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)  # its arguments do not fit, which is for nobody to fail by
        record.msg, record.args = self(text), ()
        if record.exc_info:
            record.exc_text = self(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None

    @contextmanager
    def on_loggers(self) -> Iterator[None]:
        """Redact what anything in this process logs, at any level, while the sync runs."""
        _watch.add(self)
        try:
            yield
        finally:
            _watch.remove(self)


class _Watch:
    """Redacts log records where they are made.

    A filter on a logger does not see what the loggers below it write, and one on a handler has to know the handler.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.active: list[Redaction] = []
        self._make: Callable[..., logging.LogRecord] = logging.LogRecord

    def add(self, redaction: Redaction) -> None:
        with self._lock:
            if not self.active:
                self._make = logging.getLogRecordFactory()
                logging.setLogRecordFactory(self._redacted)
            self.active.append(redaction)

    def remove(self, redaction: Redaction) -> None:
        with self._lock:
            self.active.remove(redaction)
            if not self.active:
                logging.setLogRecordFactory(self._make)

    def _redacted(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        for redaction in list(self.active):
            redaction.in_record(record)
        return record


_watch = _Watch()


def redacted(text: str) -> str:
    """The text without the secrets of the syncs that are running, for what dlt will keep in its trace."""
    for redaction in list(_watch.active):
        text = redaction(text)
    return text


def _spellings(secret: str) -> Iterator[str]:
    """How a secret may be written in logs, addresses, reprs, JSON and headers."""
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    yield from (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret.encode()).decode().rstrip("=")


def plain_address(url: str | None) -> str:
    """The address without user, query and fragment, which is where secrets live."""
    try:
        parts = urlsplit(url or "")
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{host}{port}{parts.path}"


def plain_origin(url: str | None) -> str:
    """Scheme, host and port alone, for an address of a stranger, whose path may be anything."""
    try:
        return plain_address(urlsplit(url or "")._replace(path="").geturl())
    except ValueError:
        return "an address that cannot be read"
