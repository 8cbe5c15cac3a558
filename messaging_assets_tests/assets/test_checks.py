"""Each generated check, passing and failing on rows that are really in the table."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import AssetCheckSeverity, AssetKey, DagsterInstance, Definitions, asset

from messaging_assets.assets.checks import check_specs, checks_of
from messaging_assets.description.api import Resource
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.one_table import RESOURCE, OneTable

COLUMNS = {"id": {"data_type": "bigint", "nullable": False}, "name": {"data_type": "text", "nullable": False}}
GOOD = [{"id": number, "name": f"n{number}"} for number in range(1, 4)]


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that is asked of tables from here on."""
    from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

    asked: list[str] = []
    execute = DuckDbSqlClient.execute_query

    def noted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(query))
        return execute(self, query, *args, **kwargs)

    monkeypatch.setattr(DuckDbSqlClient, "execute_query", noted)
    return asked


def keys_of(check: Any) -> list[Any]:
    return list(check.metadata["keys"].value)


def test_all_checks_pass_on_a_good_sync_and_all_are_there(one_table: OneTable) -> None:
    synced = one_table.sync(GOOD, columns=COLUMNS)
    assert {name: check.passed for name, check in synced.checks.items()} == {
        "sync_is_complete": True,
        "no_record_rejected": True,
        "column_schema_is_unchanged": True,
        "id_is_unique": True,
        "id_is_not_null": True,
        "name_is_not_null": True,
    }
    assert synced.checks["id_is_unique"].metadata["rows"].value == 3


@pytest.mark.sampled
@pytest.mark.parametrize("blocking", [True, False])
def test_a_failed_check_stops_what_is_downstream_where_checks_block(
    known_sandbox: Any, dagster_instance: DagsterInstance, open_database: None, blocking: bool
) -> None:
    @asset(deps=[AssetKey(["messaging", "messages"])])
    def downstream() -> None: ...

    # Most messages were never edited.
    columns = {"edited_at": {"data_type": "timestamp", "nullable": False}}
    asked = {"path": "v1/messages", "data_selector": "data", "paginator": {"type": "offset", "limit": 500}}
    resource = {"name": "messages", "primary_key": "id", "endpoint": asked, "columns": columns}
    client = {
        "base_url": "https://api.example.com",
        "auth": {"type": "api_key", "name": "api_key", "location": "query"},
    }
    described = {"client": client, "resources": [{**resource, "checks": {"blocking": blocking}}]}
    both = Definitions.merge(definitions_for(described, "messaging"), Definitions(assets=[downstream]))
    job = both.resolve_implicit_global_asset_job_def()

    result = job.execute_in_process(instance=dagster_instance, raise_on_error=False)

    made = [event.materialization.asset_key.path[-1] for event in result.get_asset_materialization_events()]
    assert made == (["messages"] if blocking else ["messages", "downstream"])
    failures: list[Any] = [event.step_failure_data for event in result.get_step_failure_events()]
    sentence = (
        "messaging.messages: the check edited_at_is_not_null failed, so nothing downstream is run; mend what the check "
        "shows on the asset's page, or set blocking: false under checks in the API file."
    )
    assert [one.user_failure_data.description for one in failures] == [sentence] * blocking
    assert not [event for event in result.all_events if event.event_type_value == "STEP_UP_FOR_RETRY"]


def test_a_repeated_key_fails_the_uniqueness_check_which_shows_ten_of_them(one_table: OneTable) -> None:
    one_table.sync([{"id": number, "name": "n"} for number in range(30)], columns=COLUMNS)
    one_table.execute(f"INSERT INTO {RESOURCE} SELECT * FROM {RESOURCE} WHERE id < 12")
    check = one_table.check().checks["id_is_unique"]
    assert not check.passed
    assert check.severity.value == "ERROR"
    assert check.metadata["repeated_keys"].value == 12
    assert check.metadata["rows"].value == 42
    shown = [key for [key] in keys_of(check)]
    assert len(set(shown)) == 10
    assert set(shown) <= {str(number) for number in range(12)}


