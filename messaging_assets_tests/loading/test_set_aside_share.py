"""A sync of which most records cannot be loaded is red with the reasons, and keeps what was rejected."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from messaging_assets.files.rules.consistency import consistency_mistakes
from messaging_assets.foundation.failures import TooManySetAside
from messaging_assets.loading.set_aside_share import refuse_if_most_are_aside
from messaging_assets.reading.receipt import Receipt
from messaging_assets_tests.one_table import OneTable


@pytest.mark.parametrize(("aside", "loaded", "share", "red"), [(1, 1, 0.5, False), (2, 1, 0.5, True), (1, 0, 1, False)])
def test_more_than_the_share_is_refused(aside: int, loaded: int, share: float, red: bool, one_table: OneTable) -> None:
    resource = one_table.describe(maximum_set_aside_share=share).resources_in_full["resource_name"]
    receipt = Receipt(rows_loaded=loaded)
    receipt.set_aside["id: not an integer"] += aside
    if not red:
        refuse_if_most_are_aside(resource, "a.b", receipt)
        return
    with pytest.raises(TooManySetAside, match=r"2 of 3 records were set aside: id: not an integer \(2\), which"):
        refuse_if_most_are_aside(resource, "a.b", receipt)


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("no id", "name it in primary_key"),
        ("no name", "correct columns"),
        ("id is an object, and a key is one value", "let steps copy a value out of it"),
        ("name: invalid unicode", "the encoding of format, such as windows-1252"),
    ],
)
def test_the_next_step_is_that_of_the_most_frequent_reason(reason: str, step: str, one_table: OneTable) -> None:
    receipt = Receipt()
    receipt.set_aside[reason] += 3
    with pytest.raises(TooManySetAside, match=step):
        refuse_if_most_are_aside(one_table.describe().resources_in_full["resource_name"], "a.b", receipt)


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "replace"])
def test_a_table_stands_still_and_the_rejected_records_are_kept(one_table: OneTable, disposition: str) -> None:
    one_table.sync([{"id": 1}], write_disposition=disposition)
    synced = one_table.sync([{"id": "u-1"}, {"id": "u-2"}])
    assert not synced.green
    assert "2 of 2 records were set aside: id: not an integer (2)" in synced.error
    assert [row["id"] for row in one_table.rows()] == [1]
    assert [row["reason"] for row in one_table.rejected()] == ["id: not an integer"] * 2
    assert one_table.sync([{"id": 2}]).green


def test_a_first_load_that_is_all_rejected_names_both_fields_and_a_step_mends_it(one_table: OneTable) -> None:
    rows = [{"id": 1, "name": "a", "__name": "b"}]
    synced = one_table.sync(rows)
    assert "two fields for one column: name, __name (1)" in synced.error
    [rejected] = one_table.rejected()
    assert (rejected["reason"], rejected["fields"]) == ("two fields for one column", "name, __name")
    assert one_table.sync(rows, steps=[{"rename": {"__name": "alias"}}]).green
    assert one_table.rows() == [{"id": 1, "name": "a", "alias": "b"}]


DLTS = "a field with a name that dlt keeps for itself"


@pytest.mark.sampled
@pytest.mark.parametrize("nested", ["json", "tables"])
def test_fields_that_no_table_can_have_are_named(one_table: OneTable, nested: str) -> None:
    bad = [{"id": 1, "": 1}, {"id": 2, "_dlt_id": "x"}, {"id": 3, "_dlt_load_id": "x"}]
    inside = [{"id": 4, "l": [{"_dlt_id": "x"}]}, {"id": 5, "o": {"a": 1}, "o__a": 2}] if nested == "tables" else []
    synced = one_table.sync([*bad, *inside, *({"id": key} for key in range(6, 12))], nested=nested)
    assert synced.green
    found = {row["record"]: (row["reason"], row["fields"]) for row in one_table.rejected()}
    assert [*found.values()][: len(bad)].count((DLTS, "_dlt_id")) == 1
    assert set(found.values()) == {
        ("a field without a name", "(no name)"),
        (DLTS, "_dlt_id"),
        (DLTS, "_dlt_load_id"),
    } | (
        {("l: a nested field with a name that dlt keeps for itself", None), ("two fields for one column", "o.a, o__a")}
        if inside
        else set()
    )


@pytest.mark.sampled
@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"write_disposition": "replace"},
        {"nested": "tables"},
        {"write_disposition": {"disposition": "merge", "strategy": "scd2"}},
    ],
    ids=["merge", "replace", "tables", "scd2"],
)
def test_an_empty_first_list_is_green_and_the_next_one_loads(one_table: OneTable, resource: Any) -> None:
    empty = one_table.sync([], columns={"at": {"data_type": "timestamp"}}, **resource)
    assert (empty.green, empty.receipt["dagster/row_count"]) == (True, 0)
    filled = one_table.sync([{"id": 1, "at": None, "v": 1}])
    assert filled.receipt["dagster/row_count"] == 1
    # What its first rows bring is no change, and what comes later is.
    assert filled.checks["column_schema_is_unchanged"].passed
    assert one_table.check().checks["column_schema_is_unchanged"].passed
    assert not one_table.sync([{"id": 1, "w": 1}]).checks["column_schema_is_unchanged"].passed


@pytest.mark.parametrize("strategy", ["upsert", "insert-only"])
@pytest.mark.parametrize("key", [{}, {"id": {"data_type": "bigint"}}], ids=["key untyped", "key declared"])
def test_a_first_empty_list_is_green_where_dlt_wants_the_keys_type(
    one_table: OneTable, strategy: str, key: dict[str, Any]
) -> None:
    merge = {"disposition": "merge", "strategy": strategy}
    empty = one_table.sync([], columns={"at": {"data_type": "timestamp"}, **key}, write_disposition=merge)
    assert empty.green, empty.error
    assert one_table.sync([{"id": 1}]).receipt["dagster/row_count"] == 1


@pytest.mark.sampled
@pytest.mark.parametrize(
    "resource",
    [
        # Its moments are of the column's zone, though no row of the table has said so yet.
        {"columns": {"at": {"data_type": "timestamp", "timezone": "Asia/Tokyo"}}},
        # What a step copies out of an object is no object that was taken apart.
        {"steps": [{"copy": {"meta__at": "meta.at"}}], "columns": {"meta__at": {"data_type": "timestamp"}}},
    ],
    ids=["zone", "object"],
)
def test_the_first_rows_of_an_empty_table_meet_what_the_file_said_of_it(one_table: OneTable, resource: Any) -> None:
    assert one_table.sync([], **resource).green
    filled = one_table.sync([{"id": 1, "at": "2025-03-01T09:00:00", "meta": {"at": "2025-03-01T00:00:00Z"}}])
    assert filled.green, filled.error
    [row] = one_table.rows()
    assert row.get("meta__at", row["at"]) == datetime(2025, 3, 1, tzinfo=timezone.utc)
    # A table that has rows keeps their zone.
    zoned = one_table.sync(columns={"at": {"data_type": "timestamp", "timezone": "Europe/Berlin"}})
    assert "times that name no zone, which the table holds as those of" in zoned.error


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"nested": "tables"}, "'v' was loaded with nested: json, and the file says nested: tables"),
        (
            {"nested": "tables"},
            {"nested": "json"},
            "'v' was loaded with nested: tables, and the file says nested: json",
        ),
        ({}, {"primary_key": "other"}, "the key has 'other', which rows of the table are without"),
        (
            {"columns": {"price": {"data_type": "decimal", "precision": 10, "scale": 2}}},
            {"columns": {"price": {"data_type": "decimal", "precision": 20, "scale": 4}}},
            "column 'price' has precision 10 and scale 2 in the table",
        ),
    ],
    ids=["json to tables", "tables to json", "key", "digits"],
)
def test_what_a_table_cannot_change_is_refused_in_words(
    one_table: OneTable, before: Any, after: Any, words: str
) -> None:
    rows = [{"id": 1, "price": 1.5, "v": [{"a": 1}]}]
    assert one_table.sync(rows, **before).green
    failed = one_table.sync([{**rows[0], "other": 1}], **after)
    assert failed.error.startswith(f"generic_rest.resource_name: {words}")


def _mistakes(**resource: Any) -> list[str]:
    raw = {"resources": [{"name": "a", "primary_key": "id", **resource}]}
    return [mistake.message for mistake in consistency_mistakes(raw, is_file=True)]


def test_an_object_in_a_header_or_among_several_values_is_refused() -> None:
    bad = ({"params": {"q": [{"a": 1}]}}, {"headers": {"X-Q": {"a": 1}}})
    for endpoint in bad:
        [words] = _mistakes(endpoint=endpoint)
        assert words.startswith("an object cannot be a value here")
    fine = {
        "params": {"ids": [1, 2], "q": {"a": 1}, "since": {"type": "incremental", "cursor_path": "at"}},
        "headers": {"X-Q": "a"},
    }
    assert _mistakes(endpoint=fine) == []


def test_a_step_that_takes_a_key_away_is_refused() -> None:
    assert _mistakes(steps=[{"rename": {"id": "key"}}])[0].startswith("takes 'id' away, which is the primary_key")
    assert not _mistakes(steps=[{"drop": ["id"]}, {"rename": {"number": "id"}}]), "another field takes its place"
    assert _mistakes(steps=[{"rename": {"number": "id"}}, {"drop": ["id"]}])[0].startswith("takes 'id' away")
    assert _mistakes(steps=[{"keep": ["name"]}])[0].startswith("takes 'id' away")
    assert not _mistakes(steps=[{"keep": ["id"]}], for_each={"region": ["eu"]}, primary_key=["_region", "id"])
    child: dict[str, Any] = {"steps": [{"keep": ["name"]}], "primary_key": ["_users_id", "_id"]}
    child |= {"endpoint": "users/{resources.users.id}/posts", "include_from_parent": ["id"]}
    [own] = _mistakes(**child)
    assert own.startswith("takes '_id' away, which is the primary_key"), "the parent's id is in _users_id"
    several = {"endpoint": "{resources.orgs.id}/{resources.users.id}", "include_from_parent": ["orgs.id", "users.id"]}
    assert not _mistakes(**{**child, **several, "primary_key": ["_orgs_id", "_users_id"]})
    assert not _mistakes(**{**child, "include_from_parent": ["profile.id"], "primary_key": ["_users_profile_id"]})
    assert _mistakes(steps=[{"flatten": ["id"]}])[0].startswith("takes 'id' away")
    assert _mistakes(steps=[{"rename": {"_id": "id"}}, {"drop": ["name"]}]) == []
    assert _mistakes(steps=[{"keep": ["name"]}], processing_steps=[{"map": str}])[1:] == [], (
        "a function may make the key"
    )


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"columns": {"deleted": {"data_type": "bool", "hard_delete": True}}}, "the column's hard_delete"),
        ({"columns": [{"name": "deleted", "dedup_sort": "desc"}]}, "the column's dedup_sort"),
        ({"merge_key": "deleted"}, "the merge_key"),
        ({"partitions": {"type": "daily", "start": "2026-01-01", "column": "deleted.at"}}, "partitions.column"),
        ({"endpoint": {"incremental": {"cursor_path": "$.deleted.at"}}}, "the cursor"),
    ],
)
def test_a_step_that_takes_away_what_decides_of_a_row_is_refused(words: dict[str, Any], what: str) -> None:
    for step in ({"keep": ["id"]}, {"drop": ["deleted"]}, {"rename": {"deleted": "gone"}}):
        told = [one for one in _mistakes(**words, steps=[step]) if "away" in one]
        assert told == [f"takes 'deleted' away, which is {what}; leave it, or name what it becomes"]
    for steps in (
        [{"keep": ["id", "deleted"]}],
        [{"drop": ["x"]}],
        [{"drop": ["deleted"]}, {"copy": {"deleted": "a"}}],
    ):
        assert not [one for one in _mistakes(**words, steps=steps) if "away" in one]


def test_a_cursor_beside_the_list_is_no_field_that_a_step_could_take_away() -> None:
    for place in ("answer", "link"):
        cursor = {"cursor_path": "token", "cursor_in": place, "start_param": "token"}
        assert not [
            one for one in _mistakes(endpoint={"incremental": cursor}, steps=[{"keep": ["id"]}]) if "away" in one
        ]


@pytest.mark.parametrize(
    "child",
    [
        {"endpoint": "/rooms/{resources.rooms.link}/posts"},
        {"endpoint": {"path": "/posts", "params": {"room": "{resources.rooms.link.id}"}}},
        {"endpoint": {"path": "/r/{r}", "params": {"r": {"type": "resolve", "resource": "rooms", "field": "link"}}}},
        {"endpoint": "/rooms/{resources.rooms.id}/posts", "include_from_parent": ["link.id"]},
        {"endpoint": "/rooms/{resources.rooms.id}/posts", "only_changed_parents": "link"},
        {"endpoint": "/{resources.orgs.id}/{resources.rooms.id}", "include_from_parent": ["orgs.id", "rooms.link"]},
        {"endpoint": "/{resources.both.resource}/{resources.both.id}/{resources.both.link}"},
    ],
)
def test_a_step_that_takes_away_what_a_child_takes_of_its_parent_is_refused(child: dict[str, Any]) -> None:
    def told(step: dict[str, Any]) -> list[str]:
        parents = [{"name": "orgs", "endpoint": "orgs"}, {"name": "rooms", "endpoint": "rooms", "steps": [step]}]
        union = {"name": "both", "union": ["orgs", "rooms"]}
        raw = {"resources": [*parents, union, {"name": "posts", **child}]}
        return [mistake.message for mistake in consistency_mistakes(raw, is_file=True) if "away" in mistake.message]

    for step in ({"keep": ["id"]}, {"drop": ["link"]}, {"rename": {"link": "href"}}, {"flatten": ["link"]}):
        [words] = told(step)
        assert words.startswith("takes 'link' away, which is what posts takes of its parent")
    assert told({"keep": ["id", "link"]}) == []


@pytest.mark.parametrize("parts", [{"endpoint": "/rooms/{resources.rooms.id}"}, {"for_each": {"a": [1]}}])
def test_a_list_that_is_one_of_several_cannot_be_conditional(parts: dict[str, Any]) -> None:
    endpoint = {"path": parts.get("endpoint", "/rooms"), "conditional": True}
    [words] = [one for one in _mistakes(**{**parts, "endpoint": endpoint}) if "as it was" in one]
    assert words.endswith("take one of the two out")


@pytest.mark.parametrize(
    ("strategy", "hint", "is_refused"),
    [
        ("upsert", {"hard_delete": True}, True),
        ("scd2", {"hard_delete": True}, True),
        ("insert-only", {"hard_delete": True}, False),
        ("upsert", {"dedup_sort": "desc"}, True),
        ("insert-only", {"dedup_sort": "desc"}, True),
        ("delete-insert", {"dedup_sort": "desc"}, False),
    ],
)
def test_a_hint_that_a_merge_cannot_keep_is_refused(strategy: str, hint: dict[str, Any], is_refused: bool) -> None:
    words = _mistakes(columns={"gone": hint}, write_disposition={"disposition": "merge", "strategy": strategy})
    assert ["write strategy: delete-insert" in one for one in words] == [True] * is_refused


@pytest.mark.parametrize("disposition", ["append", "replace"])
def test_a_hint_that_only_a_merge_heeds_is_refused_elsewhere(disposition: str) -> None:
    [words] = _mistakes(columns={"gone": {"hard_delete": True}}, write_disposition=disposition)
    assert words == f"{disposition} heeds no hard_delete; write merge, or take the column's hard_delete out"


def test_steps_change_records_and_what_a_filter_leaves_out_is_counted(one_table: OneTable) -> None:
    rows = [{"key": n, "mail": "a@b.c", "o": {"p": n}, "state": "open" if n % 2 else "shut"} for n in range(6)]
    steps = [
        {"filter": "@.state == 'open'"},
        {"rename": {"key": "id"}},
        {"copy": {"p": "o.p"}},
        {"constant": {"of": "x"}},
        {"hash": ["mail"]},
        {"drop": ["o", "state"]},
    ]
    synced = one_table.sync(rows, steps=steps)
    assert (synced.receipt["rows_filtered"], synced.receipt["distinct_keys"]) == (3, 6)
    found = one_table.rows()
    assert [(row["id"], row["p"], row["of"]) for row in found] == [(1, 1, "x"), (3, 3, "x"), (5, 5, "x")]
    assert {len(row["mail"]) for row in found} == {64}
