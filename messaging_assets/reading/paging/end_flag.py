"""A value in an answer that says whether the page is the last one: the file's `end_path` and `end_value`."""

from __future__ import annotations

from typing import Any

from messaging_assets.description.pagination import PaginatorDescription
from messaging_assets.foundation import json_paths
from messaging_assets.seams.dlt_values import str2bool


class EndFlag:
    """Reads the flag, page by page.

    Args:
        description: the paginator as the file has it.

    Attributes:
        is_last: whether the page that came last says that it is the last; None where it says nothing.
        is_seen: whether any page said anything.
        is_unreadable: whether the page that came last holds something there that is no truth value.
    """

    def __init__(self, description: PaginatorDescription) -> None:
        self._path, self._value = description.end_path, description.end_value
        self.is_last: bool | None = None
        self.is_seen = self.is_unreadable = False

    def read(self, body: Any) -> bool | None:
        """What an answer's parsed JSON says of its being the last page."""
        found = [one for one in json_paths.find_values(self._path, body) if one is not None] if self._path else []
        self.is_unreadable, self.is_last = False, None
        if found:
            self.is_last = self._is_end(found[0])
            self.is_seen = True
        return self.is_last

    @property
    def is_missing(self) -> bool:
        """Whether the file names a place, and nothing was ever there."""
        return self._path is not None and not self.is_seen

    def _is_end(self, value: Any) -> bool | None:
        if not isinstance(self._value, bool):
            return str(value) == str(self._value)
        truth = _truth(value)
        self.is_unreadable = truth is None
        return None if truth is None else truth is self._value


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    try:
        return bool(str2bool(value)) if isinstance(value, str) else None
    except ValueError:
        return None
