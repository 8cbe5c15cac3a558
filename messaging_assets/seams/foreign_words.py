"""Texts of dlt, Dagster, Python and databases that only their words tell apart; a test provokes each of them."""

from __future__ import annotations

import logging
import re
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Since Dagster 1.13.1: an exception as the run's storage keeps it.
    from dagster_shared.error import SerializableErrorInfo

# DuckDB: "NOT NULL constraint failed"; PostgreSQL: "violates not-null constraint"; Arrow and dlt: "non-nullable".
_NULL_REFUSED = re.compile(r"non-nullable|not[- ]null", re.IGNORECASE)
# PostgreSQL; "permission denied" of a disk has another form.
_RIGHT_MISSING = re.compile(r"permission denied for \w+|must be owner of", re.IGNORECASE)
_READ_ONLY = re.compile(r"read-only (?:transaction|mode)", re.IGNORECASE)
# What libpq says, whose names are of servers, users and databases, and never of rows.
_CONNECTION = re.compile(
    r"connection to server .*? failed: (?:FATAL: +)?(?P<why>.+)|(?P<unknown>could not translate .+)"
)
_TOO_MANY = re.compile(r"too many (?:connections|clients)|connection slots", re.IGNORECASE)
_ENCODING = re.compile(r"has no equivalent in encoding \"(?P<name>\w+)\"", re.IGNORECASE)
# PostgreSQL names the setting that ends a statement without its underscores.
_TIME_LIMIT = re.compile(r"due to (?P<name>(?:statement|lock|transaction|idle-in-transaction) timeout)")
_TOO_LARGE = re.compile(r"row is too big|index row (?:size|requires)|tables can have at most", re.IGNORECASE)
_ARROW_REMARK = "merging arrow schema"
# What dlt logs of a load job that failed; behind it stands the trace, in which databases quote rows.
_OF_JOB = re.compile(r"^(Job for \S+ (?:failed terminally|retried) in load \S+) with message", re.DOTALL)
_TOO_MANY_HEADERS = "got more than"
# What OpenSSL calls bytes that are no TLS, by its releases; urllib3 goes by the same words.
_NO_TLS = ("wrong version number", "unknown protocol", "record layer failure", "http request")
# Of an extension that is not on the disk DuckDB says the path, of one that it could not fetch the name.
_EXTENSION = re.compile(r"extension ['\"](?:[^'\"\n]*/)?(?P<name>\w+)", re.IGNORECASE)


def is_null_refused(words: str) -> bool:
    """Whether a destination, or dlt, says that a column may not be null."""
    return bool(_NULL_REFUSED.search(words))


def missing_extension(words: str) -> tuple[str, bool] | None:
    """Which extension DuckDB has not, and whether it tried to fetch it; None where its words are of something else."""
    found, fetched = _EXTENSION.search(words), "download" in words
    is_missing = found and "duckdb" in words and (fetched or "not found" in words)
    return (found["name"], fetched) if found and is_missing else None


def is_right_missing(words: str) -> bool:
    """Whether a destination says that its user may not do what was asked."""
    return bool(_RIGHT_MISSING.search(words))


def is_read_only(words: str) -> bool:
    """Whether a database says that nothing is written there, as on a standby, or for a setting."""
    return bool(_READ_ONLY.search(words))


def refused_connection(words: str) -> str | None:
    """Why PostgreSQL takes no connection, without quotes; None where the words are of something else."""
    found = _CONNECTION.match(words)
    return (found["why"] or found["unknown"]).replace('"', "").strip() if found else None


def are_too_many(why: str) -> bool:
    """Whether PostgreSQL takes no connection because it has enough."""
    return bool(_TOO_MANY.search(why))


def too_small_encoding(words: str) -> str | None:
    """Which encoding PostgreSQL says has no place for a letter; None where its words are of something else."""
    found = _ENCODING.search(words)
    return found["name"] if found else None


def time_limit(words: str) -> str | None:
    """Which setting PostgreSQL says has ended a statement or connection; None where its words are of something else."""
    found = _TIME_LIMIT.search(words)
    return re.sub("[- ]", "_", found["name"]) if found else None


def is_too_large(words: str) -> bool:
    """Whether PostgreSQL says that a row, a table's columns or an index's entry are more than it can keep."""
    return bool(_TOO_LARGE.search(words))


def is_arrow_remark(record: logging.LogRecord) -> bool:
    """Whether dlt remarks that JSON travels as text in Arrow, which it does on purpose here."""
    return _ARROW_REMARK in str(record.msg)


def without_trace(record: logging.LogRecord) -> str:
    """What dlt logs, without the trace that it writes behind a load job that failed."""
    found = _OF_JOB.match(str(record.msg))
    return found[1] if found else str(record.msg)


def is_too_many_headers(error: Exception) -> bool:
    """Whether Python's HTTP client stops reading because an answer has too many headers; it has no class for that."""
    return _TOO_MANY_HEADERS in str(error)


def is_no_tls(error: ssl.SSLError) -> bool:
    """Whether OpenSSL says that what came is no TLS at all; it has no class for that."""
    return str(getattr(error, "reason", None)).replace("_", " ").lower() in _NO_TLS


def words_of_error(error: SerializableErrorInfo) -> str:
    """The text of an exception that Dagster has stored, without the name of its class before it."""
    return (error.message.partition(f"{error.cls_name}: ")[2] or error.message).strip()
