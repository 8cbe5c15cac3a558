"""The plain values that stand beside a list in an answer, and in its headers: what the API says about the list.

Only objects around the list and those with an envelope's name count. A number in any other object, such as
`api.total`, is about something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from messaging_assets.description.names import identifier
from messaging_assets.foundation.json_paths import quoted_path

_ENVELOPE = frozenset(
    (
        *("meta", "metadata", "page", "pages", "paging", "pager", "pagination", "paginator", "link", "links"),
        *("cursor", "cursors", "next", "info", "summary", "hits", "total", "totals", "navigation", "envelope"),
        *("nav", "continue", "continuation", "pageable", "older", "stats", "search", "resultset", "period", "window"),
        *("range", "timeframe"),
    )
)
# With the objects that repeat what was asked for, whose numbers count nothing.
WITH_ECHOES = _ENVELOPE | frozenset(
    (
        *("query", "param", "params", "parameters", "filter", "filters", "request", "criteria", "args", "arguments"),
        *("conditions", "input", "applied"),
    )
)
# Objects whose names say that their numbers are about somebody else's account.
_OTHERS = frozenset(("rate", "limits", "ratelimit", "quota", "usage", "api", "user", "account", "job", "prev", "first"))
_PARAMETER = re.compile(r'\s*;\s*(?:([^\s=;,"<>]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?)?')
# Some leave the angle brackets out.
_LINK = re.compile(rf"(?:<([^<>]*)>|([^\s,;<>]+))((?:{_PARAMETER.pattern})*)")
_DEEPEST = 6
# What stands behind so many letters is no sentence any more.
_LONGEST = 10_000
_MOST_LINKS = _MOST_NOTICES = 20
# Lists of these hold sentences about the answer, as texts or in objects.
_NOTICES = frozenset(("warning", "warnings", "notice", "notices", "infos", "warning_messages"))
_LEVELS = frozenset(("warn", "warning", "error", "fatal"))
# What begins the next page may be an object or a list in itself.
_KEYS = frozenset(
    ("last_evaluated_key", "exclusive_start_key", "next_key", "next_token", "next_cursor", "search_after", "next_url")
)
_RELATIONS, _ADDRESSES = ("rel", "relation", "name"), ("href", "url", "uri")
# Of a sentence about the answer, that rows are left out of it: "results truncated due to limit".
_TOLD = frozenset(
    ("warning", "warnings", "notice", "notices", "info", "infos", "message", "messages", "msg", "note", "hint")
)
_ROWS = "(?:results?|rows?|records?|data|items?|entries|response|output|list|hits|series|events|matches)"
_CUT = "(?:truncated|capped|cut off|incomplete|partial|omitted|left out)"
_MANY = "(?:(?:more|greater) than|too many)"
_LEFT_OUT = re.compile(
    rf"\b{_ROWS}\b[^.;]{{0,30}}\b(?:{_CUT}|limited to [\d,]+|exceeds?)\b|\b{_CUT}\b[^.;]{{0,30}}\b{_ROWS}\b"
    rf"|\b(?:first [\d,]+|(?:limited to(?: the first)?|capped at|{_MANY})(?: [\d,]+)?) {_ROWS}\b",
    re.IGNORECASE,
)
# Parts of such a sentence that say that it is not so, when it would be, or that speak of a page or of the clock.
_NOT_LEFT_OUT = re.compile(
    rf"\b(?:no|not|never|none|nothing|without)\b(?! all\b)[^.;:]{{0,25}}\b(?:{_CUT}|limited to|{_MANY})\b"
    rf"|\b(?:if|when|unless|in case|to (?:get|see|fetch|return|retrieve|list|show))\b[^.;:,]{{0,40}}"
    rf"\b(?:{_CUT}|exceeds?|{_MANY})\b"
    rf"|\b(?:limited to|capped at|first|{_MANY}) [\d,]+ ?(?:\w+ )?(?:\w*/|(?:per|each|every|an?) \w+)"
    r"|\blimited to [\d,]+ ?(?:\w+ )?(?:(?:second|minute|hour|day|week|month|year|request|call)s?|[kmg]?b)\b",
    re.IGNORECASE,
)
# RFC 9110's words about the message itself, which most answers have.
_OF_THE_MESSAGE = frozenset(
    (
        *("date", "server", "content-type", "content-length", "content-encoding", "transfer-encoding", "connection"),
        *("keep-alive", "vary", "cache-control", "etag", "last-modified", "expires", "age", "via", "set-cookie"),
    )
)
_HEADER = re.compile(r"^(x|wp|pagination|paging)_")
# A selector that goes through one element of a list, `results[0].series`, whose object stands around the list, too.
_AT_INDEX = re.compile(r"([^\[]+)(\[\d+\])\.(.+)")
_INDEX = re.compile(r"\[\d+\]")
_PLACE = re.compile(r"'[^']*'|[^.\[\]'$]+")


@dataclass(frozen=True)
class Leaf:
    """A plain value of an answer outside its rows.

    Args:
        names: the keys that lead to it.
        value: a text, number, truth value or None.
        is_header: whether it is a header.
    """

    names: tuple[str, ...]
    value: Any
    is_header: bool = False

    @property
    def path(self) -> str:
        """The JSON path to it."""
        return quoted_path(*(int(name[1:-1]) if _INDEX.fullmatch(name) else name for name in self.names))

    @property
    def place(self) -> str:
        """Where it is, as sentences say it."""
        name = self.names[-1] if self.names[0] == "total" else self.names[0]
        return f"the header {name}" if self.is_header else f"'{self.path}'"

    @property
    def word(self) -> str:
        """Its own key in plain letters."""
        return plain_word(self.names[-1], self.is_header)


@lru_cache(maxsize=4096)
def plain_word(key: str, is_header: bool = False) -> str:
    """A key in plain letters: total_count of totalCount, X-Total-Count and `$total-count`."""
    word = identifier(re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_")).strip("_")
    while is_header and (found := _HEADER.match(word)):
        word = word[found.end() :]
    return word


@lru_cache(maxsize=1024)
def list_names(selector: str | None) -> tuple[str, ...]:
    """The keys that lead to the list that a selector finds, a place as `[0]`; a wildcard or filter begins inside it."""
    if inside := _AT_INDEX.fullmatch(selector or ""):
        return (*list_names(inside[1]), inside[2], *list_names(inside[3]))
    before = (selector or "").partition("[")[0]
    return tuple(name.strip("'") for name in _PLACE.findall(before))


def is_beside(names: tuple[str, ...], to_list: tuple[str, ...]) -> bool:
    """Whether a value at these keys is about the list at those: it stands in an object around it or in an envelope."""
    around = 0
    while around < min(len(names), len(to_list)) - 1 and names[around] == to_list[around]:
        around += 1
    return all(map(_is_envelope, names[around:-1]))


def beside(
    body: Any, to_list: tuple[str, ...], names: tuple[str, ...] = (), envelopes: frozenset[str] = _ENVELOPE
) -> Iterator[Leaf]:
    """The plain values beside a list.

    Args:
        body: the answer, as parsed.
        to_list: the keys that lead to the list.
        names: the keys that lead to `body` itself.
        envelopes: words for objects that are about the list, wherever they stand.
    """
    if not isinstance(body, dict) or len(names) > _DEEPEST:
        return
    for key, value in body.items():
        if isinstance(value, dict):
            is_around = (*names, key) == to_list[: len(names) + 1] and len(names) + 1 < len(to_list)
            if is_around or _is_envelope(key, envelopes):
                yield from beside(value, to_list, (*names, key), envelopes)
            elif plain_word(key) in _KEYS:
                yield from (Leaf((*names, key), one) for one in _first_plain(value))
        elif isinstance(value, list):
            yield from _beside_in(value, to_list, (*names, key))
        else:
            yield Leaf((*names, key), value)


def _beside_in(held: list[Any], to_list: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Leaf]:
    """What a list says that stands beside the list of rows, or holds it; the rows say nothing."""
    if plain_word(names[-1]) in _KEYS:
        yield from (Leaf(names, one) for one in held[:1] if not isinstance(one, (dict, list)))
    if names == to_list:
        return
    yield from _links(held, names)
    if not _NOTICES.isdisjoint((word := plain_word(names[-1])).split("_")):
        yield from (Leaf(names, text) for text in _sentences(held))
    elif word == "messages":
        # Messages of a chat have no such level.
        yield from (Leaf(names, text) for text in _sentences([one for one in held if _is_warning(one)]))
    index = to_list[len(names)] if names == to_list[: len(names)] else ""
    if _INDEX.fullmatch(index) and (place := int(index[1:-1])) < len(held):
        yield from beside(held[place], to_list, (*names, index))


def _first_plain(value: Any) -> Iterator[Any]:
    while isinstance(value, dict) and value:
        value = next(iter(value.values()))
    if not isinstance(value, (dict, list)):
        yield value


def _sentences(value: list[Any]) -> Iterator[str]:
    """The texts of a list of notices, and those in its objects."""
    for one in value[:_MOST_NOTICES]:
        texts = one.values() if isinstance(one, dict) else (one,)
        yield from (text for text in texts if isinstance(text, str))


def _is_warning(held: Any) -> bool:
    levels = [held.get(name) for name in ("type", "level", "severity")] if isinstance(held, dict) else []
    return any(isinstance(level, str) and level.lower() in _LEVELS for level in levels)


def _links(value: list[Any], names: tuple[str, ...]) -> Iterator[Leaf]:
    """The addresses of a list of links, each named by its relation: `[{rel: next, href: ...}]`, as in FHIR."""
    for link in value[:_MOST_LINKS]:
        if not isinstance(link, dict):
            return
        relation = next((link[key] for key in _RELATIONS if isinstance(link.get(key), str)), None)
        if relation is not None:
            yield from (Leaf((*names, relation), link[key]) for key in _ADDRESSES if link.get(key))


def in_headers(headers: Mapping[str, str]) -> Iterator[Leaf]:
    """The headers as values, those in a header's JSON too.

    A Content-Range (RFC 9110, section 14.4) counts what is behind its slash.
    """
    for name in [name for name in headers if name.lower() not in _OF_THE_MESSAGE]:
        value = headers[name]
        if value.startswith("{"):
            yield from (Leaf((name, key), one, is_header=True) for key, one in _plain_in(value))
        elif name.lower() == "content-range":
            yield Leaf(("total", name), value.rpartition("/")[2].strip(), is_header=True)
        else:
            yield Leaf((name,), value.strip(), is_header=True)


def address_in(header: str, relation: str) -> str | None:
    """The address that a Link header (RFC 8288) has for a relation, which may stand beside others and in any letters.

    requests' reader cuts an address or a quoted text at its first semicolon. Some name a page behind the last one too,
    and say by `results="false"` that it has no rows.
    """
    for link in _LINK.finditer(header):
        named = {
            name.lower(): (quoted or plain.strip("'")).lower()
            for name, quoted, plain in reversed(_PARAMETER.findall(link[3]))
        }
        relations = named.get("rel", "")
        if relation.lower() in (relations, *relations.split()):
            return None if named.get("results") == "false" else (link[1] or link[2] or "").strip()
    return None


def token_in(value: Any, param: str | None) -> Any:
    """Of a link the value of a parameter, where it has that; any other value as it is."""
    if param and isinstance(value, str) and ("://" in value or value.startswith(("/", "?"))):
        return (parse_qs(urlsplit(value).query).get(param) or [value])[0]
    return value


def _plain_in(header: str) -> Iterator[tuple[str, Any]]:
    try:
        found = json.loads(header)
    except ValueError:
        return
    yield from ((key, one) for key, one in found.items() if not isinstance(one, (dict, list)))


@lru_cache(maxsize=4096)
def _is_envelope(key: str, of: frozenset[str] = _ENVELOPE) -> bool:
    words = set(plain_word(key).split("_"))
    return bool(words & of) and not words & _OTHERS


def soap_fault(body: Any) -> str | None:
    """The JSON path to the fault of an answer, whose names have any prefix; None where it has none.

    Args:
        body: the answer, as parsed from XML.
    """
    place: list[str] = []
    for step in ("envelope", "body", "fault"):
        # Of an answer that is an envelope there is nothing else; others may have records under many keys.
        names = body if isinstance(body, Mapping) and (place or len(body) == 1) else ()
        found = next((name for name in names if name.rpartition(":")[2].lower() == step), None)
        if found is None:
            return None
        place, body = [*place, found], body[found]
    return quoted_path(*place) if body else None


def tells_of_less(leaf: Leaf) -> bool:
    """Whether a value is a sentence about the answer that says that rows are left out of it."""
    is_sentence = isinstance(leaf.value, str) and not _TOLD.isdisjoint(leaf.word.split("_"))
    return is_sentence and bool(_LEFT_OUT.search(_NOT_LEFT_OUT.sub("", leaf.value[:_LONGEST])))
