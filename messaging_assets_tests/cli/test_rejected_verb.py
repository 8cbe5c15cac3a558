"""`messaging-assets rejected`: records that were set aside are shown, counted, and loaded once the file is mended."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from messaging_assets.cli.program import main
from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.failures import MendDescription, TryAgainLater
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading.replay import replay as replay_module
from messaging_assets.loading.replay.replay import refuse_replay, replay
from messaging_assets_tests.faults.one_list import synced
from messaging_assets_tests.one_table import API, RESOURCE, OneTable, replayed
from messaging_assets_tests.own_process import in_a_process

NUMBERS: dict[str, Any] = {"columns": {"id": {"data_type": "bigint"}, "n": {"data_type": "bigint"}}}
FULL: dict[str, Any] = {"maximum_set_aside_share": 1.0}
APPEND: dict[str, Any] = {"write_disposition": "append", "primary_key": None}


def by_id(table: OneTable) -> dict[Any, Any]:
    rows = table.rows()
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row["n"] for row in rows}


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_records_that_fit_by_now_are_loaded_once_and_are_set_aside_no_more(table: OneTable, disposition: str) -> None:
    own = FULL if disposition == "merge" else FULL | APPEND
    bounded = {"columns": {"id": {"data_type": "bigint"}, "n": {"data_type": "decimal", "precision": 9, "scale": 2}}}
    table.sync([{"id": 1, "m": 1}, {"id": 2, "m": "two"}, {"id": "three", "m": 3}], **bounded | own)
    assert [row["record"] for row in table.rejected()] == ['{"id": "three", "m": 3}']
    table.execute(f"UPDATE {RESOURCE}__rejected SET record = '{json.dumps({'id': 3, 'm': '3'})}'")

    found = replayed(table)
    assert (found.tried, found.loaded, found.left) == (1, 1, {})
    assert sorted(row["id"] for row in table.rows()) == [1, 2, 3]
    assert table.rejected() == []
    again = replayed(table)
    assert (again.tried, again.loaded) == (0, 0)
    history = table.rows("SELECT state, rows_loaded, verdict FROM sync_history ORDER BY ended_at")
    assert history[-1] == {"state": "replayed", "rows_loaded": 1, "verdict": None}
    assert table.sync([{"id": 1}, {"id": 4}]).green
    assert 3 in [row["id"] for row in table.rows()]


@pytest.mark.sampled
def test_what_still_does_not_fit_stays_with_its_new_reason(table: OneTable) -> None:
    table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "many"}], **NUMBERS | FULL)
    before = table.rejected()[0]
    other = {"columns": {**NUMBERS["columns"], "m": {"data_type": "bigint"}}}
    table.execute(f"UPDATE {RESOURCE}__rejected SET record = '{json.dumps({'id': 2, 'n': 1, 'm': 'few'})}'")
    found = replayed(table, **other)
    assert (found.loaded, sum(found.left.values())) == (0, 1)
    after = table.rejected()[0]
    assert before["reason"].startswith("n: ")
    assert after["reason"].startswith("m: ")
    assert (after["page"], after["rejected_at"]) == (before["page"], before["rejected_at"])


@pytest.mark.sampled
def test_a_later_version_in_the_table_is_not_overwritten(table: OneTable, monkeypatch: pytest.MonkeyPatch) -> None:
    table.sync([{"id": 1, "n": "old"}, {"id": 2, "n": 2}], **NUMBERS | FULL)
    table.sync([{"id": 1, "n": 11}, {"id": 2, "n": 22}])
    table.execute(f"UPDATE {RESOURCE}__rejected SET record = '{json.dumps({'id': 1, 'n': 5})}'")
    columns = "reason, fields, page, rejected_at, '{\"id\": 9}', is_cut, steps, _dlt_load_id, 'another'"
    table.execute(f"INSERT INTO {RESOURCE}__rejected SELECT {columns} FROM {RESOURCE}__rejected")
    found = replayed(table)
    assert (found.tried, found.superseded, found.older) == (0, 1, 1)
    with monkeypatch.context() as patch:
        patch.setattr(replay_module, "_reads_all", lambda resource: False)  # as with a cursor
        found = replayed(table)
    assert (found.loaded, found.superseded) == (1, 0)
    assert by_id(table) == {1: 11, 2: 22, 9: None}
    assert table.rejected() == []


CURSOR = {"cursor_path": "id", "initial_value": 0}


@pytest.mark.sampled
@pytest.mark.parametrize(
    "asked",
    [{"incremental": {**CURSOR, "start_param": "since"}}, {"params": {"since": {"type": "incremental", **CURSOR}}}],
)
def test_where_a_sync_asks_for_news_alone_the_records_of_earlier_ones_are_replayed(
    one_table: OneTable, asked: dict[str, Any]
) -> None:
    endpoint = {"path": "v1/resource", "data_selector": "data", "paginator": "single_page", **asked}
    one_table.sync([{"id": 1, "n": "x"}, {"id": 2, "n": 2}], endpoint=endpoint, **NUMBERS | FULL)
    one_table.sync([{"id": 3, "n": 3}])
    one_table.execute(f"UPDATE {RESOURCE}__rejected SET record = '{json.dumps({'id': 1, 'n': 1})}'")

    found = replayed(one_table)

    assert (found.loaded, found.older) == (1, 0)
    assert by_id(one_table) == {1: 1, 2: 2, 3: 3}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"write_disposition": "replace"}, "stands for the whole list"),
        ({"write_disposition": {"disposition": "merge", "strategy": "scd2"}}, "stands for the whole list"),
        ({"partitions": {"type": "daily", "start": "2025-01-01", "start_param": "a", "column": "at"}}, "in windows"),
    ],
)
def test_what_can_only_be_loaded_whole_is_refused_with_what_to_do(
    one_table: OneTable, changed: dict[str, Any], words: str
) -> None:
    described: ApiDescription = one_table.describe(**changed)
    with pytest.raises(MendDescription, match=words):
        refuse_replay(described.resources_in_full[RESOURCE], "asset")


def test_nothing_is_replayed_beside_a_sync_that_is_half_done(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "x"}], **NUMBERS | FULL)
    one_table.execute("DELETE FROM _messaging_assets_syncs WHERE is_done = 1")
    one_table.execute("UPDATE _messaging_assets_syncs SET verdict = -1")
    with pytest.raises(TryAgainLater, match="sync it again first"):
        replayed(one_table)
    assert len(one_table.rejected()) == 1


def test_what_a_sync_has_read_to_its_end_and_not_loaded_is_left_to_the_next_sync(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "x"}], **NUMBERS | FULL | APPEND)

    one_table.serve([{"id": 3, "n": 3}])
    described = one_table.describe()

    def killed() -> None:
        _before_it_is_noted()
        synced(described, RESOURCE)

    assert in_a_process(killed)[0] == signal.SIGKILL
    with pytest.raises(TryAgainLater, match="sync it again first"):
        replayed(one_table)
    one_table.sandbox.forget()
    assert one_table.sync().green
    assert one_table.sandbox.asked(API, RESOURCE) == []
    assert [row["id"] for row in one_table.rows()] == [1, 3]


def _kill(*args: Any, **more: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before_it_is_noted() -> None:
    from dlt.pipeline.pipeline import Pipeline

    Pipeline.normalize = _kill  # type: ignore[method-assign, assignment]


def _before_the_load() -> None:
    from dlt.pipeline.pipeline import Pipeline

    Pipeline.load = _kill  # type: ignore[method-assign, assignment]


def _after_the_load() -> None:
    from messaging_assets.loading.table.resource_table import ResourceTable

    ResourceTable.reconcile = _kill  # type: ignore[method-assign]


def _before_it_is_done() -> None:
    from messaging_assets.tables.notes.sync_ledger import SyncLedger

    SyncLedger.is_done = _kill  # type: ignore[method-assign]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("disposition", "moment", "then"),
    [
        ("merge", _before_the_load, "sync"),
        ("merge", _after_the_load, "sync"),
        ("merge", _before_it_is_done, "replay"),
        ("append", _before_it_is_noted, "replay"),
        ("append", _before_the_load, "replay"),
        ("append", _after_the_load, "sync"),
        ("append", _after_the_load, "replay"),
    ],
)
def test_a_replay_killed_at_any_moment_loads_each_record_once(
    one_table: OneTable, disposition: str, moment: Callable[[], None], then: str
) -> None:
    own = FULL | NUMBERS if disposition == "merge" else FULL | NUMBERS | APPEND
    one_table.sync([{"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 3, "n": "x"}, {"id": 4, "n": "y"}], **own)
    mended = json.dumps({"id": 3, "n": 3})
    one_table.execute(f"UPDATE {RESOURCE}__rejected SET record = '{mended}' WHERE record LIKE '%x%'")
    described = one_table.describe()

    def killed() -> None:
        moment()
        replay(described, RESOURCE, settle_environment().make())

    ended, _ = in_a_process(killed)
    assert ended == signal.SIGKILL
    if then == "sync":
        assert one_table.sync([{"id": 5, "n": 5}]).green
    replayed(one_table)
    expected = [1, 2, 3, *([5] if then == "sync" else [])]
    if disposition == "merge" and then == "sync" and moment is _before_the_load:
        # The sync read the whole list again, which has no such record.
        expected.remove(3)
    assert sorted(row["id"] for row in one_table.rows()) == expected
    assert len([row for row in one_table.rejected() if "3" in row["record"]]) == (0 if 3 in expected else 1)
    assert len([row for row in one_table.rejected() if "y" in row["record"]]) == 1


@pytest.fixture
def project(one_table: OneTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Callable[..., Any]:
    """The verb, in a project whose file describes the table as it was synced last."""
    folder = tmp_path / "apis"
    folder.mkdir()
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))

    def run(*args: str, **resource: Any) -> Any:
        described = one_table.describe(**resource).model_dump(mode="json", exclude_unset=True, by_alias=True)
        described.pop("name")
        (folder / f"{API}.yaml").write_text(yaml.safe_dump(described))
        return CliRunner().invoke(main, ["rejected", API, RESOURCE, *args])

    return run


def test_the_verb_counts_and_shows_keys_and_contents_only_where_asked(
    one_table: OneTable, project: Callable[..., Any]
) -> None:
    columns = {**NUMBERS["columns"], "mail": {"data_type": "text", "sensitive": True}, "note": {"data_type": "text"}}
    rows = [{"id": 1, "n": 1}, {"id": 77, "n": "x", "mail": "c@d.example", "note": "hello there"}]
    one_table.sync(rows, columns=columns, **FULL)
    shown = project()
    assert shown.exit_code == 1
    assert "1 record is set aside, in generic_rest.resource_name__rejected" in shown.output
    assert "id=77" in shown.output
    assert "hello" not in shown.output
    whole = project("--records", "--json")
    assert json.loads(whole.output)["records"][0]["record"]["note"] == "hello there"
    assert "c@d.example" not in whole.output
    later = {**columns, "note": {"data_type": "text", "sensitive": True}}
    assert "hello" not in project("--records", columns=later).output, "what is sensitive by now"


def test_a_record_that_every_sync_sets_aside_is_one_record_seen_often(
    one_table: OneTable, project: Callable[..., Any]
) -> None:
    rows = [{"id": 1, "n": 1}, {"id": 2, "n": "x"}]
    for more in ([], [], [{"id": 3, "n": "y"}]):
        one_table.sync([*rows, *more], **NUMBERS | FULL)
    found = json.loads(project("--json").output)
    assert found["records_set_aside"] == 2
    assert [(one["records"], one["times"]) for one in found["reasons"]] == [(2, 4)]
    assert {one["key"]["id"]: one["times"] for one in found["records"]} == {2: 3, 3: 1}
    shown = project().output
    assert "2 records are set aside" in shown
    assert re.search(r"^2 +4 +n: ", shown, re.MULTILINE)


def test_the_verb_replays_and_tells_what_became_of_the_records(
    one_table: OneTable, project: Callable[..., Any]
) -> None:
    one_table.sync([{"id": 1, "n": 1}, {"id": 2, "n": "2.5"}], **NUMBERS | FULL)
    one_table.execute(f"UPDATE {RESOURCE}__rejected SET record = '{json.dumps({'id': 2, 'n': 2})}'")
    done = project("--replay")
    assert done.exit_code == 0, done.output
    assert "1 of 1 records were loaded." in done.output
    assert "no record is set aside" in done.output
    assert by_id(one_table) == {1: 1, 2: 2}


def test_a_record_whose_sensitive_value_was_masked_is_never_loaded_and_keeps_its_reason(
    one_table: OneTable, project: Callable[..., Any]
) -> None:
    columns = {**NUMBERS["columns"], "note": {"data_type": "text", "sensitive": True}}
    own = {**NUMBERS, "columns": columns}
    one_table.sync([{"id": 1, "n": 1, "note": "a"}, {"id": 2, "n": "many", "note": "b"}], **own | FULL)
    before = one_table.rejected()[0]["reason"]
    done = project("--replay", columns={**columns, "n": {"data_type": "text"}})
    assert "0 of 1 records were loaded." in done.output
    assert "1 stay: a sensitive value of it was masked, so it must be read from the API again." in done.output
    assert [row["id"] for row in one_table.rows()] == [1], "the mask is no value"
    assert one_table.rejected()[0]["reason"] == before


def test_the_verb_finds_nothing_before_the_first_sync(project: Callable[..., Any]) -> None:
    for words in ((), ("--replay",)):
        done = project(*words)
        assert done.exit_code == 0, done.output
        assert "no record is set aside" in done.output


def test_the_verb_says_of_a_resource_without_a_table_that_it_has_none(project: Callable[..., Any]) -> None:
    done = project(selected=False)
    assert done.exit_code == 2
    assert "is read for its children only, and has no table" in done.output
