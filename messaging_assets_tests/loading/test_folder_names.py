"""A project's folder may have any name that the disk takes; one that dlt cannot write below is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from messaging_assets_tests.one_table import OneTable

ROWS = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]


@pytest.mark.parametrize("name", ["name=c", "id=7", "env=prod", "o'brien", "a ü #1 [2]*"])
def test_a_row_has_its_own_values_whatever_the_folder_above_is_called(
    one_table: OneTable, clean_room: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(clean_room / name))
    synced = one_table.sync(ROWS)
    assert synced.green, synced.error
    assert one_table.rows() == ROWS


def test_a_sign_that_dlt_takes_for_a_place_in_a_text_is_told(
    one_table: OneTable, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(clean_room / "50%"))
    with pytest.raises(Exception, match="has a % in its path, where dlt writes no files; let MESSAGING_ASSETS_HOME"):
        one_table.sync(ROWS)
