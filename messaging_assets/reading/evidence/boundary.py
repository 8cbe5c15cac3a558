"""Whether a page was cut between records that share the value by which the next page is asked for.

Where the API sends only what lies behind that value, the others that share it never come.
"""

from __future__ import annotations

from typing import Any

from messaging_assets.foundation import json_paths


class Boundary:
    """The field of the outermost record by which the next page is asked for, page by page.

    Args:
        path: the paginator's path to it, such as `data[-1].ts`; None where the token is no record's.
    """

    def __init__(self, path: str | None) -> None:
        self._place = "[-1]" if path and "[-1]" in path else "[0]"
        self._every = path.replace(self._place, "[*]", 1) if path else None
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
        if self._every is None:
            return
        values = json_paths.find_values(self._every, body)
        # An empty page behind a short one is the plain end.
        is_behind = self._shared not in values and (bool(values) or self._was_full)
        if self._is_shared and is_behind and self._cut_on is None:
            self._cut_on = number - 1
        outer, inner = (values[-1:], values[-2:-1]) if self._place == "[-1]" else (values[:1], values[1:2])
        self._is_shared, self._shared = bool(inner) and outer == inner, outer[0] if outer else None
        self._was_full = is_full

    def said(self) -> str | None:
        """That records may have been skipped, as a clause; None where nothing says so."""
        if self._cut_on is None:
            return None
        return (
            f"page {self._cut_on} ended between records that share the value by which the next one was asked for, and "
            "none of them came again; name a field in cursor_path that no two records share"
        )
