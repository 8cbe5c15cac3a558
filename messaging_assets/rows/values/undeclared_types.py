"""The type of a column that nobody declared, by the values that come first, so that they stay in one column.

Whole and broken numbers are one column of doubles. Texts that look like moments are moments only where all agree:
one other text, and the column is text, because a moment cannot become again the text that it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.rows.values.conversion import Converted, arrow_type, convert, data_type_of

_MOMENT = re.compile(r"\d{4}-?\d\d-?\d\d[T ]\d\d")
# What an undeclared column of a type does not take, though a declared one would.
_NEEDS_A_WORD = {"timestamp": frozenset({int, float}), "bool": frozenset({int, float})}


class Retyped(SyncFailure):
    """A column is of another type than its first batch showed; nothing of it is loaded, and the list is read again.

    Args:
        types: dlt's word for the type of each such column.
        asset: the asset's name in errors.
    """

    is_anew = False

    def __init__(self, types: Mapping[str, str], asset: str) -> None:
        names = ", ".join(sorted(types))
        super().__init__(f"{names}: later values are of another type", "run it again", where=asset)
        self.types = types


def agreed_type(values: list[Any], first: Any) -> str:
    """dlt's word for the type that takes most of a column's first values.

    Args:
        values: all of them, None where a record has none.
        first: the first of them that a column can hold.
    """
    data_type = data_type_of(first)
    if data_type == "bigint" and float in set(map(type, values)):
        numbers = [one for one in values if type(one) in (int, float)]
        misfits = convert(numbers, "double", arrow_type("double")).misfits
        # NaN fits nowhere, and so decides nothing; a large integer fits in no double.
        if not any(type(numbers[place]) is int for place in misfits) and len(misfits) < sum(
            type(one) is float for one in numbers
        ):
            return "double"
    return text_type(values) if data_type == "timestamp" and type(first) is str else data_type


def text_type(values: list[Any]) -> str:
    """`timestamp` where all texts among the values are moments, else `text`."""
    texts = [value for value in values if type(value) is str]
    if not all(map(_MOMENT.match, texts)) or data_type_of(texts[0]) != "timestamp":
        return "text"
    return "text" if convert(texts, "timestamp", arrow_type("timestamp")).misfits else "timestamp"


def convert_undeclared(values: list[Any], data_type: str, type_: Any, zone: tzinfo | None = None) -> Converted:
    """The same as `convert`, for a column that nobody declared: a number is no moment there, and no truth value."""
    strangers = _NEEDS_A_WORD.get(data_type, frozenset())
    if strangers.isdisjoint(map(type, values)):
        return convert(values, data_type, type_, zone)
    own = [None if type(value) in strangers else value for value in values]
    converted = convert(own, data_type, type_, zone)
    misfits = {place: "another type" for place, value in enumerate(values) if type(value) in strangers}
    return Converted(converted.array, converted.misfits | misfits, converted.rounded)
