"""Rows that the API itself calls deleted, by a column with dlt's hint `hard_delete`.

dlt deletes where a truth value is true, and where a column of any other type is not null: a `delete_at` of 0, an empty
text or "false" would delete rows that live. What a value means is decided here, and dlt gets a truth value of ours.
"""

from __future__ import annotations

import re
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.description.table import MergeDisposition

# dlt's hint stands on this column, where the one that the file names is no truth value itself.
HARD_DELETED = "_hard_deleted"
_FALSE = frozenset({"", "0", "false", "f", "no", "n", "off", "null", "none", "nil", "undefined", "nan"})
# "0.0", "-0", and the moments with which some languages and databases write that there was none.
_ZERO = re.compile(r"[-+]?0*\.?0*|(0000|0001)-\d\d-\d\d([T ].*)?|1970-01-01([T ]00:00(:00(\.0*)?)?(Z|[+-]00:?00)?)?")


def is_deleted(value: Any) -> bool:
    """Whether a value of the hinted field says that its record is deleted.

    Null, false, zero, nothing at all, a text that means one of these ("false", "no", "0") and a moment that stands for
    none (1970-01-01T00:00:00Z, 0001-01-01, 0000-00-00) say that it lives.
    """
    if isinstance(value, str):
        text = value.strip().lower()
        return text not in _FALSE and not _ZERO.fullmatch(text.upper())
    return bool(value) and value == value  # NaN is no number, and no deletion


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
