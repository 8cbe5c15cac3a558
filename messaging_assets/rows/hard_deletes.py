"""Rows that the API itself calls deleted, by a column with dlt's hint `hard_delete`.

dlt deletes where a truth value is true, and where a column of any other type is not null: a `delete_at` of 0, an empty
text or "never" would delete rows that live. What a value means is decided here, and dlt gets a truth value of ours.
Only what is known to mean a deletion takes a row away.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timezone, tzinfo
from decimal import Decimal
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.description.table import MergeDisposition
from messaging_assets.foundation import moments
from messaging_assets.reading.receipt import Receipt
from messaging_assets.reading.times.zones import zones_of

# dlt's hint stands on this column, where the one that the file names is no truth value itself.
HARD_DELETED = "_hard_deleted"
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1", "deleted", "removed"})
_FALSE = frozenset({"", "false", "f", "no", "n", "off", "null", "none", "nil", "undefined", "nan", "never", "active"})
_FALSE |= {"-", "[]", "{}", "alive", "n/a", "not deleted"}
# A year or month of zero, with which some databases write that there was no moment.
_ZERO = re.compile(r"0000-\d\d-\d\d([T ].*)?", re.IGNORECASE)
_NET = re.compile(r"/date\((-?\d+)(?:[+-]\d{4})?\)/")
# Clocks differ by so much; a time that names no zone may seem to lie so far ahead.
_CLOCKS, _ZONES = 60, 14 * 3600


def deletion_of(value: Any, zone: tzinfo = timezone.utc) -> bool | None:
    """Whether a value of the hinted field says that its record is deleted; None where that is not known.

    - True, 1, a word for it ("yes", "deleted") and a moment from 1970 up to now say so.
    - Null, false, zero, nothing at all and a word for that ("no", "never") say that it lives. So do a moment to come
      (9999-12-31) and one that stands for none (1970-01-01, 0001-01-01, 1899-12-30).
    - Of any other number, text, list or object it is not known.
    """
    if value is None or isinstance(value, bool) or value != value:  # NaN is no number, and no deletion
        return value is True
    if isinstance(value, dict) and value.keys() == {"$date"}:
        return deletion_of(value["$date"], zone)
    if isinstance(value, (list, dict)):
        return None if value else False
    text = value.strip().lower() if isinstance(value, str) else ""
    if isinstance(value, str) and (text in _FALSE or text in _TRUE or _ZERO.fullmatch(text)):
        return text in _TRUE
    if (found := _NET.fullmatch(text)) is not None:
        return _at(Decimal(found[1]).scaleb(-3))
    number = moments.number_of(text.removeprefix("+") if text else value)
    if number is None:
        moment = moments.moment_of(value.strip() if isinstance(value, str) else value, zone=zone)
        return None if moment is None else _at(moment)
    if number in (0, 1):
        return number == 1
    if (unit := moments.unit_of(abs(number))) is None:
        return None
    return _at(number.scaleb(-unit))


def _at(moment: Decimal) -> bool | None:
    ahead = moment - Decimal(time.time())
    if _CLOCKS < ahead < _ZONES:
        return None
    return moment > 0 and ahead <= _CLOCKS


def hinted_column(resource: Resource) -> str | None:
    """The column whose value deletes its row in a merge; None where no column has the hint, or dlt heeds none."""
    written = resource.write_disposition
    if resource.disposition != "merge" or (isinstance(written, MergeDisposition) and written.strategy == "scd2"):
        return None
    return next((name for name, column in resource.columns.items() if column.hard_delete), None)


def needs_mark(resource: Resource) -> bool:
    """Whether dlt could take a living row for a deleted one, because the hinted column is not declared as `bool`."""
    name = hinted_column(resource)
    return name is not None and resource.columns[name].data_type != "bool"


def dlt_hints(resource: Resource) -> dict[str, dict[str, Any]]:
    """What to tell dlt instead of the hint in the file, by column."""
    name = hinted_column(resource)
    if name is None or not needs_mark(resource):
        return {}
    mark = {"name": HARD_DELETED, "data_type": "bool", "nullable": True, "hard_delete": True}
    return {name: {"hard_delete": False}, HARD_DELETED: mark}


class Deletions:
    """What the records of a load say of being deleted.

    Args:
        resource: what the file says of the table.
        receipt: where deleted rows are counted.
        normalize: dlt's naming of identifiers.

    Attributes:
        column: the hinted column, by its name in the table; None where there is none.
    """

    def __init__(self, resource: Resource, receipt: Receipt, normalize: Callable[[str], str]) -> None:
        self._receipt, self._needs_mark = receipt, needs_mark(resource)
        hinted = hinted_column(resource)
        self.column = normalize(hinted) if hinted is not None else None
        self._zone = zones_of(resource).get(hinted or "", timezone.utc)

    def among(self, fields: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> list[bool] | None:
        """Count the records that the API calls deleted.

        Args:
            fields: the columns of the batch by field.
            rows: its records.

        Returns:
            For each record whether it is, where dlt must be told by a truth value of ours; else None.
        """
        if self.column is None:
            return None
        sent = [name for name, column in fields.items() if column == self.column]
        said = [[deletion_of(row.get(name), self._zone) for name in sent] for row in rows]
        deleted = [any(one) for one in said]
        self._receipt.hard_deleted += sum(deleted)
        self._receipt.deletion_unknown(sum(None in one and not any(one) for one in said), self.column)
        return deleted if self._needs_mark else None
