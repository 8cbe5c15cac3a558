"""What an answer itself shows of its paging: links, cursors, counts, and words for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from messaging_assets.answers.beside_list import Leaf
from messaging_assets.answers.row_totals import is_total, leaves
from messaging_assets.description.names import identifier
from messaging_assets.description.ways.secret_signs import names_secret
from messaging_assets.discovery.next_time import next_headers
from messaging_assets.http.wire.answer import Answer
from messaging_assets.seams.dlt_rest_client import RECORD_KEY_PATTERNS

SIZES = ("limit", "per_page", "page_size", "pageSize", "size", "count", "max_results", "maxResults", "$top", "first")
OFFSETS = ("offset", "skip", "start", "startAt", "start_index", "startIndex", "$skip")
NUMBERS = ("page", "page_number", "pageNumber", "pageNo", "p")
CURSORS = (
    *("cursor", "page_token", "start_cursor", "after", "token", "marker", "continuation_token", "next", "start"),
    "page",
)
# Taken for a place by few, and for a time by many: tried last, and no word of paging in a document.
_CURSORS_OF_FEW = ("from", "since")
AFTER_ROW = ("starting_after", "after", "after_id", "since_id", "last_id")
_PAGING = frozenset(
    name.strip("$").lower() if name.startswith("$") else identifier(name)
    for name in (*SIZES, *OFFSETS, *NUMBERS, *CURSORS, *AFTER_ROW)
)
# Sizes that some APIs take only together with a page's number.
SIZES_WITH_NUMBER = ("page_size", "per_page", "pageSize", "limit", "size")
_REFERENCE = re.compile(r"next|cursor|token|after|continuation|marker|bookmark|scroll|iterator")
# Of a parameter: created_after and after_date take a moment.
_AFTER = "(?:^|(?:search|page|start|starting)_)after(?!_(?:date|time|at$))"
_TAKES_REFERENCE = re.compile(_REFERENCE.pattern.replace("after", _AFTER))
_BACKWARDS = re.compile(r"prev|before|self|first|last(?!_)|start_cursor")
_PAGES = re.compile(r"(total_pages|page_count|pages|last_page|pages_total|number_of_pages)$")
# Words of what stands around a list.
_AROUND = (
    *("total", "count", "next", "prev", "page", "pagin", "link", "meta", "more", "cursor", "token", "limit", "offset"),
)
_AROUND_TOO = (
    *("self", "object", "type", "url", "ok", "success", "status", "status_code"),
    *("size", "kind", "etag", "error", "first"),
)
_ERRORS = frozenset({"error", "errors", "error_message", "error_description", "error_code", "fault", "exception"})
_BESIDE_ERRORS = frozenset(
    (
        *("message", "messages", "msg", "detail", "details", "title", "type", "code", "status", "status_code"),
        *("ok", "success", "timestamp", "path", "instance", "request_id", "trace_id", "correlation_id"),
        *("reason", "documentation_url", "help", "warning"),
    )
)
# So many other keys an answer may have and still be no record.
_STRANGERS = 2
_COUNTS = re.compile(r"(^|_)(num|number|n|count|total|size|length|results|items)(_|$)")
_END = re.compile(
    r"^((is_)?(last|last_page|end|done|finished|complete|completed)|end_of_(stream|list|results|data)|eof)$"
)
_HAS_MORE = re.compile(r"^(has_more|has_next|has_next_page|more|more_available)$")


def is_paging(parameter: str) -> bool:
    """Whether a parameter, in any spelling, asks for a part of a list."""
    return spelled(parameter) in _PAGING


def spelled(parameter: str) -> str:
    """A parameter's name in plain words: page_size of PageSize and page[size], offset of page[offset]."""
    plain = identifier(re.sub(r"[^A-Za-z0-9]+", "_", parameter).strip("_"))
    bare = plain.removeprefix("page_")
    return bare if bare in ("offset", "limit", "cursor", "after") else plain


def links(answer: Answer) -> Iterator[tuple[dict[str, Any], str]]:
    """Ways of following links that the answer shows: a paginator, and the address that it would ask next."""
    for leaf in leaves(answer.parsed):
        spelled = identifier("_".join(leaf.names))
        if isinstance(leaf.value, str) and "next" in spelled and _is_address(leaf.value):
            yield {"type": "json_link", "next_url_path": leaf.path}, urljoin(answer.url, leaf.value)
    url = (answer.links.get("next") or {}).get("url")
    if url:
        yield {"type": "header_link"}, urljoin(answer.url, url)
    for name in next_headers(answer):
        if _is_address(value := answer.headers[name]):
            yield {"type": "header_link", "header": name}, urljoin(answer.url, value)


