"""Where a resource's rows are, how to ask for them, and what an answer means."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from messaging_assets.description.authentication import Auth, Described
from messaging_assets.description.incremental import Incremental
from messaging_assets.description.jobs import Job
from messaging_assets.description.names import JsonPath
from messaging_assets.description.pagination import Paginator

_Matcher = TypeVar("_Matcher", "ErrorInBody", "ResponseAction")
RETRIED_STATUSES = (429, 500, 502, 503, 504)

FormatName = Literal["json", "ndjson", "csv", "tsv", "xml"]
# Records and nothing beside them.
TABULAR = ("ndjson", "csv", "tsv")
DELIMITED = ("csv", "tsv")
_OF_FORMATS = {
    **dict.fromkeys(("delimiter", "quote_char", "escape_char", "null_values", "skip_rows_before_header"), DELIMITED),
    "columns": ("json", *TABULAR),
    "columns_path": ("json",),
    "lists": ("xml",),
}


class Format(Described):
    """What answers are written in, where it is not plain JSON. A gzip file or zip archive is opened whatever it says.

    In CSV and TSV each value is a text. A declared column makes of it what its type says.
    """

    type: FormatName = "json"
    """`json`, `ndjson` (a JSON text a line, also called JSON Lines), `csv`, `tsv` or `xml`."""
    encoding: str | None = None
    """The charset, such as `windows-1252`; else the Content-Type says it, or it is UTF-8."""
    members: str | None = None
    """Which files of a zip archive are read, such as `*.csv`; else all of them, one behind the other."""
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    """What stands between two values; else a comma, in TSV a tab."""
    quote_char: str | None = Field('"', min_length=1, max_length=1)
    """What stands around a value that holds delimiters; null: nothing is quoted."""
    escape_char: str | None = Field(None, min_length=1, max_length=1)
    """What stands before a character that means itself; a quote may also be doubled."""
    null_values: list[str] = Field(default_factory=lambda: [""])
    """The texts that mean that a value is missing, by default the empty one; `[]`: none does."""
    skip_rows_before_header: int = Field(0, ge=0)
    """Lines that stand before the header, such as a title."""
    columns: list[str] | None = Field(None, min_length=1)
    """The columns' names, where no header has them, or where records are lists of values."""
    columns_path: JsonPath | None = None
    """Where the columns' names are, where records are lists of values: `columns`, `schema[*].name`."""
    lists: list[str] = Field(default_factory=list)
    """Names of elements that are a list, also where only one comes; those at `data_selector` always are."""

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                "".encode(value)
            except LookupError:
                raise ValueError("is no charset that is known; write one such as utf-8 or windows-1252") from None
        return value

    @model_validator(mode="after")
    def _fits_type(self) -> Format:
        for word, types in _OF_FORMATS.items():
            if word in self.model_fields_set and self.type not in types:
                raise ValueError(f"{word} is for type {' or '.join(types)}, and this is {self.type}")
        names = self.columns or []
        if len(set(names)) < len(names) or not all(map(str.strip, names)):
            raise ValueError("each of columns needs a name of its own")
        if self.columns and self.skip_rows_before_header:
            raise ValueError("columns says that there is no header; take skip_rows_before_header out, or columns")
        if self.columns and self.columns_path:
            raise ValueError("names come from one place; keep columns or columns_path")
        if self.delimiter is not None and self.delimiter in (self.quote_char, self.escape_char, "\n", "\r"):
            raise ValueError("delimiter must be another character than quote_char, escape_char and the end of a line")
        return self


def _format_alone(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


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
    """Seconds that a wait takes at most; a `Retry-After` that asks for more is red at once."""


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


def says_nothing_of_rows(status: int) -> bool:
    """Whether a status is that of a refusal, or of a server that fails."""
    return status in (401, 403, 407, 408, 429) or status >= 500


class ResponseAction(Described):
    """dlt's response action: what to do about an answer that is no page, or about its list."""

    status_code: int | None = Field(None, ge=100, le=599)
    """The status of the answers that are meant."""
    content: str | None = None
    """A text in the answers that are meant; an answer that holds the list is none of them."""
    path: JsonPath | None = None
    """A JSON path in the answers that are meant, with `values`."""
    values: list[Plain] | None = Field(None, min_length=1)
    """The values at the path, such as `[not_in_channel]`."""
    action: Literal["empty", "ignore", "split", "restart", "renew", "retry"] | Callable[..., Any]
    """`empty`: no rows; `ignore`: leaves the list; `split`: halves its window; `restart`: anew; `renew`, `retry`."""

    @model_validator(mode="after")
    def _can_apply(self) -> ResponseAction:
        if (self.status_code, self.content, self.path) == (None, None, None) and not callable(self.action):
            raise ValueError(
                f"{self.action} which answers? Give a status_code, content that they hold, or path and values"
            )
        if (self.path is None) != (self.values is None):
            raise ValueError("a path and its values go together; give both or none")
        if self.action == "empty" and says_nothing_of_rows(self.status_code or 0):
            raise ValueError(f"a {self.status_code} says nothing about rows; write action: ignore")
        return _can_match(self)


class Endpoint(Described):
    """Where a resource's rows are and how to ask for them."""

    path: str | None = None
    """Below `base_url`, or an address at one of `client.allowed_hosts`; the resource's name where it is left out."""
    method: Annotated[Literal["GET", "POST", "get", "post"], AfterValidator(str.upper)] = "GET"
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
    job: Job | None = None
    """The request begins an export, which is waited for; its files are the pages."""
    conditional: bool = False
    """Whether a list on one page is left as it is where the API says by `ETag` or `Last-Modified` that it is (304)."""
    data_selector: JsonPath | None = None
    """A path to the list; `$` is the answer, `users.*`, `rooms.*.events[*]` what an object has by key (`_key`)."""
    include_from_answer: dict[str, JsonPath] = Field(default_factory=dict)
    """Fields that records get of what stands around them: `{channel: meta.channel}`, `{group: "groups[*].name"}`."""
    include_from_request: dict[str, str] = Field(default_factory=dict)
    """Fields that records get of the window that was asked for: `{day: "{window.start:date}"}`."""
    format: Annotated[Format, BeforeValidator(_format_alone, json_schema_input_type=FormatName | Format)] | None = None
    """What answers are written in, a word such as `csv` or more of it; else the Content-Type says it, or it is JSON."""
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

    @property
    def has_step(self) -> bool:
        """Whether the range of its cursor is read window by window."""
        return bool(self.incremental and self.incremental.step) or any(one.get("step") for one in self._cursor_params)

    @property
    def has_cursor(self) -> bool:
        """Whether it is asked only for what is new, in either of dlt's spellings."""
        return self.incremental is not None or bool(self._cursor_params)

    @property
    def _cursor_params(self) -> list[dict[str, Any]]:
        return [one for one in self.params.values() if isinstance(one, dict) and one.get("type") == "incremental"]
