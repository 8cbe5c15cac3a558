"""The way of records into a table: steps without code, then columns, dispositions and contracts in dlt's words."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationInfo, field_validator, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.names import JsonPath
from messaging_assets.description.ways.placeholders import fields_in
from messaging_assets.description.windows import ColumnZone, CursorFormat
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.moments import EPOCHS

DataType = Literal["text", "double", "bool", "timestamp", "bigint", "binary", "json", "decimal", "wei", "date", "time"]
# Types, which columns have, and no ways to write a moment.
_NO_MOMENTS = {*get_args(DataType), "number", "int", "integer", "float", "string", "boolean", "datetime"} - {"date"}
# What stands between an object's name and a name in it, as dlt has it.
INSIDE = "__"
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


# Of which the first that finds a value counts.
Paths = Annotated[list[JsonPath], Field(min_length=1)]


# How other tools spell one field and what becomes of it, where ours is `{field: ...}`: both would be taken for fields.
_OF_OTHERS = ("from to", "old new", "old_name new_name", "source target", "source destination")
_SPELLED = {
    "rename": (_OF_OTHERS, "{{{0}: {1}}}"),
    "copy": (_OF_OTHERS, "{{{1}: {0}}}"),
    "constant": (("name value", "field value", "column value", "key value"), "{{{0}: ...}}"),
    "template": (("field text", "field template", "name template", "column template"), "{{{0}: '{1}'}}"),
}


class Step(Described):
    """One step; a step has one word, and steps are taken in their order."""

    drop: list[str] | None = Field(None, min_length=1)
    """Leaves fields out."""
    keep: list[str] | None = Field(None, min_length=1)
    """Leaves every other field out, but what `for_each` or `include_` gives."""
    rename: dict[str, str] | None = Field(None, min_length=1)
    """Gives fields other names: `{old: new}`."""
    copy_: dict[str, JsonPath | Paths] | None = Field(None, min_length=1, alias="copy")
    """Makes a field of what a JSON path finds, else null; with `[*]`, a list of all; of several, the first value."""
    flatten: list[str] | None = Field(None, min_length=1)
    """Puts what an object holds into fields of their own, `user__name` for `user`, at any depth; lists stay lists."""
    explode: list[str] | None = Field(None, min_length=1)
    """Makes a record of each place in lists side by side, such as `[timestamps, values]`, beside the other fields."""
    constant: dict[str, Any] | None = Field(None, min_length=1)
    """Sets fields: `{field: value}`."""
    template: dict[str, str] | None = Field(None, min_length=1)
    """Makes a text of fields: `{id: '{agent.id}|{sent_at:date}'}`, moments in a format; null where none is there."""
    cast: dict[str, CursorFormat] | None = Field(None, min_length=1)
    """Makes moments of fields, by how they are written: `{sent_at: epoch_ms}`, or a pattern of strptime."""
    parse_json: list[str] | None = Field(None, min_length=1)
    """Reads the JSON text of fields; a record whose text is none is set aside, or keeps it in a column of type text."""
    hash: list[str] | None = Field(None, min_length=1)
    """Puts a SHA-256 digest in the place of a field's value, so that equal values stay equal and are not shown."""
    filter: str | None = None
    """Keeps records for which a comparison holds, such as `@.state == 'open'`; the others are counted."""

    @property
    def word(self) -> str:
        """Which of the words it has."""
        return next(iter(self.model_fields_set)).rstrip("_")

    @property
    def takes(self) -> list[str]:
        """The fields of a record that it takes, as names or JSON paths; what a filter compares is in its text."""
        copied = [path for one in (self.copy_ or {}).values() for path in ([one] if isinstance(one, str) else one)]
        paths = [*copied, *(path for path, _ in fields_in(self.template or {}))]
        lists = (self.drop, self.keep, self.flatten, self.explode, self.hash, self.parse_json, self.rename, self.cast)
        return paths + [name for one in lists for name in one or ()]

    def makes(self, name: str) -> bool:
        """Whether it makes a field of this name, or changes its value."""
        made = (self.copy_, self.explode, self.constant, self.template, self.cast, self.hash, self.parse_json)
        inside = tuple(f"{one}{INSIDE}" for one in self.flatten or ())
        return name.startswith(inside) or any(name in one for one in made if one)

    @model_validator(mode="after")
    def _has_one_word(self) -> Step:
        if len(self.model_fields_set) != 1:
            raise ValueError("a step has one word; write one step for each")
        return self

    @field_validator("rename", "copy_", "constant", "template", mode="before")
    @classmethod
    def _names_its_fields(cls, value: Any, info: ValidationInfo) -> Any:
        spellings, ours = _SPELLED[str(info.field_name).rstrip("_")]
        one = value[0] if isinstance(value, list) and value else value
        for first, second in map(str.split, spellings):
            if isinstance(one, dict) and one.keys() == {first, second}:
                raise ValueError(
                    f"write {ours.format(one[first], one[second])}; where {first} and {second} are fields themselves, "
                    "write a step for each"
                )
        return value

    @field_validator("cast", mode="before")
    @classmethod
    def _are_moments(cls, value: Any) -> Any:
        if isinstance(value, dict) and _NO_MOMENTS & {str(one) for one in value.values()}:
            raise ValueError("only moments are cast; say in columns what values become, such as data_type: bigint")
        return value

    @field_validator("template")
    @classmethod
    def _takes_fields(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for text in (value or {}).values():
            if "{{" in text and not list(fields_in(text)):
                raise ValueError(
                    "doubled braces mean themselves; write each of them once to take a field, such as {id}"
                )
        for path, way in fields_in(value):
            try:
                json_paths.compiled(path)
            except Exception:  # noqa: BLE001 - the parser's own errors have no base
                raise ValueError("a template takes JSON paths of the record in braces, such as {agent.id}") from None
            if way and "%" not in way and way not in (*EPOCHS, "iso", "date"):
                raise ValueError(
                    f"behind a colon is how a moment is written: {', '.join((*EPOCHS, 'iso', 'date'))}, or a pattern "
                    "of strftime"
                )
        return value

    @field_validator("rename")
    @classmethod
    def _names_differ(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        if value is not None and len(set(value.values())) < len(value):
            raise ValueError("two fields cannot get one name")
        return value

    @field_validator("filter")
    @classmethod
    def _is_comparison(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                json_paths.compiled(filter_path(value))
            except Exception:  # noqa: BLE001 - the parser's own errors have no base
                raise ValueError(
                    "a filter is a comparison such as @.state == 'open'; & and || join several, ! is not"
                ) from None
        return value


def filter_path(comparison: str) -> str:
    """The JSON path that finds, in a list, the records for which a comparison holds."""
    return f"$[?({comparison})]"


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
    timezone: ColumnZone = None
    """The zone of moments that name none, an IANA name; else UTC. `false`: a timestamp without a time zone."""
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
    """dlt's: true, 1, "yes", "deleted" or a moment up to now deletes the row; what is not known to mean it does not."""
    dedup_sort: Literal["asc", "desc"] | None = None
    """`asc` or `desc`: which of several rows with one key stays."""
    sensitive: bool = False
    """Whether it is masked everywhere but in the table."""

    @property
    def zone(self) -> str | None:
        """The zone that it names."""
        return self.timezone if isinstance(self.timezone, str) else None

    @model_validator(mode="after")
    def _zone_fits(self) -> Column:
        if self.zone and self.data_type != "timestamp":
            raise ValueError("a zone is that of moments; write data_type: timestamp beside timezone, or take it out")
        return self

    @model_validator(mode="after")
    def _digits_fit(self) -> Column:
        most = 38 if self.precision is None else self.precision
        if most < 0 or (self.data_type == "decimal" and not (most and 0 <= (self.scale or 0) <= most)):
            raise ValueError("precision counts all digits, 1 or more, and scale those of them behind the point")
        return self


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