def test_an_append_only_table_that_loads_a_row_again_fails_its_uniqueness_check(one_table: OneTable) -> None:
    one_table.sync(GOOD, columns=COLUMNS, write_disposition="append")
    assert keys_of(one_table.sync(GOOD[:1]).checks["id_is_unique"]) == [["1"]]


def test_a_key_with_a_name_that_dagster_does_not_take_has_its_checks(one_table: OneTable) -> None:
    column = {"@id": {"data_type": "text", "nullable": False}}
    synced = one_table.sync([{"@id": "1"}, {"@id": "2"}], primary_key="@id", columns=column)
    assert synced.green
    assert {name: one.passed for name, one in synced.checks.items() if "_id_" in name} == {
        "_id_is_unique": True,
        "_id_is_not_null": True,
    }


def test_a_composite_key_is_unique_as_a_whole(one_table: OneTable) -> None:
    rows = [{"id": 1, "part": "a"}, {"id": 1, "part": "b"}, {"id": 2, "part": "a"}]
    synced = one_table.sync(rows, primary_key=["id", "part"])
    assert synced.checks["id_part_is_unique"].passed
    one_table.execute(f"INSERT INTO {RESOURCE} SELECT * FROM {RESOURCE} WHERE id = 1 AND part = 'b'")
    check = one_table.check().checks["id_part_is_unique"]
    assert not check.passed
    assert keys_of(check) == [["1", "b"]]


def test_a_null_in_a_column_that_must_have_none_fails_its_check_with_the_keys(one_table: OneTable) -> None:
    synced = one_table.sync([*GOOD, {"id": 4}, {"id": 5, "name": None}], columns=COLUMNS)
    assert synced.green
    check = synced.checks["name_is_not_null"]
    assert not check.passed
    assert check.severity.value == "ERROR"
    assert check.metadata["nulls"].value == 2
    assert sorted(keys_of(check)) == [["4"], ["5"]]
    assert synced.checks["id_is_not_null"].passed


def test_a_null_key_fails_its_check_where_it_got_into_the_table(one_table: OneTable) -> None:
    # As it is where the table is older than the primary key.
    one_table.sync([{"id": 1}, {"id": None}], columns={}, primary_key=None, write_disposition="append")
    checks = one_table.check(primary_key="id", columns=COLUMNS).checks
    assert checks["id_is_not_null"].metadata["nulls"].value == 1
    assert not checks["id_is_not_null"].passed
    assert checks["id_is_unique"].passed


def test_a_column_that_the_api_never_sends_is_null_in_every_row(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": 1}, {"id": 2}], columns={"gone": {"nullable": False}})
    assert synced.green
    check = synced.checks["gone_is_not_null"]
    assert not check.passed
    assert check.metadata["nulls"].value == 2


def test_more_than_ten_keys_are_not_shown(one_table: OneTable) -> None:
    synced = one_table.sync([{"id": number} for number in range(25)], columns=COLUMNS)
    assert synced.checks["name_is_not_null"].metadata["nulls"].value == 25
    assert len(keys_of(synced.checks["name_is_not_null"])) == 10


def test_a_sensitive_key_is_counted_and_not_shown(one_table: OneTable) -> None:
    columns = {"id": {"data_type": "text", "sensitive": True}, "name": {"nullable": False}}
    one_table.sync([{"id": "ada@example.com", "name": "x"}, {"id": "bob@example.com"}], columns=columns)
    one_table.execute(f"INSERT INTO {RESOURCE} SELECT * FROM {RESOURCE}")
    checks = one_table.check().checks
    assert checks["id_is_unique"].metadata["repeated_keys"].value == 2
    assert checks["name_is_not_null"].metadata["nulls"].value == 2
    assert "example.com" not in str([check.metadata for check in checks.values()])


def test_a_changed_column_schema_is_told_and_an_unchanged_one_passes(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "v": 1}])
    assert one_table.sync([{"id": 1, "v": 2}]).checks["column_schema_is_unchanged"].passed
    changed = one_table.sync([{"id": 1, "v": 1, "extra": "x"}, {"id": 2, "v": "text"}])
    check = changed.checks["column_schema_is_unchanged"]
    assert not check.passed
    assert check.severity.value == "WARN"
    assert sorted(check.metadata["changes"].value) == ["extra was added", "v__v_text was added"]
    assert not one_table.check().checks["column_schema_is_unchanged"].passed


