"""The shape of a table, as an API file says it: columns, write dispositions and contracts, in dlt's words."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from messaging_assets.description.authentication import Described

DataType = Literal["text", "double", "bool", "timestamp", "bigint", "binary", "json", "decimal", "wei", "date", "time"]
Disposition = Literal["skip", "append", "replace", "merge"]
Evolution = Literal["evolve", "discard_value", "freeze", "discard_row"]
# Which options go with which merge strategy (dlt.common.schema.typing.MERGE_STRATEGY_OPTIONS and the dicts there).
_STRATEGY_OPTIONS = {
    "deduplicated": ("delete-insert",),
    "validity_column_names": ("scd2",),
    "active_record_timestamp": ("scd2",),
    "boundary_timestamp": ("scd2",),
    "row_version_column_name": ("scd2", "upsert"),
    "source_filter": ("delete-insert", "scd2", "upsert"),
    "destination_scope": ("delete-insert", "scd2"),
    "skip_unchanged_rows": ("upsert",),
}


class Column(Described):
    """A column of the table: dlt's column schema, plus `sensitive` for values that no one may see elsewhere."""

    name: str | None = None
    """Its name, where columns are a list."""
    data_type: DataType | None = None
    """One of text, bigint, double, decimal, wei, bool, timestamp, date, time, binary and json."""
    nullable: bool = True
    """`false`: no value may be missing, which makes a check."""
    description: str | None = None
    """One sentence, for the UI."""
    precision: int | None = None
    """Digits; of a timestamp: of its seconds."""
    scale: int | None = None
    """Digits behind the point."""
    timezone: bool | None = None
    """`false`: a timestamp without a time zone."""
    unique: bool | None = None
    """A hint of dlt's: no value comes twice."""
    sort: bool | None = None
    """A hint of dlt's: the table is sorted by it."""
    cluster: bool | None = None
    """A hint of dlt's: the table is clustered by it."""
    partition: bool | None = None
    """A hint of dlt's: the table is partitioned by it."""
    primary_key: bool | None = None
    """Another way to name the primary key."""
    merge_key: bool | None = None
    """Another way to name the merge key."""
    hard_delete: bool | None = None
    """dlt's: true, 1, "yes" or a moment up to now deletes the row; what is not known to mean that does not."""
    dedup_sort: Literal["asc", "desc"] | None = None
    """`asc` or `desc`: which of several rows with one key stays."""
    sensitive: bool = False
    """Whether it is masked everywhere but in the table."""


class MergeDisposition(Described):
    """dlt's long form of a write disposition, with its merge strategy."""

    disposition: Disposition
    """`merge`, or one of the others alone."""
    strategy: Literal["delete-insert", "upsert", "insert-only", "scd2"] | None = None
    """`delete-insert`, `upsert`, `insert-only`, or `scd2`, which keeps old versions and takes no read in doubt."""
    deduplicated: bool | None = None
    """Whether rows are unique already (delete-insert)."""
    validity_column_names: list[str] | None = None
    """The two columns of a version's begin and end (scd2)."""
    active_record_timestamp: str | None = None
    """What stands for the end of a version that still holds; null where it is left out (scd2)."""
    boundary_timestamp: str | None = None
    """When old versions end and new ones begin, if not with the load (scd2)."""
    row_version_column_name: str | None = None
    """The column that changes when a row does (scd2, upsert)."""
    source_filter: str | None = None
    """Which rows of the load count, in SQL."""
    destination_scope: str | None = None
    """Which rows of the table are compared, in SQL."""
    skip_unchanged_rows: bool | None = None
    """Whether rows that are the same are left alone (upsert)."""

    @model_validator(mode="after")
    def _options_fit(self) -> MergeDisposition:
        given = self.model_fields_set - {"disposition"}
        if given and self.disposition != "merge":
            raise ValueError(f"only merge takes {', '.join(sorted(given))}")
        for option in sorted(given - {"strategy"}):
            fitting = _STRATEGY_OPTIONS[option]
            if self.strategy is not None and self.strategy not in fitting:
                raise ValueError(f"{option} goes with the strategy {' or '.join(fitting)} only")
        return self


class SchemaContract(Described):
    """dlt's schema contract: what may change in the table without asking."""

    tables: Evolution | None = None
    """Whether new tables may come."""
    columns: Evolution | None = None
    """Whether new columns may come."""
    data_type: Evolution | None = None
    """Whether values of another type may come."""
