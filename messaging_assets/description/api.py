"""The shape of an API file: what one REST API is, in dlt's words wherever dlt has one.

Every model mirrors the file and is frozen; translation into dlt's own dict happens in `loading/source.py`.
The words come from dlt's rest_api source
(https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic); what is ours says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, PrivateAttr, field_validator, model_validator

from messaging_assets.description.authentication import Auth, Described, WebAddress
from messaging_assets.description.automation import Automation, Freshness, Schedule, Sensor
from messaging_assets.description.pagination import JsonPath, Paginator
from messaging_assets.description.steps import Step
from messaging_assets.description.table import Column as Column
from messaging_assets.description.table import Disposition, Evolution, MergeDisposition
from messaging_assets.description.table import SchemaContract as SchemaContract
from messaging_assets.description.windows import CursorFormat, MomentFormat, Partitions, TimeZone

_Matcher = TypeVar("_Matcher", "ErrorInBody", "ResponseAction")
RETRIED_STATUSES = (429, 500, 502, 503, 504)


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


Owner = Annotated[str, AfterValidator(_owner)]
Tags = dict[Annotated[str, AfterValidator(_tag_key)], Annotated[str, AfterValidator(_tag_value)]]


class ErrorHandler(Described):
    """Which answers are asked again, how often and how patiently; the word of the seed documents."""

    retry_on_status_codes: list[Annotated[int, Field(ge=400, le=599)]] = Field(
        default_factory=lambda: list(RETRIED_STATUSES)
    )
    """Statuses to ask again after; broken connections are too."""
    max_retries: int = Field(3, ge=0, le=20)
    """Retries after the first try; of the whole step too, up to 20."""
    backoff_factor: float = Field(2, ge=0)
    """Seconds before the first retry; doubles with each one."""
    maximum_wait: float = Field(300, gt=0)
    """Seconds that a wait takes at most, also when `Retry-After` asks for more."""


Plain = str | bool | int | float | None


def _can_match(self: _Matcher) -> _Matcher:
    # A filter takes rows of a list; a word that stands alone is told by its value.
    if self.path is not None and re.search(r"^\$?\[?\[\?|(^|\.)(?!errors?\b|\w*s\b)\w+\[\?", self.path):
        raise ValueError(
            "a filter finds elements of a list, and nothing in an object; write the path to the value, and values"
        )
    return self


class ErrorInBody(Described):
    """What an error inside a 200 looks like: a path at which there is something, or one of some values."""

    path: JsonPath
    """A JSON path; without `values` and `unless`, what is there means an error, other than null, false or empty."""
    values: list[Plain] | None = Field(None, min_length=1)
    """The values that mean an error, such as `[timeout, error]`."""
    unless: Plain = None
    """The one value that means none, such as `true` of an `ok`; where nothing is at the path, that is an error too."""
    retry: bool = False
    """Whether to ask again."""

    @model_validator(mode="after")
    def _one_rule(self) -> ErrorInBody:
        if self.values is not None and "unless" in self.model_fields_set:
            raise ValueError("which values mean an error? Keep values, or unless")
        return _can_match(self)


class ResponseAction(Described):
    """dlt's response action; `ignore` ends the paging of this request and is counted."""

    status_code: int | None = Field(None, ge=100, le=599)
    """The status of the answers that are meant."""
    content: str | None = None
    """A text in the answers that are meant; an answer that holds the list is none of them."""
    path: JsonPath | None = None
    """A JSON path in the answers that are meant, with `values`."""
    values: list[Plain] | None = Field(None, min_length=1)
    """The values at the path, such as `[not_in_channel]`."""
    action: Literal["ignore"] | Callable[..., Any]
    """`ignore`: ends this list, and is counted."""

    @model_validator(mode="after")
    def _can_apply(self) -> ResponseAction:
        if self.action == "ignore" and self.status_code is None and self.content is None and self.path is None:
            raise ValueError("ignore which answers? Give a status_code, content that they hold, or a path and values")
        if (self.path is None) != (self.values is None):
            raise ValueError("a path and its values go together; give both or none")
        return _can_match(self)


