"""The identity of a description: the same in every process, another where what is asked for is another."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.foundation.identity import identity_of

PROGRAM = """
import re
from datetime import datetime
from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.identity import identity_of

def is_wanted(row, words={"a", "b", "c", "d"}):
    return row["kind"] in {"x", "y", "z", "w"} and [one for one in row["words"] if one in words]

def written(value):
    return value.isoformat() if isinstance(value, datetime) else str(value)

api = ApiDescription.model_validate({
    "name": "chat",
    "client": {"base_url": "https://chat.example.com", "headers": {"b": "1", "a": "2"}},
    "resources": [{
        "name": "messages", "primary_key": "id", "write_disposition": "merge",
        "processing_steps": [{"filter": is_wanted}, {"map": lambda row: {**row, "n": 1}}],
        "endpoint": {"path": "m", "incremental": {"cursor_path": "at", "last_value_func": max, "convert": written}},
    }],
})
found = identity_of(api, {"s", "t", "u", "v"}, re.compile("a+"), 1.5, None, b"x")
print(found.digest, found.is_certain)
"""


def test_it_is_the_same_in_interpreters_that_hash_otherwise(tmp_path: Path) -> None:
    program = tmp_path / "described.py"
    program.write_text(PROGRAM)
    said = {
        subprocess.run(
            [sys.executable, str(program)],
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said.pop().split()[1] == "True"


def _plus(number: int) -> Any:
    return lambda row: row + number


def _one(row: int) -> int:
    return row + 1


def _two(row: int) -> int:
    return row + 2


@pytest.mark.parametrize(
    "value", [_plus(1), functools.partial(_one, 1), [].append, object(), _plus], ids=lambda one: type(one).__name__
)
def test_what_a_function_closes_over_is_known_to_nobody(value: Any) -> None:
    assert identity_of([value]).is_certain is (value is _plus)
    assert identity_of([value]).digest == identity_of([value]).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (_one, _two),
        (_one, lambda row: row + 1),
        ({"a": 1}, {"a": "1"}),
        ({1: "a"}, {"1": "a"}),
        ({1, 2}, [1, 2]),
        ("1", 1),
        (True, 1),
        (None, "null"),
        (max, min),
        (str, int),
        ("ab", ["a", "b"]),
    ],
)
def test_what_differs_has_another(one: Any, other: Any) -> None:
    assert identity_of(one).digest != identity_of(other).digest


def test_the_order_of_a_mapping_is_no_difference() -> None:
    assert identity_of({"a": 1, "b": 2}) == identity_of({"b": 2, "a": 1})
