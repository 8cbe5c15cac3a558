"""What is done to dlt's load packages leaves what dlt itself works on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from dlt.common.storages import FileStorage, PackageStorage

from messaging_assets.seams.dlt_packages import begin_anew


@pytest.mark.parametrize("is_cut_off", [False, True], ids=["whole", "half set back before"])
def test_a_package_that_begins_anew_notes_the_ends_of_its_jobs(tmp_path: Path, is_cut_off: bool) -> None:
    packages = PackageStorage(FileStorage(str(tmp_path), makedirs=True), "loaded")
    packages.create_package("1")
    packages.save_pending_transition("1", "users.abc.0.parquet", "completed")
    if is_cut_off:
        shutil.rmtree(tmp_path / "1" / PackageStorage.PENDING_TRANSITIONS_FOLDER)

    begin_anew(tmp_path / "1")

    assert packages.list_pending_transitions("1") == []
    packages.save_pending_transition("1", "users.abc.0.parquet", "completed")
    assert packages.list_pending_transitions("1") == ["users.abc.0.parquet"]
