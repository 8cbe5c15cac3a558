"""Rows of nested lists become tables by columns as they would row by row, ids and all."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq
import pytest

from messaging_assets.seams.dlt_packages import normalized_packages, one_pipeline
from messaging_assets.seams.normalizing import chunks

UPSERT = {"disposition": "merge", "strategy": "upsert"}
VERSIONS = {"disposition": "merge", "strategy": "scd2"}
# Ids of rows that a random one is at the root of.
IDS = ("_dlt_id", "_dlt_parent_id", "_dlt_root_id")
# So many rows are a chunk of their own.
CHUNK = 5_000
MOMENTS = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123456+02:00", "2026-01-02 03:04:05", None]


@pytest.fixture
def by_columns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows that were written by columns, a number for each chunk."""
    written: list[int] = []
    write = chunks.NormalizerByColumns._write

    def noted(self: Any, tables: dict[str, Any]) -> None:
        written.append(sum(table.num_rows for table in tables.values()))
        write(self, tables)

    monkeypatch.setattr(chunks.NormalizerByColumns, "_write", noted)
    return written


def document(draw: random.Random, number: int, depth: int = 0) -> dict[str, Any]:
    """A record whose fields may be missing, null, nested or lists, each of one type."""
    fields: dict[str, Any] = {
        "count": lambda: draw.choice([1, 2**40, None]),
        "camelCase": lambda: draw.choice(["x", "naïve 🎉", "", None]),
        "a share": lambda: draw.choice([0.5, 2.0, None]),
        "is_on": lambda: draw.choice([True, False]),
        "at": lambda: draw.choice(MOMENTS),
        "inner": lambda: document(draw, 0, depth + 1),
        "tags": lambda: [draw.choice(["p", "q", None]) for _ in range(draw.randint(0, 3))],
        "rows": lambda: [document(draw, 0, depth + 1) for _ in range(draw.randint(0, 3))],
        "grid": lambda: [[draw.randint(0, 9) for _ in range(draw.randint(0, 2))] for _ in range(draw.randint(0, 2))],
    }
    names = draw.sample(sorted(fields), draw.randint(0, len(fields)))
    plain = ("count", "camelCase", "a share", "is_on", "at")
    found = {name: fields[name]() for name in names if depth < 2 or name in plain}
    return found if depth else {"id": number, **found}


def normalized(
    folder: Path, rows: list[list[dict[str, Any]]], is_ours: bool, **hints: Any
) -> dict[str, tuple[Any, list[dict[str, Any]]]]:
    """Schema and rows of each table of one load, in the order of their files."""
    make = one_pipeline if is_ours else dlt.pipeline
    destination = dlt.destinations.duckdb(str(folder / "none.duckdb"))
    pipeline = make("nested", pipelines_dir=str(folder), destination=destination)
    hints = {"write_disposition": UPSERT, "primary_key": "id", "file_format": "parquet"} | hints
    pipeline.extract(dlt.resource(iter(rows), name="rows", **hints))
    pipeline.normalize()
    found: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for name, table in pipeline.default_schema.tables.items():
        if name.partition("__")[0] == "rows":
            files = sorted(normalized_packages(pipeline).glob(f"*/new_jobs/{name}.*"))
            found[name] = table, [row for file in files for row in pq.read_table(file).to_pylist()]
    return found


def plain_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without null columns, which a file may lack, and without the load's own id."""
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return sorted(({name: value for name, value in row.items() if name != "_dlt_load_id"} for row in kept), key=repr)


def comparable(tables: dict[str, tuple[Any, list[dict[str, Any]]]]) -> dict[str, Any]:
    """What must be the same: tables, their columns and hints, and all rows."""
    return {name: (table, plain_rows(rows)) for name, (table, rows) in tables.items()}


@pytest.mark.sampled
@pytest.mark.parametrize("nesting", [None, 0, 1, 2])
def test_tables_by_columns_are_those_of_dlt(tmp_path: Path, by_columns: list[int], nesting: int | None) -> None:
    draw = random.Random(nesting)
    rows = [[document(draw, number) for number in range(1_500)]]
    ours = normalized(tmp_path / "ours", rows, True, max_table_nesting=nesting)
    assert by_columns, "dlt made every row by itself"
    theirs = normalized(tmp_path / "theirs", rows, False, max_table_nesting=nesting)
    assert comparable(ours) == comparable(theirs)


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["append", "replace", "merge", VERSIONS], ids=str)
def test_children_know_their_parents_and_roots(tmp_path: Path, by_columns: list[int], disposition: Any) -> None:
    draw = random.Random(7)
    rows = [[document(draw, number) for number in range(1_000)]]
    ours = normalized(tmp_path / "ours", rows, True, write_disposition=disposition)
    theirs = normalized(tmp_path / "theirs", rows, False, write_disposition=disposition)
    assert by_columns
    assert by_root(ours) == by_root(theirs)


