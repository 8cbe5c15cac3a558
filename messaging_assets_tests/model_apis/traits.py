"""What an API may be like: a choice of each kind, the simplest first, and which choices go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Traits = dict[str, Any]

LINKS = ("json_link", "header_link")
LINKED = ("cursor", "header_cursor", *LINKS)
WINDOWS = ("steps", "most")
UNASKED = ("all", "own", "newest_first")
# What stands beside a list, for each of its records.
BESIDE = "here"
# Where further pages are asked for by their token alone.
FURTHER = "/further"
# `lists` are rows of values, whose names are in the file.
JSON = ("json", "lists")
FLAT = ("csv", "tsv", "ndjson")
CHOICES: dict[str, list[Any]] = {
    "paging": [
        "single_page",
        "offset",
        "page_number",
        "cursor",
        "json_link",
        "header_link",
        "header_cursor",
        "last_id",
    ],
    # Whether further pages are asked for as the first is, or elsewhere and by the token alone.
    "further": ["alike", "alone"],
    "format": ["json", "json", "json", "ndjson", "csv", "tsv", "xml", "lists"],
    # As its content encoding, or as the file that it is; a long answer is read from a file, in parts.
    "packed": ["", "encoding", "gzip", "zip"],
    "is_long": [False, True],
    "has_beside": [False, True],
    "auth": ["none", "bearer", "api_key", "http_basic", "oauth2"],
    "method": ["GET", "POST"],
    # Rows that the file asks for, and rows that the API gives at most.
    "limit": [3, 1, 2, 5, 50],
    "cap": [50, 1, 2, 4],
    "order": ["id", "at", "-at", "mixed"],
    "total": ["none", "told", "more"],
    "range": ["all", "since", "after", "between", "steps", "most", "own", "newest_first"],
    "stamp": ["iso", "iso_ms", "zoned", "naive", "epoch_seconds", "epoch_ms"],
    "asked": [None, "iso", "epoch_seconds", "epoch_ms", "date", "%Y/%m/%d %H:%M:%S"],
    "lag": [0, 0, 3600],
    "parents": [0, 0, 1, 3],
    "is_parent_paged": [False, True],
    "kinds": [[], [], ["open", "shut"]],
    "disposition": ["merge", "merge", "replace", "append"],
    "is_keyed": [True, True, True, False],
    "deletes": ["ignore", "remove", "mark"],
    "ahead": [1, 4],
    "is_declared": [True, False],
    "overlap": [None, 0, 1],
}


# What does not go together, in order, and what is changed for it.
_RULES: list[tuple[Callable[[Traits], Any], Traits]] = [
    (lambda one: one["format"] not in JSON and one["paging"] == "cursor", {"paging": "header_cursor"}),
    (lambda one: one["format"] not in JSON and one["paging"] == "json_link", {"paging": "header_link"}),
    (lambda one: one["paging"] != "cursor", {"further": "alike"}),
    (lambda one: one["format"] in FLAT or one["paging"] == "single_page", {"total": "none"}),
    (lambda one: one["paging"] in (*LINKS, "last_id") and one["total"] == "more", {"total": "told"}),
    (lambda one: one["format"] in FLAT, {"total": "none"}),
    (lambda one: one["paging"] == "last_id" and one["range"] == "newest_first", {"range": "own"}),
    (lambda one: one["paging"] == "last_id", {"order": "id"}),
    (lambda one: one["paging"] == "single_page", {"cap": 50}),
    (lambda one: one["paging"] in (*LINKS, "header_cursor"), {"method": "GET"}),
    (lambda one: one["range"] in WINDOWS, {"disposition": "merge"}),
    (lambda one: one["disposition"] == "replace", {"range": "all"}),
    (lambda one: one["range"] == "newest_first", {"order": "-at"}),
    (lambda one: one["disposition"] == "merge", {"is_keyed": True}),
    # A header alone may be any text, unless a key is in it.
    (lambda one: one["disposition"] == "replace" and one["format"] in FLAT, {"is_keyed": True}),
    (lambda one: one["disposition"] != "merge" or one["range"] != "all", {"deletes": "ignore"}),
    # Who looks back asks for a range that was read before; where rows are added, they would be there twice.
    (lambda one: one["disposition"] == "append" or one["range"] in (*UNASKED, "after"), {"lag": 0}),
    (lambda one: one["range"] in UNASKED, {"asked": None}),
    # Whoever leaves the mark's own moment out has to be asked as exactly as it is.
    (lambda one: one["range"] == "after" and one["asked"] == "date", {"asked": None}),
    (lambda one: one["range"] == "after" and is_exact(one) and one["asked"] != "epoch_ms", {"asked": None}),
    (lambda one: not one["parents"], {"is_parent_paged": False}),
    (lambda one: one["format"] in FLAT or not one["is_keyed"], {"has_beside": False}),
]


def fitting(traits: Traits) -> Traits:
    """These traits, those changed that do not go together."""
    one = dict(traits)
    for is_odd, changes in _RULES:
        one.update(changes if is_odd(one) else {})
    return one


def traits(**fixed: Any) -> st.SearchStrategy[Traits]:
    """Any API's traits, some of them fixed."""
    drawn = {name: st.sampled_from(values) for name, values in CHOICES.items()}
    return st.fixed_dictionaries({**drawn, **{name: st.just(value) for name, value in fixed.items()}}).map(fitting)


def is_exact(one: Traits) -> bool:
    """Whether its moments have parts of a second."""
    return one["stamp"] in ("iso_ms", "epoch_ms")
