"""Texts on their way out of the process: without secrets, and without what a terminal would obey.

Whatever shortens a text takes the secrets out before, because half a secret is one that nobody finds any more.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from messaging_assets.foundation.spellings import needles, readings

MASK = "***"
# So much of a secret before the sign of a text that somebody else cut gives it away.
_HEAD = 8
_CUT = ("…", "...")
# Longer texts are looked at in pieces, which overlap by more than a secret takes in any spelling.
_PIECE, _OVERLAP = 150_000, 6_000
# So many signatures are remembered: more than requests are under way at once, each tried a few times.
_SIGNATURES = 256
_CONTROL = re.compile(r"[^\S\n\t ]|[\x00-\x08\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Redaction:
    """Knows the secrets of one sync and takes them out of texts, whatever way they are spelled there.

    Escapes are undone before it looks: percent-encoding, HTML entities, backslashes of JSON, Python and Markdown, each
    again and again. Hexadecimal digits and base64 are looked for too.

    Args:
        secrets: the values to hide; those under three characters are passed over.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._hidden: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._heads: re.Pattern[str] | None = None
        self._forms: list[str] = []
        self.signatures: deque[tuple[str, str]] = deque(maxlen=_SIGNATURES)
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Hide these values too, such as a token that was just issued."""
        # One or two characters hide nothing, but would blacken every text.
        self._hidden = list(dict.fromkeys([*self._hidden, *(one for one in secrets if len(one) > 2)]))
        # Long ones first, so that no tail of a longer secret is left standing.
        forms = sorted({form for secret in self._hidden for form in needles(secret)}, key=len, reverse=True)
        self._forms = [form.lower() for form in forms if len(form) > _HEAD]
        self._heads = _any_of({form[:_HEAD] for form in self._forms})
        self._pattern = _any_of(forms)

    def add_signature(self, value: str) -> None:
        """Hide what was made for one request and is worth nothing soon; `add` would take 10 ms of each request."""
        self.signatures.append((value, quote(value, safe="")))

    def __call__(self, text: str) -> str:
        """The text with every known secret replaced by ***, the head of one at a place where the text was cut too."""
        for forms in list(self.signatures):
            for form in forms:
                text = text.replace(form, MASK)
        if self._pattern is None:
            return text
        found: list[tuple[int, int]] = []
        for at in range(0, max(len(text) - _OVERLAP, 1), _PIECE - _OVERLAP):
            for read, spans in readings(text[at : at + _PIECE]):
                for first, end in self._places(read):
                    begin, end = (spans[first][0], spans[end - 1][1]) if spans else (first, end)
                    found.append((at + begin, at + end))
        return _masked(text, found) if found else text

    def short(self, text: str, most: int) -> str:
        """The text without secrets, on one line and cut to so many characters."""
        return one_line(self(text), most)

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where secrets stand, or what is left of one that was cut."""
        if self._pattern is not None:
            yield from (found.span() for found in self._pattern.finditer(text))
        small = text.lower()
        if self._heads is None or len(small) != len(text) or not any(cut in small for cut in _CUT):
            return
        for begin in (head.start() for head in self._heads.finditer(text)):
            for form in self._forms:
                length = _in_common(form, small, begin)
                if _HEAD <= length < len(form) and text.startswith(_CUT, begin + length):
                    yield begin, begin + length

    def within(self, value: Any) -> Any:
        """The value with every text in it redacted, keys of mappings included."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.within(key): self.within(one) for key, one in value.items()}
        if type(value) in (list, tuple):
            return [self.within(one) for one in value]
        return value

    def without(self, *values: str) -> Redaction:
        """One that knows all but these."""
        found = Redaction(one for one in self._hidden if one not in values)
        found.signatures.extend(self.signatures)
        return found

    def in_record(self, record: logging.LogRecord) -> None:
        """Redact a log record in place, its traceback included."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = str(record.msg)  # its arguments do not fit, which is for nobody to fail by
        record.msg, record.args = harmless(self(text)), ()
        if record.exc_info:
            record.exc_text = harmless(self(logging.Formatter().formatException(record.exc_info)))
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


def _masked(text: str, found: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for begin, end in sorted(found):
        if begin >= at:
            parts += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _any_of(words: Collection[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None


def _in_common(form: str, text: str, begin: int) -> int:
    """How many characters of a form stand at a place of a text."""
    length = 0
    for expected, came in zip(form, text[begin : begin + len(form)], strict=False):
        if expected != came:
            break
        length += 1
    return length


def harmless(text: str) -> str:
    """The text without control characters, line breaks and tabs excepted: a terminal would obey them."""
    return _CONTROL.sub("?", text)


def one_line(text: str, most: int | None = None) -> str:
    """A text of a stranger on one line, without what a terminal would obey or a reader of YAML would refuse.

    Args:
        text: what an API or a document says, without secrets already where it will be cut.
        most: how many characters it may have; what is cut ends in an ellipsis.
    """
    if not text.isprintable():
        text = "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in text)
    return text if most is None or len(text) <= most else f"{text[: most - 1]}…"


def redacted(text: str) -> str:
    """The text without the secrets of the syncs that are running, for what dlt will keep in its trace."""
    for redaction in list(_watch.active):
        text = redaction(text)
    return text


def may_be_token(part: str, written: str) -> bool:
    """Whether a part of an address looks like a token, as some APIs take one, and only the environment has it.

    Args:
        part: what stands between two slashes of the address that is asked.
        written: the address in the file, whose parts everybody may read.
    """
    return len(part) >= 8 and any(map(str.isdigit, part)) and part not in written.split("/")


def address_digest(url: str, written: str) -> str:
    """What changes with whom is asked, and says nothing of it.

    Args:
        url: the address that is asked.
        written: the address in the file; a part of the path that may be a token is left out.
    """
    parts = urlsplit(url)
    path = [part for part in parts.path.split("/") if part and not may_be_token(part, written)]
    host = f"{parts.hostname}:{parts.port or ''}" if parts.hostname else ""
    return hashlib.sha256("/".join([host, *path]).encode()).hexdigest()


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
