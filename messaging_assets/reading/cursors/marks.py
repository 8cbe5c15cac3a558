"""How far each list of a resource has come: one high-water mark, and for a child one for each parent.

A mark that all parents shared would lose rows. A message that comes late to a quiet channel is older than the newest
one of a busy channel.

What the words mean (lag, open and closed ends, rows at the boundary) is dlt's. How values compare is not
(`reading/cursors/order.py`): dlt takes 10:00:00.5Z for less than 10:00:00Z, and "10" for less than "9".

With `merge` we load every row that the API returns, except rows identical to ones already loaded. A row with the mark's
own value may have changed since. One that looks older may be newer, by a clock that was set back. An append leaves
out what is behind its mark, which it would have twice. So does a merge where the API is not told of the mark and sends
everything, unless the list is left behind its mark (`row_order: desc`).

There is one road for cursors: a list without a parent is the child of one nameless parent, so its name is empty. The
sensor goes the same road. Only one moment differs. A child's rows meet the cursor as they came (`reading/page.py`);
those of a list without a parent meet it behind its processing steps, as in dlt (`loading/passes/page_stream.py`).
Its mark is closed behind the last of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.description.incremental import CURSOR_VALUE, value_taken
from messaging_assets.description.jobs import gives_changes_alone
from messaging_assets.description.names import FIELDS_OF_REQUEST
from messaging_assets.description.ways.placeholders import is_moment_format, path_text
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors import mark as marked
from messaging_assets.reading.cursors.lists import ListCursor
from messaging_assets.reading.cursors.mark import LEFT_IN_DOUBT, SEEN, mark_in_answer
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.cursors.request_values import is_closed, is_sent_before
from messaging_assets.reading.cursors.time_range import TimeRange
from messaging_assets.reading.cursors.time_windows import TimeWindows

# Marks of so many parents that no longer come are kept, for those that come back.
GONE_KEPT = 1_000


@dataclass
class Seen:
    """What was odd of lists that are over.

    Args:
        rows_ahead: rows that came dated after the sync's start, and moved no mark.
        is_one_held: whether a list's mark did not go as far as its rows, so that some come again.
        is_one_missing: whether rows of a list came in answers without the cursor that should stand in them.
        is_start_left_out: whether a list did not have the rows again that stand at its mark.
        is_start_missing: whether it never had, although it was asked from an earlier moment on.
        is_start_seen: whether another one had, of the same API.
        is_mark_seen: whether one had a row again that stands at its mark, just as it was.
    """

    rows_ahead: int = 0
    is_one_held: bool = False
    is_one_missing: bool = False
    is_start_left_out: bool = False
    is_start_missing: bool = False
    is_start_seen: bool = False
    is_mark_seen: bool = False


class CursorMarks:
    """The marks of a resource's lists, by the list's name.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        keys: the fields that tell a list's rows apart.
        kept: the marks as the last committed load left them; never changed.
        takes_repeats: whether rows that were loaded before may be loaded again, because they are merged.
        is_asked_for: whether the API is told of the marks.
        now: when the sync began; no mark runs ahead of it.

    Attributes:
        seen: what was odd of the lists that are over.
        asked: the question that the marks are of, as it is stored beside them.
        first: the cursor that the API gave of its only list before the first read of it; None where it gave none.
        order: how values compare.
    """

    def __init__(
        self,
        asset: str,
        own: described.Incremental,
        keys: tuple[str, ...],
        kept: Mapping[str, Any],
        takes_repeats: bool = False,
        is_asked_for: bool = False,
        now: datetime | None = None,
    ) -> None:
        self._asset, self._own, self._kept, self._takes_repeats = asset, own, kept, takes_repeats
        self.order = order_of(own, now or datetime.now(timezone.utc))
        self._begin = partial(
            ListCursor, asset, own, self.order, keys, takes_repeats=takes_repeats, is_asked_for=is_asked_for
        )
        self.seen = Seen()
        self.asked: dict[str, Any] | None = None
        self.first: Any = None
        self._open: dict[str, ListCursor] = {}
        self._reached: dict[str, dict[str, Any] | None] = {}
        # Ranges that are read window by window: the one under way, and those that were left before their end.
        self._ranges: dict[str, TimeWindows] = {}

    def cursor(self, name: str) -> ListCursor:
        """The cursor of a list that is about to be read."""
        if name not in self._open:
            self._open[name] = self._begin(mark=self._kept.get(name))
            self._open[name].answer.first = self.first
        return self._open[name]

    def is_begun(self, name: str) -> bool:
        """Whether an earlier sync left a mark of a list."""
        return name in self._kept

    @property
    def wants_first(self) -> bool:
        """Whether the only list takes its first cursor from a request of its own, and has none yet."""
        return self._own.first_mark is not None and self._kept.get("", {}).get("last_value") is None

    def take_first(self, cursor: Any) -> None:
        """The API gave the first cursor of its only list, before that is read."""
        if gives_changes_alone(self._own.first_mark):
            self._kept = {"": mark_in_answer(self._own, cursor)}
        else:
            self.first = cursor

    @property
    def link(self) -> str | None:
        """The address at which the only list begins, which the last sync was given; None where the file says it."""
        # A first read in doubt leaves a mark that has not gone anywhere.
        link = self._kept.get("", {}).get("last_value")
        return None if link is None or self._own.cursor_in != "link" else str(link)

    @property
    def would_repeat(self) -> bool:
        """Whether rows of a list that moves no mark would be in the table twice with the next sync."""
        return not (self._takes_repeats or is_closed(self._own))

    def windows(self, name: str) -> TimeWindows:
        """The windows of the list that is read next.

        Raises:
            MendDescription: its range cannot be cut into windows.
        """
        made = TimeWindows(name, TimeRange(self._asset, self._own, self.order, self._kept.get(name)))
        self._ranges = {one: range_ for one, range_ in self._ranges.items() if not range_.is_read} | {name: made}
        return made

    def close(self, name: str, moves: bool, is_in_doubt: bool = False, is_resumed: bool = False) -> None:
        """A list is over.

        Args:
            name: which one.
            moves: whether its rows move its mark.
            is_in_doubt: whether rows of its range may be missing. A merge then asks for that range once more: its mark
                goes only as far as the read before reached. A mark that goes on says that it was in doubt.
            is_resumed: whether rows came before an interruption, of which this read knows nothing.
        """
        cursor, kept = self._open.pop(name, None), self._kept.get(name)
        reached, range_, before = cursor.mark if cursor and moves else kept, self._ranges.get(name), None
        if range_ is not None and not is_closed(self._own):
            reached = marked.farther(self.order, reached, range_.last_mark) if moves else range_.safe_mark
            before = range_.doubted
        reached = kept if cursor and cursor.answer.is_clock and is_resumed else reached
        self.seen.rows_ahead += cursor.rows_ahead if cursor else 0
        self.seen.is_mark_seen |= bool(cursor and cursor.known.have_come)
        self.seen.is_one_missing |= bool(cursor and moves and cursor.answer.is_missing)
        self.seen.is_start_left_out |= bool(cursor and moves and range_ is None and cursor.known.are_awaited)
        if cursor and moves and range_ is None and not is_resumed:
            self._note_start(cursor, kept)
        if is_in_doubt and (moves or self._takes_repeats) and not is_closed(self._own):
            reached = marked.doubted(self._own, self.order, reached, kept, before, self._takes_repeats)
        is_sure = moves and self._takes_repeats and not (is_in_doubt or is_resumed)
        range_of = cursor.range if is_sure and cursor and not cursor.answer.is_meant else None
        has_all = range_of is not None and range_of.has_all_from((kept or {}).get(LEFT_IN_DOUBT))
        self._reached[name] = marked.without_doubt(reached) if has_all else marked.with_doubt(reached, kept)
        self.seen.is_one_held |= bool(cursor and moves and SEEN in (self._reached[name] or {}))

    def hold(self) -> None:
        """Something is in doubt of the lists that are over, of all together."""
        sure = {name: mark for name, mark in self._reached.items() if mark is not None and marked.HELD not in mark}
        for name, mark in sure.items():
            kept = self._kept.get(name)
            self._reached[name] = marked.doubted(self._own, self.order, mark, kept, None, self._takes_repeats)

    def _note_start(self, cursor: ListCursor, kept: dict[str, Any] | None) -> None:
        by_key, seen = cursor.known.by_key, self.seen
        seen.is_start_seen |= by_key.is_seen
        if by_key.are_awaited and kept and is_sent_before(self._own, self.order, kept["last_value"]):
            seen.is_start_missing = True

    def left_in_doubt(self, skipped: Collection[str]) -> int:
        """How many lists began at a mark before which rows may be missing, and still do; `skipped` as in `of_all`."""
        came = {name: self._kept.get(name) for name in skipped} | self._reached
        left = [name for name, mark in self._kept.items() if LEFT_IN_DOUBT in mark]
        return sum(LEFT_IN_DOUBT in (came.get(name) or {}) for name in left)

    def of_finished(self, names: Collection[str]) -> dict[str, Any]:
        """The marks once these lists are loaded, while others are still to come."""
        safe = {name: marked.with_doubt(one.safe_mark, self._kept.get(name)) for name, one in self._ranges.items()}
        return {**self._kept, **_without_none(safe | {name: self._reached.get(name) for name in names})}

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
    own = endpoint.incremental
    if own is None:
        return None
    bare = [None] * bool(own.start_param or own.end_param)
    named = (way if is_moment_format(way) else None for _, way in CURSOR_VALUE.findall(_request(endpoint)))
    return own.model_copy().sent((*bare, *named), own.cursor_path in endpoint.include_from_request)


def is_backward(cursor: described.Incremental) -> bool:
    """Whether the mark goes down, from the newest rows to the oldest."""
    return cursor.last_value_func in ("min", min)


def is_asked_for(endpoint: described.Endpoint, cursor: described.Incremental) -> bool:
    """Whether a request takes the cursor's value, in a parameter of its own or anywhere else."""
    return cursor.start_param is not None or cursor.cursor_in == "link" or "{incremental." in _request(endpoint)


