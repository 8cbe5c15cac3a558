"""Names of fields: which no column can have, which two make one column, and how a reason may show them."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What is no field's name may be somebody's: an address, a number.
NAME = re.compile(r"(?!.*\d{6})[^\W\d][\w.$-]{0,39}|[@$_][\w.$-]{1,39}")
# So short, what is no name either, such as +1 or an emoji, is nobody's.
_SHORT = re.compile(r"(?!(?:.*\d){5})[^\s@]{1,8}")
# How dlt begins the names of the columns that it writes itself.
DLT_PREFIX = "_dlt_"


class FieldReason(str):
    """Why a record cannot be loaded, where fields' names say more: the text has them all.

    Attributes:
        plain: the reason without the names.
        fields: the names, with commas between them.
    """

    plain: str
    fields: str

    def __new__(cls, plain: str, *names: str) -> FieldReason:
        shown = ", ".join(map(shown_name, names))
        reason = super().__new__(cls, f"{plain}: {shown}")
        reason.plain, reason.fields = plain, shown
        return reason


def shown_name(name: str) -> str:
    """A field's name for people; one that looks like a value is not shown."""
    return (
        name
        if NAME.fullmatch(name) or _SHORT.fullmatch(name)
        else "(a name that may be a value)"
        if name
        else "(no name)"
    )


def why_no_column(columns: Mapping[str, str | None], normalize_path: Mapping[str, str]) -> FieldReason | None:
    """Why a record's fields cannot all be columns; None where they can.

    Args:
        columns: the column of each field of the record; None where it can have none.
        normalize_path: what each of those without a column would be called.
    """
    for name, column in columns.items():
        if column is None:
            if not name.strip():
                return FieldReason("a field without a name", name)
            is_dlts = normalize_path.get(name, "").startswith(DLT_PREFIX)
            words = (
                "a field with a name that dlt keeps for itself" if is_dlts else "a field whose name no column can have"
            )
            return FieldReason(words, name)
    first: dict[str | None, str] = {}
    for name, column in columns.items():
        if (other := first.setdefault(column, name)) != name:
            return FieldReason("two fields for one column", other, name)
    return None
