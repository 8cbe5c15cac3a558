"""The first rows of a table for its asset's page: few, short, and without what is sensitive."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any

from dagster import MarkdownMetadataValue

from messaging_assets.description.parents import is_sensitive
from messaging_assets.foundation.redaction import MASK, Redaction
from messaging_assets.tables.loaded_table import LoadedTable

# Events are kept for ever, so that a preview must stay small.
_WIDEST_CELL, _MOST_COLUMNS = 40, 30
# The UI shows Markdown of less than 1,000 characters in the page, where a wide table pushes the verdict out of sight;
# what is longer lies behind a button.
_WIDEST_IN_PAGE, _BEHIND_BUTTON = 60, 1_000
# An API's text is no markup: an image in it would be fetched by whoever looks at the page.
_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")


def table_preview(
    table: LoadedTable, rows: int, sensitive: Collection[str], redaction: Redaction
) -> MarkdownMetadataValue | None:
    """Some rows as a Markdown table; None where there is no row.

    Args:
        table: the loaded table.
        rows: how many rows at most.
        sensitive: columns whose values are masked, from `sensitive_columns`.
        redaction: knows the secrets.
    """
    names, found = table.first_rows(rows)
    shown = [place for place, name in enumerate(names) if not name.lower().startswith("_dlt_")][:_MOST_COLUMNS]
    if not found or not shown:
        return None
    hidden = {place for place in shown if is_sensitive(names[place], sensitive)}
    lines = [
        [cell(names[place], redaction) for place in shown],
        *([_masked(row[place], place in hidden, redaction) for place in shown] for row in found),
    ]
    head, *body = (_line([_MARKUP.sub(r"\\\g<0>", text) for text in line]) for line in lines)
    text = "\n".join([head, _line(["---"] * len(shown)), *body])
    is_wide = max(map(len, [head, *body])) > _WIDEST_IN_PAGE
    return MarkdownMetadataValue(text.ljust(_BEHIND_BUTTON) if is_wide else text)


def cell(value: Any, redaction: Redaction) -> str:
    """A value on one line without secrets, cut where it is long; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"{len(value)} bytes"
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False).strip('"')
    return redaction.short(text, _WIDEST_CELL)


def _masked(value: Any, is_hidden: bool, redaction: Redaction) -> str:
    return MASK if is_hidden and value is not None else cell(value, redaction)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
