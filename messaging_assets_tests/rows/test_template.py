"""The step `template` makes a text of fields, as keys that an API leaves to others to make."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from messaging_assets.description.table import Step
from messaging_assets.rows.steps import _map
from messaging_assets_tests.one_table import OneTable, replayed


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{agent.id}|{at}", "7|2025-01-02T03:04:05.5Z"),
        ("{at:epoch_seconds}", 1735787045),
        ("{at:epoch_seconds}.", "1735787045."),
        ("{at:date}/{at:%H}", "2025-01-02/03"),
        ("{tags[0]}-{tags}", 'a-["a",true]'),
        ("{nothing}.{agent.none}", None),
        ("{nothing}.{at:date}", ".2025-01-02"),
        ("{nothing}", None),
        ("{agent.id:iso}", 7),
        ("{{{'@id'}}}", "{x}"),
        ("always", "always"),
    ],
)
def test_a_text_is_made_of_fields(text: str, made: Any) -> None:
    row = {"agent": {"id": 7, "none": None}, "at": "2025-01-02T03:04:05.5Z", "tags": ["a", True], "@id": "x"}
    assert _map(Step.model_validate({"template": {"id": text}}))(row) == {**row, "id": made}


@pytest.mark.parametrize("text", ["{id", "{}", "{id:soon}", "{now:iso]}", "{[}", "{{id}}-{{at}}"])
def test_braces_that_take_no_field_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Step.model_validate({"template": {"id": text}})


@pytest.mark.parametrize(
    ("path", "made"), [("tags[*].id", [1, 2]), ("none[*].id", []), ("tags[1].id", 2), ("no", None)]
)
def test_a_path_with_a_star_copies_all_that_it_finds(path: str, made: Any) -> None:
    row = {"tags": [{"id": 1}, {"id": 2}]}
    assert _map(Step.model_validate({"copy": {"ids": path}}))(row) == {**row, "ids": made}


@pytest.mark.parametrize(
    ("paths", "made"),
    [("no empty inner.at late", 3), ("late inner.at", 5), ("zero late", 0), ("no none", None), ("none.x late", 5)],
)
def test_of_several_paths_the_first_that_has_a_value_is_copied(paths: str, made: Any) -> None:
    row = {"none": None, "empty": "", "zero": 0, "inner": {"at": 3}, "late": 5}
    assert _map(Step.model_validate({"copy": {"at": paths.split()}}))(row) == {**row, "at": made}


def test_rows_are_told_apart_by_a_key_made_of_two_fields(one_table: OneTable) -> None:
    rows: list[dict[str, Any]] = [{"agent": 1, "day": 1}, {"agent": 1, "day": 2}, {"agent": 2, "day": 1}]
    key = {"template": {"id": "{agent}|{day}"}}
    for _ in range(2):
        assert one_table.sync(rows, steps=[key], primary_key="id", write_disposition="merge").green
    assert sorted(one["id"] for one in one_table.rows()) == ["1|1", "1|2", "2|1"]


@pytest.mark.parametrize("step", [{"hash": ["of"]}, {"template": {"name": "{of}-{id}"}}], ids=str)
def test_a_record_with_a_value_that_is_no_text_is_set_aside_alone(one_table: OneTable, step: dict[str, Any]) -> None:
    rows = [
        {"id": 1, "of": {"a": "\0"}},
        {"id": 2, "of": {"a": [float("nan")]}},
        *({"id": key, "of": {"a": 1}} for key in (3, 4)),
    ]
    synced = one_table.sync(rows, steps=[step])
    assert synced.green, synced.error
    assert [row["id"] for row in one_table.rows()] == [3, 4]
    assert sorted(row["reason"] for row in one_table.rejected()) == ["of: a NUL character", "of: not a finite number"]
    left = replayed(one_table, steps=[step]).left
    assert left["a field of it holds what no text can, such as a NUL character"] == 1
