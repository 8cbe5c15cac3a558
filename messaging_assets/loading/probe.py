"""What comes back from a destination otherwise than it went in, found out by loading a few rows of edge values.

Databases take abc for ABC, cut a long text, clip a number, make null of an empty text; all of it without a word. A
destination is asked once, before the first load into a dataset of it, and the answer is kept; DuckDB is known.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import dlt
from dlt import Pipeline
from filelock import FileLock

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.destination.names import schema_name
from messaging_assets.destination.pipelines import destination_profile
from messaging_assets.destination.profile import DestinationProfile, refuse_pooler
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.loading.source import build_source, emit
from messaging_assets.loading.undisturbed import undisturbed
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.batches import Batches
from messaging_assets.rows.targets import KnownTable
from messaging_assets.seams.dlt_names import DatabaseException, PipelineStepFailed
from messaging_assets.tables.notes.moments import utc_of
from messaging_assets.tables.table_rows import table_rows

SWITCH = "MESSAGING_ASSETS_PROBE"
_KEYS = ("abc", "ABC", "abc ", "e", "é", "\uff45")
_ASCII_KEYS = _KEYS[:4]
_OTHER_LETTERS = "letters_outside_its_encoding"


@dataclass(frozen=True)
class _Edge:
    """A value that some destination changes: its column, how it may come back, and what is wrong where it does not."""

    column: Mapping[str, Any]
    sent: Any
    read: Callable[[Any], Any]
    words: str


def _nested(value: Any) -> Any:
    return json.loads(value) if isinstance(value, (str, bytes)) else value


def _exact(value: Any) -> Any:
    return Decimal(str(value))


_EDGES = {
    "nested": _Edge({"data_type": "json"}, {"a": [None, "é", {}]}, _nested, "gives a nested value back as a text"),
    "empty_text": _Edge({"data_type": "text"}, "", str, "takes an empty text for null"),
    "long_text": _Edge({"data_type": "text"}, "é" * 50_000, str, "cuts a text of 100,000 bytes"),
    "integer": _Edge({"data_type": "bigint"}, -(2**63), int, "changes an integer of 64 bits"),
    "decimal": _Edge(
        {"data_type": "decimal", "precision": 38, "scale": 9},
        "12345678901234567890123456789.123456789",
        _exact,
        "changes a decimal of 38 digits",
    ),
    "moment": _Edge({"data_type": "timestamp"}, "2024-02-29T23:59:59.999999Z", utc_of, "changes a moment"),
    "first_moment": _Edge({"data_type": "timestamp"}, "0001-01-01T00:00:00Z", utc_of, "changes a moment of year 1"),
    "last_moment": _Edge(
        {"data_type": "timestamp"}, "9999-12-31T23:59:59.999999Z", utc_of, "changes a moment of year 9999"
    ),
}
KEYS_MEET = "takes keys for one that differ by case, accent, width or a blank at the end"


@dataclass(frozen=True)
class Probed:
    """What was found.

    Args:
        changed: names of the edge values that came back otherwise; a sync of such would be wrong in silence.
        refused: those whose load failed; a sync of such fails aloud.
        keys_meet: whether it takes one text key for another.
    """

    changed: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    keys_meet: bool = False

    @property
    def words(self) -> list[str]:
        """What is changed in silence, as sentences without a subject."""
        return [_EDGES[name].words for name in self.changed] + [KEYS_MEET] * self.keys_meet

    @property
    def refused_words(self) -> list[str]:
        """What is refused, each in a few words."""
        return [name.replace("_", " ") for name in self.refused]

    def refusal(self, resource: Resource) -> str | None:
        """Why the rows of a resource could change in silence, and what to do; None where they cannot."""
        types = {name: column.data_type for name, column in resource.columns.items()}
        concerned = {
            "nested": resource.nested == "json",
            "decimal": bool({"decimal", "wei"} & set(types.values())),
            # Nobody has such moments; `check --destination` tells of them.
            "first_moment": False,
            "last_moment": False,
        }
        found = [_EDGES[name].words for name in self.changed if concerned.get(name, True)]
        mend = "load into another destination (DESTINATION_TYPE)"
        if "nested" in self.changed and concerned["nested"]:
            mend = f"write nested: tables, or {mend}"
        elif "decimal" in self.changed and concerned["decimal"]:
            mend = f"declare such columns as text, or {mend}"
        elif found:
            mend = f"let it be strict (MySQL's sql_mode), or {mend}"
        keys = (*resource.keys, *resource.merge_keys)
        if self.keys_meet and resource.disposition == "merge" and any(types.get(k) in (None, "text") for k in keys):
            found.append(KEYS_MEET)
            mend = f"give its database a binary collation, declare the key's data_type where it is no text, or {mend}"
        return f"the destination {' and '.join(found)}; {mend}." if found else None


def refuse_what_comes_back_changed(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> None:
    """Stop a sync into a destination that would change its rows in silence; it is asked once, before the first load.

    Raises:
        MendDescription: what comes back otherwise than it went in, and what to do.
    """
    profile = destination_profile(folders)
    if profile.kind == "duckdb" or profile.is_files or os.environ.get(SWITCH, "").lower() in ("0", "false", "off"):
        return
    kept = folders.state / "probed.json"
    name = _fingerprint(profile, description.name)
    with FileLock(folders.locks / "probe.lock"):
        known = _read(kept)
        if name not in known:
            known[name] = asdict(probe(description.name, profile))
            kept.write_text(json.dumps(known), encoding="utf-8")
    if refused := Probed(**{**known[name], "changed": tuple(known[name]["changed"])}).refusal(resource):
        raise MendDescription(refused, where=description.asset_of(resource))


def probe(dataset: str, profile: DestinationProfile) -> Probed:
    """Load rows of edge values into a table of its own, read them back, and drop it.

    Args:
        dataset: the dataset (schema) of the API that asks; collations may be a dataset's own.
        profile: the destination.

    Raises:
        MendSettings: no lock of a sync would hold there.
        Exception: the destination cannot be reached, or not even the plainest row be loaded.
    """
    if profile.has_session_locks:
        with profile.client().sql_client as client:
            refuse_pooler(profile, client, dataset)
    changed, refused = set(), set()
    try:
        found = _load_and_read(dataset, profile, list(_EDGES))
    except PipelineStepFailed:
        # One of them is refused: each is tried alone, the plainest first, which must not fail.
        keys: Sequence[str] = _KEYS
        try:
            found = _load_and_read(dataset, profile, [])
        except PipelineStepFailed:
            # Such as a database in LATIN1, which a list of its letters may be loaded into.
            keys = _ASCII_KEYS
            found = _load_and_read(dataset, profile, [], keys)
            refused.add(_OTHER_LETTERS)
        for name in _EDGES:
            try:
                found |= _load_and_read(dataset, profile, [name], keys)
            except PipelineStepFailed:
                refused.add(name)
    for name, values in found.items():
        if name in _EDGES and not all(_is_same(_EDGES[name], value) for value in values):
            changed.add(name)
    sent = len(found["key"])
    keys_meet = len(set(found["key"])) < sent or found["keys"] != [sent]
    return Probed(tuple(sorted(changed)), tuple(sorted(refused)), keys_meet)


def _is_same(edge: _Edge, value: Any) -> bool:
    try:
        return bool(edge.read(value) == (edge.read(edge.sent) if edge.read is not _nested else edge.sent))
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return False


def _load_and_read(
    dataset: str, profile: DestinationProfile, names: Sequence[str], keys: Sequence[str] = _KEYS
) -> dict[str, list[Any]]:
    table = f"messaging_assets_probe_{token_hex(4)}"
    columns = {"key": {"data_type": "text"}, **{name: dict(_EDGES[name].column) for name in names}}
    resource = {"name": table, "endpoint": "probe", "columns": columns, "write_disposition": "append"}
    described = {"name": dataset, "client": {"base_url": "http://probe.invalid"}, "resources": [resource]}
    description = ApiDescription.model_validate(described)
    one = description.resources_in_full[table]
    sent = [{"key": key, **{name: _EDGES[name].sent for name in names}} for key in keys]

    def rows() -> Iterator[Any]:
        normalize = dlt.current.source_schema().naming.normalize_path
        batches = Batches(one, table, KnownTable(normalize), Receipt(), takes_values=profile.takes_json_as_values)
        batches.add(sent)
        yield from emit(batches, one)

    with TemporaryDirectory() as folder, undisturbed():
        pipeline = dlt.pipeline(
            f"{dataset}__{table}", pipelines_dir=folder, destination=profile.destination, dataset_name=dataset
        )
        source = build_source(description, one, rows, "append")
        try:
            pipeline.run(source, loader_file_format=profile.loader_file_format)  # type: ignore[arg-type]
            with table_rows(pipeline) as opened:
                listed = ", ".join(opened.column(name) for name in columns)
                found = opened.select(f"SELECT {listed} FROM {opened.qualified(table)}")
                key = opened.column("key")
                by_key = f"SELECT {key} FROM {opened.qualified(table)} GROUP BY {key}"
                [(different,)] = opened.select(f"SELECT COUNT(*) FROM ({by_key}) by_key")
        except BaseException:
            # Why it failed is to be told, and not that there is nothing to take away.
            with suppress(DatabaseException):
                _clean_up(pipeline, table, schema_name(description, one))
            raise
        _clean_up(pipeline, table, schema_name(description, one))
    return {
        **{name: list(values) for name, values in zip(columns, zip(*found, strict=True), strict=True)},
        "keys": [different],
    }


def _clean_up(pipeline: Pipeline, table: str, schema: str) -> None:
    with table_rows(pipeline) as rows:
        rows.client.drop_tables(rows.name_of(table))
        for name, column, value in (
            ("_dlt_version", "schema_name", schema),
            ("_dlt_loads", "schema_name", schema),
            ("_dlt_pipeline_state", "pipeline_name", pipeline.pipeline_name),
        ):
            where = f"{rows.column(column)} = %s"
            rows.client.execute_sql(f"DELETE FROM {rows.qualified(name)} WHERE {where}", value)


def _fingerprint(profile: DestinationProfile, dataset: str) -> str:
    client = profile.client(dataset)
    way = (profile.kind, profile.name, profile.loader_file_format)
    said = (*way, client.config.fingerprint(), dataset, dlt.__version__)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _read(kept: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
