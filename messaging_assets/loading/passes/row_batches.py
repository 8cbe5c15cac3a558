"""The batches of a pass: one `Batches` for each part, which all know what the parts before them loaded."""

from __future__ import annotations

from typing import Any

import dlt
from dlt import Schema

from messaging_assets.description.parents import columns_from_parents, sensitive_columns
from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.table.account_view import out_of_view
from messaging_assets.loading.widened_columns import widen_to_double
from messaging_assets.reading.receipt import Receipt
from messaging_assets.rows.batches import Batches
from messaging_assets.rows.changed_columns import other_nesting, refuse_new_keys
from messaging_assets.rows.keys.key_book import KeyBook
from messaging_assets.rows.targets import KnownTable


class RowBatches:
    """Makes the batches of each part.

    Args:
        target: the resource that is read.
        receipt: where things are counted.
        learnt: types of columns that an earlier pass found out.

    Attributes:
        book: the keys of the read: as the API sent them, in the part, in the table.
    """

    def __init__(self, target: ReadTarget, receipt: Receipt, learnt: dict[str, str]) -> None:
        self._target, self._receipt, self._learnt = target, receipt, learnt
        from_parent = frozenset(columns_from_parents(target.resource).values())
        self.book = KeyBook(target.resource, target.is_child, from_parent)
        self._current: Batches | None = None

    @property
    def current(self) -> Batches:
        """The batches of the part that was begun last."""
        assert self._current is not None
        return self._current

    def set_aside(self, record: Any, reason: str, page: int) -> None:
        """Take a record of a page that cannot be loaded, in front of the steps."""
        self.current.set_aside(record, reason, page, is_as_sent=True)

    def begin(self, is_late: bool = False) -> Batches:
        """The batches of a new part.

        Args:
            is_late: whether the part holds later versions of records that were loaded before.

        Raises:
            MendDescription: the file describes the table otherwise than it is, in a way that dlt cannot follow.
        """
        target, resource = self._target, self._target.resource
        schema, pipeline = dlt.current.source_schema(), dlt.current.pipeline()
        table = schema.naming.normalize_tables_path(resource.table)
        known = schema.tables.get(table, {})
        self._refuse_other_nesting(schema, table)

        def widen(column: str) -> bool:
            # PostgreSQL changes no column that a view shows.
            with out_of_view(target.description, resource):
                is_wide = widen_to_double(pipeline, schema.name, table, column)
            if not is_wide:
                return False
            known["columns"][column]["data_type"] = "double"
            return True

        profile, normalize = DestinationProfile(pipeline.destination), schema.naming.normalize_path
        batches = self._current = Batches(
            resource,
            target.asset,
            KnownTable(
                normalize,
                known.get("columns", {}),
                {name.removeprefix(f"{table}__") for name in schema.tables if name.startswith(f"{table}__")},
                self._learnt,
                widen,
                digits=profile.most_digits,
                has_lengths=profile.keeps_to_lengths,
            ),
            self._receipt,
            self.book,
            page=lambda: self._receipt.pages,
            is_late=is_late,
            sensitive=sensitive_columns(target.description, resource),
            takes_values=profile.takes_json_as_values,
        )
        if resource.disposition != "replace":
            keys = map(normalize, (*resource.keys, *resource.merge_keys))
            refuse_new_keys(pipeline, schema.name, table, batches.known.columns, tuple(keys), target.asset)
        return batches

    def _refuse_other_nesting(self, schema: Schema, table: str) -> None:
        """See that a table whose lists went to tables of their own keeps them there.

        Raises:
            MendDescription: the file wants them as JSON now.
        """
        children = [name for name, one in schema.tables.items() if one.get("parent") == table]
        if children and self._target.resource.nested == "json":
            words = other_nesting(children[0].removeprefix(f"{table}__"), "tables", "json")
            raise MendDescription(words, where=self._target.asset)
