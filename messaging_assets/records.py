"""Records into batches for the table: good ones as typed Arrow, bad ones set aside with a reason.

A bad record never sinks a good one. What does not fit is decided by who said what the column is:

- a value that does not fit a column that the file declares: the record is set aside;
- a value that does not fit a column that earlier records made: it lands in a variant column
  `<column>__v_<type>`, as dlt does it, because nobody said what is right;
- a value that no column can hold (beyond 64 bits, NaN, invalid unicode, NUL): the record is set aside.

Within one sync the last record of a key wins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from messaging_assets.api_description import Column, Resource, SchemaContract
from messaging_assets.column_values import arrow_type, convert, data_type_of
from messaging_assets.failures import MendDescription
from messaging_assets.http.redaction import MASK
from messaging_assets.receipt import Receipt

BATCH_ROWS = 10_000
_LARGEST_RECORD = 1_000_000


@dataclass
class _Target:
    """A column of the table."""

    name: str
    data_type: str
    type: Any
    declared: bool


@dataclass
class Batches:
    """Collects the records of one load and hands them out in batches.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        normalize: dlt's naming of identifiers.
        known: the table's columns as dlt's schema has them from earlier loads.
        receipt: where things are counted.
        repeated: hashes of keys that came more than once; filled by the reading.
        is_child: whether this class itself must see what repeats, because keys hold a parent's fields.
        page: tells the number of the page that is being read.
        late: records whose key is in a batch that is already out; they are loaded after it.
        hints: columns that appeared, as dlt wants them described.
    """

    resource: Resource
    asset: str
    normalize: Callable[[str], str]
    known: Mapping[str, Any]
    receipt: Receipt
    repeated: set[int] = field(default_factory=set)
    is_child: bool = False
    page: Callable[[], int] = lambda: 0
    late: dict[Any, dict[str, Any]] = field(default_factory=dict)
    hints: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._places: dict[Any, int] = {}
        self._loaded: set[int] = set()
        self._rejected: list[dict[str, Any]] = []
        self._names: dict[str, str | None] = {}
        self._targets: dict[str, _Target] = {}
        for name, column in self.resource.columns.items():
            if column.data_type:
                self._aim(name, column.data_type, True, column)
        for name, column in self.known.items():
            if name not in self._targets and column.get("data_type") and not name.startswith("_dlt_"):
                self._aim(name, column["data_type"], False, column)
                if column["data_type"] == "json":
                    # JSON is text in Arrow; unsaid, dlt would take the column for text from now on.
                    self.hints[name] = {"name": name, "data_type": "json"}
        # An append-only table keeps every version; elsewhere the last record of a key wins.
        self._required = set(map(self.normalize, self.resource.keys))
        self._keys = self.resource.keys if self.resource.disposition != "append" else ()

    def add(self, row: dict[str, Any]) -> bool:
        """Take a record; True once a batch is full."""
        key = tuple(map(row.get, self._keys)) if self._keys else None
        if key is not None:
            place = self._places.get(key)
            if place is not None:
                self._rows[place] = row
                self._count_own_duplicate()
                return False
            if self._came_earlier(key):
                self.late[key] = row
                return False
            self._places[key] = len(self._rows)
        self._rows.append(row)
        return len(self._rows) >= BATCH_ROWS

    def flush(self) -> Iterator[Any]:
        """The batch so far: Arrow tables (or records, where nested values become tables)."""
        rows, self._rows = self._rows, []
        if self._keys:
            self._loaded.update(map(hash, self._places)) if self.is_child else None
            self._places = {}
        if not rows:
            return
        names = self._columns_of(rows)
        table, good = self._table(rows, names)
        self.receipt.rows_loaded += len(good)
        if self.resource.nested == "tables":
            yield good
        elif table.num_rows:
            yield table

    def rejected(self) -> list[dict[str, Any]]:
        """The records set aside since the last call, as rows of the rejected table."""
        rejected, self._rejected = self._rejected, []
        return rejected

    def set_aside(self, record: Any, reason: str, page: int | None = None) -> None:
        """Put a record where a person can see it, sensitive values masked.

        Raises:
            MendDescription: the file says `on_bad_record: fail`.
        """
        if self.resource.on_bad_record == "fail":
            raise MendDescription(
                f"{self.asset}: a record on page {page or self.page()} cannot be loaded ({reason}); mend it at the "
                "vendor, correct columns in the file, or let on_bad_record be set_aside."
            )
        self.receipt.set_aside[reason] += 1
        text = json.dumps(self._masked(record), default=str)
        self._rejected.append(
            {
                "reason": reason,
                "page": page or self.page(),
                "rejected_at": datetime.now(timezone.utc),
                "record": text[:_LARGEST_RECORD],
                "is_cut": len(text) > _LARGEST_RECORD,
            }
        )

    def _came_earlier(self, key: tuple[Any, ...]) -> bool:
        if not self.is_child:
            # The reading saw this key twice, and it is not in this batch: so it may be in an earlier one.
            return hash(key) in self.repeated
        earlier = hash(key) in self._loaded
        if earlier:
            self._count_own_duplicate()
        return earlier

    def _count_own_duplicate(self) -> None:
        if self.is_child:
            self.receipt.duplicates += 1

    def _aim(self, name: str, data_type: str, declared: bool, column: Column | Mapping[str, Any]) -> _Target:
        get = column.get if isinstance(column, Mapping) else lambda key: getattr(column, key, None)
        normalized = self.normalize(name)
        type_ = arrow_type(data_type, get("precision"), get("scale"))
        target = self._targets[normalized] = _Target(normalized, data_type, type_, declared)
        return target

    def _columns_of(self, rows: list[dict[str, Any]]) -> dict[str, str]:
        """Field name -> column name of this batch; records whose fields collide are taken out."""
        names: dict[str, str] = {}
        taken: dict[str, str] = {}
        colliding = False
        for field_name in set().union(*rows):
            column = self._column_name(field_name)
            if column is None or column in taken:
                colliding = True
            else:
                taken[column] = field_name
            names[field_name] = column or ""
        if colliding:
            self._part_collisions(rows)
            names = {name: name for name in set().union(*rows)} if rows else {}
        return names

    def _part_collisions(self, rows: list[dict[str, Any]]) -> None:
        """Rename fields record by record; a record with two fields for one column is set aside."""
        kept = []
        for row in rows:
            renamed = {self._column_name(name): value for name, value in row.items()}
            if None in renamed:
                self.set_aside(row, "a field whose name no column can have")
            elif len(renamed) < len(row):
                self.set_aside(row, "two fields for one column")
            else:
                kept.append(renamed)
        rows[:] = kept

    def _column_name(self, field_name: str) -> str | None:
        if field_name not in self._names:
            try:
                column: str | None = self.normalize(field_name)
            except ValueError:
                column = None
            self._names[field_name] = None if column in ("_dlt_id", "_dlt_load_id") else column
        return self._names[field_name]

    def _table(self, rows: list[dict[str, Any]], names: dict[str, str]) -> tuple[Any, list[dict[str, Any]]]:
        """Arrow columns of the rows that fit, and those rows; the others are set aside."""
        arrays: dict[str, Any] = {}
        misfits: dict[int, str] = {}
        for field_name, column in sorted(names.items()):
            values = [row.get(field_name) for row in rows]
            self._convert(column, values, arrays, misfits)
        for place, reason in misfits.items():
            self.set_aside(rows[place], reason)
        # dlt warns of every batch whose keys could be null when its own schema says that they are not.
        fields = [pa.field(name, array.type, name not in self._required) for name, array in arrays.items()]
        table = pa.table(list(arrays.values()), pa.schema(fields))
        if misfits:
            good = [place for place in range(len(rows)) if place not in misfits]
            table, rows = table.take(pa.array(good, pa.int64())), [rows[place] for place in good]
        return table, rows

    def _convert(
        self, column: str, values: list[Any], arrays: dict[str, Any], misfits: dict[int, str]
    ) -> None:
        target = self._targets.get(column)
        if target is None:
            first = next((value for value in values if value is not None), None)
            if first is None or not self._may_add(column, values, misfits):
                return
            target = self._aim(column, data_type_of(first), False, {})
            self.hints[column] = {"name": column, "data_type": target.data_type}
        converted = convert(values, target.data_type, target.type)
        self.receipt.values_rounded += converted.rounded
        arrays[column] = converted.array
        if target.declared:
            misfits.update({place: f"{column}: {why}" for place, why in converted.misfits.items()})
        elif converted.misfits:
            self._to_variants(column, values, converted.misfits, arrays, misfits)

    def _to_variants(
        self,
        column: str,
        values: list[Any],
        places: Mapping[int, str],
        arrays: dict[str, Any],
        misfits: dict[int, str],
    ) -> None:
        """Give each value that fits no column of ours the column dlt would give it."""
        by_type: dict[str, dict[int, Any]] = {}
        for place in places:
            by_type.setdefault(data_type_of(values[place]), {})[place] = values[place]
        for data_type, strangers in by_type.items():
            variant = f"{column}__v_{data_type}"
            alone = convert(
                [strangers.get(place) for place in range(len(values))], data_type, arrow_type(data_type)
            )
            if data_type != self._targets[column].data_type and alone.array.null_count < len(values):
                self._targets.setdefault(variant, _Target(variant, data_type, arrow_type(data_type), False))
                self.hints[variant] = {"name": variant, "data_type": data_type, "variant": True}
                arrays[variant] = alone.array
                misfits.update({place: f"{column}: {why}" for place, why in alone.misfits.items()})
            else:
                misfits.update({place: f"{column}: {places[place]}" for place in strangers})

    def _may_add(self, column: str, values: list[Any], misfits: dict[int, str]) -> bool:
        """Whether the schema contract lets a column appear that nobody declared."""
        contract = self.resource.schema_contract
        rule = contract.columns if isinstance(contract, SchemaContract) else contract
        if rule in (None, "evolve"):
            return True
        with_value = [place for place, value in enumerate(values) if value is not None]
        if rule == "freeze":
            raise MendDescription(
                f"{self.asset}: the API sends a field '{column}' that the file does not declare, and schema_contract "
                "freezes the columns; declare it or let the contract evolve."
            )
        if rule == "discard_row":
            misfits.update(
                dict.fromkeys(with_value, f"{column}: not declared, and the contract discards the row")
            )
        else:
            self.receipt.values_dropped += len(with_value)
        return False

    def _masked(self, record: Any) -> Any:
        sensitive = {
            self.normalize(name) for name, column in self.resource.columns.items() if column.sensitive
        }
        if not sensitive:
            return record
        if not isinstance(record, dict):
            return MASK
        return {
            name: MASK if self._column_name(name) in sensitive else value for name, value in record.items()
        }