def cursors(answer: Answer) -> Iterator[tuple[Leaf, Sequence[str]]]:
    """Values that may stand for the next page, each with the parameters that may take it, the likeliest first."""
    for leaf in leaves(answer.parsed):
        is_token = isinstance(leaf.value, (str, int)) and not isinstance(leaf.value, bool) and leaf.value != ""
        spelled = identifier("_".join(leaf.names))
        if not is_token or not _REFERENCE.search(spelled) or _BACKWARDS.search(leaf.word):
            continue
        if not _is_address(str(leaf.value)):
            yield leaf, cursor_params(leaf.names[-1])


def cursor_params(key: str) -> tuple[str, ...]:
    """Parameters that may take the cursor that an answer has under a key: next_page_token goes to page_token."""
    bare = re.sub(r"^(next|end)_?", "", key, flags=re.IGNORECASE)
    camel = bare[:1].lower() + bare[1:]
    return tuple(dict.fromkeys(name for name in (camel, key, *CURSORS, *_CURSORS_OF_FEW) if name))


def has_more(answer: Answer) -> str | None:
    """The path of a truth value that says whether there is more."""
    found = (leaf for leaf in leaves(answer.parsed) if isinstance(leaf.value, bool) and _HAS_MORE.match(leaf.word))
    leaf = next(found, None)
    return leaf.path if leaf else None


def flag_of_end(answer: Answer) -> str | None:
    """The path of a truth value that will say that a page is the last, and does not say so of this one."""
    found = (leaf for leaf in leaves(answer.parsed) if leaf.value is False and _END.match(leaf.word))
    leaf = next(found, None)
    return leaf.path if leaf else None


def header_tokens(answer: Answer) -> Iterator[tuple[str, str]]:
    """Headers of their own that name the next page by a token, with the token."""
    named = ((name, answer.headers[name]) for name in next_headers(answer))
    return ((name, value) for name, value in named if value.lower() != "null" and not _is_address(value))


def says_more(key: str) -> bool:
    """Whether a truth value under a key says whether there is more."""
    return bool(_HAS_MORE.match(identifier(key)))


def is_cursor(parameter: str) -> bool:
    """Whether a parameter can take a token for the next page, and is no secret, by its name alone."""
    return not names_secret(parameter) and bool(_TAKES_REFERENCE.search(identifier(parameter)))


def is_backwards(key: str) -> bool:
    """Whether a key leads to the page before, or to another one than the next."""
    return bool(_BACKWARDS.search(identifier(key)))


def is_number_of_pages(key: str) -> bool:
    """Whether a key names the number of all pages."""
    return bool(_PAGES.search(identifier(key).strip("_")))


def is_envelope(body: Mapping[str, Any], names: Sequence[str], resource: str) -> bool:
    """Whether an answer stands around one list, and is no record that happens to have lists in it.

    Args:
        body: the answer, or the properties of its schema.
        names: the keys that lead to the list.
        resource: what the resource is called.
    """
    is_named_so = identifier(names[-1]) in (resource, resource.rpartition("_")[2])
    if is_named_so or names[-1].lower().strip("_") in RECORD_KEY_PATTERNS:
        return True
    others = [key for key, value in body.items() if key not in names and not isinstance(value, list)]
    return sum(not is_around(key) for key in others) <= _STRANGERS


def counts_list(body: Any, rows: Sequence[Any]) -> bool:
    """Whether an answer counts a list beside it, or says which part of it came: a record does neither.

    Args:
        body: the answer.
        rows: the list.
    """
    if not isinstance(body, dict) or len(rows) < 2:
        return False
    numbers = {identifier(key): value for key, value in body.items() if isinstance(value, int) and value is not True}
    counts = any(value == len(rows) and _COUNTS.search(key) for key, value in numbers.items())
    total = any(value >= len(rows) and is_total(key) for key, value in numbers.items())
    return counts or (total and any(is_paging(key) for key in numbers if not is_total(key)))


def only_errors(body: Any) -> list[str]:
    """The keys of an answer that says what went wrong, and nothing else; empty for any other."""
    said = [key for key, value in body.items() if value not in (None, [], {}, "")] if isinstance(body, dict) else []
    words = {key: identifier(key) for key in said}
    fails = any(word in _ERRORS and body[key] is not False for key, word in words.items())
    return said if fails and all(word in _ERRORS | _BESIDE_ERRORS for word in words.values()) else []


def is_about_error(key: str) -> bool:
    """Whether a key says what went wrong, or something about that."""
    return identifier(key) in _ERRORS | _BESIDE_ERRORS | {"data", "result", "results"}


def is_around(key: str) -> bool:
    """Whether a key stands around a list and says something about it, not about a record."""
    words = identifier(key)
    return any(word in words for word in _AROUND) or words in _AROUND_TOO


def echoed(answer: Answer, names: Sequence[str]) -> list[str]:
    """Parameter names, those first that the answer or one of its links mentions."""
    known = {leaf.names[-1] for leaf in leaves(answer.parsed)}
    for _, address in links(answer):
        known |= {name for name, _ in parse_qsl(urlsplit(address).query)}
    return sorted(names, key=lambda name: name not in known)


def _is_address(value: str) -> bool:
    return value.startswith(("http://", "https://", "/", "?"))
