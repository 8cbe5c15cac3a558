"""What tells rows apart that stand at one place of a cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from messaging_assets.foundation.failures import MendDescription
from messaging_assets.seams.dlt_values import digest_dedup_value, has_legacy_dedup_hashes, resolve_column_value


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
        return digest_dedup_value(told_by, self._is_legacy)

    def is_known(self, row: Any, known: Counter[str]) -> bool:
        """Whether an earlier sync loaded a row; without a key so many equal ones as it loaded, and no more."""
        if not known:
            return False
        digest = self.of(row)
        if not known[digest]:
            return False
        known[digest] -= self.are_events
        return True
