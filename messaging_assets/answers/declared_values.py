"""Values in an answer that the file names: what it calls an error, and where an action is to be taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from messaging_assets.description.api import ErrorInBody
from messaging_assets.foundation import json_paths


def is_error_at(declared: ErrorInBody, body: Any) -> bool:
    """Whether an answer holds what the file calls an error."""
    found = json_paths.find_values(declared.path, body)
    if declared.values is not None:
        return has_value(declared.path, declared.values, body)
    if "unless" in declared.model_fields_set:
        return not any(_is_same(value, declared.unless) for value in found)
    return any(value not in (None, False, "", [], {}) for value in found)


def has_value(path: str, values: Iterable[Any], body: Any) -> bool:
    """Whether one of some values is at a path; a number or truth value may be written as text."""
    found = json_paths.find_values(path, body)
    return any(_is_same(value, wanted) for value in found for wanted in values)


def _is_same(value: Any, wanted: Any) -> bool:
    if isinstance(value, (dict, list)):
        return False
    if value is None or wanted is None:
        return value is wanted
    return _as_text(value) == _as_text(wanted)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
