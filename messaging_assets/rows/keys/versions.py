"""Which of two records with one key is the newer one, by the file's cursor, whatever order they came in."""

from __future__ import annotations

from datetime import datetime, timezone
from operator import itemgetter
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.foundation import json_paths
from messaging_assets.reading.cursors.marks import cursor_of
from messaging_assets.reading.cursors.order import order_of
from messaging_assets.reading.times.notation import NoOrder


class Versions:
    """The cursor of records that may be versions of one another; without one, the last that came is the newest.

    Args:
        resource: what the file says of the table.
    """

    def __init__(self, resource: Resource) -> None:
        own = cursor_of(resource.endpoint)
        is_meant = own is not None and own.last_value_func in ("max", max) and own.cursor_in in (None, "record")
        self._path = own.cursor_path if own and is_meant else None
        self._order = order_of(own, datetime.now(timezone.utc)) if own and is_meant else None
        # The lowest value of batches that are already out; not known once one of them could not be looked at.
        self._least: Any = None
        # What came beyond a fixed end was handed out in no batch, though the API sent its key.
        self._is_known = own is not None and own.end_value in (None, "now")

    def is_older(self, row: dict[str, Any], other: dict[str, Any]) -> bool:
        """Whether a record is surely an older version than one that came before it."""
        return self._path is not None and self._is_less(self._value(row), self._value(other))

    def are_known(self, row: dict[str, Any], other: dict[str, Any]) -> bool:
        """Whether two records surely are versions of which one is older."""
        return self.is_older(row, other) or self.is_older(other, row)

    def is_older_than_all(self, row: dict[str, Any]) -> bool:
        """Whether a record is older than each one of the batches that are already out."""
        return self._path is not None and self._is_known and self._is_less(self._value(row), self._least)

    def hand_out(self, rows: list[dict[str, Any]]) -> None:
        """Note that a batch goes out."""
        if self._order is None or self._path is None or not rows or not self._is_known:
            return
        try:
            values = list(map(itemgetter(self._path), rows))
        except KeyError:
            values = list(map(self._value, rows))
        ends = self._order.ends(values)
        self._is_known = ends is not None
        if ends and (self._least is None or self._is_less(ends[0], self._least)):
            self._least = ends[0]

    def _value(self, row: dict[str, Any]) -> Any:
        return json_paths.first_value(self._path or "$", row)

    def _is_less(self, one: Any, other: Any) -> bool:
        if one is None or other is None or self._order is None:
            return False
        try:
            return self._order.compare(one, other) < 0
        except NoOrder:
            return False
