"""The shape of a table, as an API file says it: columns, write dispositions and contracts, in dlt's words."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from messaging_assets.authentication_description import Described

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
    data_type: DataType | None = None
    nullable: bool = True
    description: str | None = None
    precision: int | None = None
    scale: int | None = None
    timezone: bool | None = None
    unique: bool | None = None
    sort: bool | None = None
    cluster: bool | None = None
    partition: bool | None = None
    primary_key: bool | None = None
    merge_key: bool | None = None
    hard_delete: bool | None = None
    dedup_sort: Literal["asc", "desc"] | None = None
    sensitive: bool = False


class MergeDisposition(Described):
    """dlt's long form of a write disposition, with its merge strategy."""

    disposition: Disposition
    strategy: Literal["delete-insert", "upsert", "insert-only", "scd2"] | None = None
    deduplicated: bool | None = None
    validity_column_names: list[str] | None = None
    active_record_timestamp: str | None = None
    boundary_timestamp: str | None = None
    row_version_column_name: str | None = None
    source_filter: str | None = None
    destination_scope: str | None = None
    skip_unchanged_rows: bool | None = None

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
    columns: Evolution | None = None
    data_type: Evolution | None = None
