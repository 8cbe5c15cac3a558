"""A table keeps rows by keys as they were made; keys that are made otherwise are refused, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import Resource
from messaging_assets.loading.marks.made_keys import makers_of
from messaging_assets_tests.one_table import OneTable

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

ROWS = [{"id": f"u{number}", "a": number, "b": number} for number in range(3)]


def _makers(*steps: dict[str, Any], key: str = "id", **endpoint: Any) -> list[Any]:
    return makers_of(Resource.model_validate({"name": "r", "primary_key": key, "steps": steps, "endpoint": endpoint}))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([], [{"hash": ["id"]}]),
        ([{"template": {"id": "{a}|{b}"}}], [{"template": {"id": "{a}-{b}"}}]),
        ([{"rename": {"a": "id"}}], [{"rename": {"b": "id"}}]),
        ([{"rename": {"a": "id"}}], [{"hash": ["a"]}, {"rename": {"a": "id"}}]),
        ([{"template": {"id": "{at}"}}], [{"cast": {"at": "epoch_ms"}}, {"template": {"id": "{at}"}}]),
        ([{"copy": {"id": "of.a"}}], [{"copy": {"id": "of.b"}}]),
    ],
)
def test_steps_that_make_a_key_otherwise_are_told_apart(before: list[Any], now: list[Any]) -> None:
    assert _makers(*before) != _makers(*now)


@pytest.mark.parametrize(
    "more", [{"hash": ["mail"]}, {"drop": ["b"]}, {"template": {"name": "{a}"}}, {"rename": {"b": "c"}}]
)
def test_steps_that_leave_the_key_alone_are_none_of_it(more: dict[str, Any]) -> None:
    assert _makers(more) == _makers()
    assert _makers({"rename": {"a": "id"}}, more) == _makers({"rename": {"a": "id"}})


def test_what_an_answer_gives_a_key_is_of_it() -> None:
    given = _makers(key="team", include_from_answer={"team": "meta.team"})
    assert given != _makers(key="team", include_from_answer={"team": "meta.name"})
    assert given == _makers(key="team", include_from_answer={"team": "meta.team", "at": "meta.at"})


def test_a_merge_whose_key_is_made_otherwise_leaves_the_table_as_it_is(one_table: OneTable) -> None:
    assert one_table.sync(ROWS, steps=[{"drop": ["b"]}]).green

    refused = one_table.sync(ROWS, steps=[{"hash": ["id"]}])

    assert "make the values of its key id otherwise than before" in refused.error
    assert len(one_table.rows()) == 3
    assert one_table.sync(ROWS, steps=[{"hash": ["a"]}]).green
    assert len(one_table.rows()) == 3
