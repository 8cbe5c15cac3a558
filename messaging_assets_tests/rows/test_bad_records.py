"""Whole syncs of records that cannot be loaded: the good ones are in the table, the bad ones set aside and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging_assets.description.table import Step
from messaging_assets.sandbox import Fault
from messaging_assets_tests.one_table import API, HUGE, OneTable

COLUMNS = {
    "id": {"data_type": "bigint", "nullable": False},
    "size": {"data_type": "bigint"},
    "price": {"data_type": "double"},
    "at": {"data_type": "timestamp"},
    "day": {"data_type": "date"},
    "name": {"data_type": "text"},
    "tags": {"data_type": "json"},
}
GOOD = {"size": 1, "price": 1.5, "at": "2025-01-01T00:00:00Z", "day": "2025-01-01", "name": "ok", "tags": [{"a": 1}]}
BEYOND = "an integer beyond 64 bits (declare the column as decimal or text)"


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


# Reason, and the record that has it; each is served between good records.
BAD: list[tuple[str, Any]] = [
    ("no id", {"name": "no key"}),
    ("no id", {"id": None}),
    ("id is a list, and a key is one value", {"id": [7]}),
    ("not an object", 7),
    ("not an object", "text"),
    ("not an object", None),
    ("not an object", [{"id": 7}]),
    ("id: not an integer", {"id": "abc"}),
    ("id: not an integer", {"id": 1.5}),
    (f"id: {BEYOND}", {"id": 2**63}),
    (f"id: {BEYOND}", {"id": 2**70}),
    ("size: not an integer", {"id": 101, "size": "many"}),
    (f"size: {BEYOND}", {"id": 102, "size": 2**63}),
    (f"size: {BEYOND}", {"id": 103, "size": -(2**63) - 1}),
    ("size: not an integer", {"id": 104, "size": HUGE}),
    ("price: not a number", {"id": 105, "price": float("nan")}),
    ("price: not a number", {"id": 106, "price": "cheap"}),
    ("at: not a moment in time", {"id": 107, "at": "2025-02-30T00:00:00Z"}),
    ("at: not a moment in time", {"id": 108, "at": "10000-01-01T00:00:00Z"}),
    ("day: not a date", {"id": 109, "day": "2025-02-30"}),
    ("name: a NUL character", {"id": 110, "name": "a\x00b"}),
    ("name: invalid unicode", {"id": 111, "name": "\ud800"}),
    ("tags: a NUL character", {"id": 112, "tags": ["\x00"]}),
    ("tags: not a finite number", {"id": 113, "tags": [float("inf")]}),
    ("tags: nested too deep", {"id": 114, "tags": deep(600)}),
    ("name: larger than 16,000,000 bytes", {"id": 115, "name": "x" * 16_000_001}),
    ("two fields for one column", {"id": 116, "Name": "A", "name": "b"}),
    ("two fields for one column", {"id": 117, "createdAt": 1, "created_at": 2}),
    ("two fields for one column", {"id": 118, "é": 1, "日本": 2}),
    ("a field without a name", {"id": 119, "": 1}),
    ("a field with a name that dlt keeps for itself", {"id": 120, "_dlt_id": "mine"}),
    ("new: a NUL character", {"id": 121, "new": "\x00"}),
    (f"new: {BEYOND}", {"id": 122, "new": 2**64}),
]


def test_every_kind_of_bad_record_is_set_aside_and_every_good_one_loads(one_table: OneTable) -> None:
    rows: list[Any] = []
    for number, (_, record) in enumerate(BAD):
        rows += [{"id": number, **GOOD}, record]
    one_table.page_size = 10
    synced = one_table.sync(rows, columns=COLUMNS)

    assert synced.green
    loaded = one_table.rows()
    assert [row["id"] for row in loaded] == list(range(len(BAD)))
    assert all(row["size"] == 1 and row["name"] == "ok" and json.loads(row["tags"]) == [{"a": 1}] for row in loaded)
    rejected = one_table.rejected()
    expected = sorted((reason, 1 + (2 * number + 1) // 10) for number, (reason, _) in enumerate(BAD))
    assert sorted((row["reason"], row["page"]) for row in rejected) == expected
    assert all(row["rejected_at"] is not None for row in rejected)
    counts = synced.receipt
    assert counts["rows_read"] == len(rows)
    assert counts["rows_set_aside"] == len(BAD)
    assert counts["rows_loaded"] == counts["dagster/row_count"] == len(BAD)
    assert sum(counts["set_aside_by_reason"].values()) == len(BAD)
    check = synced.checks["no_record_rejected"]
    assert not check.passed
    assert check.severity.value == "WARN"
    assert check.metadata["rows_set_aside"].value == len(BAD)


def test_the_rejected_table_shows_each_record_as_it_came(one_table: OneTable) -> None:
    kept = {"id": "abc", "name": "é", "size": 2**70}
    huge = {"id": "x", "name": "y" * 1_100_000}
    one_table.sync([kept, huge, {"id": "z", "tags": deep(600)}, {"id": 1}], columns=COLUMNS)
    shown = one_table.rejected()
    assert json.loads(shown[0]["record"]) == kept
    assert [row["is_cut"] for row in shown] == [False, True, True]
    assert len(shown[1]["record"]) == 1_000_000
    assert shown[2]["record"].startswith('{"id": "z", "tags": [[')


def test_records_whose_bytes_are_no_utf_8_are_set_aside_alone(one_table: OneTable) -> None:
    body = b'{"data": [{"id": 1, "name": "ok"}, {"id": 2, "name": "\xff\xfe"}, {"id": 3, "price": 1e400}]}'

    def page(payload: Any, request: Any) -> bytes:
        return body if request.offset == 0 else b'{"data": []}'

    one_table.sandbox.fault(Fault(api=API, rewrite=page))
    synced = one_table.sync(columns=COLUMNS, maximum_set_aside_share=1)
    assert synced.green
    assert [row["id"] for row in one_table.rows()] == [1]
    assert [row["reason"] for row in one_table.rejected()] == ["name: invalid unicode", "price: not a number"]


def test_on_bad_record_fail_makes_the_sync_red_and_loads_nothing(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": 1}, {"id": 2, "size": "many"}], columns=COLUMNS, on_bad_record="fail")
    assert not synced.green
    assert synced.error == (
        "generic_rest.resource_name: a record on page 1 cannot be loaded (size: not an integer); mend it at the "
        "vendor, correct columns in the file, or let on_bad_record be set_aside."
    )
    assert "many" not in synced.error
    assert one_table.table_exists() is False


def test_no_record_rejected_passes_when_nothing_was_set_aside_and_is_red_when_the_file_says_so(
    one_table: OneTable,
) -> None:
    good = one_table.sync([{"id": 1}], columns=COLUMNS, checks={"no_record_rejected": "ERROR"})
    assert good.checks["no_record_rejected"].passed
    bad = one_table.sync([{"id": 1}, {"id": "x"}])
    assert not bad.checks["no_record_rejected"].passed
    assert bad.checks["no_record_rejected"].severity.value == "ERROR"


def test_sensitive_columns_are_masked_wherever_a_bad_record_is_shown(one_table: OneTable) -> None:
    columns = {**COLUMNS, "e_mail": {"data_type": "text", "sensitive": True}, "token": {"sensitive": True}}
    rows = [
        {"id": "abc", "e_mail": "ada@example.com"},
        {"id": 2, "size": "x", "eMail": "ada@example.com", "token": {"inner": "geheim"}},
        {"id": 3, "e_mail": "a\x00ada@example.com"},
        {"id": 4, "e_mail": "ada@example.com", "eMail": "ada@example.com"},
        "ada@example.com",
        {"id": 1},
    ]
    synced = one_table.sync(rows, columns=columns)
    assert synced.receipt["rows_set_aside"] == 5
    everything = json.dumps(one_table.rejected(), default=str) + str(synced.receipt)
    assert everything.count("***") >= 6
    assert "ada@example.com" not in everything
    assert "geheim" not in everything


def test_records_that_only_together_have_two_names_for_a_column_share_it(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": 1, "createdAt": 5}, {"id": 2, "created_at": 6}])
    assert synced.receipt["rows_set_aside"] == 0
    assert [(row["id"], row["created_at"]) for row in one_table.rows()] == [(1, 5), (2, 6)]


def test_fields_of_different_names_never_share_a_column(one_table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging_assets.rows.batches.BATCH_ROWS", 2)
    # dlt's names have Latin letters only.
    rows: list[dict[str, Any]] = [{"id": 1, "имя": "a"}, {"id": 2, "Имя": "b"}, {"id": 3}, {"id": 4, "год": 2020}]
    synced = one_table.sync(rows)
    assert [(row["id"], row["x"]) for row in one_table.rows()] == [(1, "a"), (2, "b"), (3, None)]
    assert synced.receipt["set_aside_by_reason"] == {"two fields for one column: имя, год": 1}


def test_a_key_that_is_no_exact_number_is_set_aside_and_small_ones_load(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": 9007199254740993.0, "v": 1}, {"id": 1.5, "v": 2}, {"id": 2, "v": 3}])
    assert synced.green
    assert [row["id"] for row in one_table.rows()] == [1.5, 2.0]
    assert [row["reason"] for row in one_table.rejected()] == ["id: a number that no double holds exactly"]


def test_keys_that_a_column_would_make_one_are_kept_apart(one_table: OneTable) -> None:
    columns = {"id": {"data_type": "bigint"}}
    synced = one_table.sync([{"id": 7, "v": 1}, {"id": "7", "v": 2}, {"id": 8, "v": 3}], columns=columns)
    assert [(row["id"], row["v"]) for row in one_table.rows()] == [(7, 1), (8, 3)]
    assert synced.receipt["set_aside_by_reason"] == {"id: not a number as the keys before it": 1}


def test_unsigned_64_bit_integers_load_where_the_column_is_a_decimal_or_text(one_table: OneTable) -> None:
    columns = {"id": {"data_type": "decimal", "precision": 38, "scale": 0}, "v": {"data_type": "text"}}
    synced = one_table.sync([{"id": 2**64 - 1, "v": 2**64 - 1}, {"id": 2**63, "v": 5}], columns=columns)
    assert synced.receipt["rows_set_aside"] == 0
    assert [(int(row["id"]), row["v"]) for row in one_table.rows()] == [(2**63, "5"), (2**64 - 1, str(2**64 - 1))]


def test_bad_records_of_a_table_with_child_tables_are_set_aside_too(one_table: OneTable) -> None:
    rows = [
        {"id": 1, "parts": [{"a": 1}, {"a": 2}]},
        {"id": 2, "parts": [{"a": 2**63}]},
        {"id": 3, "parts": [{"A": 1, "a": 2}]},
        {"id": 4, "parts": [{"a": "\x00"}]},
        {"id": 5, "parts": [{"a": float("nan")}]},
        {"id": 6},
    ]
    synced = one_table.sync(rows, maximum_set_aside_share=1, nested="tables")
    assert synced.green
    assert [row["id"] for row in one_table.rows()] == [1, 6]
    assert [row["reason"] for row in one_table.rejected()] == [
        "parts: a NUL character",
        "parts: an integer beyond 64 bits inside a nested value",
        "parts: not a finite number",
        "parts: two nested fields for one column",
    ]
    children = one_table.rows("SELECT a FROM resource_name__parts ORDER BY a")
    assert [row["a"] for row in children] == [1, 2]


def test_a_sensitive_part_of_a_nested_value_is_masked_in_a_bad_record(one_table: OneTable) -> None:
    columns = {"id": {"data_type": "bigint", "nullable": False}, "user__password": {"sensitive": True}}
    one_table.sync([{"id": 1}, {"id": None, "user": {"name": "a", "password": "hunter2"}}], columns=columns)
    [rejected] = one_table.rejected()
    assert "hunter2" not in rejected["record"]
    assert "***" in rejected["record"]


@pytest.mark.sampled
@pytest.mark.parametrize(
    "written", ["merge", "replace", {"disposition": "merge", "strategy": "insert-only"}, "append"], ids=str
)
def test_each_record_of_which_a_step_makes_no_key_is_set_aside(one_table: OneTable, written: Any) -> None:
    rows = [{"of": {"id": number}} if number % 3 else {"number": number} for number in range(250)]
    copied = [Step.model_validate({"copy": {"key": "of.id"}})]
    receipt = one_table.sync(
        rows, primary_key="key", write_disposition=written, steps=copied, maximum_set_aside_share=1
    ).receipt
    assert (receipt["set_aside_by_reason"], receipt["rows_loaded"]) == ({"no key": 84}, 166)
    assert receipt["duplicates"] == 0
    assert len({row["record"] for row in one_table.rejected()}) == 84
