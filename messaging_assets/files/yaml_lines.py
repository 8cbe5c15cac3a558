"""YAML text -> values with the line of each, for errors that a person can click on.

The values are those of YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), as editors read
them with the JSON schema: `off` and `no` are text, so are dates, and every key is text. Anchors and merge keys
work; tags that build objects are mistakes, and so are keys that come twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from messaging_assets.files.rules.mistakes import Mistake, Place

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,100}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAGS = {None, "!"} | {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}

# What goes into requests as a text, in an endpoint or the client, and beside them.
_SENT, _SENT_BESIDE = {"params", "headers", "data"}, {"settings", "accounts", "for_each"}

# A text that begins with a bracket or a quote, and goes on behind the one that closes it: {resources.users.id}/posts.
_GOES_ON = re.compile(r"""[:-]\s+(?:\{[^{}]*\}|\[[^][]*\]|'[^']*'|"[^"]*")\s*[^\s#,:}\]]""")
# What to do, by words of the reader's; the first that fits.
_STEPS = {
    "goes on": "put the whole text in quotes",
    "flow": "see whether the bracket that opens in line {begin} is closed, with commas between its values",
    "quoted scalar": "close the quote that opens in line {begin}",
    "expected ':'": "write a colon behind the key in line {begin}",
    "start any token": "put the text in quotes",
    "alphabetic or numeric": "put the text in quotes",
    "mapping values": "indent it as its neighbours, or put a text that holds a colon in quotes",
    "": "indent it as its neighbours, and see whether quotes and brackets are in pairs",
}


@dataclass(frozen=True)
class Bounds:
    """How much a text may hold: aliases of aliases hold more (and C code that recurses crashes without a word).

    Args:
        depth: levels of nesting.
        values: mappings, lists and plain values, each counted as often as an alias repeats it.
        has_lines: whether anybody asks for lines, which take more memory than the values.
    """

    depth: int
    values: int
    has_lines: bool = True


# No API file that a person wrote is deeper or larger, and no API document.
API_FILE = Bounds(50, 100_000)
API_DOCUMENT = Bounds(200, 3_000_000, has_lines=False)


@dataclass
class Document:
    """What one YAML text holds.

    Args:
        value: mappings, lists, text, numbers, booleans and None; None where the text does not parse.
        lines: the line of each key and list item, counted from 1, by its path.
        mistakes: what is wrong with the YAML itself.
    """

    value: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)


class DoesNotParse(yaml.YAMLError):
    """The rest of the text cannot be read; its arguments are the reason, as a clause, and the line."""


def plain_values(text: str, bounds: Bounds, plain: Callable[[str], Any] | None = None) -> Any:
    """The values of a YAML text, whatever tags it has and whichever keys come twice.

    Args:
        text: the YAML.
        bounds: how large it may be.
        plain: the value of a word without quotes; else by YAML 1.2.

    Raises:
        yaml.YAMLError: it does not parse, or is deeper or larger than the bounds.
    """
    document = Document()
    _Reader(document, bounds, plain=plain).read(text)
    return document.value


def read_yaml(text: str, within: Place = ()) -> Document:
    """The values of a YAML text; whatever is wrong with it is in its mistakes, nothing is raised.

    Args:
        text: the YAML.
        within: where an API file would have it.
    """
    document = Document()
    try:
        _Reader(document, API_FILE, within).read(text)
    except yaml.MarkedYAMLError as error:
        stumble = _syntax_mistake(error, text.removesuffix("\n").split("\n"))
        document.mistakes += [] if stumble.line in [one.line for one in document.mistakes] else [stumble]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.mistakes.append(Mistake((), f"does not parse as YAML: {error.reason}", line))
    except DoesNotParse as stop:
        document.mistakes.append(Mistake((), str(stop.args[0]), stop.args[1]))
    return document


