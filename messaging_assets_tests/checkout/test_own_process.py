from __future__ import annotations

import os
import signal
import socket
import sys
import warnings
from pathlib import Path

import pytest

from messaging_assets_tests.own_process import in_a_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")


def test_work_finds_what_it_closes_over_and_the_environment_and_folder_of_its_test(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAID", "here")
    added = 2

    def work(number: int = 1) -> tuple[int, str, Path]:
        return number + added, os.environ["SAID"], Path.cwd()

    assert in_a_process(work) == (0, (3, "here", clean_room))


def test_it_is_told_how_a_process_ended() -> None:
    assert in_a_process(lambda: os.kill(os.getpid(), signal.SIGKILL)) == (signal.SIGKILL, None)
    assert in_a_process(lambda: 1 // 0) == (1, None)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted as Linux shows them")
def test_what_forks_has_no_thread_of_ours_and_has_imported_what_a_sync_does() -> None:
    def looked() -> tuple[list[str], bool]:
        threads = {path.read_text().strip() for path in Path(f"/proc/{os.getppid()}/task").glob("*/comm")}
        others = sorted(threads - {Path(f"/proc/{os.getppid()}/comm").read_text().strip()})
        return others, "dlt.destinations.impl.duckdb.sql_client" in sys.modules

    # An import of pyarrow starts jemalloc's thread, which is made to be forked beside.
    ended, (threads, is_warm) = in_a_process(looked)
    assert ended == 0
    assert set(threads) <= {"jemalloc_bg_thd"}
    assert is_warm


def test_the_clean_room_holds_in_it() -> None:
    def warned() -> str:
        try:
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        except DeprecationWarning:
            return "refused"
        return "let through"

    def left() -> str:
        with pytest.raises(RuntimeError, match="only talk to loopback") as caught:
            socket.create_connection(("192.0.2.1", 80))
        return str(caught.value)

    assert in_a_process(warned) == (0, "refused")
    assert "192.0.2.1" in in_a_process(left)[1]
