"""Records that cannot be loaded, set aside as rows of the rejected table, where a person can see them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timezone
from typing import Any

from messaging_assets.answers.bad_lines import LineReason
from messaging_assets.answers.field_names import FieldReason
from messaging_assets.description.api import Resource
from messaging_assets.description.parents import is_sensitive
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.redaction import MASK
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.steps import AS_SENT, mark_of
from messaging_assets.rows.values.nested import StepReason, shown

_LARGEST_SHOWN = 1_000_000
# Records set aside that are kept of a sync that loads nothing.
_MOST_KEPT = 1_000


class Rejected:
    """The records of one load that were set aside.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        receipt: where they are counted.
        sensitive: names in the table of the columns that nobody may see elsewhere.

    Attributes:
        first: the first of them, for a load of their own if this one is refused.
    """

    def __init__(self, resource: Resource, asset: str, receipt: Receipt, sensitive: Collection[str]) -> None:
        self._resource, self._asset, self._receipt, self._sensitive = resource, asset, receipt, sensitive
        self._mark = mark_of(resource)
        self._rows: list[dict[str, Any]] = []
        self.first: list[dict[str, Any]] = []

    def take(self, record: Any, reason: str, page: int, is_as_sent: bool) -> None:
        """Set a record aside, sensitive values masked.

        Args:
            record: the record, as the steps left it that it was taken through.
            reason: why it cannot be loaded.
            page: the page of its list.
            is_as_sent: whether it was taken through none of them, nor of Python's.

        Raises:
            MendDescription: the file says `on_bad_record: fail`.
        """
        if self._resource.on_bad_record == "fail":
            place = f", {reason.fields}" if isinstance(reason, LineReason) else ""
            raise MendDescription(
                f"a record on page {page} cannot be loaded ({reason}{place})",
                "mend it at the vendor, correct columns in the file, or let on_bad_record be set_aside",
                where=self._asset,
            )
        self._receipt.set_aside[reason] += 1
        text, is_cut = shown(self._masked(record), _LARGEST_SHOWN)
        # Fields and lines stand apart, so that a reason groups its records.
        why = (reason.plain, reason.fields) if isinstance(reason, (FieldReason, LineReason)) else (reason, None)
        self._rows.append(
            {
                "reason": why[0],
                "fields": why[1],
                "page": page,
                "rejected_at": datetime.now(timezone.utc),
                "record": text,
                "is_cut": is_cut,
                "steps": self._steps_of(reason, is_as_sent),
            }
        )
        if len(self.first) < _MOST_KEPT:
            self.first.append(dict(self._rows[-1]))

    def _steps_of(self, reason: str, is_as_sent: bool) -> str:
        if isinstance(reason, StepReason):
            return mark_of(self._resource, reason.taken)
        return AS_SENT if is_as_sent else self._mark

    def rows(self) -> list[dict[str, Any]]:
        """The records set aside since the last call, as rows of the rejected table."""
        rows, self._rows = self._rows, []
        return rows

    def _masked(self, record: Any) -> Any:
        if not self._sensitive:
            return record
        if not isinstance(record, dict):
            return MASK
        return {name: MASK if is_sensitive(name, self._sensitive) else value for name, value in record.items()}
