"""A record that was set aside is loaded as the file's steps of now make it, never as it was in front of them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from messaging_assets_tests.one_table import RESOURCE, OneTable, replayed

BIGINT: dict[str, Any] = {"data_type": "bigint"}
NUMBERS: dict[str, Any] = {"columns": {"id": BIGINT, "n": BIGINT}, "maximum_set_aside_share": 1.0}
WORDS: dict[str, Any] = {"columns": {"id": BIGINT, "word": {"data_type": "text"}}}
RENAMED: dict[str, Any] = {"rename": {"n": "word"}}
OTHER_STEPS = "the file has other steps by now, so it must be read from the API again"


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


@pytest.mark.sampled
def test_steps_that_mend_the_file_are_taken(table: OneTable) -> None:
    table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "two"}], steps=[{"drop": ["m"]}], **NUMBERS)
    found = replayed(table, steps=[{"drop": ["m"]}, RENAMED, {"hash": ["word"]}], **WORDS)
    assert (found.loaded, found.left) == (1, {})
    assert table.rows() == [{"id": 1, "n": 1, "word": None}, {"id": 2, "n": None, "word": digest("two")}]
    assert table.rejected() == []


def test_steps_that_were_taken_are_not_taken_again(one_table: OneTable) -> None:
    hashed = {"steps": [{"hash": ["word"]}]}
    columns = {"id": BIGINT, "word": {"data_type": "text"}, "n": BIGINT}
    one_table.sync([{"id": 1, "word": "a", "n": "x"}], **NUMBERS | {"columns": columns} | hashed)
    found = replayed(one_table, columns={"id": BIGINT, "word": {"data_type": "text"}})
    assert (found.loaded, [row["word"] for row in one_table.rows()]) == (1, [digest("a")])


def test_a_record_that_was_set_aside_in_front_of_all_steps_is_taken_through_them(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "key": 1, "word": "a"}, {"key": 2, "word": "b"}], steps=[{"hash": ["word"]}], **NUMBERS)
    assert [row["reason"] for row in one_table.rejected()] == ["no id"]
    found = replayed(one_table, steps=[{"copy": {"id": "key"}}, {"hash": ["word"]}])
    assert (found.loaded, [row["word"] for row in one_table.rows()]) == (1, [digest("a"), digest("b")])


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([{"rename": {"n": "other"}}, RENAMED], OTHER_STEPS),
        ([], OTHER_STEPS),
        ([{"drop": ["m"]}, {"filter": "@.id != 2"}], "a filter of the file leaves it out"),
    ],
    ids=["others", "none", "a filter"],
)
def test_a_record_that_today_s_steps_would_not_have_made_stays(
    one_table: OneTable, steps: list[dict[str, Any]], why: str
) -> None:
    one_table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "two"}], steps=[{"drop": ["m"]}], **NUMBERS)
    found = replayed(one_table, steps=steps, columns={"id": BIGINT})
    assert (found.loaded, found.left) == (0, {why: 1})
    assert len(one_table.rejected()) == 1


def test_functions_of_python_are_not_passed_by(one_table: OneTable) -> None:
    doubled = {"processing_steps": [{"map": lambda row: row | {"n": row.get("n", 0) * 2}}]}
    one_table.sync([{"id": 1, "n": 1}, {"n": 2}], **NUMBERS | doubled)
    found = replayed(one_table, steps=[{"constant": {"id": 2}}])
    assert (found.loaded, found.left) == (0, {OTHER_STEPS: 1})


def test_a_rejected_table_of_an_earlier_release_is_read_as_it_is(table: OneTable) -> None:
    table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "two"}], **NUMBERS)
    table.execute(f"ALTER TABLE {RESOURCE}__rejected DROP COLUMN steps")
    assert replayed(table, columns={"id": BIGINT}).loaded == 1
    assert table.rejected() == []


@pytest.mark.parametrize("at", [None, "at"], ids=["no cursor", "a cursor"])
@pytest.mark.parametrize("last_is_good", [True, False])
def test_of_two_versions_that_one_sync_brought_the_later_one_stays(
    one_table: OneTable, last_is_good: bool, at: str | None
) -> None:
    one_table.page_size = 2
    versions = [{"id": 1, "at": 10, "n": "[1]"}, {"id": 2, "at": 11, "n": "[2]"}, {"id": 1, "at": 20, "n": "[3]"}]
    versions[0 if last_is_good else -1]["n"] = "{no JSON"
    paginator = {"type": "offset", "limit": 2, "overlap": 0}
    cursor = {"incremental": {"cursor_path": at, "cursor_format": "number"}} if at else {}
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": paginator, **cursor}
    described: dict[str, Any] = {"endpoint": endpoint, "passes": 1, "maximum_set_aside_share": 1.0}
    one_table.sync(versions, steps=[{"parse_json": ["n"]}], columns={"n": {"data_type": "json"}}, **described)

    found = replayed(one_table, steps=[{"drop": ["n"]}])

    [row] = [row for row in one_table.rows() if row["id"] == 1]
    if at is None:
        assert "no cursor tells which is later" in next(iter(found.left))
        assert row["at"] == (20 if last_is_good else 10)
    else:
        assert (found.loaded, found.superseded, row["at"]) == ((0, 1, 20) if last_is_good else (1, 0, 20))
