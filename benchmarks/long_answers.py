"""The measurement of long answers: one of half a gigabyte in each format, and what a sync of it keeps in memory."""

from __future__ import annotations

import csv
import gzip
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks.comparison import apart, expect_rows
from benchmarks.goals import Outcome, Spread
from benchmarks.measuring import ROOT, contender, new_home
from benchmarks.server import row

_MEGABYTES, _ROWS_AT_ONCE = 500, 1_000
_ENDPOINTS: dict[str, dict[str, Any]] = {
    "json": {"data_selector": "data"},
    "ndjson": {"format": "ndjson"},
    "csv": {"format": "csv"},
    "xml": {"data_selector": "feed.rows.row"},
    "gz": {"data_selector": "data"},
}


def long_answers(folder: Path, rounds: int) -> Outcome:
    """Peak memory of the sync of one long answer, in each format."""
    outcome = Outcome("long_answers", f"{_MEGABYTES} MB in one answer, the sync of one asset")
    served = folder / "served"
    served.mkdir(parents=True)
    for name, endpoint in _ENDPOINTS.items():
        file = served / f"rows.{name}"
        rows = _write(file, name)
        with _serving(served) as url:
            for number in range(rounds):
                home = new_home(folder / f"{number} {name}")
                own = {**endpoint, "path": f"/{file.name}", "paginator": {"type": "single_page"}}
                run = contender("ours", url, 1, home, endpoint=own, most_bytes=2 * _MEGABYTES * 1_000_000)
                outcome.add(f"{name}, {rows:,} rows", run)
                apart(expect_rows, home, rows)
                shutil.rmtree(home)
        peak = Spread(tuple(outcome.peak(f"{name}, {rows:,} rows")))
        outcome.expect(f"at {_MEGABYTES} MB of {name}", peak, 500, unit=" MB")
        file.unlink()
    return outcome


def _write(file: Path, name: str) -> int:
    """Write rows until the file, unfolded, is long enough; how many it has."""
    size = number = 0
    with gzip.open(file, "wb", 1) if name == "gz" else file.open("wb") as out:
        before, between, behind = _FRAMES.get(name, (b"", b"", b""))
        out.write(before)
        while size < _MEGABYTES * 1_000_000:
            rows = [row(one) for one in range(number, number + _ROWS_AT_ONCE)]
            written = (between if number else b"") + _WRITERS[name](rows)
            number, size = number + len(rows), size + len(written)
            out.write(written)
        out.write(behind)
    return number


_FRAMES = {
    "json": (b'{"data":[', b",", b'],"next":null}'),
    "gz": (b'{"data":[', b",", b'],"next":null}'),
    "csv": (",".join(row(0)).encode() + b"\n", b"", b""),
    "xml": (b"<feed><rows>", b"", b"</rows></feed>"),
}


def _as_csv(rows: list[dict[str, Any]]) -> bytes:
    class Lines(list[str]):
        write = list.append

    lines = Lines()
    for one in rows:
        one["reactions"] = orjson.dumps(one["reactions"]).decode()
    csv.writer(lines, lineterminator="\n").writerows(one.values() for one in rows)  # type: ignore[arg-type]
    return "".join(lines).encode()


def _as_xml(rows: list[dict[str, Any]]) -> bytes:
    """Elements of which each is one value; the nested ones are texts."""
    written = []
    for one in rows:
        one["reactions"] = orjson.dumps(one["reactions"]).decode()
        one["delivered"] = str(one["delivered"]).lower()
        values = "".join(f"<{key}>{value}</{key}>" if value is not None else f"<{key}/>" for key, value in one.items())
        written.append(f"<row>{values}</row>\n")
    return "".join(written).encode()


_WRITERS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "json": lambda rows: orjson.dumps(rows)[1:-1],
    "gz": lambda rows: orjson.dumps(rows)[1:-1],
    "ndjson": lambda rows: b"".join(orjson.dumps(one) + b"\n" for one in rows),
    "csv": _as_csv,
    "xml": _as_xml,
}


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """The files of a folder over HTTP, by a process of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(folder)]
    server = subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1_200):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()
