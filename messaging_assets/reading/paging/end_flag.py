"""Values in an answer that say whether the page is the last one: the file's `end_path`, and its `has_more_path`."""

from __future__ import annotations

from typing import Any

from messaging_assets.description.pagination import PaginatorDescription
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
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
        found = json_paths.find_values(self._path, body) if self._path else []
        if self._value is not None:
            found = [one for one in found if one is not None]
        self.is_unreadable, self.is_last = False, None
        if found:
            self.is_last = self._is_end(found[0])
            self.is_seen = True
        return self.is_last

    @property
    def missing(self) -> str | None:
        """That the file names a place at which nothing ever was, as a clause; None where that is not so."""
        if self._path is None or self.is_seen:
            return None
        return f"nothing was ever at end_path '{self._path}'; correct it in the file, or take it out"

    def odd(self, page: int, asset: str) -> MendDescription:
        """What to raise when a page holds no truth value there."""
        return MendDescription(
            f"end_path '{self._path}' holds no truth value on page {page}",
            "write in end_value what means the end",
            where=asset,
        )

    def _is_end(self, value: Any) -> bool | None:
        if self._value is None:
            return value is None
        if not isinstance(self._value, bool):
            return str(value) == str(self._value)
        truth = _truth(value)
        self.is_unreadable = truth is None
        return None if truth is None else truth is self._value


class MoreFlag:
    """Reads the file's `has_more_path`, page by page.

    Args:
        description: the paginator as the file has it.

    Attributes:
        is_unreadable: whether the page that came last holds something there that is no truth value.
    """

    def __init__(self, description: PaginatorDescription) -> None:
        self._path: str | None = description.has_more_path
        self._is_written = "has_more_path" in description.model_fields_set
        self._is_seen = self.is_unreadable = False

    def read(self, body: Any) -> bool | None:
        """Whether an answer's parsed JSON says that there is more; None where it says nothing."""
        found = json_paths.find_values(self._path, body) if self._path is not None else []
        self._is_seen = self._is_seen or bool(found)
        truth = _truth(found[0]) if found else None
        self.is_unreadable = bool(found) and truth is None
        return truth

    @property
    def is_decisive(self) -> bool:
        """Whether it was there, or the file says with `has_more_path: null` that no sign of more is believed."""
        return self._is_written and (self._path is None or self._is_seen)

    def odd(self, page: int, asset: str) -> MendDescription:
        """What to raise when a page holds no truth value there."""
        return MendDescription(
            f"has_more_path '{self._path}' holds no truth value on page {page}",
            "correct the paginator in the file",
            where=asset,
        )


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool) or value in (0, 1):
        return bool(value)
    try:
        return bool(str2bool(value)) if isinstance(value, str) else None
    except ValueError:
        return None
