"""Whether a page was cut between records that share the value by which the next page is asked for.

Where the API sends only what lies behind that value, the others that share it never come.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from messaging_assets.foundation import json_paths


class Boundary:
    """The field of the outermost record by which the next page is asked for, page by page.

    Args:
        path: the paginator's path to it, such as `data[-1].ts`; None where the token is no record's.
    """

    def __init__(self, path: str | None) -> None:
        self._is_last = "[-1]" in (path or "")
        records, _, field = (path or "").partition("[-1]" if self._is_last else "[0]")
        # As one path with a wildcard, it would take longer to find them than to parse the page.
        self._records = (records or "$") if path else None
        self._field = f"${field}"
        self._shared: Any = None
        self._is_shared = self._was_full = False
        self._cut_on: int | None = None

    def page(self, body: Any, number: int, is_full: bool) -> None:
        """Note a page.

        Args:
            body: the answer, as parsed.
            number: the page's number.
            is_full: whether it has as many rows as a page can have.
        """
        if self._records is None:
            return
        values = self._values(self._records, body)
        outermost = list(islice(values, 2))
        # An empty page behind a short one is the plain end.
        may_be_behind = self._is_shared and (bool(outermost) or self._was_full)
        if may_be_behind and self._cut_on is None and self._shared not in chain(outermost, values):
            self._cut_on = number - 1
        self._is_shared = len(outermost) == 2 and outermost[0] == outermost[1]
        self._shared = outermost[0] if outermost else None
        self._was_full = is_full

    def _values(self, records: str, body: Any) -> Iterator[Any]:
        """The field's values on a page, from the outermost record on."""
        step = -1 if self._is_last else 1
        for rows in json_paths.find_values(records, body)[::step]:
            for row in rows[::step] if isinstance(rows, list) else ():
                yield from json_paths.find_values(self._field, row)[::step]

    def said(self) -> str | None:
        """That records may have been skipped, as a clause; None where nothing says so."""
        if self._cut_on is None:
            return None
        return (
            f"page {self._cut_on} ended between records that share the value by which the next one was asked for, and "
            "none of them came again; name a field in cursor_path that no two records share"
        )