class Incremental(Described):
    """dlt's incremental: ask only for what is newer than the highest cursor value loaded so far.

    A child keeps such a mark for each list of its parents' and goes by the value as the API sends it: a quiet channel's
    late message is older than a busy channel's newest. A list is known by what its request takes from the parent; a new
    one is read from initial_value on; of lists that no longer come, the last 1,000 marks are kept. Texts that are
    numbers or moments compare as such; others are refused. A mark never runs ahead of the sync's own start.
    """

    cursor_path: JsonPath
    """Where a record's cursor is."""
    cursor_in: Literal["record", "answer"] | None = None
    """Where `cursor_path` begins: in each `record`, or in the `answer`, such as a token for next time."""
    cursor_format: CursorFormat | None = None
    """How records write it: `epoch_seconds` (`_ms`, `_us`, `_ns`), `number`, `text`, a pattern of strptime."""
    format: MomentFormat | None = None
    """How start and end are sent: `epoch_seconds` (`_ms`, `_us`, `_ns`), `date`, `iso`, a pattern of strftime."""
    timezone: TimeZone | None = None
    """The zone of cursors that name none, and of dates and patterns that are sent: an IANA name; else UTC."""
    initial_value: Any = None
    """Where to begin; also `now`, or a time before it such as `-30d` or `-P30D`."""
    end_value: Any = None
    """Where to end: a closed range, without state; `now` is each sync's own start, and keeps the mark."""
    last_value_func: Literal["min", "max"] | Callable[..., Any] = "max"
    """Which cursor is the mark: `max` or `min`."""
    primary_key: str | list[str] | None = None
    """What tells rows at the boundary apart; else the resource's."""
    row_order: Literal["asc", "desc"] | None = None
    """`asc` or `desc`, the order of the rows: lets dlt stop early, unless a row shows that it is not so."""
    allow_external_schedulers: bool | None = None
    """dlt's, for Airflow: without effect here, where `partitions` are a scheduler's ranges."""
    lag: float | None = None
    """Seconds (days, for dates) before the mark that are asked for again; of numbers that are no time, so many."""
    on_cursor_value_missing: Literal["raise", "include", "exclude"] = "raise"
    """What becomes of a record without a cursor: `raise`, `include` or `exclude`."""
    range_start: Literal["open", "closed"] = "closed"
    """Whether rows with the mark's own value come again, `closed`, or not, `open`."""
    range_end: Literal["open", "closed"] = "open"
    """Whether rows with the `end_value` itself come, `closed`, or not, `open`."""
    start_param: str | None = None
    """The parameter that takes the start."""
    end_param: str | None = None
    """The parameter that takes the end, which is now where there is no `end_value`."""
    convert: Callable[..., Any] | None = None
    """A function that writes the start as the API wants it, from Python only."""


class Endpoint(Described):
    """Where a resource's rows are and how to ask for them."""

    path: str | None = None
    """Below `base_url`; the resource's name where it is left out."""
    method: Literal["GET", "POST", "get", "post"] = "GET"
    """`GET` or `POST`."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Of the query; also `{type: incremental, ...}` and, in a path, `{type: resolve, resource: ..., field: ...}`."""
    json_body: dict[str, Any] | None = Field(None, alias="json")
    """The body, as JSON."""
    data: Any = None
    """The body, as a form or text."""
    headers: dict[str, Any] | None = None
    """Sent with this endpoint's requests."""
    paginator: Paginator | None = None
    """How pages go on, if not as the client says."""
    data_selector: JsonPath | None = None
    """A JSON path to the list; `$` is the answer itself, `users.*` what an object has under its keys (`_key`)."""
    response_actions: list[ResponseAction | Callable[..., Any]] = Field(default_factory=list)
    """Answers to ignore."""
    incremental: Incremental | None = None
    """Ask only for what is new; a child has a mark for each parent."""
    auth: Auth | None = None
    """How requests are authenticated, if not as the client says."""
    error_handler: ErrorHandler = Field(default_factory=ErrorHandler)
    """What is asked again, how often and how patiently."""
    error_in_body: ErrorInBody | None = None
    """What an error inside a 200 looks like."""
    total: Literal["exact", "at_least", "ignore"] = "at_least"
    """How far the API's own count is believed: `exact`, `at_least`, `ignore`."""

    @field_validator("path")
    @classmethod
    def _relative(cls, value: str | None) -> str | None:
        if value is not None and "://" in value:
            raise ValueError("a path is relative to client.base_url, so that secrets go to one origin only")
        return value


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
    """`merge` (update by key), `append`, `replace` (swap when complete), `skip`, or a mapping."""
    columns: dict[str, Column] = Field(default_factory=dict)
    """Columns by name, or a list of them."""
    schema_contract: Evolution | SchemaContract | None = None
    """What may change in the table: one word for all, or a mapping."""
    max_table_nesting: int | None = Field(None, ge=0)
    """dlt's: how deep child tables go, with `nested: tables`."""
    selected: bool = True
    """`false`: it is read for its children only, and has no table."""
    parallelized: bool = False
    """dlt's: whether lists of several parents are read at once."""
    include_from_parent: list[str] = Field(default_factory=list)
    """Fields that each row takes from its parent, as columns `_<parent>_<field>`."""
    processing_steps: list[dict[Literal["filter", "map", "yield_map"], Callable[..., Any]]] = Field(
        default_factory=list
    )
    """Functions, from Python only: `filter`, `map`, `yield_map`."""
    steps: list[Step] = Field(default_factory=list)
    """What to do to records, in order: `drop`, `keep`, `rename`, `copy`, `constant`, `hash`, `filter`."""
    description: str | None = None
    """One sentence, for the UI."""
    owners: list[Owner] = Field(default_factory=list)
    """Who answers for it: e-mail addresses, or `team:<name>`."""
    tags: Tags = Field(default_factory=dict)
    """Dagster's tags of the asset."""
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
    """The share of a table that may go at once; else 0.2 for `deletes`, and 0.8 where `replace` swaps in a list."""
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
        if isinstance(self.primary_key, str):
            return (self.primary_key,)
        hinted = (name for name, column in self.columns.items() if column.primary_key)
        return tuple(self.primary_key or hinted)

    @property
    def merge_keys(self) -> tuple[str, ...]:
        """The columns whose values a merge replaces all rows of, in order; empty where none is declared."""
        if isinstance(self.merge_key, str):
            return (self.merge_key,)
        hinted = (name for name, column in self.columns.items() if column.merge_key)
        return tuple(self.merge_key or hinted)

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
    """The asset's name, and the table's."""