def _syntax_mistake(error: yaml.MarkedYAMLError, lines: list[str]) -> Mistake:
    """Where the reader stumbled, and what is most often behind it."""
    marks = [mark for mark in (error.context_mark, error.problem_mark) if mark]
    # The end of the text is marked as a line of its own.
    places = [min(mark.line, len(lines) - 1) + 1 for mark in marks]
    line = places[-1] if places else None
    for number in range(max(line - 1, 1), line + 1) if line else ():
        if blanks := lines[number - 1][: -len(lines[number - 1].lstrip()) or None].replace(" ", ""):
            what = "a tab" if "\t" in blanks else "a character that only looks like a space"
            return Mistake((), f"is indented by {what}, which YAML does not take; use spaces", number)
    words = f"{error.problem or ''} {error.context or ''}"
    if line and "expected key" in words and _GOES_ON.search(lines[line - 1]):
        words = "goes on"
    step = next(step for stumble, step in _STEPS.items() if stumble in words).format(begin=places[0] if places else 1)
    return Mistake((), f"does not parse as YAML: {error.problem or error.context}; {step}", line)


class _Reader:
    """Builds values from PyYAML's events, which need no recursion in C and carry their lines."""

    def __init__(
        self, document: Document, bounds: Bounds, within: Place = (), plain: Callable[[str], Any] | None = None
    ) -> None:
        self._document, self._bounds, self._within, self._plain = document, bounds, within, plain or _plain
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def read(self, text: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return
        self._document.value = self._value(next(self._events), ())
        next(self._events)
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise DoesNotParse("holds more than one YAML document; one file is one API", _line(after))

    def _value(self, event: Any, path: Place) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event)
        before = self._values
        self._count(1, event)
        if len(path) > self._bounds.depth:
            raise DoesNotParse(f"is nested more than {self._bounds.depth} levels deep", _line(event))
        if event.tag not in _TAGS:
            self._mistake(path, "a YAML tag has no place in an API file", event)
        value = self._untagged(event, path)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._values - before)
        return value

    def _untagged(self, event: Any, path: Place) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        is_text = not event.implicit[0] and (event.tag or "").rpartition(":")[2] in ("", "!", "str")
        value = event.value if is_text else self._plain(event.value)
        # An API may know 007, +49 and version 1.10 as texts, of which a number keeps too little.
        is_sent = type(value) is int or (type(value) is float and _is_sent((*self._within, *path)))
        if is_sent and str(value) != event.value:
            # Whatever it is, a secret may be written so.
            words = (
                "is a number to YAML, which drops zeros around it, a plus and an exponent; put it in quotes, or leave"
            )
            self._mistake(path, f"{words} those out", event)
        return value

    def _mapping(self, path: Place) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise DoesNotParse("a key must be a plain word", _line(event))
            place = (*path, event.value)
            is_merge = event.value == "<<" and event.implicit[0]
            if event.implicit[0] and event.value != event.value.strip():
                self._mistake(place, "has a character beside it that only looks like a space; use spaces", event)
            if event.value in own:
                self._mistake(place, "this key comes twice; leave one of the two", event)
            else:
                self._note_line(place, event)
            value = self._value(next(self._events), place)
            if is_merge:
                merged = self._merged(value, place, event) | merged
            else:
                own.setdefault(event.value, value)
        return merged | own

    def _list(self, path: Place) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            place = (*path, len(values))
            self._note_line(place, event)
            values.append(self._value(event, place))
        return values

    def _merged(self, value: Any, place: Place, event: Any) -> dict[str, Any]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self._mistake(place, "a merge key takes a mapping or a list of mappings", event)
            return {}
        return {key: one for source in reversed(sources) for key, one in source.items()}

    def _aliased(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise DoesNotParse("does not parse as YAML: an alias has no anchor before it", _line(event))
        value, size = self._anchors[event.anchor]
        self._count(size, event)
        return value

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > self._bounds.values:
            raise DoesNotParse(f"holds more than {self._bounds.values:,} values", _line(event))

    def _note_line(self, place: Place, event: Any) -> None:
        if self._bounds.has_lines:
            self._document.lines[place] = _line(event)

    def _mistake(self, path: Place, message: str, event: Any) -> None:
        self._document.mistakes.append(Mistake(path, message, _line(event)))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _is_sent(path: Place) -> bool:
    """Whether a value goes into requests as a text; a resource may be called like a word of the file."""
    inside = path[{"resources": 2, "resource_defaults": 1}.get(str(path[0]) if path else "", 0) :]
    return bool(_SENT_BESIDE & {*inside[:1]} or ({"endpoint", "client"} & {*inside[:1]} and _SENT & {*inside[1:]}))


def _plain(text: str) -> Any:
    """The value of an unquoted scalar by YAML 1.2's core schema."""
    if text in _BOOL:
        return _BOOL[text]
    if _NULL.fullmatch(text):
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text
