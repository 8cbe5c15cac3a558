"""One list of the API: what a resource says of its rows, its table and its asset."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from functools import lru_cache, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictFloat, StrictInt, StrictStr, field_validator, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.automation import Automation, Freshness
from messaging_assets.description.endpoint import Endpoint
from messaging_assets.description.names import JsonPath
from messaging_assets.description.table import Column, Disposition, Evolution, MergeDisposition, SchemaContract, Step
from messaging_assets.description.windows import Partitions


def _owner(value: str) -> str:
    # Dagster refuses any other owner, and with it everything beside it.
    if not re.fullmatch(r"team:.+|[^@\s]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise ValueError("an owner is an e-mail address or team:name")
    return value


def _tag_key(value: str) -> str:
    if not re.fullmatch(r"([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}", value):
        raise ValueError("a tag's name is up to 63 letters, digits, dots, dashes or underscores")
    return value


def _tag_value(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{0,63}", value):
        raise ValueError("a tag's value is up to 63 letters, digits, dots, dashes or underscores")
    return value


ValueName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
Values = Annotated[list[StrictStr | StrictInt | StrictFloat], Field(min_length=1)]
Owner = Annotated[str, AfterValidator(_owner)]
Kind = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,32}$")]
Tags = dict[Annotated[str, AfterValidator(_tag_key)], Annotated[str, AfterValidator(_tag_value)]]


class Checks(Described):
    """How loud each generated check is: ERROR turns the asset red, WARN yellow, `off` leaves it out."""

    unique: Literal["ERROR", "WARN", "off"] = "ERROR"
    """The check that no two rows share a key."""
    not_null: Literal["ERROR", "WARN", "off"] = "ERROR"
    """The checks of columns with `nullable: false`."""
    schema_change: Literal["ERROR", "WARN", "off"] = "WARN"
    """The check `column_schema_is_unchanged`."""
    no_record_rejected: Literal["ERROR", "WARN", "off"] = "WARN"
    """The check that no record was set aside."""
    blocking: bool = False
    """Whether a check that fails with `ERROR` fails its step too, so that nothing downstream of it runs."""


class Checkpoint(Described):
    """How often a long read is committed to the table (`merge` only), so that a failure costs at most one stretch."""

    pages: int | None = Field(None, gt=0)
    """Commit after so many pages."""
    rows: int = Field(100_000, gt=0)
    """Commit after so many rows, which bounds the memory too."""
    seconds: float = Field(300, gt=0)
    """Commit after so many seconds."""


class Retention(Described):
    """How long things are kept that are no rows of a table."""

    rejected_days: int | None = Field(90, ge=1)
    """Days that a record set aside is kept; null is for ever."""
    history_days: int | None = Field(400, ge=1)
    """Days that a sync's row in `sync_history` is kept; null is for ever."""
    working_files_days: int = Field(30, ge=1)
    """Days that dlt's working files are kept of a resource that is not synced any more."""


class ResourceBase(Described):
    """What a resource and `resource_defaults` share."""

    endpoint: Endpoint = Field(default_factory=Endpoint)
    """How to ask; a text alone is its path."""
    primary_key: str | list[str] | None = None
    """What tells rows apart: a column, or a list of columns."""
    merge_key: str | list[str] | None = None
    """dlt's: replaces all rows that share it; not with incremental or partitions."""
    write_disposition: Disposition | MergeDisposition = "append"
    """`merge` (update by key), `append`, `replace` (swap at its end), `skip` (as `selected: false`), or a mapping."""
    columns: dict[str, Column] = Field(default_factory=dict)
    """Columns by name, or a list of them."""
    schema_contract: Evolution | SchemaContract | None = None
    """What may change in the table: one word for all, or a mapping."""
    max_table_nesting: int | None = Field(None, ge=0)
    """dlt's: how deep child tables go, with `nested: tables`."""
    selected: bool = True
    """`false`: it is read for its children only, and has no table."""
    parallelized: bool = True
    """dlt's: whether lists of parents, windows and a run's resources are asked for side by side; order stays."""
    for_each: dict[ValueName, Values] | None = Field(None, min_length=1)
    """Lists of values, by name: one list for each, at `{for_each.<name>}`, which each row has as column `_<name>`."""
    include_from_parent: list[str] = Field(default_factory=list)
    """Fields that each row takes from its parent, as columns `_<parent>_<field>`; of several: `<parent>.<field>`."""
    only_changed_parents: bool | JsonPath = False
    """Whether only parents that changed are asked for their lists: `true`, or the parent's field that tells it."""
    processing_steps: list[dict[Literal["filter", "map", "yield_map"], Callable[..., Any]]] = Field(
        default_factory=list
    )
    """Functions, from Python only: `filter`, `map`, `yield_map`."""
    steps: list[Step] = Field(default_factory=list)
    """What to do to records, in order, such as `drop`, `rename`, `copy`, `explode`, `cast`, `hash`, `filter`."""
    description: str | None = None
    """One sentence, for the UI."""
    owners: list[Owner] = Field(default_factory=list)
    """Who answers for it: e-mail addresses, or `team:<name>`."""
    tags: Tags = Field(default_factory=dict)
    """Dagster's tags of the asset."""
    kinds: list[Kind] = Field(default_factory=list, max_length=3)
    """Dagster's kinds of the asset, up to three, in place of `dlt` and the destination."""
    nested: Literal["json", "tables"] = "json"
    """What becomes of lists and objects: `json`, one column each, or `tables`, dlt's child tables."""
    on_bad_record: Literal["set_aside", "fail"] = "set_aside"
    """`set_aside`: into `<resource>__rejected`; `fail`: the sync is red."""
    maximum_fields: int = Field(1000, ge=1)
    """Fields of a record, and columns of the table, at most; a larger record is bad, a larger table red."""
    maximum_set_aside_share: float = Field(0.5, ge=0, le=1)
    """The share of a sync's records that may be set aside; with more of them it is red and loads nothing. 1: never."""
    checks: Checks = Field(default_factory=Checks)
    """How loud checks are."""
    passes: int = Field(2, ge=1, le=5)
    """How often a list that moved while it was read is read at most; 1 to 5."""
    checkpoint: Checkpoint = Field(default_factory=Checkpoint)
    """How often a long merge is committed."""
    retention: Retention = Field(default_factory=Retention)
    """How long leftovers are kept."""
    partitions: Partitions | None = None
    """Windows of time that it is read in."""
    deletes: Literal["ignore", "mark", "remove"] = "ignore"
    """What becomes of rows that the API no longer has, after a proven read: `ignore`, `mark` or `remove`."""
    maximum_deleted_share: float | None = Field(None, gt=0, le=1)
    """The share of a table or window that may go at once; else 0.2 for `deletes`, 0.8 for `replace`, 1 elsewhere."""
    preview_rows: int = Field(0, ge=0, le=50)
    """Rows of the table on the asset's page after each sync, up to 50; Dagster keeps them for ever."""
    freshness: Freshness | None = None
    """When it is stale."""
    automation: Automation | None = None
    """Dagster's conditions for syncing it."""

    @field_validator("endpoint", mode="before", json_schema_input_type=str | Endpoint)
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @field_validator("columns", mode="before", json_schema_input_type=dict[str, Column] | list[Column])
    @classmethod
    def _columns_by_name(cls, value: Any) -> Any:
        if isinstance(value, list):
            # Those without a name are told of in description_names.py.
            named = (column for column in value if isinstance(column, dict))
            return {column["name"]: column for column in named if isinstance(column.get("name"), str)}
        return value

    @property
    def keys(self) -> tuple[str, ...]:
        """The primary key's columns, in order; empty where none is declared."""
        return self._key("primary_key")

    @property
    def merge_keys(self) -> tuple[str, ...]:
        """The columns whose values a merge replaces all rows of, in order; empty where none is declared."""
        return self._key("merge_key")

    def _key(self, word: str) -> tuple[str, ...]:
        written = getattr(self, word)
        if isinstance(written, str):
            return (written,)
        return tuple(written or (name for name, column in self.columns.items() if getattr(column, word)))

    @property
    def is_loaded(self) -> bool:
        """Whether it has a table of its own, and is no list that is read for its children only."""
        return self.selected and self.disposition != "skip"

    @property
    def disposition(self) -> Disposition:
        """The write disposition's plain word."""
        written = self.write_disposition
        return written if isinstance(written, str) else written.disposition


