"""The columns of a table while records become rows: which there are, of what type, and what fits none of them.

Who said what a column is decides what happens to a value that does not fit:

- the file declares the column, or it is a key: the record is bad;
- earlier records made the column: whole numbers become doubles with the first broken one
  (`rows/values/undeclared_types.py`). Any other value lands in a variant column (`rows/variants.py`), as dlt does it,
  because nobody said what is right. The receipt counts it;
- no column can hold it (beyond 64 bits, NaN, invalid unicode, NUL, too deep, too large): the record is bad.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from messaging_assets.description.api import Resource
from messaging_assets.description.names import DELETED_AT
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.changed_columns import Zones
from messaging_assets.rows.contract import Contract, leave_out_large, refuse_many
from messaging_assets.rows.fields import Fields, by_field, every_field
from messaging_assets.rows.hard_deletes import HARD_DELETED, Deletions, deletion_of, needs_mark
from messaging_assets.rows.keys.key_values import unfit_keys
from messaging_assets.rows.keys.required import RequiredColumns
from messaging_assets.rows.targets import KnownTable, Target, Targets
from messaging_assets.rows.typed_rows import TypedRows
from messaging_assets.rows.values.conversion import Converted, arrow_type, convert, convert_declared, data_type_of
from messaging_assets.rows.values.undeclared_types import Retyped, convert_undeclared
from messaging_assets.rows.variants import Variants


class TableColumns:
    """Types records by the columns that a table has so far, and makes those that they need.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        known: the table before this load.
        receipt: where rounded and dropped values are counted.
        kinds: what a key column's values are in JSON, by column, once one came.

    Attributes:
        targets: the columns.
        required: those of them that dlt makes NOT NULL.
        as_values: whether nested values are loaded as values; dlt's writers of JSON know integers of 64 bits only.

    Raises:
        MendDescription: the file gives a column another type than the table has.
    """

    def __init__(
        self, resource: Resource, asset: str, known: KnownTable, receipt: Receipt, kinds: dict[str, str]
    ) -> None:
        normalize = known.normalize
        self._resource, self._asset, self._receipt = resource, asset, receipt
        self.as_values, self._kinds = False, kinds
        self._fields = Fields(normalize, resource)
        self._contract = Contract(resource, asset, receipt)
        self.required = RequiredColumns(resource, asset, known.columns, normalize)
        self.targets = Targets(resource, asset, known, self.required.said)
        self._zones = Zones(resource, asset, known.columns, normalize, self.targets.hints)
        self._variants = Variants(self.targets, self._contract, receipt)
        self._deletions = Deletions(resource, receipt, normalize)

    def name(self, field: str) -> str | None:
        """The column of a field; None where no column can have its name."""
        return self._fields.column(field)

    def data_type(self, column: str) -> str:
        """dlt's word for the type of a column that the table has."""
        return self.targets[column].data_type

    def typed(self, rows: list[dict[str, Any]]) -> TypedRows:
        """Records as Arrow columns, with what cannot be loaded and why.

        Raises:
            MendDescription: the schema contract freezes what the records would change, or they have a field of the
                name of our mark.
        """
        typed, targets = TypedRows(rows), self.targets
        leave_out_large(typed, self._resource.maximum_fields)
        every = every_field(typed.rows)
        # Under another contract no column appears.
        may_grow = self._contract.evolves_columns or targets.is_open
        if may_grow and len(every) + len(targets) > self._resource.maximum_fields:
            refuse_many(self._asset, {*map(self.name, every)}, list(targets), self._resource.maximum_fields)
        fields = self._fields.columns(typed, every)
        self._refuse_our_names(set(fields.values()))
        for (field_name, column), values in zip(fields.items(), by_field(typed.rows, list(fields)), strict=True):
            self._convert(field_name, column, values, typed)
        self._contract.leave_out_tables(typed, targets, self.name)
        typed.rows = self._zones.said(typed.rows, {one: targets[one].data_type for one in targets}, self.name)
        if targets.retyped:
            raise Retyped(targets.retyped, self._asset)
        self.required.refuse_to_lack_former_keys(typed.arrays)
        typed.mark_deleted(self._deletions.among(fields, typed.rows))
        typed.leave_out_empty(self.required.names)
        if not typed.arrays and len(targets):
            first = targets[next(iter(targets))]
            typed.arrays[first.name] = pa.nulls(len(rows), first.type)
        elif not typed.arrays:
            for place in range(len(rows)):
                typed.bad.setdefault(place, "no value in any field")
        return typed

    def _refuse_our_names(self, columns: set[str]) -> None:
        if self._resource.deletes == "mark" and DELETED_AT in columns:
            raise MendDescription(
                f"the API has a field '{DELETED_AT}' of its own, which deletes: mark would write over",
                "let deletes be remove or ignore",
                where=self._asset,
            )
        if HARD_DELETED in columns and needs_mark(self._resource):
            raise MendDescription(
                f"the API has a field '{HARD_DELETED}' of its own, under which dlt is told what hard_delete means",
                "put the hint on a column of data_type bool",
                where=self._asset,
            )

    def _convert(self, field_name: str, column: str, values: list[Any], typed: TypedRows) -> None:
        target = self.targets.get(column) or self._new_target(field_name, column, values, typed)
        if target is None:
            return
        values, converted = self._converted(target, values)
        if converted.misfits and not target.is_fixed and self._contract.evolves_types:
            converted, target = self.targets.retype(target, values, converted)
        typed.arrays[column] = converted.array
        self._receipt.values_rounded += len(converted.rounded)
        if target.data_type == "json" and (self._resource.nested == "tables" or self.as_values):
            typed.leave_out(column, self._fields.unfit_nested(column, values))
        if target.is_fixed:
            typed.leave_out(column, converted.misfits)
        elif converted.misfits:
            self._variants.take(field_name, target, values, converted.misfits, typed)
        if column in self.required.keys:
            typed.leave_out(column, dict.fromkeys(converted.rounded, "more digits than a key keeps"))
            for place, reason in unfit_keys(values, self._kinds, column, typed.bad):
                typed.leave_out(column, {place: reason})

    def _converted(self, target: Target, values: list[Any]) -> tuple[list[Any], Converted]:
        """The values of a column, and the same in its type; what says that a record is deleted is a truth value."""
        is_hinted = target.name == self._deletions.column
        if is_hinted and target.data_type == "bool":
            values = [None if value is None else deletion_of(value) for value in values]
        to_type = convert_declared if target.is_fixed else convert_undeclared
        zone = self._zones.of(target.name, target.data_type, values)
        converted = to_type(values, target.data_type, target.type, zone)
        if target.longest:
            too_long = pc.indices_nonzero(pc.greater(pc.utf8_length(converted.array), target.longest).fill_null(False))
            converted.misfits.update(dict.fromkeys(too_long.to_pylist(), f"longer than {target.longest} characters"))
        if is_hinted:
            # Any way to say that nothing was deleted is as good as null.
            for place in [place for place in converted.misfits if deletion_of(values[place]) is False]:
                del converted.misfits[place]
        return values, converted

    def _new_target(self, field_name: str, column: str, values: list[Any], typed: TypedRows) -> Target | None:
        """A column for a field that has none yet; None where there is nothing to tell its type by, or it may not be."""
        places = [place for place, value in enumerate(values) if value is not None]
        if not places:
            return None
        is_said = self.targets.is_said(column, self._receipt.fields.unseen("rename"))
        if not is_said and not self._may_come(field_name, column, values, places, typed):
            return None
        for place in places:
            data_type = data_type_of(values[place])
            misfits = convert([values[place]], data_type, arrow_type(data_type)).misfits
            if not misfits:
                return self.targets.make(column, values, place)
            typed.leave_out(column, {place: misfits[0]})
        return None

    def _may_come(self, field_name: str, column: str, values: list[Any], places: list[int], typed: TypedRows) -> bool:
        known = self.targets.known.columns
        is_known = self._contract.allows_parts(field_name, column, values, typed, known, self.name)
        return is_known or self._contract.allows("columns", field_name, column, places, typed)
