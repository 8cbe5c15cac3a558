"""A sync's receipt as Dagster's metadata, and what is read back from the metadata that Dagster has stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from dagster import AssetKey, DagsterInstance, MetadataValue

from messaging_assets.description.api import ApiDescription
from messaging_assets.description.windows import Window
from messaging_assets.reading.receipt import Finding, ReadResult, Receipt, Verdict
from messaging_assets.seams.dagster_inside import normalize_metadata
from messaging_assets.tables.notes.sync_history import HistoryRow, file_version

_PREFIX = "messaging_assets/"
_HELD = "rows dated after the sync's start are loaded and move no mark, which would skip what comes until then"
_HELD_LOW = "rows may have changed while the list was read, so the next sync asks for its newest rows once more"
_NUMBERS = (
    "rows_read",
    "distinct_keys",
    "duplicates",
    "rows_loaded",
    "rows_set_aside",
    "pages",
    "passes",
    "requests",
    "empty_requests",
    "retries",
    "waited_seconds",
    "mean_in_flight",
    "most_in_flight",
    "bytes",
    "values_rounded",
    "values_dropped",
    "values_split",
)
# Those of them, and of what was taken out, that the destination's history has.
_COUNTED = ("rows_read", "rows_loaded", "rows_set_aside", "rows_deleted", "requests", "retries")
# Those that an alert tells.
_TOLD = ("rows_read", "rows_loaded", "rows_set_aside", "requests", "retries")
# Left out where they are None.
_OPTIONAL = (
    "hard_deleted",
    "maybe_deleted",
    "rows_filtered",
    "rows_made",
    "rows_before_mark",
    "rows_dated_ahead",
    "rows_api_says",
    "limit",
    "parents",
    "parents_left_out",
    "parents_same",
    "parents_untold",
    "windows",
    "windows_halved",
    "resumed_rows",
    "rows_read_again",
    "not_resumed",
    "first_cursor",
    "last_cursor",
    "not_modified",
    "validator",
)
_DATABASE = f"{_PREFIX}database"
_LONGEST_PLACE = 40
PARTITION_ROWS = "dagster/partition_row_count"
# What stands on top of a materialization's page; the receipt and what dlt did come below.
_FIRST = (
    "messaging_assets/verdict",
    "messaging_assets/verdict_reason",
    "dagster/row_count",
    # The UI gives a name 33 letters of room, and then writes it over the value.
    "messaging_assets/row_difference",
    PARTITION_ROWS,
    "dagster/table_name",
    _DATABASE,
    f"{_DATABASE}_in_full",
    "messaging_assets/seconds",
    "messaging_assets/requests",
    "messaging_assets/child_tables",
    "messaging_assets/preview",
)


def receipt_metadata(receipt: Receipt) -> dict[str, Any]:
    """The receipt as metadata of a materialization or failure, numbers as numbers, zero as zero."""
    counted: dict[str, Any] = {name: getattr(receipt, name) for name in (*_NUMBERS, *_OPTIONAL)}
    counted |= {
        "retries": sum(receipt.retries.values()),
        "waited_seconds": round(receipt.waited_seconds, 3),
        "mean_in_flight": round(receipt.mean_in_flight, 1),
        "hard_deleted": receipt.hard_deleted or None,
    }
    known = {name: value for name, value in counted.items() if value is not None}
    details = {
        "retry_reasons": receipt.retries,
        "set_aside_by_reason": receipt.set_aside,
        "split_by_column": receipt.split,
        "how_it_ended": receipt.ends,
        "jobs": receipt.jobs,
    }
    known |= {name: MetadataValue.json(dict(value)) for name, value in details.items() if value}
    if unseen := receipt.fields.told:
        known["fields_not_seen"] = unseen
    if receipt.rows_dated_ahead:
        known["mark_held"] = _HELD
    elif receipt.is_mark_held:
        known["mark_held"] = _HELD_LOW
    return {f"{_PREFIX}{name}": value for name, value in known.items()} | finding_metadata(receipt.finding)


def finding_metadata(finding: Finding) -> dict[str, Any]:
    """How complete a read was, and why, as metadata."""
    return {f"{_PREFIX}verdict": finding.verdict.words, f"{_PREFIX}verdict_reason": finding.reason}


def place_metadata(place: str) -> dict[str, Any]:
    """Where a table is; a long address is folded, because the UI makes its table as wide as the longest word.

    Args:
        place: the path of a file, or an address without secrets.
    """
    if len(place) <= _LONGEST_PLACE:
        return {_DATABASE: place}
    name = place.rstrip("/").rpartition("/")[2]
    return {_DATABASE: f"…/{name}", f"{_DATABASE}_in_full": MetadataValue.json({"address": place})}


def told_numbers(metadata: Mapping[str, Any], *more: str) -> dict[str, Any]:
    """What an alert tells of a sync: its verdict and counts, and no text of anybody else.

    Args:
        metadata: of a materialization or failure, as Dagster has stored it or is to store it.
        more: names of other numbers.
    """
    stored = {name: metadata.get(f"{_PREFIX}{name}") for name in ("verdict", *_TOLD, *more)}
    values = {name: getattr(one, "value", one) for name, one in stored.items()}
    verdicts = [verdict.words for verdict in Verdict]
    return {
        name: value
        for name, value in values.items()
        if (value in verdicts if name == "verdict" else isinstance(value, (int, float)))
    }


def history_row(
    description: ApiDescription,
    resource: str,
    window: Window | None,
    metadata: Mapping[str, Any],
    seconds: float,
    failure: str | None = None,
) -> HistoryRow:
    """What is kept of a sync in the destination's `sync_history`.

    Args:
        description: the API.
        resource: the resource's name.
        window: the window of time that was read, if it was one.
        metadata: the receipt as plain metadata without secrets.
        seconds: how long the sync took.
        failure: the sentence of a sync that failed.
    """
    found = {name: int(metadata.get(f"{_PREFIX}{name}") or 0) for name in (*_COUNTED, "hard_deleted")}
    found["rows_deleted"] += found.pop("hard_deleted")
    return HistoryRow(
        uuid4().hex,
        description.name,
        resource,
        "synced" if failure is None else "failed",
        datetime.now(timezone.utc),
        window,
        metadata.get(f"{_PREFIX}verdict"),
        failure or str(metadata.get(f"{_PREFIX}verdict_reason", "")),
        seconds=round(seconds, 3),
        file_version=file_version(description, resource),
        **found,
    )


def last_metadata(instance: DagsterInstance, key: AssetKey, number: int) -> list[dict[str, Any]]:
    """Metadata of an asset's last materializations as plain values, the newest first, padded with empty ones.

    Args:
        instance: where Dagster keeps them.
        key: the asset's.
        number: how many.
    """
    found = [
        {name: value.value for name, value in record.asset_materialization.metadata.items()}
        for record in instance.fetch_materializations(key, limit=number).records
        if record.asset_materialization
    ]
    return found + [{}] * (number - len(found))


def stored_result(metadata: Mapping[str, Any]) -> ReadResult | None:
    """What a stored materialization says of its read; None where there is none.

    Args:
        metadata: plain values by name.
    """
    words = metadata.get(f"{_PREFIX}verdict")
    if words is None:
        return None
    return ReadResult(
        Finding(Verdict.of_words(words), str(metadata.get(f"{_PREFIX}verdict_reason", ""))),
        rows_set_aside=int(metadata.get(f"{_PREFIX}rows_set_aside", 0)),
        rows_loaded=int(metadata.get(f"{_PREFIX}rows_loaded", 0)),
        split=dict(metadata.get(f"{_PREFIX}split_by_column") or {}),
        rows_then=int(metadata.get("dagster/row_count") or 0),
    )


def sum_of_loads(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """dagster-dlt's metadata of all parts: the last one's, with the rows of every part.

    dlt's list of its jobs names files that are gone by now, so it is left out.
    """
    rows = [part["rows_loaded"].value for part in parts if "rows_loaded" in part]
    return {
        **{name: value for name, value in parts[-1].items() if name != "jobs"},
        f"{_PREFIX}loads": len(parts),
        "rows_loaded": MetadataValue.int(sum(rows)),
        "first_run": parts[0].get("first_run"),
    }


def plain_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as plain values, whether it is about to be stored or was read back."""
    return {name: value.value for name, value in normalize_metadata(dict(metadata)).items()}


def in_order(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata in the reader's order."""
    return {name: metadata[name] for name in _FIRST if name in metadata} | dict(metadata)
