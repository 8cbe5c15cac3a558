"""Metadata without secrets: what an API echoes may be a cursor, a key or a row of a preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import (
    AssetCheckResult,
    JsonMetadataValue,
    MarkdownMetadataValue,
    MetadataValue,
    TextMetadataValue,
    UrlMetadataValue,
)

from messaging_assets.foundation.redaction import Redaction

# A sensor asks from here on, so that one with *** in it would be wrong.
_CURSORS = frozenset({"messaging_assets/first_cursor", "messaging_assets/last_cursor"})


def without_secrets(metadata: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    """The metadata with every text in it redacted; a cursor that holds a secret is left out.

    Args:
        metadata: plain values and Dagster's metadata values, by name.
        redaction: knows the secrets.
    """
    hidden = {redaction(name): _hidden(value, redaction) for name, value in metadata.items()}
    return {name: value for name, value in hidden.items() if name not in _CURSORS or value == metadata[name]}


def check_without_secrets(result: AssetCheckResult, redaction: Redaction) -> AssetCheckResult:
    """The check's result with every text in its metadata and description redacted."""
    description = redaction(result.description) if result.description else result.description
    return result._replace(metadata=without_secrets(result.metadata, redaction), description=description)


def _hidden(value: Any, redaction: Redaction) -> Any:
    if isinstance(value, JsonMetadataValue):
        return JsonMetadataValue(redaction.within(value.data))
    if isinstance(value, (TextMetadataValue, MarkdownMetadataValue, UrlMetadataValue)):
        return type(value)(redaction(value.value or ""))
    # Dagster's others hold numbers, keys and schemas, and would pass for tuples.
    return value if isinstance(value, MetadataValue) else redaction.within(value)
