"""How far each list of a resource has come: one high-water mark, and for a child one for each parent.

A mark that all parents shared would lose rows: a message that comes late to a quiet channel is older than the newest
one of a busy channel. What a mark means (lag, open and closed ends, rows at the boundary) is dlt's own code; how
texts compare is not, because dlt takes 10:00:00.5Z for less than 10:00:00Z, and "10" for less than "9".

A mark says what to ask for. A merge loads what the API chose to send then, but for what it has loaded to the letter: a
row with the mark's own value may have changed since, and one that looks older may be newer by a clock that was set
back. An append leaves out what is behind its mark, which it would have twice; so does a merge where the API is not told
of the mark and sends everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from copy import copy
from datetime import datetime, timezone
from decimal import Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from dlt.extract.incremental import Incremental
from dlt.extract.incremental.exceptions import (
    IncrementalCursorInvalidCoercion,
    IncrementalCursorPathHasValueNone,
    IncrementalCursorPathMissing,
)
from dlt.extract.incremental.transform import JsonIncremental

from messaging_assets import api_description as described
from messaging_assets import json_paths
from messaging_assets.failures import MendDescription

# Marks of so many parents that no longer come are kept, for those that come back.
GONE_KEPT = 1_000
# Under this name a mark keeps how far a read in doubt reached.
_HELD = "messaging_assets_held"
_OURS = {"type", "start_param", "end_param", "convert"}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?)?(Z|[+-]\d\d:?\d\d)?")
_FILLED = re.compile(r"\{incremental\.((?:start|last|initial|end)_value)(?::([^{}]*))?\}")


class CursorText(str):
    """A text that compares as what it means: a number, a moment, else its letters."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _meanings(self, other) == 0

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: str) -> bool:
        return _meanings(self, other) < 0 if isinstance(other, str) else NotImplemented

    def __le__(self, other: str) -> bool:
        return _meanings(self, other) <= 0 if isinstance(other, str) else NotImplemented

    def __gt__(self, other: str) -> bool:
        return _meanings(self, other) > 0 if isinstance(other, str) else NotImplemented

    def __ge__(self, other: str) -> bool:
        return _meanings(self, other) >= 0 if isinstance(other, str) else NotImplemented


def _meanings(one: str, other: str) -> int:
    """Less than, equal to or greater than 0, as the one is to the other."""
    left, right = str(one), str(other)
    # Most cursors are written in one way, whose letters say it all.
    if len(left) == len(right) and left.endswith("Z") and right.endswith("Z"):
        return _order(left, right)
    for meaning in (_number, _moment):
        meant = meaning(left), meaning(right)
        if None not in meant:
            return _order(*meant)
    return _order(left, right)


def _order(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=4096)
def _moment(text: str) -> tuple[datetime, str] | None:
    """The second and the digits behind it, of which Python keeps six; without a zone it is UTC."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, time, digits, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        second = datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}")
    except ValueError:
        return None
    return second.astimezone(timezone.utc), (digits or "").rstrip("0")


class _Rows(JsonIncremental):
    """dlt's judgement of rows, with texts that compare as what they mean."""

    _width = 0

    def find_cursor_value(self, row: Any) -> Any:
        value = super().find_cursor_value(row)
        if type(value) is not str:
            return value
        self._width = self._width or len(value)
        # Moments that are all written in one way compare by their letters, five times as fast.
        return value if len(value) == self._width and value[-1:] == "Z" else CursorText(value)


class _Cursor(Incremental[Any]):
    """dlt's cursor, with a state of its own in place of the resource's."""

    own_state: dict[str, Any] | None = None

    def get_state(self) -> Any:
        return super().get_state() if self.own_state is None or self.end_value is not None else self.own_state

    def _get_transform(self, items: Any) -> Any:
        return self._make_or_get_transformer(_Rows)


def _comparable(value: Any) -> Any:
    return CursorText(value) if type(value) is str else value


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