class ResourceDefaults(ResourceBase):
    """What every resource of the file has unless it says otherwise."""


class Resource(ResourceBase):
    """One list of the API: one asset, one table."""

    name: str
    """The asset's name, and the table's unless `table_name` is there."""
    table_name: str | None = None
    """dlt's: the table's name, if it is to be another one; the asset's stays. A new name is a new table."""
    union: list[str] = Field(default_factory=list)
    """Resources whose records are those of this one, for its children; `resource` says of which. It has no table."""

    @model_validator(mode="before")
    @classmethod
    def _union_has_no_table(cls, value: Any) -> Any:
        return {**value, "selected": False} if isinstance(value, dict) and value.get("union") else value

    @property
    def table(self) -> str:
        """The name of its table, before the destination's naming."""
        return self.table_name or self.name

    @property
    def placing_column(self) -> str:
        """The column in the table that places a row of it, where it has partitions, in its window."""
        assert self.partitions is not None
        declared = self.columns.get(self.partitions.column_name)
        return self.partitions.placed_by(declared.data_type if declared else None)

    @property
    def path(self) -> str:
        """Where its list is, below the API's address: its name where the file has no path, as in dlt."""
        return self.name if self.endpoint.path is None else self.endpoint.path or "/"


def laid_over(defaults: ResourceDefaults, resource: Resource) -> Resource:
    """Merge as dlt does: the endpoint key by key; params, json and columns one level deeper."""
    base = {name: getattr(defaults, name) for name in defaults.model_fields_set}
    own = {name: getattr(resource, name) for name in resource.model_fields_set}
    merged = {**base, **own}
    if "endpoint" in base and "endpoint" in own:
        merged["endpoint"] = _endpoint_over(base["endpoint"], own["endpoint"])
    if "columns" in base and "columns" in own:
        merged["columns"] = {**base["columns"], **own["columns"]}
    return Resource.model_construct(**{**_defaults(Resource), **merged})


def _endpoint_over(defaults: Endpoint, endpoint: Endpoint) -> Endpoint:
    fields = {name: getattr(defaults, name) for name in defaults.model_fields_set}
    fields.update({name: getattr(endpoint, name) for name in endpoint.model_fields_set})
    fields["params"] = {**defaults.params, **endpoint.params}
    if defaults.json_body or endpoint.json_body:
        fields["json_body"] = {**(defaults.json_body or {}), **(endpoint.json_body or {})}
    return Endpoint.model_construct(**{**_defaults(Endpoint), **fields})


def _defaults(model: type[Described]) -> dict[str, Any]:
    return {name: default() for name, default in _makers(model)}


@lru_cache(maxsize=4)
def _makers(model: type[Described]) -> list[tuple[str, Callable[[], Any]]]:
    """What makes each default; pydantic's own get_default looks at the factory's signature anew each time."""
    fields = [(name, field) for name, field in model.model_fields.items() if not field.is_required()]
    return [(name, field.default_factory or partial(copy, field.default)) for name, field in fields]  # type: ignore[misc]
