"""Variant columns `<column>__v_<type>`: where dlt puts values of another type than their column has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.contract import Contract
from messaging_assets.rows.targets import Target, Targets
from messaging_assets.rows.typed_rows import TypedRows
from messaging_assets.rows.values.conversion import arrow_type, convert, data_type_of
from messaging_assets.rows.values.undeclared_types import text_type


class Variants:
    """Gives each value that fits no column of ours the column that dlt would give it.

    Args:
        targets: the table's columns.
        contract: says whether a variant may appear.
        receipt: where such values are counted.
    """

    def __init__(self, targets: Targets, contract: Contract, receipt: Receipt) -> None:
        self._targets, self._contract, self._receipt = targets, contract, receipt

    def take(
        self, field_name: str, target: Target, values: list[Any], misfits: Mapping[int, str], typed: TypedRows
    ) -> None:
        """Put the values of a column that do not fit it beside it.

        Args:
            field_name: the field that they are of.
            target: the column.
            values: its values, one per record.
            misfits: why they do not fit, by place.
            typed: the batch.
        """
        by_type: dict[str, list[int]] = {}
        texts = [values[place] for place in misfits if type(values[place]) is str]
        of_text = text_type(texts) if texts and f"{target.name}__v_text" not in self._targets else "text"
        for place in misfits:
            data_type = of_text if type(values[place]) is str else data_type_of(values[place])
            by_type.setdefault(data_type, []).append(place)
        for data_type, places in by_type.items():
            if data_type == target.data_type:
                typed.leave_out(target.name, {place: misfits[place] for place in places})
                continue
            alone = convert([values[place] for place in places], data_type, arrow_type(data_type))
            typed.leave_out(target.name, {places[at]: reason for at, reason in alone.misfits.items()})
            able = [place for at, place in enumerate(places) if at not in alone.misfits]
            if able and self._contract.allows("data_type", field_name, target.name, able, typed):
                self._add(f"{target.name}__v_{data_type}", data_type, values, able, typed)

    def _add(self, name: str, data_type: str, values: list[Any], places: list[int], typed: TypedRows) -> None:
        type_ = arrow_type(data_type)
        strangers = [None] * len(values)
        for place in places:
            strangers[place] = values[place]
        converted = convert(strangers, data_type, type_)
        self._receipt.values_rounded += len(converted.rounded)
        self._receipt.beside(name, len(places))
        typed.arrays[name] = converted.array
        self._targets.variant(name, data_type, type_)