def _request(endpoint: described.Endpoint) -> str:
    return repr([getattr(endpoint, part) for part in FIELDS_OF_REQUEST])


def with_bounds(params: Mapping[str, Any], cursor: described.Incremental) -> dict[str, Any]:
    """The parameters with those that the cursor's start and end go into."""
    bounds = {cursor.start_param: "{incremental.start_value}", cursor.end_param: "{incremental.end_value}"}
    return {**params, **{name: value for name, value in bounds.items() if name}}


def filled(value: Any, values: Mapping[str, Any], in_path: bool = False) -> Any:
    """A part of a request with `{incremental.<name>}` filled in; parameters that are left without a value go.

    Args:
        value: the part.
        values: what to fill in, by name.
        in_path: whether it is a part of an address, in which a plus or a slash of a value means something else.
    """
    if isinstance(value, Mapping):
        parts = {name: filled(one, values) for name, one in value.items()}
        return {name: one for name, one in parts.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [filled(one, values) for one in value]
    if not isinstance(value, str) or not (found := CURSOR_VALUE.findall(value)):
        return value
    taken = [(values[name], way) for name, way in (value_taken(*one) for one in found)]
    if any(one is None for one, _ in taken):
        return None
    if CURSOR_VALUE.fullmatch(value) and not isinstance(taken[0][0], str) and not taken[0][1]:
        return taken[0][0]
    texts = iter([format(as_text(one), way) for one, way in taken])

    def written(found: re.Match[str]) -> str:
        text = next(texts)
        # dlt looks for placeholders once more, and takes doubled braces for themselves.
        return path_text(text, found[2] or "") if in_path else text.replace("{", "{{").replace("}", "}}")

    return CURSOR_VALUE.sub(written, value)


def as_text(value: Any) -> Any:
    """A cursor's value as a text or a parameter takes it: a list or an object as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, (list, dict)) else value


def no_start(asset: str) -> MendDescription:
    """What to raise when a path cannot leave the cursor's value out."""
    words = "the path takes the cursor's value, and a list that is new has none"
    return MendDescription(words, "give it an initial_value", where=asset)


def _without_none(marks: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mark for name, mark in marks.items() if mark is not None}
