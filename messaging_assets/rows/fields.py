"""Which column each field of a record goes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from operator import itemgetter
from typing import Any

from messaging_assets.answers.field_names import DLT_PREFIX, FieldReason, why_no_column
from messaging_assets.description.resource import Resource
from messaging_assets.rows.typed_rows import TypedRows
from messaging_assets.rows.values.nested import room_for_tables, twins, unfit_for_tables


class Fields:
    """Names columns by dlt's naming.

    Args:
        normalize: dlt's naming of identifiers.
        resource: what the file says of the table.

    Attributes:
        normalize: dlt's naming of identifiers.
    """

    def __init__(self, normalize: Callable[[str], str], resource: Resource) -> None:
        self.normalize, self._levels = normalize, resource.max_table_nesting
        # Whether fields of nested objects are columns too.
        self._are_unfolded = resource.nested == "tables"
        self._room = room_for_tables(resource.table, normalize)
        self._names: dict[str, str | None] = {}
        self._first: dict[str, str] = {}

    def column(self, field_name: str) -> str | None:
        """The column of a field; None where no column can have its name."""
        if field_name not in self._names:
            column = self._dlt_name(field_name)
            self._names[field_name] = None if not column or column.startswith(DLT_PREFIX) else column
        return self._names[field_name]

    def unfit_nested(self, column: str, values: list[Any]) -> dict[int, str]:
        """Why nested values of a column cannot be loaded as tables, or as values, by their places."""
        if not self._are_unfolded:
            return unfit_for_tables(values, str)
        return unfit_for_tables(values, self.normalize, self._room and self._room - len(column), self._levels)

    def columns(self, typed: TypedRows, every: list[str]) -> dict[str, str]:
        """The columns of a batch by field; where two fields are one column, records are renamed first.

        Args:
            typed: the batch; its records are renamed, and those with two values for one column left out.
            every: the fields of all its records.
        """
        names = {one: self.column(one) for one in every}
        if self._are_unfolded:
            self._leave_out_twins(typed)
        strangers = self._strangers(names)
        if None not in names.values() and len(set(names.values())) == len(names) and not strangers:
            return {one: column for one, column in names.items() if column}
        typed.rows = [self._renamed(place, row, typed.bad, strangers) for place, row in enumerate(typed.rows)]
        return {column: column for column in dict.fromkeys(names.values()) if column}

    def _leave_out_twins(self, typed: TypedRows) -> None:
        """See that no field of a nested object is a column that the record has beside it."""
        if dict not in set(map(type, chain.from_iterable(map(dict.values, typed.rows)))):
            return
        for place, row in enumerate(typed.rows):
            if any(type(value) is dict for value in row.values()) and (found := twins(row, self._dlt_name)):
                typed.bad[place] = FieldReason("two fields for one column", *found)

    def _strangers(self, names: dict[str, str | None]) -> dict[str, str]:
        """Fields whose column an earlier record gave to another field, with that one's name.

        `createdAt` and `created_at` are one name, and so one field. dlt makes `x` of any name in Cyrillic letters.
        """
        firsts = {one: self._first.setdefault(column, one) for one, column in names.items() if column}
        return {one: first for one, first in firsts.items() if one != first and _letters(one) != _letters(first)}

    def _renamed(
        self, place: int, row: dict[str, Any], bad: dict[int, str], strangers: dict[str, str]
    ) -> dict[str, Any]:
        columns = {one: self.column(one) for one in row}
        unnamed = [one for one, column in columns.items() if column is None and one]
        why = why_no_column(columns, {one: self._dlt_name(one) for one in unnamed})
        if why is None and (met := [one for one in row if one in strangers]):
            why = FieldReason("two fields for one column", strangers[met[0]], met[0])
        if why is not None:
            bad.setdefault(place, why)
            return {}
        return {column: row[one] for one, column in columns.items() if column}

    def _dlt_name(self, field_name: str) -> str:
        try:
            return self.normalize(field_name)
        except ValueError:
            return ""


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold() or name


def every_field(rows: list[dict[str, Any]]) -> list[str]:
    """The fields of all records, those of the first one in its order."""
    return list(dict.fromkeys((*rows[0], *sorted(set().union(*rows).difference(rows[0])))))


def by_field(rows: list[dict[str, Any]], names: list[str]) -> Iterator[list[Any]]:
    """Each field's values; every record is looked at once, because fetching it from memory takes the longest."""
    if len(names) < 2:
        return iter([[row.get(name) for row in rows] for name in names])
    try:
        return map(list, zip(*map(itemgetter(*names), rows), strict=True))
    except KeyError:
        return map(list, zip(*(map(row.get, names) for row in rows), strict=True))
