"""Each word of an API file with a value of another kind than it takes: told with its place, and never a traceback."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml

from messaging_assets.files.described import described
from messaging_assets.files.json_schema import file_schema
from messaging_assets.files.yaml_lines import read_yaml

ODD: list[Any] = [{"zz": 1}, [{"zz": 1}], "zz zz", -5, True, "", 3.5, [], {"type": ["x"]}, float("inf"), "{{"]
RESOURCE = ("resources", 0)
ENDPOINT = (*RESOURCE, "endpoint")
JOB, TIMES = {"poll": "/exports/{job.id}"}, {"type": "daily", "start": "2025-01-01", "start_param": "s", "column": "at"}
CURSOR, MARK = {"cursor_path": "at"}, {"path": "/start", "cursor_path": "at"}
# Where a model's words stand, and the least that stands beside them.
PLACES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "": ((), {}),
    "Client": (("client",), {"base_url": "https://api.example.com"}),
    "Timeout": (("client", "timeout"), {}),
    "Resource": (RESOURCE, {"name": "users"}),
    "Endpoint": (ENDPOINT, {"path": "/users"}),
    "Format": ((*ENDPOINT, "format"), {"type": "csv"}),
    "Job": ((*ENDPOINT, "job"), JOB),
    "Incremental": ((*ENDPOINT, "incremental"), CURSOR),
    "FirstMark": ((*ENDPOINT, "incremental", "first_mark"), MARK),
    "ErrorHandler": ((*ENDPOINT, "error_handler"), {}),
    "Column": ((*RESOURCE, "columns", "at"), {}),
    "Partitions": ((*RESOURCE, "partitions"), TIMES),
    "Schedule": (("schedule",), {"cron": "0 * * * *"}),
    "Automation": ((*RESOURCE, "automation"), {"condition": "eager"}),
    "OffsetPaginator": ((*ENDPOINT, "paginator"), {"type": "offset", "limit": 5}),
    "CursorPaginator": ((*ENDPOINT, "paginator"), {"type": "cursor"}),
    "SessionAuth": (("client", "auth"), {"type": "session", "login": {"path": "/login"}, "headers": {"X": "token"}}),
}


def put(raw: Any, place: tuple[Any, ...], value: Any) -> None:
    """Put a value at a place, and what it stands in."""
    for step in place[:-1]:
        raw = raw[step] if isinstance(step, int) else raw.setdefault(step, {})
    raw[place[-1]] = value


@pytest.mark.sampled(8)
@pytest.mark.parametrize("model", PLACES)
def test_a_value_of_another_kind_is_told_with_its_place(model: str) -> None:
    place, beside = PLACES[model]
    schema = file_schema()
    words = (schema["$defs"][model] if model else schema)["properties"]
    assert words
    for word in words:
        told = 0
        for odd in ODD:
            raw: dict[str, Any] = {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "users"}]}
            if place:
                put(raw, place, deepcopy(beside))
            put(raw, (*place, word), deepcopy(odd))
            found = described(read_yaml(yaml.safe_dump(raw)), "chat", None)
            sentences = [one for error in found.broken.values() for one in error.problems]
            told += bool(sentences)
            assert not any("Input should" in one.message or "Value error" in one.message for one in sentences)
        assert told, f"{model}.{word} took all of {ODD}"
