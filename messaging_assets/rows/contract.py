"""What may change in a table: the schema contract, and how many columns it may have.

The contract is kept here, from the first load on. dlt itself would let a first load through.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from messaging_assets.description.api import Resource
from messaging_assets.description.table import Evolution, SchemaContract
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.typed_rows import TypedRows


class Contract:
    """What the file lets change in a table.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        receipt: where dropped values are counted.
    """

    def __init__(self, resource: Resource, asset: str, receipt: Receipt) -> None:
        self._resource, self._asset, self._receipt = resource, asset, receipt

    def _rule(self, what: Literal["columns", "data_type"]) -> Evolution | None:
        contract = self._resource.schema_contract
        return getattr(contract, what) if isinstance(contract, SchemaContract) else contract

    @property
    def evolves_types(self) -> bool:
        """Whether a column may become one of another type."""
        return self._rule("data_type") in (None, "evolve")

    @property
    def evolves_columns(self) -> bool:
        """Whether columns may appear."""
        return self._rule("columns") in (None, "evolve")

    def allows(
        self, what: Literal["columns", "data_type"], field_name: str, column: str, places: list[int], typed: TypedRows
    ) -> bool:
        """Whether a column or a variant may appear; if not, what the contract says is done.

        Args:
            what: `columns` for a new column, `data_type` for a variant.
            field_name: the field that has the values.
            column: its column.
            places: the records that have them.
            typed: the batch.

        Raises:
            MendDescription: the contract freezes it.
        """
        rule = self._rule(what)
        if rule in (None, "evolve"):
            return True
        news = "a field that is not declared" if what == "columns" else "values of another type than its column has"
        if rule == "freeze":
            raise MendDescription(
                f"the API sends '{column}', {news}, and schema_contract freezes the {what}",
                "declare what it is, or let the contract evolve",
                where=self._asset,
            )
        if rule == "discard_row":
            typed.leave_out(column, dict.fromkeys(places, f"{news}, and the contract discards the row"))
        else:
            self._receipt.values_dropped += len(places)
            typed.dropped += [(place, field_name) for place in places]
        return False

    def leave_out_large(self, typed: TypedRows) -> None:
        """Leave out the records that alone have more fields than the file allows."""
        most = self._resource.maximum_fields
        if max(map(len, typed.rows), default=0) > most:
            large = {place for place, row in enumerate(typed.rows) if len(row) > most}
            typed.bad.update(dict.fromkeys(large, f"more than {most:,} fields (maximum_fields)"))
            typed.rows = [{} if place in large else row for place, row in enumerate(typed.rows)]

    def refuse_many(self, columns: Collection[str | None], before: Collection[str]) -> None:
        """See that a table does not get more columns than the file allows.

        Args:
            columns: those of a batch.
            before: those that the table has.

        Raises:
            MendDescription: it would.
        """
        most = self._resource.maximum_fields
        if len({*columns, *before}) > max(most, len(before)):
            raise MendDescription(
                f"the records have more than {most:,} different fields, as if keys were values",
                "let a processing step keep the fields you want, or raise maximum_fields",
                where=self._asset,
            )
