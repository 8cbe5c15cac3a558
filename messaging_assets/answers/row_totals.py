"""Where an answer says how many rows its list has, found by the words that APIs use for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from messaging_assets.answers.beside_list import Leaf, is_beside, list_names
from messaging_assets.answers.record_keys import whole_number
from messaging_assets.answers.watched_counts import counts_rows, words_of
from messaging_assets.description.names import identifier
from messaging_assets.foundation import json_paths

_TOTAL = re.compile(r"(^|_)(total|count|total_(count|results|items|records|rows|elements|hits|entries))$")


def leaves(body: Any, names: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """The plain values of an answer, three levels deep, without those inside lists."""
    if not isinstance(body, dict) or len(names) > 2:
        return
    for key, value in body.items():
        if isinstance(value, dict):
            yield from leaves(value, (*names, key))
        elif not isinstance(value, list):
            yield Leaf((*names, key), value)


def total_path(bodies: Sequence[Any], rows_seen: int, selector: str | None = None) -> str | None:
    """The path of the number of rows that the API says it has.

    Args:
        bodies: answers with different pages, as parsed; a number that changes with a page's size counts no rows.
        rows_seen: how many rows there are at least.
        selector: where the list is; a number in an object of its own, such as `api.total`, counts something else.
    """
    to_list = list_names(selector)
    of = words_of(*to_list[-1:])
    # What calls itself a total is one; a count may be of something else.
    for leaf in sorted(leaves(bodies[0]), key=lambda leaf: "total" not in leaf.word):
        value = whole_number(leaf.value)
        if value is None or value < rows_seen or not is_total(leaf.names[-1]):
            continue
        if not is_beside(leaf.names, to_list) or not counts_rows(leaf, of):
            continue
        others = (json_paths.find_values(leaf.path, body) for body in bodies)
        if all(found and whole_number(found[0]) == value for found in others):
            return leaf.path
    return None


def is_total(key: str) -> bool:
    """Whether a key names the number of all rows."""
    return bool(_TOTAL.search(identifier(key).strip("_")))


def more_than_came(body: Any, rows: int, selector: str | None = None) -> str | None:
    """That an answer counts more rows than it brought, as a clause; None where it does not say so.

    Args:
        body: the answer, as parsed.
        rows: how many came.
        selector: where the list is.
    """
    path = total_path([body], rows + 1, selector)
    # A count under another name, such as unread_count, may be of anything.
    word = identifier(path.rpartition(".")[2]) if path else ""
    if not path or not ("total" in word or word.strip("_'") == "count"):
        return None
    return f"the answer says at '{path}' that there are {json_paths.find_values(path, body)[0]} rows, and {rows} came"