def by_root(tables: dict[str, tuple[Any, list[dict[str, Any]]]]) -> dict[str, Any]:
    """Each table's rows with the `id` at the root in place of random ids."""
    roots: dict[str, Any] = {row["_dlt_id"]: row["id"] for row in tables["rows"][1]}
    known, found = dict(roots), {}
    for name, (_, rows) in tables.items():
        known |= {row["_dlt_id"]: known[row["_dlt_parent_id"]] for row in rows if "_dlt_parent_id" in row}
        assert all(row["_dlt_root_id"] in roots for row in rows if "_dlt_root_id" in row)
        is_told = {"_dlt_root_id" in row for row in rows}
        seen = [{k: v for k, v in row.items() if k not in IDS} | {"root": known[row["_dlt_id"]]} for row in rows]
        found[name] = is_told, plain_rows(seen)
    return found


def small(number: int, **fields: Any) -> dict[str, Any]:
    """A record with one nested row."""
    return {"id": number, "lines": [{"price": number, **fields}]}


NEW: dict[str, Any] = {
    "a nested column": lambda number: small(number, colour="red"),
    "a table": lambda number: small(number, parts=["a"]),
    "a value of another type": lambda number: {"id": number, "lines": [{"price": "much"}]},
    "an object in place of a list": lambda number: {"id": number, "lines": {"price": 1}},
    "a text of another kind": lambda number: {"id": number, "lines": ["a"]},
    "a broken number": lambda number: small(number, price=1.5) if number % 2 else small(number),
    "dlt's own name": lambda number: small(number, _dlt_parent_id="mine"),
}


@pytest.mark.sampled
@pytest.mark.parametrize("new", NEW.values(), ids=NEW)
def test_what_is_new_in_a_later_chunk_is_as_dlt_has_it(tmp_path: Path, by_columns: list[int], new: Any) -> None:
    rows = [
        [small(number) for number in range(CHUNK)],
        [*map(new, range(-9, 0)), *map(small, range(CHUNK, CHUNK + 500))],
    ]
    ours = normalized(tmp_path / "ours", rows, True)
    assert by_columns
    assert comparable(ours) == comparable(normalized(tmp_path / "theirs", rows, False))


def test_a_file_that_dlt_began_by_itself_is_ended_before_columns_come(tmp_path: Path, by_columns: list[int]) -> None:
    odd = (3, 900, CHUNK + 100)
    rows = [[small(number) | {"size": "much" if number in odd else 1} for number in range(2 * CHUNK)]]
    ours = normalized(tmp_path / "ours", rows, True)
    assert by_columns
    assert comparable(ours) == comparable(normalized(tmp_path / "theirs", rows, False))


def test_moments_of_years_that_python_lacks_are_dlts_to_decide(tmp_path: Path, by_columns: list[int]) -> None:
    rows = [
        [{"id": number, "at": "2026-01-01T00:00:00Z"} for number in range(CHUNK)],
        [{"id": number, "at": "0000-01-01T00:00:00Z"} for number in range(CHUNK, CHUNK + 300)],
    ]
    ours = normalized(tmp_path / "ours", rows, True)
    assert by_columns
    assert comparable(ours) == comparable(normalized(tmp_path / "theirs", rows, False))


def test_declared_types_are_those_of_dlt(tmp_path: Path, by_columns: list[int]) -> None:
    columns: dict[str, Any] = {
        "amount": {"data_type": "decimal", "precision": 10, "scale": 2},
        "day": {"data_type": "date"},
        "local": {"data_type": "timestamp", "timezone": False},
        "whole": {"data_type": "json"},
        "words": {"data_type": "text"},
    }
    record = {"amount": 1.25, "day": "2026-01-31", "local": "2026-01-01T00:00:00Z", "whole": [{"a": 1}], "words": 5}
    rows = [[{"id": number, **record, "some": [1]} for number in range(600)]]
    ours = normalized(tmp_path / "ours", rows, True, columns=columns)
    assert by_columns == [2 * 350]
    assert comparable(ours) == comparable(normalized(tmp_path / "theirs", rows, False, columns=columns))


def test_other_pipelines_and_small_chunks_are_dlts_alone(tmp_path: Path, by_columns: list[int]) -> None:
    normalized(tmp_path / "other", [[small(number) for number in range(1_000)]], False)
    normalized(tmp_path / "few", [[small(number) for number in range(chunks.FEW - 1)]], True)
    assert by_columns == []


def test_nothing_is_written_of_a_chunk_that_dlt_refuses(tmp_path: Path, by_columns: list[int]) -> None:
    rows = [[small(number) for number in range(CHUNK)], [{"id": None, "lines": [1]} for _ in range(400)]]
    with pytest.raises(Exception, match="not nullable"):
        normalized(tmp_path, rows, True)
    assert by_columns == [2 * (CHUNK - 250)]
