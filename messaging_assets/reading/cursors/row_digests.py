"""What tells rows apart that stand at one place of a cursor, and which of them an earlier sync loaded."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.cursors.order import Order
from messaging_assets.reading.cursors.request_values import is_closed
from messaging_assets.reading.cursors.row_order import PageTops
from messaging_assets.seams.dlt_values import digest_dedup_value, has_legacy_dedup_hashes, resolve_column_value

# Under this name a mark keeps the rows that it cannot be set behind, because they are dated ahead or not at all.
BEYOND = "messaging_assets_beyond"
# Under these a mark keeps the keys of rows that stand at it, and whether a sync that began there had one of them again.
AT_MARK, START_SEEN = "messaging_assets_at_mark", "messaging_assets_start_seen"
# One that comes again is enough.
_KEYS_KEPT = 20
# An append knows again so many rows that came behind the page where its mark stays.
ABOVE_KEPT = 10_000


class RowDigests:
    """Digests of rows, as dlt's own marks have them.

    Args:
        asset: the asset's name in errors.
        keys: the fields that tell rows apart; empty where only whole rows do.
        kept: digests that a mark has, by which an older way to make them is known.
        are_events: whether two rows that are equal are two events.
    """

    def __init__(self, asset: str, keys: list[str], kept: Collection[str], are_events: bool) -> None:
        self._asset, self._keys, self.are_events = asset, keys, are_events
        self._is_legacy = has_legacy_dedup_hashes(list(kept))

    def of(self, row: Any) -> str:
        """The digest of a row.

        Raises:
            MendDescription: it lacks a field of the key.
        """
        try:
            told_by = resolve_column_value(self._keys, row) if self._keys else row
        except KeyError as missing:
            raise MendDescription(
                f"a record has no {missing}, by which rows at the cursor's mark are told apart",
                "correct incremental.primary_key",
                where=self._asset,
            ) from None
        return _digest(told_by, self._is_legacy)

    def is_known(self, row: Any, known: Counter[str]) -> bool:
        """Whether an earlier sync loaded a row; without a key so many equal ones as it loaded, and no more."""
        if not known:
            return False
        digest = self.of(row)
        if not known[digest]:
            return False
        known[digest] -= self.are_events
        return True


def _digest(value: Any, is_legacy: bool) -> str:
    try:
        return digest_dedup_value(value, is_legacy)
    except TypeError:
        # Python's own writer takes integers beyond 64 bits and lone surrogates, which the other refuses.
        return digest_dedup_value(json.dumps(value, default=str, sort_keys=True), is_legacy)


class RowsAtMark:
    """The keys of rows that stand at a mark, where the request takes it in a format of its own.

    An API may read that otherwise than it was meant: in another time zone, or without that very day.

    Args:
        own: the incremental as the file has it.
        keys: the fields that tell rows apart.
        mark: how far an earlier read came, None where there was none.

    Attributes:
        kept: digests of the keys.
        is_seen: whether a sync that began at a mark had a row again that stood there, so that the API reads it well.
    """

    def __init__(self, own: described.Incremental, keys: tuple[str, ...], mark: Mapping[str, Any] | None) -> None:
        is_looked_at = any(own.sent_as) and own.timezone is None and not is_closed(own)
        self._keys = keys if is_looked_at else ()
        # Of another key nothing is known.
        kept = (mark or {}).get(AT_MARK)
        self.kept: list[str] = list(kept.get("/".join(self._keys), ())) if isinstance(kept, dict) else []
        self.is_seen = bool((mark or {}).get(START_SEEN))
        self._awaited = frozenset() if self.is_seen else frozenset(self.kept)

    @property
    def is_kept(self) -> bool:
        """Whether a mark keeps any keys, which only such a format needs."""
        return bool(self._keys)

    @property
    def are_awaited(self) -> bool:
        """Whether such rows were loaded, and no sync had one of them again so far."""
        return bool(self._awaited)

    def came(self, rows: list[Any]) -> None:
        """Note that these rows came, wherever they stand now."""
        if self._awaited and any(self._digest(row) in self._awaited for row in rows):
            self._awaited, self.is_seen = frozenset(), True

    def take(self, row: Any, is_further: bool) -> None:
        """A row came that stands at the mark, or beyond all others."""
        kept, digest = [] if is_further else self.kept, self._digest(row)
        self.kept = [*kept, digest] if len(kept) < _KEYS_KEPT and digest not in kept else kept

    @property
    def of_mark(self) -> dict[str, Any]:
        """What a mark keeps of this."""
        kept = {AT_MARK: {"/".join(self._keys): self.kept}} if self.kept else {}
        return kept | ({START_SEEN: True} if self.is_seen else {})

    def _digest(self, row: Any) -> str:
        return _digest([row.get(key) for key in self._keys] if isinstance(row, dict) else row, False)


def fields_told_by(own: described.Incremental, keys: tuple[str, ...], takes_repeats: bool) -> list[str]:
    """The fields that tell rows apart at a mark; none where whole rows do.

    Args:
        own: the incremental as the file has it.
        keys: the primary key's fields.
        takes_repeats: whether rows that were loaded before may be loaded again.
    """
    # A merge compares whole rows, because one of a key may have changed.
    own_keys = [own.primary_key] if isinstance(own.primary_key, str) else own.primary_key
    return own_keys or ([] if takes_repeats else list(keys))


class KnownRows:
    """Which rows an earlier sync loaded, by its mark: those that stand at it, and those behind which none can be set.

    Args:
        asset: the asset's name in errors.
        own: the incremental as the file has it.
        keys: the fields that tell rows apart; empty where only whole rows do.
        mark: how far an earlier read came, None where there was none.
        takes_repeats: whether rows that were loaded before may be loaded again.

    Attributes:
        are_awaited: whether rows at the mark were loaded, and none came again so far.
        have_come: whether one of them came again, just as it was.
        by_key: the keys of those.
        above: rows of this read that its mark may be set before; None where nobody knows them again.
        are_all: whether no other row came so far.
    """

    def __init__(
        self,
        asset: str,
        own: described.Incremental,
        keys: tuple[str, ...],
        mark: Mapping[str, Any] | None,
        takes_repeats: bool,
    ) -> None:
        told_by = fields_told_by(own, keys, takes_repeats)
        self.hashes: Counter[str] = Counter(mark["unique_hashes"] if mark else ())
        # Without a key two rows that are equal are two events.
        digests = RowDigests(asset, told_by, self.hashes, are_events=not (told_by or takes_repeats))
        is_lagged = bool(own.lag) and own.last_value_func in ("max", "min", max, min)
        is_compared = own.range_start == "closed" and not is_closed(own) and not is_lagged
        self._digests, self.at_mark = digests, digests if is_compared else None
        self._left_at_mark = self.hashes.copy()
        self.are_awaited, self.have_come = is_compared and bool(self.hashes), False
        self.by_key, self.are_all = RowsAtMark(own, keys, mark), True
        self.beyond: list[list[Any]] = [list(one) for one in (mark or {}).get(BEYOND, ())]
        self._left_beyond: dict[Any, Counter[str]] = {}
        for digest, at in self.beyond:
            self._left_beyond.setdefault(at, Counter())[digest] += 1
        self._takes_all = takes_repeats or is_closed(own)
        self.above: list[list[Any]] | None = []

    @property
    def has_beyond(self) -> bool:
        """Whether an earlier sync loaded rows behind which no mark can be set."""
        return bool(self._left_beyond)

    def keep_above(self, tops: PageTops | None, last: Any, rows: list[Any], values: list[Any], order: Order) -> None:
        """Keep which rows of a page a mark may be set before, where they would be in the table twice.

        Args:
            tops: how far the pages came; None where no mark is set before rows that came.
            last: how far an earlier sync came, None where there was none.
            rows: the page's.
            values: of their cursor.
            order: how those compare.

        Raises:
            NoOrder: they do not.
        """
        if tops is None or self._takes_all or self.above is None or (least := tops.least_held(last)) is None:
            return
        ends = order.ends(values)
        if ends is not None and order.compare(ends[1], least) < 0:
            return
        for row, value in zip(rows, values, strict=True):
            if value is not None and order.has_place(value) and order.compare(value, least) >= 0:
                self.above.append([self._digests.of(row), value])
        if len(self.above) > ABOVE_KEPT:
            self.above = None

    def was_at_mark(self, row: Any) -> bool:
        """Whether a row at the mark was loaded by the sync that set it."""
        self.are_awaited = False
        is_known = self.at_mark is not None and self.at_mark.is_known(row, self._left_at_mark)
        self.have_come |= is_known
        return is_known

    def was_beyond(self, row: Any, value: Any) -> bool:
        """Whether a row was loaded while dated ahead, or not at all; one that has another date now has changed."""
        kept = [self._left_beyond[at] for at in dict.fromkeys((value, None)) if at in self._left_beyond]
        return any(self._digests.is_known(row, one) for one in kept)

    def is_new_beyond(self, row: Any, value: Any) -> bool:
        """Whether a row behind which no mark can be set is not yet in a table that it would be in twice.

        Args:
            row: the row.
            value: its cursor's value, None where it has none.
        """
        if self._takes_all:
            return True
        if self.was_beyond(row, value):
            return False
        self.beyond.append([self._digests.of(row), value])
        return True
