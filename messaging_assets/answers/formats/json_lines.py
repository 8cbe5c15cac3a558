"""One JSON text a line, as NDJSON and JSON Lines have it."""

from __future__ import annotations

import json
from typing import Any

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.formats.json_text import Unreadable, parse
from messaging_assets.answers.formats.texts import Records


def json_lines(body: bytes) -> Records:
    """Its lines as records. Empty lines are none; a line that is no JSON is set aside.

    Args:
        body: the lines, in UTF-8.

    Raises:
        Unreadable: its last line is cut off, or no line of it is JSON.
    """
    records = Records()
    lines = body.split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            records.append(parse(line, None))
        except Unreadable as unreadable:
            if number == len(lines):
                raise Unreadable("NDJSON that is cut off in its last line") from None
            records.append(BadLine([line.decode("utf-8", "replace")], str(unreadable), f"line {number}"))
    if records and all(isinstance(one, BadLine) for one in records):
        raise Unreadable("lines of which none is JSON")
    return records


def with_numbers_as_written(body: bytes, is_lines: bool) -> Any:
    """A JSON text, or one a line, in which a broken number is a text, digit by digit; it was read once already."""
    if not is_lines:
        return json.loads(body, parse_float=str)
    return [json.loads(line, parse_float=str) for line in body.split(b"\n") if line.strip()]
