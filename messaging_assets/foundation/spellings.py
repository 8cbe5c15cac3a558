"""The spellings of a text: what it says once its escapes are undone, and where each part of that stands in it."""

from __future__ import annotations

import html
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote_plus

# A text with each of its characters' places (begin and end) in the text that it was made from.
Spans = list[tuple[int, int]]
# Nested as deep as any program nests them; and no more readings than that of one text.
_DEEPEST, _MOST_READINGS = 5, 24
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "0": "\0"}


def readings(text: str) -> Iterator[tuple[str, Spans | None]]:
    """The text itself, and what each way of undoing escapes makes of it, in any order and again and again.

    Yields:
        A reading, with the place in the text that each of its characters comes from; None for the text itself.
    """
    yield text, None
    if not any(mark in text for mark in "%&\\"):
        return
    seen = {text}
    waiting: list[tuple[str, Spans | None, int]] = [(text, None, 0)]
    while waiting and len(seen) < _MOST_READINGS:
        known, spans, depth = waiting.pop(0)
        for mark, pattern, undo in _WAYS:
            if mark not in known:
                continue
            read, places = _undone(known, spans, pattern, undo)
            if read not in seen:
                seen.add(read)
                yield read, places
                if depth + 1 < _DEEPEST:
                    waiting.append((read, places, depth + 1))


@lru_cache(maxsize=512)
def needles(secret: str) -> tuple[str, ...]:
    """What to look for in a reading: the secret, with + for its blanks, as hexadecimal digits and in base64."""
    forms = [secret, secret.replace(" ", "+"), repr(secret)[1:-1]]
    if len(secret) >= 6:
        for one in dict.fromkeys((secret, quote_plus(secret))):
            forms += [one.encode().hex(), one.encode().hex().upper()]
            forms += [core for before in range(3) for core in _in_base64(one.encode(), before)]
    return tuple(dict.fromkeys(form for form in forms if len(form) > 2))


def _in_base64(secret: bytes, before: int) -> Iterator[str]:
    """The characters that a secret has in base64 behind so many bytes, whatever these and those behind it are."""
    encoded = b64encode(bytes(before) + secret + bytes(3)).decode()
    core = encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
    yield from (core, core.replace("+", "-").replace("/", "_"))


def _undone(
    text: str, spans: Spans | None, pattern: re.Pattern[str], undo: Callable[[re.Match[str]], list[tuple[str, int]]]
) -> tuple[str, Spans]:
    spans = [(place, place + 1) for place in range(len(text))] if spans is None else spans
    parts: list[str] = []
    places: Spans = []
    at = 0
    for found in pattern.finditer(text):
        parts.append(text[at : found.start()])
        places += spans[at : found.start()]
        at = found.start()
        for character, length in undo(found):
            parts.append(character)
            places += [(spans[at][0], spans[at + length - 1][1])] * len(character)
            at += length
        at = found.end()
    parts.append(text[at:])
    places += spans[at:]
    return "".join(parts), places


def _percent(found: re.Match[str]) -> list[tuple[str, int]]:
    if found[1]:
        return [(chr(int(found[1], 16)), len(found[0]))]
    held = bytes.fromhex(found[0].replace("%", ""))
    # Byte by byte where it is no UTF-8, such as a character that was cut.
    try:
        return [(character, 3 * len(character.encode())) for character in held.decode()]
    except UnicodeDecodeError:
        return [(chr(byte), 3) for byte in held]


def _entity(found: re.Match[str]) -> list[tuple[str, int]]:
    return [(html.unescape(found[0]), len(found[0]))]


def _backslash(found: re.Match[str]) -> list[tuple[str, int]]:
    digits = found[1] or found[2] or found[3] or found[4]
    if digits:
        character = chr(int(digits, 16)) if int(digits, 16) <= sys.maxunicode else "?"
    else:
        character = chr(int(found[5], 8)) if found[5] else _LETTERS.get(found[0][1], found[0][1])
    return [(character, len(found[0]))]


_WAYS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], list[tuple[str, int]]]], ...] = (
    ("%", re.compile(r"%[uU]([0-9A-Fa-f]{4})|(?:%[0-9A-Fa-f]{2})+"), _percent),
    ("&", re.compile(r"&(?:#\d{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z]{2,31};)"), _entity),
    # JSON, Python, JavaScript, C and Markdown: \u002b, \x2b, \u{2b}, \053, \/, \+, \n.
    (
        "\\",
        re.compile(
            r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|U0([0-9A-Fa-f]{7})|u\{([0-9A-Fa-f]{1,6})\}|([0-3][0-7]{2})"
            r"|[^\w\s]|_|[nrtbfav0])"
        ),
        _backslash,
    ),
)
