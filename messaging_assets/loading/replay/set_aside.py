"""What the rejected table of a resource holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import is_sensitive
from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.pipelines import destination_profile, loaded_dataset
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.redaction import MASK
from messaging_assets.seams.dlt_names import C_DLT_ID, C_DLT_LOAD_ID, columns_in
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.table_rows import TableRows, dataset_rows, limited

_COLUMNS = (C_DLT_ID, C_DLT_LOAD_ID, "reason", "fields", "page", "rejected_at", "record", "is_cut", "steps")
# What databases take as the values of one statement.
_MOST = 1_000


@dataclass(frozen=True)
class SetAside:
    """A record that was set aside.

    Args:
        row_id: dlt's mark of its row in the rejected table.
        load_id: the load that brought it.
        reason: why it could not be loaded.
        fields: the fields that the reason is about, where there are several.
        page: the page of its list.
        at: when.
        text: the record as JSON, what was sensitive then masked.
        is_cut: whether something of it was left out.
        steps: the mark of the steps that it was taken through.
        times: how often it came so.
        made: what later steps made of it.
        obstacle: why those cannot be taken.
    """

    row_id: str
    load_id: str
    reason: str
    fields: str | None
    page: int | None
    at: Any
    text: str | None
    is_cut: bool | None
    steps: str | None
    times: int = 1
    made: dict[str, Any] | None = None
    obstacle: str | None = None

    @property
    def record(self) -> dict[str, Any] | None:
        """The record; None where it is none, or not whole."""
        if self.made is not None:
            return self.made
        try:
            found = None if self.is_cut else json.loads(self.text or "")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def why_not(self) -> str | None:
        """Why it cannot be loaded from here, whatever the file says now; None where it may be."""
        record = self.record
        if self.obstacle:
            return self.obstacle
        if record is None:
            return "it was not kept as a whole record, so it must be read from the API again"
        if any(value == MASK for value in record.values()):
            return "a sensitive value of it was masked, so it must be read from the API again"
        return None

    def behind(self, missed: Sequence[Mapping[str, Callable[..., Any]]] | None) -> SetAside:
        """The record behind those steps of the file that it was not taken through.

        Args:
            missed: these, as dlt takes them; None where it cannot be taken through them here.
        """
        if self.why_not():
            return self
        if missed is None:
            return replace(self, obstacle="the file has other steps by now, so it must be read from the API again")
        record = self.record
        for kind, step in (pair for one in missed for pair in one.items()):
            if kind == "filter" and not step(record or {}):
                return replace(self, obstacle=getattr(step, "sets_aside", "a filter of the file leaves it out"))
            if kind == "yield_map":
                words = "explode makes several records of it, so it must be read from the API again"
                return replace(self, obstacle=words)
            record = step(record or {}) if kind == "map" else record
        return replace(self, made=record) if missed else self

    def shown(self, sensitive: Collection[str]) -> dict[str, Any] | None:
        """The record as people may see it, by what the file calls sensitive now."""
        record = self.record
        return record and {name: MASK if is_sensitive(name, sensitive) else one for name, one in record.items()}


@dataclass(frozen=True)
class Reason:
    """Why some records were set aside.

    Args:
        reason: in the words of the rejected table.
        fields: the fields that it is about, where there are several.
        records: how many records, each counted once however often it came.
        times: how often they came, a sync after the other.
        first_at: when the first of them was set aside.
        last_at: when the last was.
    """

    reason: str
    fields: str | None
    records: int
    times: int
    first_at: Any
    last_at: Any


class SetAsideRows:
    """The rejected table of a resource while a connection is open.

    Args:
        rows: the dataset's tables.
        resource: the resource.
    """

    def __init__(self, rows: TableRows, resource: Resource) -> None:
        self._rows, self._resource, self._table = rows, resource, resource.table + REJECTED

    @property
    def name(self) -> str:
        """The table's name, without quotes."""
        return self._rows.qualified(self._table, quote=False)

    @property
    def is_there(self) -> bool:
        """Whether anything was ever set aside."""
        return self._rows.is_there(self._table)

    def by_reason(self) -> list[Reason]:
        """Why records were set aside, what is true of most of them first."""
        why, moment = f"{self._named('reason')}, {self._named('fields')}", self._named("rejected_at")
        records = f"COUNT(DISTINCT {self._named('record')})"
        counted = f"SELECT {why}, {records}, COUNT(*), MIN({moment}), MAX({moment}) FROM {self._qualified}"
        return [
            Reason(str(one[0]), one[1], int(one[2]), int(one[3]), one[4], one[5])
            for one in self._rows.select(f"{counted} GROUP BY {why} ORDER BY 3 DESC")
        ]

    def newest(self, limit: int) -> list[SetAside]:
        """Some of the records, each as it came last, those that were set aside last first."""
        why, at = ", ".join(map(self._named, ("reason", "fields", "record"))), self._named("rejected_at")
        times = f"COUNT(*) OVER (PARTITION BY {why}) AS times"
        place = f"ROW_NUMBER() OVER (PARTITION BY {why} ORDER BY {at} DESC) AS place"
        every = f"SELECT {self._listed}, {times}, {place} FROM {self._qualified}"
        query = f"SELECT {self._listed}, times FROM ({every}) AS every WHERE place = 1 ORDER BY {at} DESC"
        dialect = self._rows.client.capabilities.sqlglot_dialect
        return [SetAside(*row) for row in self._rows.select(limited(query, limit, dialect))]

    def ids(self, load_ids: Sequence[str] | None) -> list[str]:
        """The ids of all records, or of those of some loads, in the order in which they came."""
        order = ", ".join(map(self._named, (C_DLT_LOAD_ID, "rejected_at", "page")))
        where = "1 = 1" if load_ids is None else self._rows.of_loads(load_ids) if load_ids else "1 = 0"
        query = f"SELECT {self._named(C_DLT_ID)} FROM {self._qualified} WHERE {where} ORDER BY {order}"
        return [str(row_id) for (row_id,) in self._rows.select(query, load_ids or ())]

    def of(self, row_ids: Sequence[str]) -> list[SetAside]:
        """The records of some ids, in their order."""
        query = f"SELECT {self._listed} FROM {self._qualified} WHERE {self._are(row_ids)}"
        found = {row[0]: SetAside(*row) for row in self._rows.select(query, row_ids)}
        return [found[one] for one in row_ids if one in found]

    def remove(self, row_ids: Sequence[str]) -> None:
        """Take records out, because their rows are in the resource's own table."""
        for some in in_parts(row_ids):
            self._rows.delete(self._table, self._are(some), some)

    def remove_loaded(self) -> int:
        """Take out those whose row is in the resource's own table under the same id; how many."""
        if not self._rows.is_there(self._resource.table):
            return 0
        own_id, own = self._named(C_DLT_ID), self._rows.qualified(self._resource.table)
        return self._rows.delete(self._table, f"{own_id} IN (SELECT {own_id} FROM {own})")

    def say(self, row_ids: Sequence[str], reason: str, fields: str | None) -> None:
        """Give records another reason."""
        for some in in_parts(row_ids):
            self._rows.update(self._table, "reason", reason, self._are(some), some)
            self._rows.update(self._table, "fields", fields, self._are(some), some)

    @property
    def _qualified(self) -> str:
        return self._rows.qualified(self._table)

    @cached_property
    def _listed(self) -> str:
        # A table of an earlier release lacks it until something is set aside again.
        there = {one.lower() for one in columns_in(self._rows.client, self._qualified) or ()}
        names = [self._named(one) if one != "steps" or "steps" in there else "NULL AS steps" for one in _COLUMNS]
        return ", ".join(names)

    def _named(self, column: str) -> str:
        return self._rows.column(column)

    def _are(self, row_ids: Sequence[str]) -> str:
        return f"{self._named(C_DLT_ID)} IN ({', '.join(['%s'] * len(row_ids))})"


def in_parts(row_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in parts, each of which is short enough for one statement."""
    yield from (row_ids[start : start + _MOST] for start in range(0, len(row_ids), _MOST))


def seen_set_aside(
    description: ApiDescription, resource: Resource, folders: ProjectFolders, limit: int
) -> tuple[str, list[Reason], list[SetAside]]:
    """The rejected table's name, its records by reason, and those that were set aside last.

    Args:
        description: the API.
        resource: the resource.
        folders: where the default DuckDB file is.
        limit: how many records at most.
    """
    dataset = loaded_dataset(description, resource, folders)
    with own_settings(), dataset_rows(dataset, destination_profile(folders).longest_name) as rows:
        aside = SetAsideRows(rows, resource)
        if not aside.is_there:
            return aside.name, [], []
        return aside.name, aside.by_reason(), aside.newest(limit) if limit else []
