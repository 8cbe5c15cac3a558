"""A parent's field is no cursor of its children's lists: no row of them has it when it is read."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.files.described import mistakes_in


def _file(cursor: dict[str, Any], steps: list[dict[str, Any]]) -> dict[str, Any]:
    rooms = {"name": "rooms", "primary_key": "id", "endpoint": {"path": "rooms", "paginator": "single_page"}}
    endpoint = {"path": "rooms/{resources.rooms.id}", "paginator": "single_page", "incremental": cursor}
    members = {"name": "members", "include_from_parent": ["changed"], "endpoint": endpoint, "steps": steps}
    return {"client": {"base_url": "https://api.example.com"}, "resources": [rooms, members]}


@pytest.mark.parametrize(
    ("mark", "steps"),
    [
        ("_rooms_changed", []),
        ("at", [{"drop": ["at"]}, {"rename": {"_rooms_changed": "at"}}]),
        ("at", [{"copy": {"at": "_rooms_changed"}}]),
    ],
)
def test_a_mark_that_is_a_parents_field_is_refused_with_what_to_write(mark: str, steps: list[dict[str, Any]]) -> None:
    [mistake] = mistakes_in(_file({"cursor_path": mark}, steps), "chat")
    assert mistake.message.endswith("leave incremental out, and write only_changed_parents")


def test_a_mark_that_the_rows_have_themselves_is_none_of_the_parents() -> None:
    assert mistakes_in(_file({"cursor_path": "changed"}, [{"rename": {"_rooms_changed": "at"}}]), "chat") == []