def test_the_completeness_check_warns_of_a_read_that_moved_and_passes_on_a_whole_one(one_table: OneTable) -> None:
    one_table.page_size = 2
    moved = [{"id": 1}, {"id": 2}, {"id": 2}, {"id": 3}]
    check = one_table.sync(moved, passes=1).checks["sync_is_complete"]
    assert not check.passed
    assert check.severity.value == "WARN"
    assert check.metadata["verdict"].value == "unknown"
    assert "came twice" in check.metadata["reason"].value
    assert one_table.sync([{"id": 1}, {"id": 2}, {"id": 3}]).checks["sync_is_complete"].passed


def test_checks_alone_ask_the_api_nothing_and_judge_the_last_sync(one_table: OneTable) -> None:
    one_table.sync([*GOOD, {"id": "bad"}], columns=COLUMNS)
    one_table.sandbox.forget()
    alone = one_table.check()
    assert alone.green
    assert one_table.sandbox.requests == []
    assert alone.checks["no_record_rejected"].metadata["rows_set_aside"].value == 1
    assert alone.checks["sync_is_complete"].metadata["verdict"].value == "read to the end"
    assert len(alone.checks) == len(checks_of(one_table.resource()))


@pytest.mark.parametrize("statement", [f"DROP TABLE {RESOURCE}", f"DELETE FROM {RESOURCE}"])
def test_checks_alone_see_that_the_table_was_dropped_or_emptied(one_table: OneTable, statement: str) -> None:
    one_table.sync(GOOD)
    with one_table.sql() as client:
        client.execute_sql(statement)
    alone = one_table.check().checks["sync_is_complete"]
    assert not alone.passed
    assert alone.severity is AssetCheckSeverity.ERROR
    assert "rows in this table, and none is there; if somebody dropped" in str(alone.metadata["reason"].value)


def test_checks_before_the_first_sync_say_that_there_was_none(one_table: OneTable) -> None:
    alone = one_table.check(columns=COLUMNS)
    assert alone.green
    assert not alone.checks["sync_is_complete"].passed
    assert alone.checks["sync_is_complete"].metadata["reason"].value == "nothing was synced yet"
    assert alone.checks["id_is_unique"].passed


def test_all_checks_of_a_table_cost_one_query(one_table: OneTable, queries: list[str]) -> None:
    one_table.sync(GOOD, columns=COLUMNS)
    queries.clear()
    assert all(check.passed for check in one_table.check().checks.values())
    own = [query for query in queries if RESOURCE in query and "WHERE 1 = 0" not in query]
    assert len(own) == 1


def test_each_check_is_as_loud_as_the_file_says_or_off(one_table: OneTable) -> None:
    loud = {"unique": "WARN", "not_null": "WARN", "schema_change": "ERROR", "no_record_rejected": "ERROR"}
    synced = one_table.sync([{"id": 1}, {"id": "x"}], columns=COLUMNS, checks=loud)
    assert {name: check.severity.value for name, check in synced.checks.items()} == {
        "sync_is_complete": "WARN",
        "no_record_rejected": "ERROR",
        "column_schema_is_unchanged": "ERROR",
        "id_is_unique": "WARN",
        "id_is_not_null": "WARN",
        "name_is_not_null": "WARN",
    }
    off = dict.fromkeys(loud, "off")
    resource = Resource.model_validate({"name": "x", "primary_key": "id", "columns": COLUMNS, "checks": off})
    assert [spec.name for spec in check_specs(resource, AssetKey("x"))] == ["sync_is_complete"]