class Timeout(Described):
    """Time limits of one request, in seconds."""

    connect: float = Field(10, gt=0)
    """Seconds to a connection, at most."""
    read: float = Field(60, gt=0)
    """Seconds of silence between two bytes, at most."""
    total: float = Field(300, gt=0)
    """Seconds from the connection to the last byte of the answer, at most."""


class Client(Described):
    """Where the API is and how to talk to it."""

    base_url: WebAddress
    """The API's address, without parameters; no other origin is asked, tokens aside."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent with each request; no secrets."""
    auth: Auth | None = None
    """How requests are authenticated; a word such as `bearer` where nothing more is to be said."""
    paginator: Paginator | None = None
    """How pages go on, for endpoints that do not say."""
    timeout: Timeout = Field(default_factory=Timeout)
    """Time limits of a request."""
    requests_per_second: float | None = Field(None, gt=0)
    """The API's budget, for all its assets on this machine together."""
    max_in_flight: int = Field(4, ge=1, le=64)
    """Requests at once, where pages can be read ahead; 1 to 64."""
    maximum_bytes: int = Field(256_000_000, ge=1)
    """Bytes of one answer, decompressed, at most; a larger one is red."""
    ca_file: str | None = None
    """A file of trusted certificates, for an API inside the house."""


class ApiDescription(Described):
    """One REST API: one file, or one dict from Python."""

    name: str
    """The file's stem; the API's name everywhere."""
    file: str | None = None
    """Where it was read from, for links and errors."""
    description: str | None = None
    """One sentence, for the UI."""
    client: Client
    """Where the API is, and what holds for all its requests."""
    resource_defaults: ResourceDefaults = Field(default_factory=ResourceDefaults)
    """What each resource has unless it says otherwise: words of a resource, but `name`."""
    resources: list[Resource] = Field(min_length=1)
    """The lists of the API; a name alone is a resource whose path it is."""
    schedule: Schedule | None = None
    """When to sync."""
    sensor: Sensor | None = None
    """When to look for news."""
    not_secret: list[str] = Field(default_factory=list)
    """Paths of values that look like secrets and are none, as an error writes them."""
    _lines: dict[str, int] = PrivateAttr(default_factory=dict)

    @field_validator("resources", mode="before", json_schema_input_type=list[str | Resource])
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        """dlt's short form: a string is a resource's name and path."""
        if not isinstance(value, list):
            return value
        return [{"name": one} if isinstance(one, str) else one for one in value]

    @cached_property
    def resources_in_full(self) -> dict[str, Resource]:
        """Every selected resource with the defaults laid under it, by name."""
        return {name: resource for name, resource in self.resources_with_unselected.items() if resource.selected}

    @cached_property
    def resources_with_unselected(self) -> dict[str, Resource]:
        """Every resource with the defaults laid under it, by name, those too that only serve as parents."""
        merged = (_laid_over(self.resource_defaults, resource) for resource in self.resources)
        return {resource.name: resource for resource in merged}

    def with_lines(self, lines: dict[str, int]) -> ApiDescription:
        """The same, knowing in which line of its file each resource begins."""
        self._lines.update(lines)
        return self

    def line_of(self, resource: Resource) -> int:
        """The line of the file in which a resource begins; the first one where that is not known."""
        return self._lines.get(resource.name, 1)

    @property
    def unpartitioned(self) -> dict[str, Resource]:
        """The selected resources that are read as a whole, by name."""
        return {name: one for name, one in self.resources_in_full.items() if one.partitions is None}

    def auth_of(self, resource: Resource) -> Auth | None:
        """The endpoint's own way of authentication, else the client's."""
        return resource.endpoint.auth or self.client.auth


def _laid_over(defaults: ResourceDefaults, resource: Resource) -> Resource:
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
