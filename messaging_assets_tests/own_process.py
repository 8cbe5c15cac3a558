"""Work in a process of its own, which a test may kill.

A process with threads is not safe to fork: the sandbox serves in one, and Arrow and DuckDB allocate in theirs. So the
processes are forked from a server (multiprocessing's) that has imported all that a sync imports, and has done nothing.
"""

from __future__ import annotations

import faulthandler
import marshal
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CellType, FunctionType
from typing import Any

import pytest

from messaging_assets_tests.open_database import kept_open, let_go


class Process:
    """Work in a process of its own, warm from the start, with the environment, folder and clean room of this one.

    Args:
        work: a function; what it closes over is copied into the process, so it closes over no sandbox.
    """

    def __init__(self, work: Callable[[], Any]) -> None:
        # The process may want to open the files that this one holds.
        let_go()
        start_server()
        self._answer, answer = get_context("forkserver").Pipe(duplex=False)
        about = (_packed(work), dict(os.environ), list(warnings.filters), answer)
        self._process = get_context("forkserver").Process(target=_do, args=about)
        self._process.start()
        answer.close()
        assert self._process.pid
        self.pid = self._process.pid

    def wait(self) -> tuple[int, Any]:
        """How it ended (0, or the signal that killed it), and its result where it came to one."""
        packed = b""
        # A process that is killed may say nothing, or half of it, which is an OSError.
        with self._answer, suppress(EOFError, OSError):
            packed = self._answer.recv_bytes()
        self._process.join()
        ended = abs(self._process.exitcode or 0)
        self._process.close()
        return ended, pickle.loads(packed) if ended == 0 else None

    def kill(self) -> None:
        """End it as `kill -9` does, if it has not ended yet."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def in_a_process(work: Callable[[], Any]) -> tuple[int, Any]:
    """Do the work in a process of its own; how it ended, and its result."""
    return Process(work).wait()


def undisputed(work: Callable[[], Any]) -> Any:
    """Do the work with DuckDB's file kept open, where no other process opens it meanwhile."""
    with pytest.MonkeyPatch.context() as patch, kept_open(patch):
        return work()


@cache
def start_server() -> None:
    """Start what forks the processes, once in each of pytest's; it is ready when this returns."""
    context = get_context("forkserver")
    context.set_forkserver_preload([f"{__package__ or 'messaging_assets_tests'}.warm_server"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        first = context.Process(target=int)
        first.start()
    first.join()
    first.close()


def import_all() -> None:
    """Import what a sync imports: the modules that a sync in a forked process has in the end."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        with TemporaryDirectory() as home:
            names = _modules_of_a_sync(home)
        os.write(writing, "\n".join(names).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as names_of_it:
        names = names_of_it.read().split("\n")
    os.wait()
    for name in [*names, "messaging_assets_tests.commits", "dlt.destinations.impl.postgres.sql_client"]:
        with suppress(ImportError, AttributeError):
            import_module(name)


def _modules_of_a_sync(home: str) -> list[str]:
    from messaging_assets.sandbox import Sandbox
    from messaging_assets_tests.interrupted_sync import sync

    # Into a file of its own: a test's may be held by what waits for this.
    for name in [name for name in os.environ if name.startswith("DESTINATION")]:
        del os.environ[name]
    with Sandbox(seed=7) as sandbox:
        os.environ.update(sandbox.environment(), MESSAGING_ASSETS_HOME=home)
        sync()
    return list(sys.modules)


def _do(packed: bytes, environment: dict[str, str], filters: list[Any], answer: Connection) -> None:
    """In the process: enter the test's clean room, work and answer; nothing leaves it but its words."""
    from messaging_assets_tests.conftest import forget_dlt_contexts, only_loopback

    # A crash of a library says on which line.
    faulthandler.enable()
    status = 1
    try:
        os.environ.clear()
        os.environ.update(environment)
        warnings.resetwarnings()
        warnings.filters[:] = filters  # type: ignore[index]
        room = pytest.MonkeyPatch()
        only_loopback(room)
        forget_dlt_contexts(room, Path(environment["DLT_DATA_DIR"]))
        answer.send_bytes(pickle.dumps(pickle.loads(packed)()))
        status = 0
    except BaseException:  # noqa: BLE001 - the test sees the status
        traceback.print_exc()
    finally:
        os._exit(status)


class _Pickler(pickle.Pickler):
    """Takes a test's own functions along with what they close over; pickle itself knows only those of a module."""

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, FunctionType) or "<" not in value.__qualname__:
            return NotImplemented
        closed = tuple(cell.cell_contents for cell in value.__closure__ or ())
        return _function, (marshal.dumps(value.__code__), value.__module__, value.__defaults__, closed)


def _packed(work: Callable[[], Any]) -> bytes:
    packed = BytesIO()
    _Pickler(packed).dump(work)
    return packed.getvalue()


def _function(code: bytes, module: str, defaults: Any, closed: tuple[Any, ...]) -> Any:
    cells = tuple(CellType(value) for value in closed)
    return FunctionType(marshal.loads(code), vars(import_module(module)), None, defaults, cells)
