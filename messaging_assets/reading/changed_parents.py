"""Which parents changed since their lists were loaded: only those lists are asked for again.

Whether a parent changed goes by what its record says, compared with what it said when its list was last loaded. Where
an API writes whole seconds, a record may change once more in the second in which it was read, and say the same. So one
that bears a moment just gone by is taken for changed at the next sync too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.description.parents import LINE, PARENTS
from messaging_assets.foundation import json_paths, moments
from messaging_assets.reading.cursors.order import Order
from messaging_assets.reading.times.notation import TOLERANCE


class ParentChanges:
    """What parents' records said when their lists were loaded, and what they say now.

    Args:
        path: the field that changes with a parent; None where the whole record does.
        kept: digests of what they said at the last committed load, by the list's name; never changed.
        now: when the sync began.

    Attributes:
        unchanged: the lists that are not asked for.
        asked: the question that the lists are of, as it is stored beside the digests.
    """

    def __init__(self, path: str | None, kept: Mapping[str, str], now: datetime | None = None) -> None:
        self._path, self._kept = path, kept
        self._order = Order(now=now or datetime.now(timezone.utc))
        self._came: dict[str, str | None] = {}
        self._loaded, self._shared = set[str](), set[str]()
        self.unchanged = set[str]()
        self.asked: dict[str, Any] | None = None

    def is_changed(self, name: str, row: Mapping[str, Any], parent: str) -> bool:
        """Whether a parent is to be asked for its list.

        Args:
            name: the list's name.
            row: the parent's record, or those of several parents by name.
            parent: the parent's name.
        """
        digest = self._came[name] = self._said(row, parent)
        if digest is None or self._kept.get(name) != digest:
            return True
        self.unchanged.add(name)
        return False

    def came_again(self, name: str, row: Mapping[str, Any], parent: str) -> None:
        """Another record has the same list; where it says something else, nobody knows by which of them it changes."""
        if self._said(row, parent) != self._came.get(name):
            self._shared.add(name)

    def is_told(self, row: Mapping[str, Any], parent: str) -> bool:
        """Whether the record has what changes with it."""
        return bool(self._watched(row, parent))

    def loaded(self, name: str) -> None:
        """A list came whole and beyond doubt, after its parent's record."""
        self._loaded.add(name)

    def hold(self) -> None:
        """Something is in doubt of the lists that came, of all together."""
        self._loaded.clear()

    def of_finished(self, names: Collection[str]) -> dict[str, str]:
        """The digests once these lists are loaded, while others are still to come."""
        others = {name for name in self._kept if name not in self._came} | self.unchanged
        return self._known(others) | self._of_loaded(names)

    def of_all(self, skipped: Collection[str]) -> dict[str, str]:
        """The digests once everything is loaded.

        Args:
            skipped: lists that came too, but were read before.
        """
        return self._known({*skipped, *self.unchanged}) | self._of_loaded(self._loaded)

    def _known(self, names: set[str]) -> dict[str, str]:
        return {name: self._kept[name] for name in names - self._shared if name in self._kept}

    def _of_loaded(self, names: Collection[str]) -> dict[str, str]:
        came = {name: self._came.get(name) for name in self._loaded.intersection(names) - self._shared}
        return {name: digest for name, digest in came.items() if digest is not None}

    def _said(self, row: Mapping[str, Any], parent: str) -> str | None:
        """A digest of what a record says; None where it may change once more and say the same."""
        values = self._watched(row, parent)
        plain = [one for value in values for one in (value.values() if isinstance(value, dict) else [value])]
        if not values or any(map(self._is_recent, plain)):
            return None
        text = json.dumps([self._path, values], sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _watched(self, row: Mapping[str, Any], parent: str) -> list[Any]:
        records = row if parent == PARENTS else {parent: row}
        own = [records[name] for name in sorted(records) if name != LINE]
        if self._path is None:
            return [{name: value for name, value in record.items() if name != LINE} for record in own]
        found = (json_paths.find_values(self._path, record) for record in own)
        return [value for values in found for value in values if value is not None]

    def _is_recent(self, value: Any) -> bool:
        if isinstance(value, bool) or (moment := self._order.moment(value)) is None:
            return False
        ended = moment + (moments.DAY if self._order.is_day(value) else 0)
        return ended + TOLERANCE > Decimal(self._order.now.timestamp())


def changes_of(resource: Resource, kept: Mapping[str, str]) -> ParentChanges | None:
    """What tells which parents of a resource changed; None where all of them are asked for their lists.

    Args:
        resource: the resource with the file's defaults merged in.
        kept: digests of what they said at the last committed load, by the list's name.
    """
    by = resource.only_changed_parents
    return ParentChanges(None if by is True else by, kept) if by else None
