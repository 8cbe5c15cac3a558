"""One JSON text a line, as NDJSON and JSON Lines have it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from messaging_assets.answers.bad_lines import BadLine
from messaging_assets.answers.formats.json_text import Unreadable, parse


def records_of_lines(lines: Iterable[bytes]) -> Iterator[Any]:
    """Lines, with their ends, as records. Empty ones are none; one that is no JSON is set aside.

    Raises:
        Unreadable: the last line is cut off, or no line is JSON.
    """
    is_any_good, is_any_bad = False, False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = parse(line, None)
        except Unreadable as unreadable:
            if not line.endswith(b"\n"):
                raise Unreadable("NDJSON that is cut off in its last line") from None
            is_any_bad = True
            yield BadLine([line[:-1].decode("utf-8", "replace")], str(unreadable), f"line {number}")
            continue
        is_any_good = True
        yield record
    if is_any_bad and not is_any_good:
        raise Unreadable("lines of which none is JSON")


def with_numbers_as_written(body: bytes, is_lines: bool) -> Any:
    """A JSON text, or one a line, in which a broken number is a text, digit by digit; it was read once already."""
    if not is_lines:
        return json.loads(body, parse_float=str)
    return [json.loads(line, parse_float=str) for line in body.split(b"\n") if line.strip()]
