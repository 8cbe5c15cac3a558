"""A Sling API spec -> an API file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.outcome import Converted


def from_spec(spec: Mapping[str, Any], converted: Converted) -> None:
    """Fill an API in from a spec."""
    raise NotImplementedError
