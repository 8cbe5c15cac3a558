"""DuckDB files that stay open between a test's connections.

DuckDB sets up a whole engine when a process opens a file that it has not open; a sync does that a dozen times, which
takes a third of its time. A second connection beside the first keeps the engine until the test is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

_KEPT: dict[str, Any] = {}


@contextmanager
def kept_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep each DuckDB file open from its first connection in this process to the end of the block.

    Not for tests in which another program opens the file: DuckDB would not let it.
    """
    connect = duckdb.connect

    def connected(database: Any = ":memory:", read_only: bool = False, **more: Any) -> Any:
        path = str(database)
        if path.startswith(":"):
            return connect(database, read_only=read_only, **more)
        if path in _KEPT and not Path(path).exists():
            _KEPT.pop(path).close()
        # One engine is either for reading only or not; here it never is.
        connection = connect(database, read_only=False, **more)
        if path not in _KEPT:
            _KEPT[path] = connect(database, read_only=False, **more)
        return connection

    monkeypatch.setattr(duckdb, "connect", connected)
    yield
    monkeypatch.setattr(duckdb, "connect", connect)
    let_go()


def let_go() -> None:
    """Close what is kept open; before a fork, because an engine's threads do not come along."""
    while _KEPT:
        _KEPT.popitem()[1].close()
