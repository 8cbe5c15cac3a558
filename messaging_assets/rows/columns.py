"""The columns of a table while records become rows: which there are, of what type, and what fits none of them.

Who said what a column is decides what happens to a value that does not fit:

- the file declares the column, or it is a key: the record is bad;
- earlier records made the column: whole numbers become doubles with the first broken one (`rows/undeclared_types.py`);
  any other value lands in a variant column `<column>__v_<type>`, as dlt does it, because nobody said what is right,
  and the receipt counts it;
- no column can hold it (beyond 64 bits, NaN, invalid unicode, NUL, too deep, too large): the record is bad.

The schema contract is kept here, from the first load on: dlt itself would let a first load through.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from dlt.common.schema.typing import C_DLT_ID

from messaging_assets.answers.field_names import DLT_PREFIX, FieldReason, why_no_column
from messaging_assets.description.api import Resource
from messaging_assets.description.table import SchemaContract
from messaging_assets.description.windows import WINDOW_AT
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.changed_columns import other_nesting, refuse_changed_digits, refuse_other_nesting
from messaging_assets.rows.hard_deletes import HARD_DELETED, deletion_of, hinted_column, needs_mark
from messaging_assets.rows.nested import Misfit, refuse_for_tables, twins
from messaging_assets.rows.undeclared_types import Retyped, agreed_type, convert_undeclared, text_type
from messaging_assets.rows.values import Converted, arrow_type, convert, data_type_of

# Where `deletes: mark` notes when a row was found to be gone.
DELETED_AT = "_deleted_at"
_EXACT_UP_TO = 2**53


@dataclass(frozen=True)
class _Target:
    """A column of the table."""

    name: str
    data_type: str
    type: Any
    is_fixed: bool


@dataclass
class TypedRows:
    """A batch of records as Arrow columns.

    Args:
        rows: the records, fields of one column under one name; those in `bad` are not to be used.
        arrays: a column's values by its name, as long as the rows.
        bad: why a record cannot be loaded, by its place.
        dropped: places and fields of values that the schema contract discards.
        deleted: for each record whether the API says that it is deleted; empty where dlt finds that by itself.
    """

    rows: list[dict[str, Any]]
    arrays: dict[str, Any] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    dropped: list[tuple[int, str]] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)

    @property
    def good(self) -> list[int]:
        """Places of the records that can be loaded."""
        return [place for place in range(len(self.rows)) if place not in self.bad]

    def records(self) -> list[dict[str, Any]]:
        """The records that can be loaded, for dlt to type them."""
        for place, name in self.dropped:
            self.rows[place] = {one: value for one, value in self.rows[place].items() if one != name}
        if self.deleted:
            return [{**self.rows[place], HARD_DELETED: self.deleted[place]} for place in self.good]
        return [self.rows[place] for place in self.good]

    def table(self, required: frozenset[str]) -> Any:
        """The records that can be loaded as an Arrow table."""
        # dlt warns of every batch whose keys could be null when its own schema says that they are not.
        fields = [pa.field(name, array.type, name not in required) for name, array in self.arrays.items()]
        kept = pa.array(self.good, pa.int64())
        arrays = [array.take(kept) if self.bad else array for array in self.arrays.values()]
        row_id = pa.field(C_DLT_ID, pa.string(), False)
        return pa.table([*arrays, _row_ids(len(kept))], pa.schema([*fields, row_id]))


def _row_ids(count: int) -> Any:
    """Random ids of rows, as dlt gives them (it would write each file a second time to add them)."""
    text = base64.b64encode(os.urandom(12 * count))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), count, [None, pa.py_buffer(text)]).cast(pa.string())


class TableColumns:
    """The columns that a table has so far, and those that its next records need.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        normalize: dlt's naming of identifiers.
        known: the table's columns as dlt's schema has them from earlier loads.
        receipt: where rounded and dropped values are counted.
        kinds: what a key column's values are in JSON, by column, once one came.
        learnt: types of columns that an earlier pass of this read found to be wrong in its first batch.
        widen: makes a column of whole numbers, which the table has, one of doubles; False where that cannot be.

    Attributes:
        hints: columns that appeared, as dlt wants them described.
        is_begun: whether a batch of this load is out already, so that no type can change any more.
        required: columns that dlt makes NOT NULL.

    Raises:
        MendDescription: the file gives a column another type than the table has.
    """

    def __init__(
        self,
        resource: Resource,
        asset: str,
        normalize: Callable[[str], str],
        known: Mapping[str, Any],
        receipt: Receipt,
        kinds: dict[str, str],
        learnt: Mapping[str, str] = MappingProxyType({}),
        widen: Callable[[str], bool] = lambda column: False,
    ) -> None:
        self.hints: dict[str, dict[str, Any]] = {}
        self.is_begun = False
        self._learnt, self._widen = learnt, widen
        self._retyped: dict[str, str] = {}
        self._resource, self._asset, self._normalize, self._receipt = resource, asset, normalize, receipt
        # Without a time a row is in no window, and each run that appends it would have it once more.
        windowed = resource.partitions is not None and resource.disposition == "append"
        declared = resource.columns.get(resource.partitions.column_name) if resource.partitions else None
        placing = resource.partitions.placed_by(declared.data_type if declared else None) if resource.partitions else ""
        self._keys = frozenset(map(normalize, (*resource.keys, *resource.merge_keys)))
        self._window_at = normalize(WINDOW_AT) if placing == WINDOW_AT else None
        # Whether nested values are loaded as values: dlt's writers of JSON know integers of 64 bits only.
        self.as_values = False
        self.required = self._keys | ({normalize(placing)} if windowed else frozenset())
        self._names: dict[str, str | None] = {}
        self._targets: dict[str, _Target] = {}
        self._kinds = kinds
        hinted = hinted_column(resource)
        self._hinted = normalize(hinted) if hinted is not None else None
        self._declared = {normalize(name): column for name, column in resource.columns.items()}
        self._stored = frozenset(name for name, column in known.items() if column.get("data_type"))
        self._former_keys = frozenset(
            name
            for name, column in known.items()
            if column.get("data_type") and column.get("nullable") is False and not name.startswith(DLT_PREFIX)
        ).difference(self.required)
        refuse_other_nesting(resource, asset, known, self._declared)
        self._aim_at_declared(known)
        self._aim_at_known(known)

    def _aim_at_declared(self, known: Mapping[str, Any]) -> None:
        for name, column in self._declared.items():
            if column.data_type is None:
                continue
            before = known.get(name, {}).get("data_type")
            if before not in (None, column.data_type):
                raise MendDescription(
                    f"{self._asset}: column '{name}' is {before} in the table and {column.data_type} in the file; "
                    "give it the table's type, or drop the table so that it is made anew."
                )
            refuse_changed_digits(self._asset, name, column, known.get(name, {}))
            type_ = arrow_type(column.data_type, column.precision, column.scale, column.timezone)
            self._targets[name] = _Target(name, column.data_type, type_, True)

    def _aim_at_known(self, known: Mapping[str, Any]) -> None:
        for name, column in known.items():
            data_type = column.get("data_type")
            if name in self._targets or not data_type or name.startswith(DLT_PREFIX):
                continue
            if data_type == "bigint" and self._learnt.get(name) == "double" and self._widen(name):
                data_type = "double"
                self.hints[name] = {"name": name, "data_type": data_type}
            type_ = arrow_type(data_type, column.get("precision"), column.get("scale"), column.get("timezone"))
            self._targets[name] = _Target(name, data_type, type_, name in self.required)
            if data_type == "json":
                # JSON is text in Arrow; unsaid, dlt would take the column for text from now on.
                self.hints[name] = {"name": name, "data_type": "json"}
        # Where nobody ever said what the columns are, the first load says it, whatever the contract.
        self._is_open = not self._declared and not self._targets

    def name(self, field_name: str) -> str | None:
        """The column of a field; None where no column can have its name."""
        if field_name not in self._names:
            try:
                column: str | None = self._normalize(field_name)
            except ValueError:
                column = None
            self._names[field_name] = None if not column or column.startswith(DLT_PREFIX) else column
        return self._names[field_name]

    def data_type(self, column: str) -> str:
        """dlt's word for the type of a column that the table has."""
        return self._targets[column].data_type

    def typed(self, rows: list[dict[str, Any]]) -> TypedRows:
        """Records as Arrow columns, with what cannot be loaded and why.

        Raises:
            MendDescription: the schema contract freezes what the records would change, or they have a field of the
                name of our mark.
        """
        typed = TypedRows(rows)
        self._leave_out_large(typed)
        fields = self._fields(typed)
        self._refuse_our_names(set(fields.values()))
        for (field_name, column), values in zip(fields.items(), _by_field(typed.rows, list(fields)), strict=True):
            self._convert(field_name, column, values, typed)
        if self._retyped:
            names = ", ".join(sorted(self._retyped))
            raise Retyped(f"{self._asset}: {names}: later values are of another type; run it again.", self._retyped)
        self._refuse_to_lack_former_keys(typed)
        self._note_deleted(fields, typed)
        self._require(typed)
        if not typed.arrays and self._targets:
            first = next(iter(self._targets.values()))
            typed.arrays[first.name] = pa.nulls(len(rows), first.type)
        elif not typed.arrays:
            for place in range(len(rows)):
                typed.bad.setdefault(place, "no value in any field")
        return typed

    def _refuse_to_lack_former_keys(self, typed: TypedRows) -> None:
        """See that a column that the table keeps NOT NULL, because it was a key, has its values still.

        Raises:
            MendDescription: a record has none.
        """
        for column in self._former_keys:
            array = typed.arrays.get(column)
            if array is None or array.null_count:
                raise MendDescription(
                    f"{self._asset}: '{column}' may not be null, such as a key that the file no longer names, and "
                    "records without it came; name it in primary_key again, or run it once with full_refresh."
                )

    def _refuse_our_names(self, columns: set[str]) -> None:
        if self._resource.deletes == "mark" and DELETED_AT in columns:
            raise MendDescription(
                f"{self._asset}: the API has a field '{DELETED_AT}' of its own, which deletes: mark would write over; "
                "let deletes be remove or ignore."
            )
        if HARD_DELETED in columns and needs_mark(self._resource):
            raise MendDescription(
                f"{self._asset}: the API has a field '{HARD_DELETED}' of its own, under which dlt is told what "
                "hard_delete means; put the hint on a column of data_type bool."
            )

    def _note_deleted(self, fields: Mapping[str, str], typed: TypedRows) -> None:
        """Tell dlt by a truth value of ours which rows the API calls deleted; count them."""
        sent = [name for name, column in fields.items() if column == self._hinted]
        if self._hinted is None:
            return
        said = [[deletion_of(row.get(name)) for name in sent] for row in typed.rows]
        deleted = [any(one) for one in said]
        self._receipt.rows_hard_deleted += sum(deleted)
        self._receipt.deletion_unknown(sum(None in one and not any(one) for one in said), self._hinted)
        if needs_mark(self._resource):
            typed.deleted = deleted
            typed.arrays[HARD_DELETED] = pa.array(deleted, pa.bool_())

    def _leave_out_large(self, typed: TypedRows) -> None:
        """Leave out the records that alone have more fields than the file allows."""
        most = self._resource.maximum_fields
        if max(map(len, typed.rows), default=0) > most:
            large = {place for place, row in enumerate(typed.rows) if len(row) > most}
            typed.bad.update(dict.fromkeys(large, f"more than {most:,} fields (maximum_fields)"))
            typed.rows = [{} if place in large else row for place, row in enumerate(typed.rows)]

    def _check_size(self, fields: Iterable[str]) -> None:
        contract, most = self._resource.schema_contract, self._resource.maximum_fields
        rule = contract.columns if isinstance(contract, SchemaContract) else contract
        if rule not in (None, "evolve") and not self._is_open:
            return  # no column appears
        columns = {*map(self.name, fields)}
        if len(columns | self._targets.keys()) > max(most, len(self._targets)):
            raise MendDescription(
                f"{self._asset}: the records have more than {most:,} different fields, as if keys were values; let a "
                "processing step keep the fields you want, or raise maximum_fields."
            )

    def _fields(self, typed: TypedRows) -> dict[str, str]:
        """Field -> column of this batch; where two fields are one column, records are renamed first."""
        every = dict.fromkeys((*typed.rows[0], *sorted(set().union(*typed.rows).difference(typed.rows[0]))))
        if len(every) + len(self._targets) > self._resource.maximum_fields:
            self._check_size(every)
        names = {one: self.name(one) for one in every}
        if self._resource.nested == "tables":
            self._refuse_twins(typed)
        if None not in names.values() and len(set(names.values())) == len(names):
            return {one: column for one, column in names.items() if column}
        typed.rows = [self._renamed(place, row, typed.bad) for place, row in enumerate(typed.rows)]
        return {column: column for column in dict.fromkeys(names.values()) if column}

    def _refuse_twins(self, typed: TypedRows) -> None:
        """See that no field of a nested object is a column that the record has beside it."""
        for place, row in enumerate(typed.rows):
            if any(type(value) is dict for value in row.values()) and (found := twins(row, self._dlt_name)):
                typed.bad[place] = FieldReason("two fields for one column", *found)

    def _renamed(self, place: int, row: dict[str, Any], bad: dict[int, str]) -> dict[str, Any]:
        columns = {one: self.name(one) for one in row}
        unnamed = [one for one, column in columns.items() if column is None and one]
        why = why_no_column(columns, {one: self._dlt_name(one) for one in unnamed})
        if why is not None:
            bad.setdefault(place, why)
            return {}
        return {column: row[one] for one, column in columns.items() if column}

    def _dlt_name(self, field_name: str) -> str:
        try:
            return self._normalize(field_name)
        except ValueError:
            return ""

    def _convert(self, field_name: str, column: str, values: list[Any], typed: TypedRows) -> None:
        target = self._targets.get(column) or self._new_target(field_name, column, values, typed)
        if target is None:
            return
        if column == self._hinted and target.data_type == "bool":
            values = [None if value is None else deletion_of(value) for value in values]
        to_type = convert if target.is_fixed else convert_undeclared
        converted = to_type(values, target.data_type, target.type)
        if column == self._hinted:
            # Any way to say that nothing was deleted is as good as null.
            for place in [place for place in converted.misfits if deletion_of(values[place]) is False]:
                del converted.misfits[place]
        if converted.misfits and not target.is_fixed:
            converted, target = self._retype(target, values, converted)
        typed.arrays[column] = converted.array
        self._receipt.values_rounded += len(converted.rounded)
        if target.data_type == "json" and (self._resource.nested == "tables" or self.as_values):
            self._refuse_for_tables(column, values, typed)
        if target.is_fixed:
            _note(typed.bad, column, converted.misfits)
        elif converted.misfits:
            self._to_variants(field_name, target, values, converted.misfits, typed)
        if column in self._keys:
            self._check_keys(column, values, converted.rounded, typed)

    def _new_target(self, field_name: str, column: str, values: list[Any], typed: TypedRows) -> _Target | None:
        """A column for a field that has none yet; None where there is nothing to tell its type by, or it may not be."""
        places = [place for place, value in enumerate(values) if value is not None]
        if not places or not self._may_change("columns", field_name, column, places, typed):
            return None
        for place in places:
            data_type = data_type_of(values[place])
            type_ = arrow_type(data_type)
            if not convert([values[place]], data_type, type_).misfits:
                data_type = self._learnt.get(column) or agreed_type(values, values[place])
                type_ = arrow_type(data_type)
                if data_type == "json" and self._resource.nested == "json" and self._has_parts(column):
                    raise MendDescription(f"{self._asset}: {other_nesting(column, 'tables', 'json')}.")
                self.hints[column] = {"name": column, "data_type": data_type}
                target = self._targets[column] = _Target(column, data_type, type_, column in self.required)
                return target
            misfits = convert([values[place]], data_type, type_).misfits
            _note(typed.bad, column, {place: misfits[0]})
        return None

    def _retype(self, target: _Target, values: list[Any], converted: Converted) -> tuple[Converted, _Target]:
        """Another type for a column that nobody declared, where that keeps its values together; else all as it is."""
        column, kinds = target.name, {type(values[place]) for place in converted.misfits}
        contract = self._resource.schema_contract
        rule = contract.data_type if isinstance(contract, SchemaContract) else contract
        if rule not in (None, "evolve"):
            return converted, target
        is_text = target.data_type == "timestamp" and str in kinds and column not in self._stored
        if is_text and self.is_begun and column not in self._learnt:
            self._retyped[column] = "text"
        is_broken = target.data_type == "bigint" and float in kinds and agreed_type(values, 0) == "double"
        if not is_broken or column in self._learnt:
            return converted, target
        if self.is_begun:
            self._retyped[column] = "double"
        elif column not in self._stored or self._widen(column):
            wider = self._targets[column] = _Target(column, "double", arrow_type("double"), target.is_fixed)
            self.hints[column] = {"name": column, "data_type": "double"}
            return convert(values, "double", wider.type), wider
        return converted, target

    def _has_parts(self, column: str) -> bool:
        """Whether the table has the fields of an object as columns of their own, as `nested: tables` makes them."""
        return any(name.startswith(f"{column}__") and not name.startswith(f"{column}__v_") for name in self._stored)

    def _to_variants(
        self, field_name: str, target: _Target, values: list[Any], misfits: Mapping[int, str], typed: TypedRows
    ) -> None:
        """Give each value that fits no column of ours the column that dlt would give it."""
        by_type: dict[str, list[int]] = {}
        texts = [values[place] for place in misfits if type(values[place]) is str]
        of_text = text_type(texts) if texts and f"{target.name}__v_text" not in self._targets else "text"
        for place in misfits:
            data_type = of_text if type(values[place]) is str else data_type_of(values[place])
            by_type.setdefault(data_type, []).append(place)
        for data_type, places in by_type.items():
            type_ = arrow_type(data_type)
            alone = convert([values[place] for place in places], data_type, type_)
            if data_type == target.data_type:
                _note(typed.bad, target.name, {place: misfits[place] for place in places})
                continue
            _note(typed.bad, target.name, {places[at]: reason for at, reason in alone.misfits.items()})
            able = [place for at, place in enumerate(places) if at not in alone.misfits]
            if able and self._may_change("data_type", field_name, target.name, able, typed):
                self._add_variant(f"{target.name}__v_{data_type}", data_type, type_, values, able, typed)

    def _add_variant(
        self, name: str, data_type: str, type_: Any, values: list[Any], places: list[int], typed: TypedRows
    ) -> None:
        strangers = [None] * len(values)
        for place in places:
            strangers[place] = values[place]
        converted = convert(strangers, data_type, type_)
        self._receipt.values_rounded += len(converted.rounded)
        self._receipt.beside(name, len(places))
        typed.arrays[name] = converted.array
        self._targets.setdefault(name, _Target(name, data_type, type_, False))
        self.hints[name] = {"name": name, "data_type": data_type, "variant": True}

    def _may_change(self, what: str, field_name: str, column: str, places: list[int], typed: TypedRows) -> bool:
        """Whether the schema contract lets a column or a variant appear; if not, what it says is done."""
        contract = self._resource.schema_contract
        rule = getattr(contract, what) if isinstance(contract, SchemaContract) else contract
        is_said = what == "columns" and (self._is_open or column in {*self._declared, *self.required, self._window_at})
        if rule in (None, "evolve") or is_said:
            return True
        news = "a field that is not declared" if what == "columns" else "values of another type than its column has"
        if rule == "freeze":
            raise MendDescription(
                f"{self._asset}: the API sends '{column}', {news}, and schema_contract freezes the {what}; "
                "declare what it is, or let the contract evolve."
            )
        if rule == "discard_row":
            _note(typed.bad, column, dict.fromkeys(places, f"{news}, and the contract discards the row"))
        else:
            self._receipt.values_dropped += len(places)
            typed.dropped += [(place, field_name) for place in places]
        return False

    def _check_keys(self, column: str, values: list[Any], rounded: frozenset[int], typed: TypedRows) -> None:
        """See that two keys of the API never become one in the table."""
        _note(typed.bad, column, dict.fromkeys(rounded, "more digits than a key keeps"))
        kinds = set(map(type, values)) - {type(None)}
        keys = ((place, one) for place, one in enumerate(values) if one is not None and place not in typed.bad)
        if (first := next(keys, None)) is None:
            return
        kind = self._kinds.setdefault(column, _kind(first[1]))
        if kinds <= {str, int} and {_kind(one()) for one in kinds} == {kind}:
            return
        for place, value in chain([first], keys):
            if _kind(value) != kind:
                _note(typed.bad, column, {place: f"not a {kind} as the keys before it"})
            elif type(value) is float and abs(value) >= _EXACT_UP_TO:
                _note(typed.bad, column, {place: "a number that no double holds exactly"})

    def _require(self, typed: TypedRows) -> None:
        for column in sorted(self.required):
            array = typed.arrays.get(column)
            empty = range(len(typed.rows)) if array is None else _nulls(array) if array.null_count else ()
            for place in empty:
                typed.bad.setdefault(place, f"no {column}")

    def _refuse_for_tables(self, column: str, values: list[Any], typed: TypedRows) -> None:
        for place, value in enumerate(values):
            try:
                refuse_for_tables(value, self._normalize if self._resource.nested == "tables" else str)
            except Misfit as misfit:
                _note(typed.bad, column, {place: str(misfit)})


def _by_field(rows: list[dict[str, Any]], names: list[str]) -> Iterator[list[Any]]:
    """Each field's values; every record is looked at once, because fetching it from memory takes the longest."""
    if len(names) < 2:
        return iter([[row.get(name) for row in rows] for name in names])
    try:
        return map(list, zip(*map(itemgetter(*names), rows), strict=True))
    except KeyError:
        return map(list, zip(*(map(row.get, names) for row in rows), strict=True))


def _note(bad: dict[int, str], column: str, reasons: Mapping[int, str]) -> None:
    for place, reason in reasons.items():
        bad.setdefault(place, f"{column}: {reason}")


def _nulls(array: Any) -> Iterator[int]:
    return (place for place, is_null in enumerate(array.is_null().to_pylist()) if is_null)


def _kind(value: Any) -> str:
    names = {str: "text", int: "number", float: "number", bool: "truth value"}
    return names.get(type(value), "value")
