"""What a sync switches off is on again behind it, and the environment's word on heaps wins."""

from __future__ import annotations

import ctypes
import gc
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.loading import undisturbed
from messaging_assets.seams.dlt_settings import dlt_logger
from messaging_assets_tests.programs import run


class Library:
    """A C library that notes what it is told."""

    def __init__(self, name: Any) -> None:
        self.told: list[tuple[int, int]] = []
        loaded.append(self)

    def mallopt(self, what: int, value: int) -> int:
        self.told.append((what, value))
        return 1


loaded: list[Library] = []


@pytest.mark.parametrize(("named", "told"), [(None, [[(-8, 1)]]), ("4", [])])
def test_threads_share_one_heap_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, named: str | None, told: list[Any]
) -> None:
    loaded.clear()
    monkeypatch.setattr(ctypes, "CDLL", Library)
    if named:
        monkeypatch.setenv("MALLOC_ARENA_MAX", named)
    undisturbed._share_one_heap.__wrapped__()
    assert [one.told for one in loaded] == told


def test_a_c_library_without_such_a_call_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    undisturbed._share_one_heap.__wrapped__()


def test_the_collector_runs_as_before_behind_a_sync() -> None:
    before = gc.get_threshold()
    with undisturbed.undisturbed():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before


@pytest.mark.parametrize(("level", "is_whole"), [(logging.INFO, False), (logging.DEBUG, True)])
def test_a_trace_of_dlt_which_quotes_rows_is_written_at_debug_alone(level: int, is_whole: bool) -> None:
    logger, written = dlt_logger(), list[str]()
    handler, before = logging.Handler(), logger.level
    handler.emit = lambda record: written.append(handler.format(record))  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        with undisturbed.undisturbed():
            try:
                raise ValueError("Failing row contains (Ada)")
            except ValueError:
                logger.exception("Terminal exception in job users.1.sql")
            logger.error("Job for users.1.sql failed terminally in load 1.2 with message Failing row contains (Ada)")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert [("Ada" in line) for line in written] == [is_whole, is_whole]
    assert [line.split(" in ")[0] for line in written] == [
        "Terminal exception",
        "Job for users.1.sql failed terminally",
    ]


def test_what_dlt_logs_with_is_known_in_one_of_its_workspaces_too(clean_room: Path) -> None:
    (clean_room / "project/.dlt").mkdir()
    (clean_room / "project/.dlt/.workspace").touch()
    said = (
        "import dlt; from dlt.common import logger; from messaging_assets.seams.dlt_settings import dlt_logger; "
        "dlt.current.run_context(); print(dlt_logger().name, logger.LOGGER.name)"
    )
    done = run(sys.executable, "-c", said, cwd=clean_room / "project")
    assert done.stdout.split() == ["project", "project"], done.stderr
