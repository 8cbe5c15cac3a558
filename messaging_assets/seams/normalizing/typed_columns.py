"""Columns as Arrow in the types that the schema has, each value as dlt's own normalizer and writer would make it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# Since dlt 1.30: how it writes a nested value in a column of its own.
from dlt.common.json import json

from messaging_assets.seams.normalizing.unnesting import NotPlain

# Whole moments with their offset are read by Arrow, a column at once; of all others dlt is asked. Arrow has years that
# Python has not, and an offset leads there from the first and the last that it has.
_MOMENT = r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
_IN_UTC = pa.timestamp("us", "UTC")


def typed(values: list[Any], data_type: str, type_: Any, own: set[str | None], coerce: Callable[[Any], Any]) -> Any:
    """Values as an Arrow array.

    Args:
        values: a column's, None where a row has none.
        data_type: dlt's word for the column's type.
        type_: the Arrow type that dlt gives it.
        own: dlt's words for the types of the values.
        coerce: makes a value one of the column's type, or raises ValueError.

    Raises:
        NotPlain: a value does not fit, so that dlt makes a variant of the column, or fails.
    """
    try:
        if data_type == "timestamp" and own == {"text"} and type_ == _IN_UTC:
            texts = pa.array(values, pa.string())
            if pc.all(pc.match_substring_regex(texts, _MOMENT)).as_py():
                return texts.cast(type_)
        if own - {data_type}:
            values = [None if value is None else coerce(value) for value in values]
            if any(map(callable, values)):
                raise NotPlain
        if data_type == "json":
            values = [value if value is None or type(value) is str else json.dumps(value) for value in values]
        return pa.array(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, SyntaxError, OverflowError):
        raise NotPlain from None
