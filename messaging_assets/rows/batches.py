"""Records into batches for the table: good ones as typed Arrow, bad ones set aside with a reason.

A bad record never sinks a good one. `rows/columns.py` decides what is bad, and what becomes of a value
that does not fit.

Within one sync the newest record of a key wins: by the file's cursor, and without one the last that came. With dlt's
`insert-only` the first wins, because what is in such a table stays. An append-only table keeps every record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import orjson

from messaging_assets.answers.record_keys import why_no_key
from messaging_assets.description.api import Resource
from messaging_assets.description.table import MergeDisposition
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.columns import TableColumns
from messaging_assets.rows.hard_deletes import HARD_DELETED
from messaging_assets.rows.keys.collected import Collected
from messaging_assets.rows.keys.key_book import KeyBook
from messaging_assets.rows.keys.part_keys import PartKeys
from messaging_assets.rows.rejected import Rejected
from messaging_assets.rows.targets import KnownTable
from messaging_assets.rows.typed_rows import TypedRows
from messaging_assets.rows.written_rows import Written
from messaging_assets.seams.dlt_names import C_DLT_ID, dlt_id_column

BATCH_ROWS = 10_000
BATCH_BYTES = 64_000_000


class Batches:
    """Collects the records of one load and hands them out in batches.

    Args:
        resource: what the file says of the table.
        asset: the asset's name in errors.
        known: the table before this load.
        receipt: where things are counted.
        book: the keys of the whole read; shared by its parts.
        page: tells the number of the page that is being read.
        is_late: whether these are later versions; they take the place of rows that were counted before.
        sensitive: names in the table of the columns that nobody may see elsewhere.
        takes_values: whether the destination wants nested values as values, where Arrow has the text of their JSON.

    Attributes:
        written: the rows that were handed out.
        is_whole: whether the load is one batch, because a later version could not be merged into the table.

    Raises:
        MendDescription: the file gives a column another type than the table has.
    """

    def __init__(
        self,
        resource: Resource,
        asset: str,
        known: KnownTable,
        receipt: Receipt,
        book: KeyBook | None = None,
        page: Callable[[], int] = lambda: 0,
        is_late: bool = False,
        sensitive: Collection[str] = frozenset(),
        takes_values: bool = False,
    ) -> None:
        self.resource, self.known, self.receipt, self.page = resource, known, receipt, page
        self._keys = PartKeys(book or KeyBook(resource), receipt, is_late)
        kinds = self._keys.book.in_table.kinds
        self.columns = TableColumns(resource, asset, known, receipt, kinds)
        self.columns.as_values = takes_values
        self._aside = Rejected(resource, asset, receipt, sensitive)
        self._collected = Collected(self._keys, first_wins=merge_strategy(resource) == "insert-only")
        self.written = Written(is_late=is_late)
        self._bytes = receipt.bytes
        # A later version cannot be merged into a replaced table with nested ones, whose rows do not know their root.
        is_swapped = resource.disposition == "replace" and resource.nested == "tables"
        self.is_whole = must_load_whole(resource) or (is_swapped and bool(self._keys.book.names))
        # These hints are of an id that no two rows share, and versions may.
        if not self._is_typed_by_dlt and not _are_ids_versions(self.resource):
            self.columns.targets.hints[C_DLT_ID] = {**dlt_id_column()}

    @property
    def _is_typed_by_dlt(self) -> bool:
        """Whether dlt takes records: it finds what goes to tables of nested lists itself, one by one."""
        return self.resource.nested == "tables"

    @property
    def late(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Records by their key, which is in a batch that is already out; they are loaded after it."""
        return self._collected.late

    @property
    def hints(self) -> dict[str, dict[str, Any]]:
        """Columns that appeared, as dlt wants them described."""
        return self.columns.targets.hints

    @property
    def is_deduplicated(self) -> bool:
        """Whether no two rows of the load have one key in the table."""
        is_compared_by_key = merge_strategy(self.resource) != "scd2"
        return bool(self._keys.book.names) and is_compared_by_key and not self._is_typed_by_dlt

    @property
    def is_full(self) -> bool:
        """Whether it is time to hand the batch out."""
        if self.is_whole:
            return False
        return len(self._collected.rows) >= BATCH_ROWS or self.receipt.bytes - self._bytes >= BATCH_BYTES

    def add(self, rows: list[dict[str, Any]]) -> int:
        """Take a page's records until the batch is full; how many were taken."""
        page = self.page()
        taken = rows if self.is_whole else rows[: max(BATCH_ROWS - len(self._collected.rows), 1)]
        for row in self._collected.add(taken, page):
            self.set_aside(row, why_no_key(row, self._keys.book.names), page)
        return len(taken)

    def flush(self) -> Iterator[Any]:
        """The batch so far: Arrow tables (or records, where dlt is to type them)."""
        rows, pages, sent_keys = self._collected.hand_out()
        self._bytes = self.receipt.bytes
        if not rows:
            return
        typed = self.columns.typed(rows)
        self._refuse_meeting_keys(rows, sent_keys, typed)
        for place in sorted(typed.bad):
            self.set_aside(rows[place], typed.bad[place], pages[place])
        good = len(rows) - len(typed.bad)
        self.receipt.rows_loaded += 0 if self._keys.is_late else good
        if not good:
            return
        self._count(typed)
        self.columns.targets.is_begun = True
        if self._is_typed_by_dlt:
            yield typed.records(_are_ids_versions(self.resource))
            return
        versions_with = _nested(typed.arrays, self.columns) if _are_ids_versions(self.resource) else None
        table = typed.table(self.columns.required.names, versions_with)
        yield _as_values(table, self.columns) if self.columns.as_values else table

    def _count(self, typed: TypedRows) -> None:
        columns = self.resource.columns
        marks = (name for name, column in columns.items() if column.hard_delete)
        named = typed.arrays.get(self.columns.name(next(marks, "")) or "")
        mark = typed.arrays.get(HARD_DELETED, named)
        # With a column to sort by, dlt itself leaves rows out. It takes their keys to know how many stay.
        is_sorted = any(column.dedup_sort for column in columns.values())
        counted = self.resource.keys if is_sorted and self.resource.disposition == "merge" else ()
        keys = [typed.arrays.get(self.columns.name(name) or "") for name in counted]
        self.written.add(typed.good, mark, [] if None in keys else keys)

    def _refuse_meeting_keys(self, rows: list[dict[str, Any]], sent: list[list[Any]], typed: TypedRows) -> None:
        """See that two keys of the API never become one in the table."""
        names = self.resource.keys
        columns = [typed.arrays.get(self.columns.name(name) or "") for name in names]
        if not names or self.resource.disposition == "append" or any(column is None for column in columns):
            return
        is_again = self._keys.is_late or not sent
        sent = sent or [[row.get(name) for row in rows] for name in names]
        for place in self._keys.book.in_table.taken(sent, columns, typed.good, is_again):
            types = "/".join(self.columns.data_type(self.columns.name(name) or "") for name in names)
            typed.bad[place] = f"{'/'.join(names)}: as {types} it is another record's key (text tells them apart)"

    def set_aside(self, record: Any, reason: str, page: int | None = None, *, is_as_sent: bool = False) -> None:
        """Put a record where a person can see it, sensitive values masked; one as it was sent is in front of the steps.

        Raises:
            MendDescription: the file says `on_bad_record: fail`.
        """
        self._aside.take(record, reason, page or self.page(), is_as_sent)

    def rejected(self) -> list[dict[str, Any]]:
        """The records set aside since the last call, as rows of the rejected table."""
        rejected = self._aside.rows()
        self.written.rejected += len(rejected)
        return rejected

    @property
    def first_rejected(self) -> list[dict[str, Any]]:
        """The first records that were set aside, for a load of their own if this one is refused."""
        return self._aside.first


