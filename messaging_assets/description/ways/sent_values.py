"""How values of a request are written: as APIs write them, where Python or dlt would write them otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def as_written(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Parameters, a form or headers with truth values and numbers as APIs write them, where Python would write True.

    Args:
        values: as the file has them; None for none.

    Returns:
        Texts, in which dlt takes doubled braces for themselves.
    """
    if values is None:
        return None
    return {name: _as_text(value) if _is_dlts(value) else _in_query(value) for name, value in values.items()}


def _is_dlts(value: Any) -> bool:
    return not isinstance(value, dict) or value.get("type") in ("incremental", "resolve")


def _in_query(value: Any) -> str:
    """An object as APIs that take one in a parameter want it, as JSON; dlt takes a single brace for a placeholder's."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub(
        r"(\{(?:resources|incremental|window|partition)\.[^{}\"]+\})|([{}])",
        lambda found: found[1] or found[2] * 2,
        text,
    )


def _as_text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_as_text(one) for one in value]
    return str(value).lower() if isinstance(value, (bool, int, float)) else value
