"""JSON paths: one spelling of each, and where what they find at any depth is."""

from __future__ import annotations

import pytest

from messaging_assets.description.names import compiled_or_refused
from messaging_assets.foundation.json_paths import find_values, place_of, spelled_plainly

BODY = {
    "result": {"items": [{"id": 1}, {"id": 2}]},
    "a b": {"@odata.x": 3},
    "a": {"b.c": {"d": 4}},
    "groups": [{"rows": [5]}],
    "where": 6,
}
SPELLED = {
    "$['result']['items']": ("$.result.items", [[{"id": 1}, {"id": 2}]]),
    '$["result"]["items"]': ("$.result.items", [[{"id": 1}, {"id": 2}]]),
    "$.['result'].['items']": ("$.result.items", [[{"id": 1}, {"id": 2}]]),
    "['result']['items'][*]": ("result.items[*]", [{"id": 1}, {"id": 2}]),
    "result.items.[*]": ("result.items[*]", [{"id": 1}, {"id": 2}]),
    "result.[items]": ("result.items", [[{"id": 1}, {"id": 2}]]),
    "result.items.[?(@['id']>1)]": ("result.items[?(@['id']>1)]", [{"id": 2}]),
    "$..['items']": ("$..items", [[{"id": 1}, {"id": 2}]]),
    "$['a b']['@odata.x']": ("$.'a b'.'@odata.x'", [3]),
    "a['b.c'].d": ("a.'b.c'.d", [4]),
    "groups[*]['rows'][*]": ("groups[*].rows[*]", [5]),
    "groups[0]['rows']": ("groups[0].rows", [[5]]),
    "['where']": ("'where'", [6]),
    "$['result','a']": ("$['result','a']", [BODY["result"], BODY["a"]]),
    "$": ("$", [BODY]),
}


@pytest.mark.parametrize("path", SPELLED)
def test_a_path_is_spelled_with_dots_before_its_names_and_finds_the_same(path: str) -> None:
    plain, found = SPELLED[path]
    assert spelled_plainly(path) == compiled_or_refused(path) == plain
    assert find_values(plain, BODY) == found
    assert spelled_plainly(plain) == plain


def test_the_place_of_what_is_found_at_any_depth_is_known() -> None:
    assert place_of("$..items", BODY) == ("result", "items")
    assert place_of("$..nothing", BODY) == ()
