"""PostgreSQL as the destination: what DuckDB takes, it takes too, and the checks speak its SQL."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.files.api_files import api_folders, read_folders
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.one_table import RESOURCE, OneTable

SHIPPED = read_folders(api_folders()).descriptions
ODD_TEXTS = ["", " ", "'", '"', "\\", "\\N", "NULL", "a\nb", "a\tb", "a,b;c", "%s {x}", "é 日本 🎉", "\u2028", "\x7f"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("description", SHIPPED, ids=lambda description: description.name)
def test_the_shipped_apis_load_whole_and_once_and_again(description: ApiDescription, postgres_table: OneTable) -> None:
    for _ in range(2):
        for name in description.resources_in_full:
            done = alone(description, name)
            assert done.green
            assert all(check.passed for check in done.checks.values())
    for name, resource in description.resources_in_full.items():
        served = postgres_table.sandbox.rows(description.name, name)
        pipeline = build_pipeline(description, resource, settle_environment())
        with pipeline.sql_client() as client, client.execute_query(f"SELECT * FROM {name} ORDER BY id") as cursor:
            columns = [column[0] for column in cursor.description]
            loaded = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        assert [row["id"] for row in loaded] == sorted(row["id"] for row in served)
        by_id = {row["id"]: row for row in served}
        for row in loaded:
            for field, value in by_id[row["id"]].items():
                assert as_json(row[field]) == value


def as_json(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime.datetime) else value


def test_texts_that_loaders_like_to_change_come_out_as_they_went_in(postgres_table: OneTable) -> None:
    rows = [{"id": number, "text": text, "nested": [text, {"x": text}]} for number, text in enumerate(ODD_TEXTS)]
    synced = postgres_table.sync([*rows, {"id": 99, "text": None, "nested": None}])
    assert synced.receipt["rows_set_aside"] == 0
    loaded = postgres_table.rows()
    assert [row["text"] for row in loaded] == [*ODD_TEXTS, None]
    assert [row["nested"] for row in loaded] == [*([text, {"x": text}] for text in ODD_TEXTS), None]


def test_every_type_of_column_holds_its_value(postgres_table: OneTable) -> None:
    columns: dict[str, Any] = {
        "id": {"data_type": "bigint"},
        "amount": {"data_type": "decimal", "precision": 38, "scale": 0},
        "day": {"data_type": "date"},
        "clock": {"data_type": "time"},
        "raw": {"data_type": "binary"},
        "at": {"data_type": "timestamp"},
        "real": {"data_type": "double"},
        "yes": {"data_type": "bool"},
        "doc": {"data_type": "json"},
    }
    row = {
        "id": -(2**63),
        "amount": 2**64 - 1,
        "day": "2024-02-29",
        "clock": "12:34:56.789",
        "raw": "AAEC/w==",
        "at": "0001-01-01T00:00:00Z",
        "real": 1.7976931348623157e308,
        "yes": False,
        "doc": {"b": 2**70, "a": [None, 0.1]},
    }
    assert postgres_table.sync([row], columns=columns).receipt["rows_set_aside"] == 0
    [loaded] = postgres_table.rows()
    assert bytes(loaded.pop("raw")) == b"\x00\x01\x02\xff"
    assert loaded == {
        "id": -(2**63),
        "amount": Decimal(2**64 - 1),
        "day": datetime.date(2024, 2, 29),
        "clock": datetime.time(12, 34, 56, 789000),
        "at": datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc),
        "real": 1.7976931348623157e308,
        "yes": False,
        "doc": {"b": 2**70, "a": [None, 0.1]},
    }


def test_bad_records_are_set_aside_and_good_ones_load(postgres_table: OneTable) -> None:
    columns = {"id": {"data_type": "bigint", "nullable": False}, "name": {"data_type": "text"}}
    bad = [{"id": 2, "name": "a\x00b"}, {"id": 3, "name": ["\x00"]}, {"id": "x"}, {"id": 2**63}, {"name": "no key"}, 7]
    synced = postgres_table.sync([{"id": 1, "name": "ok"}, *bad], columns=columns, maximum_set_aside_share=1)
    assert [row["id"] for row in postgres_table.rows()] == [1]
    rejected = postgres_table.rejected()
    assert len(rejected) == synced.receipt["rows_set_aside"] == len(bad)
    assert {"id": 2, "name": "a\x00b"} in [json.loads(row["record"]) for row in rejected]
    assert not synced.checks["no_record_rejected"].passed


def test_names_that_are_long_or_words_of_sql_are_columns_like_others(postgres_table: OneTable) -> None:
    long, longer = "a" * 70, "a" * 70 + "b"
    row = {"id": 1, "user": "x", "order": 1, "Select": True, long: 5, longer: 6}
    assert postgres_table.sync([row]).receipt["rows_set_aside"] == 0
    # A text where numbers were, so that the variant's name must be cut too; on the run after, the same again.
    for text in ("text", "other"):
        assert postgres_table.sync([{"id": 2, long: text}]).green
    loaded = postgres_table.rows()
    assert {"user", "order", "select"} < set(loaded[0])
    assert sorted(str(value) for value in loaded[0].values() if value is not None) == ["1", "1", "5", "6", "True", "x"]
    assert [value for value in loaded[1].values() if value is not None] == [2, "other"]
    assert len(loaded[0]) == 7


def test_a_broken_number_makes_a_column_of_whole_ones_one_of_doubles(postgres_table: OneTable) -> None:
    assert postgres_table.sync([], columns={"at": {"data_type": "timestamp"}}).green
    assert postgres_table.sync([{"id": 1, "v": 5}]).green
    assert postgres_table.sync([{"id": 2, "v": 3.7}]).receipt["values_split"] == 0
    assert [(row["id"], row["v"]) for row in postgres_table.rows()] == [(1, 5.0), (2, 3.7)]


def test_changed_types_variants_and_new_columns_arrive(postgres_table: OneTable) -> None:
    postgres_table.sync([{"id": 1, "v": 1}])
    synced = postgres_table.sync([{"id": 2, "v": "text"}, {"id": 3, "v": {"a": 1}}, {"id": 4, "new": 1.5}])
    assert synced.receipt["rows_set_aside"] == 0
    assert postgres_table.rows(f"SELECT v__v_text FROM {RESOURCE} WHERE id = 2") == [{"v__v_text": "text"}]
    assert postgres_table.rows(f"SELECT v__v_json FROM {RESOURCE} WHERE id = 3") == [{"v__v_json": {"a": 1}}]


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "replace", "append", {"disposition": "merge", "strategy": "upsert"}])
def test_every_disposition_loads(postgres_table: OneTable, disposition: Any) -> None:
    postgres_table.sync([{"id": 1, "v": 1}, {"id": 2, "v": 1}, {"id": 2, "v": 2}], write_disposition=disposition)
    assert postgres_table.sync([{"id": 2, "v": 3}, {"id": 3, "v": 3}]).green
    found = [(row["id"], row["v"]) for row in postgres_table.rows(f"SELECT id, v FROM {RESOURCE} ORDER BY id, v")]
    expected = {
        "replace": [(2, 3), (3, 3)],
        "append": [(1, 1), (2, 1), (2, 2), (2, 3), (3, 3)],
    }
    assert found == expected.get(str(disposition), [(1, 1), (2, 3), (3, 3)])


def test_child_tables_load_and_the_way_changes_by_no_accident(postgres_table: OneTable) -> None:
    rows = [{"id": 1, "tags": [{"a": 1}, {"a": 2}]}, {"id": 2, "tags": []}]
    assert postgres_table.sync(rows, nested="tables").green
    children = postgres_table.rows(f"SELECT a FROM {RESOURCE}__tags ORDER BY a")
    assert [row["a"] for row in children] == [1, 2]
    assert "was loaded with nested: tables" in postgres_table.sync(rows, nested="json").error
    assert postgres_table.sync(rows, nested="tables").green


def test_the_checks_fail_on_what_is_really_wrong(postgres_table: OneTable) -> None:
    columns = {
        "id": {"data_type": "bigint", "nullable": False},
        "name": {"nullable": False},
        "gone": {"nullable": False},
    }
    rows = [{"id": number, "name": "x"} for number in range(20)]
    postgres_table.sync([*rows, {"id": 20}], columns=columns)
    again = f"SELECT id, name, _dlt_load_id, _dlt_id || 'x' FROM {RESOURCE} WHERE id < 12"
    postgres_table.execute(f"INSERT INTO {RESOURCE} (id, name, _dlt_load_id, _dlt_id) {again}")
    checks = postgres_table.check().checks
    assert checks["id_is_unique"].metadata["repeated_keys"].value == 12
    assert len(checks["id_is_unique"].metadata["keys"].value) == 10
    assert checks["name_is_not_null"].metadata["keys"].value == [["20"]]
    assert checks["gone_is_not_null"].metadata["nulls"].value == 33
    assert checks["id_is_not_null"].passed


def test_a_first_sync_of_an_empty_list_makes_the_table(postgres_table: OneTable) -> None:
    synced = postgres_table.sync([], columns={"id": {"data_type": "bigint", "nullable": False}})
    assert synced.green
    assert all(check.passed for check in synced.checks.values())
    assert postgres_table.rows() == []


def test_a_text_that_is_longer_than_its_column_is_set_aside_alone(postgres_table: OneTable) -> None:
    columns = {"id": {"data_type": "text", "precision": 3}, "v": {"data_type": "text", "precision": 5}}
    rows = [{"id": "1", "v": "fünf!"}, {"id": "2", "v": "sechs!"}, {"id": "four", "v": ""}, {"id": "4", "v": None}]
    synced = postgres_table.sync(rows, columns=columns)
    reasons = {"v: longer than 5 characters": 1, "id: longer than 3 characters": 1}
    assert synced.receipt["set_aside_by_reason"] == reasons
    assert [(row["id"], row["v"]) for row in postgres_table.rows()] == [("1", "fünf!"), ("4", None)]


def test_nothing_is_loaded_through_a_view_that_was_put_in_the_tables_place(postgres_table: OneTable) -> None:
    assert postgres_table.sync([{"id": 1}]).green
    postgres_table.execute(f"ALTER TABLE {RESOURCE} RENAME TO other")
    postgres_table.execute(f"CREATE VIEW {RESOURCE} AS SELECT * FROM other")

    failed = postgres_table.sync([{"id": 1}, {"id": 2}])

    assert f"{RESOURCE} is a view, so nothing is loaded into it; give the view another name" in failed.error
    assert failed.receipt["requests"] == 0
    assert [row["id"] for row in postgres_table.rows()] == [1]
