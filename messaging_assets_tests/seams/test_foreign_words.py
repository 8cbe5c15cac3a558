"""Texts of others that the package goes by are what those others still write."""

from __future__ import annotations

import http.client
import io
import logging
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from messaging_assets.seams.dlt_names import PipelineStepFailed
from messaging_assets.seams.foreign_words import (
    is_arrow_remark,
    is_no_tls,
    is_null_refused,
    is_too_many_headers,
    missing_extension,
    without_trace,
    words_of_error,
)


def test_duckdb_says_that_a_column_may_not_be_null() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE users (id BIGINT NOT NULL)")
        with pytest.raises(duckdb.ConstraintException) as refused:
            connection.execute("INSERT INTO users VALUES (NULL)")
        with pytest.raises(duckdb.Error) as other:
            connection.execute("INSERT INTO users VALUES ('a')")

    assert is_null_refused(str(refused.value))
    assert not is_null_refused(str(other.value))


def test_arrow_says_that_a_column_may_not_be_null() -> None:
    schema = pa.schema([pa.field("id", pa.int64(), nullable=False)])
    table = pa.table({"id": [None]}, pa.schema([pa.field("id", pa.int64())]))
    with pytest.raises(ValueError, match="id") as refused:
        table.cast(schema)

    assert is_null_refused(str(refused.value))


def test_dlt_remarks_on_json_that_travels_as_text() -> None:
    import dlt

    @dlt.resource(name="users", columns={"tags": {"data_type": "json"}}, max_table_nesting=0)
    def users() -> Iterator[pa.Table]:
        yield pa.table({"id": [1], "tags": ["[]"]})

    pipeline, heard = dlt.pipeline("remark", destination="duckdb"), list[logging.LogRecord]()
    handler, logger = logging.Handler(), logging.getLogger("dlt")
    handler.emit = heard.append  # type: ignore[method-assign, assignment]
    logger.addHandler(handler)
    try:
        pipeline.extract(users())
    finally:
        logger.removeHandler(handler)

    assert [record for record in heard if is_arrow_remark(record)]
    assert not is_arrow_remark(logging.makeLogRecord({"msg": "another remark"}))


def test_dlt_writes_a_trace_behind_a_load_job_that_failed(tmp_path: Path) -> None:
    import dlt

    file, heard = str(tmp_path / "lake.duckdb"), list[logging.LogRecord]()
    pipeline = dlt.pipeline("jobs", destination=dlt.destinations.duckdb(file), dataset_name="chat")
    pipeline.run([{"id": 1}], table_name="users")
    with duckdb.connect(file) as connection:
        connection.execute("ALTER TABLE chat.users ADD COLUMN more INTEGER DEFAULT 1")
        connection.execute("ALTER TABLE chat.users DROP COLUMN id")
    handler, logger = logging.Handler(), logging.getLogger("dlt")
    handler.emit = heard.append  # type: ignore[method-assign, assignment]
    logger.addHandler(handler)
    try:
        with pytest.raises(PipelineStepFailed):
            pipeline.run([{"id": 2}], table_name="users")
    finally:
        logger.removeHandler(handler)

    [job] = [record for record in heard if "failed terminally" in str(record.msg)]
    assert "Traceback" in str(job.msg)
    assert without_trace(job).startswith("Job for users.")
    assert without_trace(job).count("\n") == 0
    assert without_trace(logging.makeLogRecord({"msg": "another remark"})) == "another remark"


def test_python_stops_at_too_many_headers() -> None:
    with pytest.raises(http.client.HTTPException) as many:
        http.client.parse_headers(io.BytesIO(b"a: b\r\n" * 101 + b"\r\n"))

    assert is_too_many_headers(many.value)
    assert not is_too_many_headers(http.client.HTTPException("another"))


def test_openssl_says_that_what_came_is_no_tls() -> None:
    came = ssl.MemoryBIO()
    came.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as plain:
        ssl.create_default_context().wrap_bio(came, ssl.MemoryBIO(), server_hostname="api.example.com").do_handshake()

    assert is_no_tls(plain.value)
    assert not is_no_tls(ssl.SSLError(1, "another"))


def test_duckdb_names_an_extension_that_is_not_on_the_disk_or_could_not_be_fetched() -> None:
    with duckdb.connect(config={"custom_extension_repository": "http://127.0.0.1:9"}) as connection:
        with pytest.raises(duckdb.Error) as not_there:
            connection.execute("LOAD 'no_such_one'")
        with pytest.raises(duckdb.Error) as not_fetched:
            connection.execute("INSTALL no_such_one")
        with pytest.raises(duckdb.Error) as other:
            connection.execute("SELECT * FROM 'extension'")

    assert missing_extension(str(not_there.value)) == ("no_such_one", False)
    assert missing_extension(f"{not_fetched.value} https://duckdb.org") == ("no_such_one", True)
    assert missing_extension(str(other.value)) is None


def test_dagster_puts_the_name_of_the_class_before_what_an_exception_says() -> None:
    from dagster import Failure
    from dagster._utils.error import serializable_error_info_from_exc_info

    for error in (Failure("chat.users: it failed."), ValueError("chat.users: it failed.")):
        try:
            raise error
        except Exception:  # noqa: BLE001 - Dagster takes whatever is being handled
            stored = serializable_error_info_from_exc_info(sys.exc_info())
        assert stored.message.strip() != "chat.users: it failed."
        assert words_of_error(stored) == "chat.users: it failed."
