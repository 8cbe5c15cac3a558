"""The lists of an answer from inside which a selector picks its records, by a wildcard or a filter."""

from __future__ import annotations

import re
from typing import Any

from messaging_assets.foundation import json_paths
from messaging_assets.reading.evidence.sought_fields import SoughtFields, found_by

QUOTED = re.compile(r"'[^']+'")
# Several lists for one table: `['users','admins'][*]`.
SEVERAL = re.compile(rf"\[(?:{QUOTED.pattern}\s*,\s*)+{QUOTED.pattern}\]$")


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
