"""What may change in a table: the schema contract, and how many columns it may have.

The contract is kept here, from the first load on. dlt itself would let a first load through.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal

from messaging_assets.description.api import Resource
from messaging_assets.description.table import INSIDE, Evolution, SchemaContract
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.targets import Targets
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

    def _rule(self, what: Literal["tables", "columns", "data_type"]) -> Evolution | None:
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

    def allows_parts(
        self,
        field_name: str,
        column: str,
        values: list[Any],
        typed: TypedRows,
        known: Mapping[str, Any],
        name: Callable[[str], str | None],
    ) -> bool:
        """Whether a field has lists and objects alone, whose parts are tables and columns that there are.

        Of objects with further parts, what the contract says is done.

        Args:
            field_name: the field.
            column: its column.
            values: one per record, None where a record has none.
            typed: the batch.
            known: the columns that the table has.
            name: gives the column of a field.

        Raises:
            MendDescription: the contract freezes the columns.
        """
        rule = self._rule("columns")
        is_nested = all(value is None or isinstance(value, (list, dict)) for value in values)
        if rule in (None, "evolve") or self._resource.nested != "tables" or not is_nested:
            return False
        for place, value in enumerate(values):
            kept, gone = _known_parts(value, column, known, name)
            if gone and rule != "discard_value":
                # Rows are left out, or it is red.
                self.allows("columns", field_name, gone[0], [place], typed)
            elif gone:
                self._receipt.values_dropped += len(gone)
                values[place], typed.rows[place] = kept, {**typed.rows[place], field_name: kept}
        return True

    def leave_out_tables(self, typed: TypedRows, targets: Targets, column: Callable[[str], str | None]) -> None:
        """Keep lists in records from making tables that the contract does not let come.

        Args:
            typed: the batch.
            targets: the columns and nested tables that there are.
            column: gives the column of a field.

        Raises:
            MendDescription: the contract freezes the tables.
        """
        rule, deepest = self._rule("tables"), self._resource.max_table_nesting
        if rule in (None, "evolve") or self._resource.nested != "tables" or targets.is_open:
            return
        fields = ((place, name, value) for place, row in enumerate(typed.rows) for name, value in row.items())
        gone = set(typed.dropped)
        for place, name, value in fields:
            if (place, name) in gone:
                continue
            own = column(name) or ""
            is_json = own in targets.declared and targets.declared[own].data_type == "json"
            made = () if is_json else _tables_of(value, own, column, -1 if deepest is None else deepest)
            new = next((one for one in made if one not in targets.known.tables), None)
            if new is None:
                continue
            if rule == "freeze":
                raise MendDescription(
                    f"the API sends '{new}', a list that would be a table of its own, and schema_contract freezes the "
                    "tables",
                    "declare it as data_type: json, or let the contract evolve",
                    where=self._asset,
                )
            self._receipt.values_dropped += 1
            typed.dropped.append((place, name))


def leave_out_large(typed: TypedRows, most: int) -> None:
    """Leave out the records that alone have more fields than the file allows.

    Args:
        typed: the batch.
        most: how many fields that are.
    """
    if max(map(len, typed.rows), default=0) > most:
        large = {place for place, row in enumerate(typed.rows) if len(row) > most}
        typed.bad.update(dict.fromkeys(large, f"more than {most:,} fields (maximum_fields)"))
        typed.rows = [{} if place in large else row for place, row in enumerate(typed.rows)]


def refuse_many(asset: str, columns: Collection[str | None], before: Collection[str], most: int) -> None:
    """See that a table does not get more columns than the file allows.

    Args:
        asset: the asset's name in errors.
        columns: those of a batch.
        before: those that the table has.
        most: how many they may be.

    Raises:
        MendDescription: there are more.
    """
    if len({*columns, *before}) > max(most, len(before)):
        raise MendDescription(
            f"the records have more than {most:,} different fields, as if keys were values",
            "let a processing step keep the fields you want, or raise maximum_fields",
            where=asset,
        )


def _known_parts(
    value: Any, name: str, known: Mapping[str, Any], column: Callable[[str], str | None]
) -> tuple[Any, list[str]]:
    """An object without the parts that are no column of a table, and the names of those; lists are tables."""
    if not isinstance(value, dict) or known.get(name, {}).get("data_type") == "json":
        return value, []
    kept, gone = dict[str, Any](), list[str]()
    for field, part in value.items():
        inner = f"{name}{INSIDE}{column(field)}"
        if isinstance(part, dict):
            kept[field], further = _known_parts(part, inner, known, column)
            gone += further
        elif part is None or isinstance(part, list) or inner in known:
            kept[field] = part
        else:
            gone.append(inner)
    return kept, gone


def _tables_of(value: Any, name: str, column: Callable[[str], str | None], levels: int) -> Iterator[str]:
    """The tables that dlt makes of a value, without the name of the root.

    Args:
        value: a field's.
        name: what the table is called.
        column: gives the column of a field.
        levels: how deep tables may go; below 0 for ever.
    """
    if not levels or not isinstance(value, (list, dict)):
        return
    if isinstance(value, list) and value:
        yield name
    for one in value if isinstance(value, list) else [value]:
        for field, inner in one.items() if isinstance(one, dict) else ():
            yield from _tables_of(inner, f"{name}{INSIDE}{column(field)}", column, levels - 1)
        if isinstance(one, list):
            yield from _tables_of(one, f"{name}{INSIDE}list", column, levels - 1)
