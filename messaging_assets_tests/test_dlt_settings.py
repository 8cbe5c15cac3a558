"""Settings of dlt that correctness depends on are ours, whatever a user's configuration says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.conftest import forget_dlt_contexts

ROWS = [{"id": number, "name": f"n{number}"} for number in range(3)]


@pytest.fixture
def configure(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write dlt's config.toml of the project, as a user does."""

    def write(text: str, file: str = "config.toml") -> None:
        folder = Path(os.environ["DLT_PROJECT_DIR"], ".dlt")
        folder.mkdir(exist_ok=True)
        (folder / file).write_text(text)
        forget_dlt_contexts(monkeypatch, clean_room / "dlt")

    return write


def test_a_sync_is_right_where_config_toml_lets_dlt_add_row_ids_of_its_own(one_table, configure):
    configure("[normalize.parquet_normalizer]\nadd_dlt_id = true\n")

    assert one_table.sync(ROWS).green
    assert one_table.rows() == ROWS
