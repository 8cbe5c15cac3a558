"""The lists of an answer from inside which a selector picks its records, by a wildcard or a filter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from messaging_assets.answers.beside_list import beside, plain_word
from messaging_assets.answers.failure_words import says_failed
from messaging_assets.answers.signs_of_more import is_of_more, is_size, signs_of_more
from messaging_assets.answers.watched_counts import WatchedCounts, words_of
from messaging_assets.foundation import json_paths
from messaging_assets.reading.evidence.sought_fields import SoughtFields, found_by

QUOTED = re.compile(r"'[^']+'")
# Several lists for one table: `['users','admins'][*]`.
SEVERAL = re.compile(rf"\[(?:{QUOTED.pattern}\s*,\s*)+{QUOTED.pattern}\]$")
# What holds the lists, behind a wildcard, and the key that they have there.
_INNER = re.compile(r"(.*\*.*?)\.('[^'.]+'|[^.\[\]'*?@]+)$")


def sent_by_server(selector: str, body: Any, rows: list[Any]) -> int:
    """How many rows of a page the server counts: those of the list that a wildcard or a filter picks from.

    Args:
        selector: what finds the records.
        body: the answer's JSON.
        rows: the records that it found.
    """
    path = selector.removesuffix("[*]")
    if "[" not in path or SEVERAL.search(path):
        return len(rows)
    return sum(map(len, lists_picked_from(path, body)))


def lists_picked_from(path: str, body: Any) -> list[list[Any]]:
    """The lists from inside which a path picks records by a wildcard or a filter, which may pick nothing."""
    before, bracket, _ = path.partition("[")
    found = json_paths.find_values(before or "$", body) if bracket else []
    return [value for value in found if isinstance(value, list)]


def look_at_unfiltered(fields: SoughtFields, selector: str, body: Any) -> None:
    """Look in the lists from which filters pick for what they compare, and note what a record has."""
    for place, compared in json_paths.filters_in(selector):
        wanted = found_by("data_selector", compared)
        if fields.seen.issuperset(wanted):
            continue
        look = fields.look_for(wanted)
        for items in place.find(body):
            for item in items.value if isinstance(items.value, list) else ():
                look(item)


def lists_inside(selector: str, body: Any) -> tuple[str, list[tuple[dict[str, Any], str]]]:
    """Where a selector finds lists inside records: what finds their holders, and those with the list's name."""
    found = _INNER.match(selector.removesuffix("[*]"))
    if found is None:
        return "", []
    holders, name = found[1], found[2].strip("'")
    there = json_paths.find_values(holders, body)
    return holders, [(one, name) for one in there if isinstance(one, dict) and isinstance(one.get(name), list)]


def failed_inside(selector: str, body: Any, fields: SoughtFields | None = None) -> str | None:
    """The path to an error that stands in one of several parts of an answer in the place of its rows; None for none.

    Args:
        selector: what finds the records in each part, as `responses[*].hits.hits[*]` or `rooms.*.events[*]`.
        body: the answer's JSON.
        fields: takes what the selector looks for in the parts, and whether one has it.
    """
    steps = json_paths.steps_of(selector.removesuffix("[*]"))
    place = "$" if selector.startswith("$") else ""
    return None if ".." in steps else _rows_or_error(steps, body, place, fields or SoughtFields())[1]


def _rows_or_error(
    steps: list[str], one: Any, place: str, fields: SoughtFields, is_inside: bool = False
) -> tuple[bool, str | None]:
    """Whether rows are below something, and the path to an error in what is inside a part and holds none."""
    if not steps:
        return bool(one), None
    step, rest = steps[0], steps[1:]
    there = f"{place}{step}" if step.startswith("[") else f"{place}.{step}".removeprefix(".")
    if is_inside and isinstance(one, dict) and ("data_selector", there) not in fields.seen and step != "*":
        fields.note("data_selector", there, step in one or step.startswith("["))
    has_rows, error = False, None
    # A path to each of many takes much longer than going there.
    for held in _held(step, one):
        has_some, found = _rows_or_error(rest, held, there, fields, is_inside or json_paths.picks_several(step))
        has_rows, error = has_rows or has_some, error or found
    # A part may have a status of its own, and no rows.
    if is_inside and not has_rows and error is None and isinstance(one, dict) and (word := says_failed(one, ())):
        error = f"{place}.{word.path}"
    return has_rows, error


def _held(step: str, one: Any) -> Iterable[Any]:
    """What a step leads to."""
    if step in ("*", "[*]"):
        return one.values() if isinstance(one, dict) and step == "*" else one if isinstance(one, list) else ()
    if step.startswith("["):
        return json_paths.find_values(f"${step}", one)
    return [one[step]] if isinstance(one, dict) and step in one else ()


def cut_off_inside(
    holders: str, lists: list[tuple[dict[str, Any], str]], with_counts: bool = True, with_signs: bool = True
) -> str | None:
    """That a list inside a record says that it has more rows than came, as a clause; None where none does.

    Plain values of a record that holds its list itself may be anything, such as an order's total. Of such a record only
    a word that asks for more rows counts.

    Args:
        holders: what finds the holders, such as `issues[*].changelog`.
        lists: those, with the name of the list, as of `lists_inside`.
        with_counts: whether the file believes counts.
        with_signs: whether it believes signs of more.
    """
    is_record = holders.endswith(("*]", "*"))
    for holder, name in lists:
        if is_record and not any(map(_may_tell, holder)):
            continue
        leaves, counts = list(beside(holder, (name,))), WatchedCounts(words_of(name))
        has_size = any(is_size(leaf) for leaf in leaves)
        counts.page([leaf for leaf in leaves if leaf.word != "total" or has_size], len(holder[name]))
        more = counts.more_than(len(holder[name])) if with_counts and not is_record else None
        said = signs_of_more([one for one in leaves if is_of_more(one.word)], {}, 1, ()).said
        link = None if is_record else signs_of_more(leaves, {}, 1, ()).link
        sign = said or (f"{link} names a next page" if link else None)
        if told := more or (sign if with_signs else None):
            return f"of a list inside '{holders}', {told}"
    return None


@lru_cache(maxsize=1024)
def _may_tell(name: str) -> bool:
    """Whether a field of a record may say that the record's list has more."""
    word = plain_word(name)
    return is_of_more(word) or "page" in word or "paging" in word or "pagination" in word
