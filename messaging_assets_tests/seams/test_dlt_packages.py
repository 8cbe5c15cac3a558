"""What is done to dlt's load packages leaves what dlt itself works on."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.common.runners import pool_runner
from dlt.common.storages import FileStorage, PackageStorage

from messaging_assets.seams.dlt_names import PipelineStepFailed
from messaging_assets.seams.dlt_packages import begin_anew, one_pipeline
from messaging_assets.seams.dlt_settings import own_settings


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


def test_a_file_that_got_no_name_of_a_job_is_none_of_the_package_that_begins_anew(tmp_path: Path) -> None:
    packages = PackageStorage(FileStorage(str(tmp_path), makedirs=True), "loaded")
    packages.create_package("1")
    jobs = tmp_path / "1" / PackageStorage.NEW_JOBS_FOLDER
    for name in ("users.abc.0.parquet", "fc04a5daebaa6cc7"):
        (jobs / name).write_text("rows")

    begin_anew(tmp_path / "1")

    assert [path.name for path in jobs.iterdir()] == ["users.abc.0.parquet"]


def test_a_load_that_is_interrupted_is_over_when_its_jobs_are(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dlt's own pool, without the two seconds that it waits for its threads.
    pool = partial(
        pool_runner.TimeoutThreadPoolExecutor,
        timeout=0.0,
        thread_name_prefix=Container.thread_pool_prefix(),
    )
    monkeypatch.setattr(pool_runner, "create_pool", lambda config: pool())
    written: list[Any] = []
    is_interrupted = threading.Event()

    def interrupt(*of: Any) -> None:
        is_interrupted.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)

    @dlt.destination
    def slow(items: Any, table: Any) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert is_interrupted.wait(60)
        time.sleep(0.2)
        written.append(table["name"])

    with own_settings():
        pipeline = one_pipeline("slow", destination=slow, pipelines_dir=str(clean_room))
        try:
            with pytest.raises(PipelineStepFailed):
                pipeline.run([{"id": 1}], table_name="rows")
        finally:
            signal.signal(signal.SIGINT, before)

    assert written == ["rows"]
