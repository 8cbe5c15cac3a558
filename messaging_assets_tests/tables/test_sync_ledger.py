"""The ledger where windows are synced side by side: only a sync that may have read the same rows is in the way."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from messaging_assets.description.windows import Window
from messaging_assets.destination.names import schema_name
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.tables.notes.sync_ledger import SyncLedger
from messaging_assets_tests.one_table import RESOURCE, OneTable

_FIRST = datetime(2025, 3, 1, tzinfo=timezone.utc)


def _days(first: int, last: int) -> Window:
    return Window(_FIRST + timedelta(days=first - 1), _FIRST + timedelta(days=last), "at")


def _ledger(table: OneTable, window: Window, is_beside_others: bool = True) -> SyncLedger:
    described = table.describe()
    resource = described.resources_in_full[RESOURCE]
    pipeline = build_pipeline(described, resource, settle_environment().make())
    return SyncLedger(pipeline, schema_name(described, resource), "asset", window, is_beside_others)


def test_another_window_that_is_loaded_meanwhile_is_not_in_the_way(one_table: OneTable) -> None:
    first, second = _ledger(one_table, _days(1, 1)), _ledger(one_table, _days(2, 2))
    second.note(["2"], None)
    first.note(["1"], None)
    assert first.is_newest()
    assert second.is_newest()


def test_a_range_that_overlaps_is_refused_once_the_other_was_noted_whichever_began_first(one_table: OneTable) -> None:
    day, week = _ledger(one_table, _days(3, 3)), _ledger(one_table, _days(1, 7))
    other = _ledger(one_table, _days(9, 9))
    other.note(["9"], None)
    other.is_done()
    late = _ledger(one_table, _days(1, 7))
    day.note(["3"], None)
    for ledger in (week, late):
        with pytest.raises(TryAgainLater, match="another machine loaded it while it was read here"):
            ledger.note(["7"], None)


def test_where_windows_wait_for_each_other_any_sync_is_in_the_way(one_table: OneTable) -> None:
    first, second = (_ledger(one_table, _days(day, day), is_beside_others=False) for day in (1, 2))
    second.note(["2"], None)
    with pytest.raises(TryAgainLater, match="so this read is not the newest"):
        first.note(["1"], None)


def test_a_window_that_is_done_forgets_what_is_done_and_leaves_what_another_has_open(one_table: OneTable) -> None:
    done, is_open = _ledger(one_table, _days(1, 1)), _ledger(one_table, _days(2, 2))
    done.note(["1"], None)
    done.is_done()
    is_open.note(["2"], None)
    third = _ledger(one_table, _days(3, 3))
    third.note(["3"], None)
    third.is_done()
    kept = {one.load_ids for one in _ledger(one_table, _days(4, 4)).syncs}
    assert kept == {("2",), ("3",)}


def test_what_a_disk_has_of_a_window_is_the_newest_though_other_windows_were_loaded_since(one_table: OneTable) -> None:
    own = _ledger(one_table, _days(1, 1))
    own.note(["1"], None)
    _ledger(one_table, _days(2, 2)).note(["2"], None)
    assert _ledger(one_table, _days(1, 1)).agrees(["1"])
    assert not _ledger(one_table, _days(1, 2)).agrees(["1"])
