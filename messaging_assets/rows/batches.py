"""Records into batches for the table: good ones as typed Arrow, bad ones set aside with a reason.

A bad record never sinks a good one. What is bad, and what becomes of a value that does not fit, is decided in
`rows/columns.py`. Within one sync the last record of a key wins; with dlt's `insert-only` the first, because
what is in such a table stays. An append-only table keeps every record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timezone
from operator import itemgetter
from typing import Any

import orjson
from dlt.common.schema.typing import C_DLT_ID
from dlt.common.schema.utils import dlt_id_column

from messaging_assets.answers.field_names import FieldReason
from messaging_assets.answers.record_keys import hash_of, hashes_of, why_no_key
from messaging_assets.description.api import Resource
from messaging_assets.description.sensitive import is_sensitive
from messaging_assets.description.table import MergeDisposition
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.redaction import MASK
from messaging_assets.reading.receipt import Receipt, Verdict
from messaging_assets.rows.columns import TableColumns, TypedRows
from messaging_assets.rows.hard_deletes import HARD_DELETED
from messaging_assets.rows.keys import TableKeys
from messaging_assets.rows.nested import shown
from messaging_assets.rows.written_rows import Written

BATCH_ROWS = 10_000
BATCH_BYTES = 64_000_000
_LARGEST_SHOWN = 1_000_000
# Records set aside that are kept of a sync that loads nothing.
_MOST_KEPT = 1_000


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
        is_child: whether the records are a child's, whose keys may hold a parent's fields.
        page: tells the number of the page that is being read.
        late: records whose key is in a batch that is already out; they are loaded after it.
        loaded: hashes of the keys that are in earlier batches, with one of the record each, where this class must see
            what repeats; shared by the parts of a read.
        table_keys: the keys in earlier batches as the table has them; shared by the parts too.
        from_parent: the names of a child's fields that come from its parent's record.
        is_late: whether these are such later versions; they take the place of rows that were counted before.
        sensitive: names in the table of the columns that nobody may see elsewhere.
        takes_values: whether the destination wants nested values as values, where Arrow has the text of their JSON.
        learnt: types of columns that an earlier pass found out.
        widen: makes a column of whole numbers that the table has one of doubles.

    Attributes:
        sees_repeats: whether this class itself sees what comes again; else the reading does.
        first_rejected: the first records that were set aside, for a load of their own if this one is refused.

    Raises:
        MendDescription: the file gives a column another type than the table has.
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
    loaded: dict[int, int] = field(default_factory=dict)
    table_keys: TableKeys = field(default_factory=TableKeys)
    from_parent: frozenset[str] = frozenset()
    is_late: bool = False
    sensitive: frozenset[str] = frozenset()
    takes_values: bool = False
    learnt: Mapping[str, str] = field(default_factory=dict)
    widen: Callable[[str], bool] = lambda column: False

    def __post_init__(self) -> None:
        kinds = self.table_keys.kinds
        self.columns = TableColumns(
            self.resource, self.asset, self.normalize, self.known, self.receipt, kinds, self.learnt, self.widen
        )
        self.columns.as_values = self.takes_values
        self._rows: list[dict[str, Any]] = []
        self._pages: list[int] = []
        self._places: dict[Any, int] = {}
        self._parted: dict[int, int] = {}
        self._rejected: list[dict[str, Any]] = []
        self.first_rejected: list[dict[str, Any]] = []
        self._bytes = self.receipt.bytes
        # An append-only table keeps every version, and where the file names a column to sort by, dlt finds the last.
        is_sorted = any(column.dedup_sort for column in self.resource.columns.values())
        # dlt itself leaves rows out then, so that it takes their keys to know how many stay.
        self._counted_keys = self.resource.keys if is_sorted and self.resource.disposition == "merge" else ()
        self.written = Written(is_late=self.is_late)
        self._keys = () if is_sorted or self.resource.disposition == "append" else self.resource.keys
        strategy = merge_strategy(self.resource)
        self._first_wins = strategy == "insert-only"
        # A later version cannot be merged into a replaced table with nested ones, whose rows do not know their root.
        is_swapped = self.resource.disposition == "replace" and self.resource.nested == "tables"
        self._is_whole = must_load_whole(self.resource) or (is_swapped and bool(self._keys))
        # Where dlt keeps old versions of rows, it hashes them itself, one by one.
        self._careful = strategy == "scd2" or self.resource.nested == "tables"
        # The reading sees what repeats, but not behind a parent's fields and processing steps.
        self.sees_repeats = bool(self._keys) and (
            self.is_child or bool(self.resource.processing_steps or self.resource.steps)
        )
        if not self._careful:
            self.columns.hints[C_DLT_ID] = {**dlt_id_column()}

    @property
    def hints(self) -> dict[str, dict[str, Any]]:
        """Columns that appeared, as dlt wants them described."""
        return self.columns.hints

    @property
    def is_deduplicated(self) -> bool:
        """Whether no two rows of the load have one key in the table."""
        return bool(self._keys) and not self._careful

    def add(self, rows: list[dict[str, Any]]) -> int:
        """Take a page's records until the batch is full; how many were taken."""
        page = self.page()
        taken = rows if self._is_whole else rows[: max(BATCH_ROWS - len(self._rows), 1)]
        if self._places_of(taken):
            self._rows += taken
            self._pages += [page] * len(taken)
        else:
            for row in taken:
                self._add(row, page)
        return len(taken)

    def _places_of(self, rows: list[dict[str, Any]]) -> bool:
        """Note the places of a page's keys at once; False where a record repeats one, or its key needs a look."""
        if not self._keys:
            return True
        try:
            keys = list(zip(*(map(itemgetter(name), rows) for name in self._keys), strict=True))
            fresh = set(keys)
        except (KeyError, TypeError):
            return False
        if len(fresh) < len(rows) or not self._places.keys().isdisjoint(fresh):
            return False
        if self.receipt.rows_loaded and not self.is_late:
            earlier = (self.loaded.keys(),) if self.sees_repeats else (self.repeated, self._on_parted_page())
            if any(earlier) and not all(one.isdisjoint(hashes_of(keys)) for one in earlier):
                return False
        self._places.update(zip(keys, range(len(self._rows), len(self._rows) + len(rows)), strict=True))
        return True

    def _on_parted_page(self) -> Set[int]:
        """Keys of the last batch that the page in hand may have too, because it began, or nearly, in that batch."""
        is_near = self._parted and self.page() <= max(self._parted.values()) + 1
        return self._parted.keys() if is_near else set()

    def _add(self, row: dict[str, Any], page: int) -> None:
        if self._keys:
            key = tuple(map(row.get, self._keys))
            try:
                place = self._places.get(key)
            except TypeError:
                self.set_aside(row, why_no_key(row, self._keys), page)
                return
            if place is not None:
                self._repeat(place, row, page)
                return
            if self._came_earlier(key, row):
                if not self._first_wins:
                    self.late[key] = row
                return
            self._places[key] = len(self._rows)
        self._rows.append(row)
        self._pages.append(page)

    def flush(self) -> Iterator[Any]:
        """The batch so far: Arrow tables (or records, where dlt is to type them)."""
        rows, self._rows = self._rows, []
        pages, self._pages = self._pages, []
        places, self._places = self._places, {}
        self._bytes = self.receipt.bytes
        if self.sees_repeats:
            contents = [self._content(rows[place]) for place in places.values()]
            self.loaded.update(zip(hashes_of(list(places)), contents, strict=True))
        elif pages:
            # A page may go on in the next batch, and so may keys that it has twice.
            for key, place in places.items():
                if pages[place] >= pages[-1] - 1:
                    self._parted[hash_of(key)] = pages[place]
            self._parted = {key: page for key, page in self._parted.items() if page >= pages[-1] - 1}
        if not rows:
            return
        typed = self.columns.typed(rows)
        self._part_keys(rows, typed)
        for place in sorted(typed.bad):
            self.set_aside(rows[place], typed.bad[place], pages[place])
        good = len(rows) - len(typed.bad)
        self.receipt.rows_loaded += 0 if self.is_late else good
        if not good:
            return
        self._count(typed)
        self.columns.is_begun = True
        if self._careful:
            yield typed.records()
            return
        table = typed.table(self.columns.required)
        yield self._as_values(table) if self.takes_values else table

    def _as_values(self, table: Any) -> list[dict[str, Any]]:
        names = [name for name in table.column_names if name != C_DLT_ID]
        nested = [name for name in names if self.columns.data_type(name) == "json"]
        rows: list[dict[str, Any]] = table.to_pylist()
        for row in rows:
            row.update({name: orjson.loads(row[name]) for name in nested if row[name] is not None})
        return rows

    def _count(self, typed: TypedRows) -> None:
        marks = (name for name, column in self.resource.columns.items() if column.hard_delete)
        named = typed.arrays.get(self.columns.name(next(marks, "")) or "")
        mark = typed.arrays.get(HARD_DELETED, named)
        keys = [typed.arrays.get(self.columns.name(name) or "") for name in self._counted_keys]
        self.written.add(typed.good, mark, [] if None in keys else keys)

    def rejected(self) -> list[dict[str, Any]]:
        """The records set aside since the last call, as rows of the rejected table."""
        rejected, self._rejected = self._rejected, []
        self.written.rejected += len(rejected)
        return rejected

    def set_aside(self, record: Any, reason: str, page: int | None = None) -> None:
        """Put a record where a person can see it, sensitive values masked.

        Raises:
            MendDescription: the file says `on_bad_record: fail`.
        """
        page = page or self.page()
        if self.resource.on_bad_record == "fail":
            raise MendDescription(
                f"{self.asset}: a record on page {page} cannot be loaded ({reason}); mend it at the "
                "vendor, correct columns in the file, or let on_bad_record be set_aside."
            )
        self.receipt.set_aside[reason] += 1
        text, is_cut = shown(self._masked(record), _LARGEST_SHOWN)
        now = datetime.now(timezone.utc)
        # The fields stand apart, so that a reason groups its records.
        why = (reason.plain, reason.fields) if isinstance(reason, FieldReason) else (reason, None)
        self._rejected.append(
            {
                "reason": why[0],
                "fields": why[1],
                "page": page,
                "rejected_at": now,
                "record": text,
                "is_cut": is_cut,
            }
        )
        if len(self.first_rejected) < _MOST_KEPT:
            self.first_rejected.append(dict(self._rejected[-1]))

    @property
    def is_full(self) -> bool:
        if self._is_whole:
            return False
        return len(self._rows) >= BATCH_ROWS or self.receipt.bytes - self._bytes >= BATCH_BYTES

    def _part_keys(self, rows: list[dict[str, Any]], typed: TypedRows) -> None:
        """See that two keys of the API never become one in the table."""
        names = self.resource.keys
        columns = [typed.arrays.get(self.columns.name(name) or "") for name in names]
        if not names or self.resource.disposition == "append" or any(column is None for column in columns):
            return
        sent = [[row.get(name) for row in rows] for name in names]
        for place in self.table_keys.taken(sent, columns, typed.good, is_again=self.is_late or not self._keys):
            types = "/".join(self.columns.data_type(self.columns.name(name) or "") for name in names)
            typed.bad[place] = f"{'/'.join(names)}: as {types} it is another record's key (text tells them apart)"

    def _content(self, row: dict[str, Any]) -> int:
        """What tells whether two records of a child with one key are the same; 0 where its key names the parent."""
        if not self.from_parent.isdisjoint(self._keys):
            return 0
        own = {name: value for name, value in row.items() if name not in self.from_parent}
        try:
            return hash(orjson.dumps(own, option=orjson.OPT_SORT_KEYS))
        except TypeError:  # integers that are too large for it
            return hash(repr(sorted(own.items())))

    def _are_two(self) -> None:
        self.receipt.found(
            Verdict.UNKNOWN,
            "records with one key and different content came, of which one is kept: "
            + (
                "if they are of different parents, add the parent's key (include_from_parent) to primary_key"
                if self.is_child
                else "if processing steps made two keys one, let them keep what tells the records apart"
            ),
        )

    def _repeat(self, place: int, row: dict[str, Any], page: int) -> None:
        if self.sees_repeats and self._content(row) != self._content(self._rows[place]):
            self._are_two()
        if not self._first_wins:
            self._rows[place], self._pages[place] = row, page
        self.receipt.duplicates += self.sees_repeats

    def _came_earlier(self, key: tuple[Any, ...], row: dict[str, Any]) -> bool:
        """Whether a key is, or may be, in an earlier batch."""
        if self.is_late or not self.receipt.rows_loaded:
            return False
        if not self.sees_repeats:
            # The reading saw this key on an earlier page, and it is not in this batch.
            return (hashed := hash_of(key)) in self.repeated or hashed in self._parted
        known = self.loaded.get(hash_of(key))
        if known is None:
            return False
        self.receipt.duplicates += 1
        if known != self._content(row):
            self._are_two()
        return True

    def _masked(self, record: Any) -> Any:
        if not self.sensitive:
            return record
        if not isinstance(record, dict):
            return MASK
        return {name: MASK if is_sensitive(name, self.sensitive) else value for name, value in record.items()}


def merge_strategy(resource: Resource) -> str | None:
    """dlt's merge strategy where the file names one."""
    written = resource.write_disposition
    return written.strategy if isinstance(written, MergeDisposition) else None


def must_load_whole(resource: Resource) -> bool:
    """Whether a merge takes out rows by more than their own key, so that two loads of one read would lose some.

    `scd2` retires every row that is not in the load, a merge key deletes all rows that share it, and a column to
    sort by finds the last version among the rows of one load.
    """
    is_sorted = any(column.dedup_sort for column in resource.columns.values())
    by_more = merge_strategy(resource) == "scd2" or bool(resource.merge_keys) or is_sorted
    return resource.disposition == "merge" and by_more