class ListCursor:
    """The cursor of one list: where its read starts, which of its rows are newer, and how far they reach.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        blank: the same as dlt has it.
        mark: how far an earlier read came.
        takes_repeats: whether rows that were loaded before may be loaded again.
        is_asked_for: whether the API is told of the mark, and so chose what it sends.
    """

    def __init__(
        self,
        asset: str,
        own: described.Incremental,
        blank: Any,
        mark: Mapping[str, Any] | None,
        takes_repeats: bool,
        is_asked_for: bool,
    ) -> None:
        self._asset, self._own, self._is_behind = asset, own, False
        start = _comparable(mark["last_value"] if mark else own.initial_value)
        hashes = list(mark["unique_hashes"]) if mark else []
        self._state = {
            "initial_value": _comparable(own.initial_value),
            "last_value": start,
            "start_value": start,
            "unique_hashes": hashes,
        }
        # A copy, because dlt parses the path anew for each new one, which takes longer than a page.
        self._cursor = copy(blank)
        self._cursor._transformers = {}
        self._cursor.own_state = self._state
        # dlt would close the whole pipe behind the newest rows; here one list is closed, by its paginator.
        self._cursor.bind(SimpleNamespace(name=asset, has_parent=True))
        self._takes_late = takes_repeats and is_asked_for and not own.row_order

    @property
    def values(self) -> dict[str, Any]:
        """What `{incremental.<name>}` means in a request for this list."""
        names = ("start_value", "last_value", "initial_value", "end_value")
        values = {name: _plain(getattr(self._cursor, name)) for name in names}
        convert = self._own.convert
        return {name: convert(value) if convert and value is not None else value for name, value in values.items()}

    @property
    def is_past(self) -> bool:
        """Whether rows come in the order of the cursor and those that follow are out of its range."""
        return self._is_behind if self._own.row_order == "desc" else bool(self._cursor.can_close())

    @property
    def mark(self) -> dict[str, Any] | None:
        """How far the rows reach that came so far; None where they say no more than the file."""
        last, hashes = _plain(self._state["last_value"]), self._state["unique_hashes"]
        if last is None or (last == self._own.initial_value and not hashes):
            return None
        initial = self._own.initial_value
        return {"initial_value": initial, "last_value": last, "start_value": last, "unique_hashes": hashes}

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
            if self._takes_late and len(newer) < len(rows):
                taken = set(map(id, newer))
                newer = [row for row in rows if id(row) in taken or self._is_late(row)]
            return newer
        raise MendDescription(f"{self._asset}: {why}, so what is new cannot be told; {step}.")

    def _is_late(self, row: Any) -> bool:
        """Whether a row is older than the mark, and not than what the file itself begins with."""
        start, found = self._cursor.start_value, json_paths.find_values(self._own.cursor_path, row)
        value, least = (_comparable(found[0]) if found else None), _comparable(self._own.initial_value)
        return self._is_older(value, start) and not self._is_older(value, least)

    def _is_older(self, value: Any, start: Any) -> bool:
        if value is None or start is None or value == start:
            return False
        return bool(self._cursor.last_value_func((value, start)) == start)

    def _is_before_start(self, row: Any) -> bool:
        """Whether a row is truly behind the start; dlt closes at one that equals it, where a new one may follow."""
        start, found = self._cursor.start_value, json_paths.find_values(self._own.cursor_path, row)
        value = _comparable(found[0]) if found else None
        return self._own.row_order == "desc" and self._is_older(value, start)


class CursorMarks:
    """The marks of a resource's lists, by the list's name.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        keys: the fields that tell a list's rows apart.
        kept: the marks as the last committed load left them; never changed.
        takes_repeats: whether rows that were loaded before may be loaded again, because they are merged.
        is_asked_for: whether the API is told of the marks.
    """

    def __init__(
        self,
        asset: str,
        own: described.Incremental,
        keys: tuple[str, ...],
        kept: Mapping[str, Any],
        takes_repeats: bool = False,
        is_asked_for: bool = False,
    ) -> None:
        self._asset, self._own, self._kept = asset, own, kept
        self._takes_repeats, self._is_asked_for = takes_repeats, is_asked_for
        settings = own.model_dump(exclude_unset=True, exclude=_OURS)
        # Without a key dlt compares whole rows at the mark.
        self._blank = _Cursor(**{"primary_key": None if takes_repeats else list(keys) or None, **settings})
        self._open: dict[str, ListCursor] = {}
        self._reached: dict[str, dict[str, Any] | None] = {}

    def cursor(self, name: str) -> ListCursor:
        """The cursor of a list that is about to be read."""
        if name not in self._open:
            self._open[name] = ListCursor(
                self._asset, self._own, self._blank, self._kept.get(name), self._takes_repeats, self._is_asked_for
            )
        return self._open[name]

    def close(self, name: str, moves: bool, is_in_doubt: bool = False) -> None:
        """A list is over.

        Args:
            name: which one.
            moves: whether its rows move its mark.
            is_in_doubt: whether it moved while it was read, so that rows of its range may be missing. A merge then asks
                for that range once more: its mark goes only as far as the read before reached.
        """
        cursor, kept = self._open.pop(name, None), self._kept.get(name)
        reached = cursor.mark if cursor and moves else kept
        if is_in_doubt and self._takes_repeats and reached is not None and reached is not kept:
            start = self._own.initial_value
            blank = {"initial_value": start, "last_value": start, "start_value": start, "unique_hashes": []}
            before = (kept or {}).get(_HELD) or kept or blank
            reached = {**before, _HELD: reached}
        self._reached[name] = reached

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


def is_asked_for(endpoint: described.Endpoint, cursor: described.Incremental) -> bool:
    """Whether a request takes the cursor's value, in a parameter of its own or anywhere else."""
    written = repr([endpoint.path, endpoint.params, endpoint.json_body, endpoint.data, endpoint.headers])
    return cursor.start_param is not None or "{incremental." in written


def with_bounds(params: Mapping[str, Any], cursor: described.Incremental) -> dict[str, Any]:
    """The parameters with those that the cursor's start and end go into."""
    bounds = {cursor.start_param: "{incremental.start_value}", cursor.end_param: "{incremental.end_value}"}
    return {**params, **{name: value for name, value in bounds.items() if name}}


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """A part of a request with `{incremental.<name>}` filled in; parameters that are left without a value go."""
    if isinstance(value, Mapping):
        parts = {name: filled(one, values) for name, one in value.items()}
        return {name: one for name, one in parts.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [filled(one, values) for one in value]
    if not isinstance(value, str) or not (found := _FILLED.findall(value)):
        return value
    if any(values[name] is None for name, _ in found):
        return None
    if len(found) == 1 and _FILLED.fullmatch(value) and not isinstance(values[found[0][0]], str) and not found[0][1]:
        return values[found[0][0]]
    # dlt looks for placeholders once more, and takes doubled braces for themselves.
    return _FILLED.sub(lambda one: format(values[one[1]], one[2] or "").replace("{", "{{").replace("}", "}}"), value)


def no_start(asset: str) -> str:
    """What to tell when a path cannot leave the cursor's value out."""
    return f"{asset}: the path takes the cursor's value, and a list that is new has none; give it an initial_value."


def _without_none(marks: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mark for name, mark in marks.items() if mark is not None}
