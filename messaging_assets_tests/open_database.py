"""DuckDB files that stay open between a test's connections.

DuckDB sets up a whole engine when a process opens a file that it has not open; a sync does that a dozen times, which
takes a third of its time. A second connection beside the first keeps the engine until the test is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest


@contextmanager
def kept_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep each DuckDB file open from its first connection in this process to the end of the block.

    Not for tests in which another process opens the file: DuckDB would not let it.
    """
    connect = duckdb.connect
    kept: dict[str, Any] = {}
    with ExitStack() as engines:

        def connected(database: Any = ":memory:", read_only: bool = False, **more: Any) -> Any:
            path = str(database)
            if path.startswith(":"):
                return connect(database, read_only=read_only, **more)
            if path in kept and not Path(path).exists():
                kept.pop(path).close()
            # One engine is either for reading only or not; here it never is.
            connection = connect(database, read_only=False, **more)
            if path not in kept:
                kept[path] = engines.enter_context(connect(database, read_only=False, **more))
            return connection

        monkeypatch.setattr(duckdb, "connect", connected)
        yield
        monkeypatch.setattr(duckdb, "connect", connect)
