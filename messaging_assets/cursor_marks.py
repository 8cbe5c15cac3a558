"""How far each list of a child resource has come: one high-water mark a parent, where dlt keeps one a resource.

A mark that all parents shared would lose rows: a message that comes late to a quiet channel is older than the newest
one of a busy channel. What a mark means (lag, open and closed ends, rows at the boundary) is dlt's own code.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from types import SimpleNamespace
from typing import Any

from dlt.extract.incremental import Incremental
from dlt.extract.incremental.exceptions import (
    IncrementalCursorInvalidCoercion,
    IncrementalCursorPathHasValueNone,
    IncrementalCursorPathMissing,
)

from messaging_assets import api_description as described
from messaging_assets import json_paths
from messaging_assets.failures import MendDescription

# Marks of so many parents that no longer come are kept, for those that come back.
GONE_KEPT = 1_000
_OURS = {"type", "start_param", "end_param", "convert"}


class ListCursor:
    """The cursor of one list: where its read starts, which of its rows are newer, and how far they reach.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        blank: the same as dlt has it.
        mark: how far an earlier read came.
    """

    def __init__(self, asset: str, own: described.Incremental, blank: Any, mark: Mapping[str, Any] | None) -> None:
        self._asset, self._own, self._is_behind = asset, own, False
        start = mark["last_value"] if mark else own.initial_value
        hashes = list(mark["unique_hashes"]) if mark else []
        self._state = {
            "initial_value": own.initial_value,
            "last_value": start,
            "start_value": start,
            "unique_hashes": hashes,
        }
        # A copy, because dlt parses the path anew for each new one, which takes longer than a page.
        self._cursor = copy(blank)
        self._cursor._transformers = {}
        if own.end_value is None:
            self._cursor.get_state = lambda: self._state
        # dlt would close the whole pipe behind the newest rows; here one list is closed, by its paginator.
        self._cursor.bind(SimpleNamespace(name=asset, has_parent=True))

    @property
    def values(self) -> dict[str, Any]:
        """What `{incremental.<name>}` means in a request for this list."""
        names = ("start_value", "last_value", "initial_value", "end_value")
        values = {name: getattr(self._cursor, name) for name in names}
        convert = self._own.convert
        return {name: convert(value) if convert and value is not None else value for name, value in values.items()}

    @property
    def is_past(self) -> bool:
        """Whether rows come in the order of the cursor and those that follow are out of its range."""
        return self._is_behind if self._own.row_order == "desc" else bool(self._cursor.can_close())

    @property
    def mark(self) -> dict[str, Any] | None:
        """How far the rows reach that came so far; None where they say no more than the file."""
        last, hashes = self._state["last_value"], self._state["unique_hashes"]
        if last is None or (last == self._own.initial_value and not hashes):
            return None
        return {"last_value": last, "unique_hashes": hashes}

    def newer(self, rows: list[Any], page: int) -> list[Any]:
        """The rows of a page that are not behind the mark.

        Raises:
            MendDescription: a row has no cursor value, or one that does not compare with the others.
        """
        try:
            newer = list(self._cursor(rows) or [])
        except (IncrementalCursorPathMissing, IncrementalCursorPathHasValueNone):
            step = "set on_cursor_value_missing to include or exclude, or correct cursor_path"
            why = f"a record on page {page} has no '{self._own.cursor_path}'"
        except IncrementalCursorInvalidCoercion:
            step = "write initial_value as the API writes the cursor, or run it with forget_state"
            why = (
                f"'{self._own.cursor_path}' on page {page} does not compare with initial_value or the last sync's value"
            )
        else:
            self._is_behind = bool(rows) and self._is_before_start(rows[-1])
            return newer
        raise MendDescription(f"{self._asset}: {why}, so what is new cannot be told; {step}.")

    def _is_before_start(self, row: Any) -> bool:
        """Whether a row is truly behind the start; dlt closes at one that equals it, where a new one may follow."""
        start, found = self._cursor.start_value, json_paths.find_values(self._own.cursor_path, row)
        if self._own.row_order != "desc" or start is None or not found or found[0] in (None, start):
            return False
        return bool(self._cursor.last_value_func((found[0], start)) == start)


class CursorMarks:
    """The marks of a resource's lists, by the list's name.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        keys: the fields that tell a list's rows apart.
        kept: the marks as the last committed load left them; never changed.
    """

    def __init__(self, asset: str, own: described.Incremental, keys: tuple[str, ...], kept: Mapping[str, Any]) -> None:
        self._asset, self._own, self._kept = asset, own, kept
        settings = own.model_dump(exclude_unset=True, exclude=_OURS)
        self._blank = Incremental(**{"primary_key": list(keys) or None, **settings})
        self._open: dict[str, ListCursor] = {}
        self._reached: dict[str, dict[str, Any] | None] = {}

    def cursor(self, name: str) -> ListCursor:
        """The cursor of a list that is about to be read."""
        if name not in self._open:
            self._open[name] = ListCursor(self._asset, self._own, self._blank, self._kept.get(name))
        return self._open[name]

    def close(self, name: str, moves: bool) -> None:
        """A list is over; `moves` says whether its rows move its mark."""
        cursor = self._open.pop(name, None)
        self._reached[name] = cursor.mark if cursor and moves else self._kept.get(name)

    def of_finished(self, names: Collection[str]) -> dict[str, Any]:
        """The marks once these lists are loaded, while others are still to come."""
        return {**self._kept, **_without_none({name: self._reached.get(name) for name in names})}

    def of_all(self, skipped: Collection[str]) -> dict[str, Any]:
        """The marks once everything is loaded; of parents that are gone, only the last ones.

        Args:
            skipped: lists that came too, but were read before.
        """
        came = {**{name: self._kept.get(name) for name in (*skipped, *self._open)}, **self._reached}
        gone = [name for name in self._kept if name not in came][-GONE_KEPT:]
        return {**{name: self._kept[name] for name in gone}, **_without_none(came)}


def cursor_of(endpoint: described.Endpoint) -> described.Incremental | None:
    """The endpoint's incremental, in either of dlt's spellings: a block of its own, or the value of a parameter."""
    for name, value in endpoint.params.items():
        if isinstance(value, dict) and value.get("type") == "incremental":
            settings = {key: one for key, one in value.items() if key != "type"}
            return described.Incremental.model_validate({**settings, "start_param": name})
    return endpoint.incremental


def _without_none(marks: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mark for name, mark in marks.items() if mark is not None}
