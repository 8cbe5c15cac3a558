"""Rows reach PostgreSQL by COPY: each value comes out as it went in, and a refusal quotes no row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timezone
from decimal import Context, Decimal
from io import BytesIO
from typing import Any

import dlt
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from messaging_assets.destination.pipelines import destination_profile
from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.one_table import RESOURCE, OneTable

_WIDE = Context(prec=100)
TYPES = {
    "t": ("varchar", pa.string()),
    "i": ("bigint", pa.int64()),
    "small": ("smallint", pa.int16()),
    "r": ("double precision", pa.float64()),
    "b": ("boolean", pa.bool_()),
    "d": ("numeric(38,9)", pa.decimal128(38, 9)),
    "wide": ("numeric(76,0)", pa.decimal256(76, 0)),
    "at": ("timestamp with time zone", pa.timestamp("us", "UTC")),
    "local": ("timestamp without time zone", pa.timestamp("us")),
    "day": ("date", pa.date32()),
    "clock": ("time without time zone", pa.time64("us")),
    "raw": ("bytea", pa.binary()),
    "doc": ("jsonb", pa.string()),
}
TEXTS = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"])) | some.sampled_from(
    ["", '"', '""', "\\.", "\n\\.\n", "\\N", "NULL", "\r\n", ",", " ", "\ufeff", "'", "\\x00"]
)
DOCS = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**63), 2**64 - 1) | TEXTS,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
VALUES: dict[str, Any] = {
    "t": TEXTS,
    "i": some.integers(-(2**63), 2**63 - 1),
    "small": some.integers(-(2**15), 2**15 - 1),
    "r": some.floats(),
    "b": some.booleans(),
    "d": some.integers(-(10**38) + 1, 10**38 - 1).map(lambda digits: Decimal(digits).scaleb(-9, _WIDE)),
    "wide": some.integers(-(10**76) + 1, 10**76 - 1).map(Decimal),
    "at": some.datetimes(timezones=some.just(timezone.utc)),
    "local": some.datetimes(),
    "day": some.dates(),
    "clock": some.times(),
    "raw": some.binary(),
    "doc": DOCS.map(lambda value: orjson.dumps(value).decode()),
}
ROWS = some.lists(some.fixed_dictionaries({name: some.none() | one for name, one in VALUES.items()}), max_size=4)


@pytest.fixture(scope="module")
def cursor(postgres: Any) -> Iterator[Any]:
    import psycopg2

    connection = psycopg2.connect(postgres.new_database(), options="-c timezone=UTC")
    with connection.cursor() as opened:
        columns = ", ".join(f"{name} {kind}" for name, (kind, _) in TYPES.items())
        opened.execute(f"CREATE TEMPORARY TABLE copied (place bigint, {columns})")
        yield opened
    connection.close()


@settings(max_examples=150, deadline=None, database=None)
@given(rows=ROWS)
def test_every_value_comes_out_as_it_went_in(cursor: Any, rows: list[dict[str, Any]]) -> None:
    from messaging_assets.seams.destinations.dlt_postgres import as_csv, copy_statement

    schema = pa.schema([("place", pa.int64()), *((name, type_) for name, (_, type_) in TYPES.items())])
    sent = [{"place": place, **row} for place, row in enumerate(rows)]
    cursor.execute("TRUNCATE copied")
    batch = pa.RecordBatch.from_pylist(sent, schema=schema)
    cursor.copy_expert(copy_statement("copied", list(schema.names)), BytesIO(as_csv(batch)))
    cursor.execute("SELECT * FROM copied ORDER BY place")
    found = [dict(zip(schema.names, row, strict=True)) for row in cursor.fetchall()]
    assert [{name: _plain(value) for name, value in row.items()} for row in found] == [
        {name: _plain(orjson.loads(value) if name == "doc" and value else value) for name, value in row.items()}
        for row in sent
    ]


def _plain(value: Any) -> Any:
    """A value that can be compared: not a number is itself, and minus zero is another number than zero."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else (value, math.copysign(1, value))
    return bytes(value) if isinstance(value, memoryview) else value


def test_a_refused_row_is_quoted_nowhere(postgres_table: OneTable, caplog: pytest.LogCaptureFixture) -> None:
    postgres_table.sync([{"id": 1, "v": "plain"}], write_disposition="append")
    postgres_table.execute(f"ALTER TABLE {RESOURCE} ADD CHECK (v <> 'hush')")
    synced = postgres_table.sync([{"id": 2, "v": "hush"}])
    assert "the destination refused the rows for good" in synced.error
    assert "hush" not in synced.error + caplog.text
    assert [row["v"] for row in postgres_table.rows()] == ["plain"]


@pytest.mark.parametrize("disposition", ["merge", "replace"])
def test_a_staging_table_is_filled_without_an_index(postgres_table: OneTable, disposition: str) -> None:
    for rows in ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}]):
        postgres_table.sync(rows, write_disposition=disposition)
    found = postgres_table.rows(f"SELECT schemaname FROM pg_indexes WHERE tablename = '{RESOURCE}'")
    assert [row["schemaname"] for row in found] == ["generic_rest"]


def test_a_class_of_a_users_own_is_loaded_by_inserts(postgres_table: OneTable) -> None:
    own: Any = dlt.destinations.postgres()
    assert DestinationProfile(own).loader_file_format == "insert_values"
    assert destination_profile(settle_environment()).loader_file_format == "parquet"
