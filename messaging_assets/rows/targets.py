"""The columns of a table: those that it has, those that the file declares, and those that records made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging_assets.answers.field_names import DLT_PREFIX
from messaging_assets.description.api import Resource
from messaging_assets.description.parents import given_columns
from messaging_assets.description.table import Column
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.evidence.sought_fields import Sought
from messaging_assets.rows.changed_columns import other_nesting, refuse_changed_digits, refuse_other_nesting
from messaging_assets.rows.values.conversion import Converted, arrow_type, convert
from messaging_assets.rows.values.undeclared_types import agreed_type


@dataclass(frozen=True)
class Target:
    """A column of the table.

    Args:
        name: its name.
        data_type: dlt's word for its type.
        type: the Arrow type.
        is_fixed: whether the file says what it is, so that a value which does not fit makes its record bad.
        longest: characters that a text may have at most; None where there is no such bound.
    """

    name: str
    data_type: str
    type: Any
    is_fixed: bool
    longest: int | None = None


@dataclass(frozen=True)
class KnownTable:
    """A table as it is before a load.

    Args:
        normalize: dlt's naming of identifiers.
        columns: those that dlt's schema has from earlier loads, by name.
        tables: those of its nested lists, without its own name before theirs.
        learnt: types of columns that an earlier pass of this read found to be wrong in its first batch.
        widen: makes a column of whole numbers, which the table has, one of doubles; False where that cannot be.
        digits: of the longest whole number that the destination keeps.
        has_lengths: whether its text columns take no text longer than their precision.
    """

    normalize: Callable[[str], str]
    columns: Mapping[str, Any] = field(default_factory=dict)
    tables: Collection[str] = frozenset()
    learnt: Mapping[str, str] = field(default_factory=dict)
    widen: Callable[[str], bool] = lambda column: False
    digits: int = 76
    has_lengths: bool = False


class Targets:
    """The columns that a table has so far.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        known: the table before this load.
        required: columns that dlt makes NOT NULL.

    Attributes:
        hints: columns that appeared, as dlt wants them described.
        declared: the columns of the file, by their name in the table.
        is_open: whether nobody ever said what the columns are, so that the first load says it, whatever the contract.
        is_begun: whether a batch of this load is out already, so that no type can change any more.
        retyped: columns that turned out to be of another type when it was too late, with that type.

    Raises:
        MendDescription: the file gives a column another type than the table has.
    """

    def __init__(self, resource: Resource, asset: str, known: KnownTable, required: frozenset[str]) -> None:
        self._resource, self._asset, self._required = resource, asset, required
        self.known, normalize, columns = known, known.normalize, known.columns
        self._as_sent = _as_sent(resource, normalize)
        self.hints: dict[str, dict[str, Any]] = {}
        self.retyped: dict[str, str] = {}
        self.is_begun = False
        self.declared: dict[str, Column] = {normalize(name): column for name, column in resource.columns.items()}
        self._stored = frozenset(name for name, column in columns.items() if column.get("data_type"))
        self._by_name: dict[str, Target] = {}
        refuse_other_nesting(resource, asset, columns, self.declared)
        self._take_declared(columns)
        self._take_known(columns)
        self.is_open = not self.declared and not self._by_name

    def _take_declared(self, known: Mapping[str, Any]) -> None:
        for name, column in self.declared.items():
            if column.data_type is None:
                continue
            before = known.get(name, {}).get("data_type")
            if before not in (None, column.data_type):
                raise MendDescription(
                    f"column '{name}' is {before} in the table and {column.data_type} in the file",
                    "give it the table's type, or run it once with full_refresh, so that it is made anew",
                    where=self._asset,
                )
            refuse_changed_digits(self._asset, name, column, known.get(name, {}))
            type_ = self._arrow_type(column.data_type, column.precision, column.scale, column.timezone)
            longest = self._longest(column.data_type, column.precision)
            self._by_name[name] = Target(name, column.data_type, type_, True, longest)

    def _take_known(self, known: Mapping[str, Any]) -> None:
        for name, column in known.items():
            data_type = column.get("data_type")
            if name in self._by_name or not data_type or name.startswith(DLT_PREFIX):
                continue
            if data_type == "bigint" and self.known.learnt.get(name) == "double" and self.known.widen(name):
                data_type = "double"
                self.hints[name] = {"name": name, "data_type": data_type}
            type_ = self._arrow_type(data_type, *map(column.get, ("precision", "scale", "timezone")))
            longest = self._longest(data_type, column.get("precision"))
            self._by_name[name] = Target(name, data_type, type_, name in self._required, longest)
            if data_type == "json":
                # JSON is text in Arrow; unsaid, dlt would take the column for text from now on.
                self.hints[name] = {"name": name, "data_type": "json"}

    def _longest(self, data_type: str, precision: int | None) -> int | None:
        return precision if data_type == "text" and self.known.has_lengths else None

    def _arrow_type(self, data_type: str, precision: Any, scale: Any, timezone: Any) -> Any:
        # dlt gives a `wei` all digits that there are.
        return arrow_type(data_type, self.known.digits if data_type == "wei" else precision, scale, timezone)

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, column: object) -> bool:
        return column in self._by_name

    def __getitem__(self, column: str) -> Target:
        return self._by_name[column]

    def get(self, column: str) -> Target | None:
        """A column by its name; None where the table has none of it."""
        return self._by_name.get(column)

    def is_said(self, column: str, unseen: Collection[Sought] = ()) -> bool:
        """Whether a column may appear whatever the contract says: the file names it, or nobody ever named any.

        Where no record has what a `rename` takes (`unseen`), a field of the new name is the API's own.
        """
        said = self.is_open or column in self.declared or column in self._required
        return said or column in _given(self._resource, self.known.normalize, unseen)

    def make(self, column: str, values: list[Any], place: int) -> Target:
        """Make a column for the first values of a field.

        Args:
            column: its name.
            values: one per record, None where a record has none.
            place: the first record whose value fits a column at all.

        Raises:
            MendDescription: it would hold objects whose fields are columns of the table.
        """
        data_type = self.known.learnt.get(column) or agreed_type(values, values[place])
        if data_type == "timestamp" and column in self._as_sent and type(values[place]) is str:
            data_type = "text"
        if (
            data_type == "json"
            and self._resource.nested == "json"
            and _has_parts(column, self._stored, self._resource, self.known.normalize)
        ):
            raise MendDescription(other_nesting(column, "tables", "json"), where=self._asset)
        return self._add(column, data_type, column in self._required)

    def variant(self, name: str, data_type: str, type_: Any) -> None:
        """Note the column beside another one that takes its values of another type."""
        self._by_name.setdefault(name, Target(name, data_type, type_, False))
        self.hints[name] = {"name": name, "data_type": data_type, "variant": True}

    def _add(self, column: str, data_type: str, is_fixed: bool) -> Target:
        self.hints[column] = {"name": column, "data_type": data_type}
        target = self._by_name[column] = Target(column, data_type, arrow_type(data_type), is_fixed)
        return target

    def retype(self, target: Target, values: list[Any], converted: Converted) -> tuple[Converted, Target]:
        """Another type for a column that nobody declared, where that keeps its values together; else all as it is.

        Args:
            target: the column.
            values: a batch's.
            converted: the same in its type, with misfits.
        """
        column, kinds = target.name, {type(values[place]) for place in converted.misfits}
        is_text = target.data_type == "timestamp" and str in kinds and column not in self._stored
        if is_text and self.is_begun and column not in self.known.learnt:
            self.retyped[column] = "text"
        is_broken = target.data_type == "bigint" and float in kinds and agreed_type(values, 0) == "double"
        if not is_broken or column in self.known.learnt:
            return converted, target
        if self.is_begun:
            self.retyped[column] = "double"
        elif column not in self._stored or self.known.widen(column):
            wider = self._add(column, "double", target.is_fixed)
            return convert(values, "double", wider.type), wider
        return converted, target


def _as_sent(resource: Resource, normalize: Callable[[str], str]) -> frozenset[str]:
    """Columns whose texts stay as they were sent, unless the file says more: two ways to write a moment are two keys.

    A window is found in the table by its moments, so that its column is one of them.
    """
    names = {normalize(name) for name in (*resource.keys, *resource.merge_keys) if name}
    return frozenset(names - ({normalize(resource.partitions.column_name)} if resource.partitions else set()))


def _given(resource: Resource, normalize: Callable[[str], str], unseen: Collection[Sought]) -> frozenset[str]:
    """Columns that the file itself gives to rows, of what stands beside or above them, or by its steps."""
    made = [(*(step.copy_ or ()), *(step.constant or ()), *(step.template or ())) for step in resource.steps]
    pairs = [pair for step in resource.steps for pair in (step.rename or {}).items()]
    renamed = [new for old, new in pairs if ("rename", old) not in unseen]
    return frozenset(normalize(name) for name in given_columns(resource).union(*made, renamed))


def _has_parts(column: str, stored: Collection[str], resource: Resource, normalize: Callable[[str], str]) -> bool:
    """Whether a table has the fields of an object as columns of their own, as `nested: tables` makes them.

    Those that the file itself copies out of an object are none: an empty table has them before the object.
    """
    placing = [resource.partitions.column_name] if resource.partitions else []
    copied = _given(resource, normalize, ()).union(map(normalize, placing))
    parts = (name for name in stored if name.startswith(f"{column}__") and not name.startswith(f"{column}__v_"))
    return any(name not in copied for name in parts)