def merge_strategy(resource: Resource) -> str | None:
    """dlt's merge strategy where the file names one."""
    written = resource.write_disposition
    return written.strategy if isinstance(written, MergeDisposition) else None


def _are_ids_versions(resource: Resource) -> bool:
    """Whether a row's id tells its version, because the file names no column that does."""
    is_named = getattr(resource.write_disposition, "row_version_column_name", None) is not None
    return merge_strategy(resource) == "scd2" and not is_named


def must_load_whole(resource: Resource) -> bool:
    """Whether a merge takes out rows by more than their own key, so that two loads of one read would lose some.

    `scd2` retires every row that is not in the load. A merge key deletes all rows that share it. A column to sort by
    finds the last version among the rows of one load.
    """
    is_sorted = any(column.dedup_sort for column in resource.columns.values())
    by_more = merge_strategy(resource) == "scd2" or bool(resource.merge_keys) or is_sorted
    return resource.disposition == "merge" and by_more


def _nested(names: Iterable[str], columns: TableColumns) -> list[str]:
    return [name for name in names if name != C_DLT_ID and columns.data_type(name) == "json"]


def _as_values(table: Any, columns: TableColumns) -> list[dict[str, Any]]:
    """The rows of an Arrow table, nested values as values in place of the text of their JSON."""
    nested = _nested(table.column_names, columns)
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        row.update({name: orjson.loads(row[name]) for name in nested if row[name] is not None})
    return rows
