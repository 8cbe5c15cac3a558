"""One stream, read by the peer's own reader."""

from __future__ import annotations

import copy
import logging
from typing import Any

from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

_MOST_ROWS = 200_000


def source_of(manifest: dict[str, Any], config: dict[str, Any], catalog: Any = None, state: Any = None) -> Any:
    """The peer's source for a manifest."""
    return ConcurrentDeclarativeSource(catalog, config, state, source_config=copy.deepcopy(manifest))


def read_stream(
    manifest: dict[str, Any], config: dict[str, Any], name: str, states: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The rows of a stream, or why the peer cannot read it.

    Args:
        manifest: the manifest.
        config: what its users give.
        name: the stream's name.
        states: the last state of each stream by its name, where it begins, and which is put there at the end.
    """
    stream = AirbyteStream(
        name=name, json_schema={}, supported_sync_modes=[SyncMode.full_refresh, SyncMode.incremental]
    )
    chosen = ConfiguredAirbyteStream(
        stream=stream, sync_mode=SyncMode.incremental, destination_sync_mode=DestinationSyncMode.append
    )
    catalog = ConfiguredAirbyteCatalog(streams=[chosen])
    rows: list[dict[str, Any]] = []
    errors: list[str] = []
    try:
        was = [states[name]] if states and name in states else None
        source = source_of(manifest, config, catalog, was)
        # The others may be of code that this environment has not.
        kept = [one for one in source._source_config["streams"] if one.get("name") == name]
        source._source_config["streams"] = kept
        for message in source.read(logging.getLogger("peer"), config, catalog, was):
            if message.type == Type.RECORD:
                rows.append(message.record.data)
            elif message.type == Type.STATE and states is not None:
                states[name] = message.state
            elif message.type == Type.TRACE and message.trace.error:
                errors.append(str(message.trace.error.internal_message or message.trace.error.message)[:300])
            if len(rows) > _MOST_ROWS:
                errors.append("too many rows")
                break
    except BaseException as error:  # noqa: BLE001 - whatever the peer raises is its answer
        errors.append(f"{type(error).__name__}: {str(error)[:300]}")
    return {"rows": rows, "errors": list(dict.fromkeys(errors))}
