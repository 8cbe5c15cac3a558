"""How an API hands out its pages, as an API file says it.

The words are dlt's (https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic#pagination);
`overlap`, `maximum_pages`, `maximum_empty_pages`, `end_status_codes`, `end_on_missing_selector`, `empty_when_missing`,
`end_path`, `end_value`, `rows_total_path`, `maximum_limit`, of all but offsets `limit` and of links
`stop_after_empty_page` are ours, and so is `next_request`. dlt has `has_more_path` of some types alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.names import JsonPath, PathOfNext
from messaging_assets.description.ways.described import in_full

Limit = Annotated[int, Field(gt=0)] | Literal["max"]
# Rows of the pages that `max` tries, the largest first. Larger ones save little more, and take memory on both sides.
PAGE_SIZES = (1_000, 500, 200, 100, 50)


class PaginatorDescription(Described):
    """What every way of paging can have."""

    maximum_pages: int | None = Field(None, gt=0)
    """A hard cap on the pages; a read that meets it is incomplete, unless an earlier page counted just these rows."""
    maximum_empty_pages: int = Field(100, gt=0)
    """Pages without a row, one behind the other, at most; a read that meets it is incomplete."""
    end_status_codes: list[int] = Field(default_factory=list)
    """Statuses that mean 'past the last page', on any page but the first, such as `[400, 404]`."""
    end_on_missing_selector: bool = False
    """Whether a page after the first that leaves the list out is the end."""
    empty_when_missing: bool = False
    """Whether an answer without the list, or with null, `{}` or an empty text there, has no rows; on any page."""
    rows_total_path: JsonPath | None = None
    """Where the API says how many rows it has; of `offset` else at `total_path`, of others else nowhere."""
    has_more_path: JsonPath | None = None
    """Where a truth value says whether there is more; null: no sign of more is believed."""
    end_path: JsonPath | None = None
    """Where a value says that the page is the last; a page may begin with the last rows of the one before it then."""
    end_value: bool | int | float | str | None = True
    """The value at `end_path` that means the end, such as `DONE` or null; any other means that there is more."""

    @model_validator(mode="after")
    def _has_place_of_end(self) -> PaginatorDescription:
        if "end_value" in self.model_fields_set and self.end_path is None:
            raise ValueError("end_value needs end_path, the place in the answer that holds it at the end")
        return self


class SizedPaginator(PaginatorDescription):
    """What every way of paging can have that asks for pages of a size."""

    limit: Limit | None = None
    """Rows to ask for, in `limit_param`; `max`: as many as the API takes."""
    limit_param: str | None = None
    """The parameter that takes the limit; of `offset` else `limit`."""
    maximum_limit: int | None = Field(None, gt=0)
    """The most rows that `limit: max` asks for; else 1,000. A first page that is refused is asked for with fewer."""

    @model_validator(mode="after")
    def _has_place_of_limit(self) -> SizedPaginator:
        if self.limit is not None and self.limit_param is None and self.type != "offset":  # type: ignore[attr-defined]
            raise ValueError("limit needs limit_param; write there the parameter by which the API takes it")
        if self.maximum_limit is not None and self.limit != "max":
            raise ValueError("maximum_limit is the bound of limit: max; write that, or leave it out")
        return self

    @property
    def size(self) -> int:
        """How many rows a page is asked to have; 0 where the paginator does not say it."""
        return (self.maximum_limit or PAGE_SIZES[0]) if self.limit == "max" else self.limit or 0


class PageNumberPaginator(SizedPaginator):
    """Pages are counted: ?page=1, ?page=2; stops on the first empty page or where the API says so."""

    type: Literal["page_number"]
    """`page_number`: pages are counted."""
    base_page: int = 0
    """The number of the first page, 0 or 1."""
    page: int | None = None
    """Where to begin, if not with `base_page`."""
    page_param: str | None = None
    """The parameter that takes the number; else `page`."""
    total_path: JsonPath | None = None
    """Where the number of pages is."""
    maximum_page: int | None = None
    """A cap on the number; a read that meets it is incomplete, unless just these pages were counted before."""
    stop_after_empty_page: bool | None = None
    """dlt's; an empty page is always the end."""
    page_body_path: str | None = None
    """The number's place in the body, in place of a parameter."""

    def numbers(self, position: int) -> list[tuple[str, str, str | None, int]]:
        """What a request for a page takes: a word of ours, its parameter, the place in the body instead, the number."""
        return [("page", self.page_param or "page", self.page_body_path, position)]


class OffsetPaginator(SizedPaginator):
    """Rows are counted: ?offset=0&limit=100; goes on by the rows that really came, to the first empty page."""

    type: Literal["offset"]
    """`offset`: rows are counted."""
    limit: Limit
    """Rows to ask for; `max`: as many as the API takes."""
    offset: int = Field(0, ge=0)
    """The offset of the first row."""
    offset_param: str | None = None
    """The parameter that takes the offset; else `offset`."""
    offset_body_path: str | None = None
    """The offset's place in the body, in place of a parameter."""
    limit_body_path: str | None = None
    """The limit's place in the body, in place of a parameter."""
    total_path: JsonPath | None = "total"
    """Where the number of rows is; null: nowhere."""
    maximum_offset: int | None = None
    """A cap on the offset; a read that meets it is incomplete, unless an earlier page counted just these rows."""
    stop_after_empty_page: bool | None = None
    """dlt's; an empty page is always the end."""
    overlap: int | None = Field(None, ge=0)
    """Rows asked for again at each page join, to see what moved; left out, one where the API counts nothing."""

    def numbers(self, position: int) -> list[tuple[str, str, str | None, int]]:
        """See PageNumberPaginator."""
        of_page = ("offset", self.offset_param or "offset", self.offset_body_path, position)
        return [of_page, ("limit", self.limit_param or "limit", self.limit_body_path, self.size)]

    @model_validator(mode="after")
    def _moves_on(self) -> OffsetPaginator:
        if (self.overlap or 0) >= min(self.size, PAGE_SIZES[-1] if self.limit == "max" else self.size):
            raise ValueError("overlap must be smaller than limit, or no page gets past the one before it")
        return self


class HeaderLinkPaginator(SizedPaginator):
    """The next page's URL is in the Link header (RFC 8288), or alone in another one."""

    type: Literal["header_link"]
    """`header_link`: the `Link` header holds the next page's address (RFC 8288)."""
    links_next_key: str = "next"
    """The relation of the next page."""
    header: str = "Link"
    """The header; one that is not `Link` holds the address alone."""
    stop_after_empty_page: bool | None = None
    """Whether an empty page is the end, though it names a next one."""


class JsonLinkPaginator(SizedPaginator):
    """The next page's URL is in the body."""

    type: Literal["json_link", "json_response"]
    """`json_link`, or `json_response`: the body holds the next page's address."""
    next_url_path: JsonPath = "next"
    """Where the next page's address is; it may be relative."""
    stop_after_empty_page: bool | None = None
    """Whether an empty page is the end, though it names a next one."""


# Placeholders whose value is one list's.
OF_LISTS = re.compile(r"\{(?:resources|for_each|incremental|window|partition)\b")


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (Mapping, list, tuple)):
        for one in (*value, *value.values()) if isinstance(value, Mapping) else value:
            yield from _texts_in(one)


def _has_lone_brace(text: str) -> bool:
    rest = text.replace("{{", "").replace("}}", "")
    return "{" in rest or "}" in rest


# Why a place in the body is none of a form.
OF_FORM = "a form has fields and nothing below them; name one field"


class NextRequest(Described):
    """What every page but the first is asked with, beside the token: these words in place of the endpoint's own."""

    path: str | None = None
    """Below `base_url`; else where the first page is."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Of the query; none where it is left out."""
    json_body: dict[str, Any] | None = Field(None, alias="json")
    """The body, as JSON; none where it is left out."""
    data: dict[str, Any] | None = None
    """The body, as a form; `{}` where it has the token alone."""

    @field_validator("path")
    @classmethod
    def _is_below(cls, value: str | None) -> str | None:
        if value is not None and "://" in value:
            raise ValueError("is a path below client.base_url; leave the rest out")
        if value is not None and not value.strip("/ "):
            raise ValueError("is no path; write one, or leave it out to ask where the first page is")
        return value

    @field_validator("params")
    @classmethod
    def _are_values(cls, value: dict[str, Any]) -> dict[str, Any]:
        for one in value.values():
            if isinstance(one, Mapping) and one.get("type") in ("incremental", "resolve"):
                raise ValueError(f"takes no type: {one['type']}, which is of first pages alone; leave it out")
            if isinstance(one, list) and any(isinstance(part, (Mapping, list)) for part in one):
                raise ValueError("an object cannot be one of several values; write its text, with doubled braces")
        return value

    @model_validator(mode="after")
    def _stands_alone(self) -> NextRequest:
        if self.json_body is not None and self.data is not None:
            raise ValueError("a request has one body; keep json or data")
        if OF_LISTS.search(str((self.path, self.params, self.json_body, self.data))):
            raise ValueError("takes no placeholder of a list, which its first page alone is asked with; leave it out")
        if any(map(_has_lone_brace, _texts_in((self.path, self.params, self.json_body, self.data)))):
            raise ValueError("nothing fills braces here; write the value, and those that mean themselves doubled")
        return self


class CursorPaginator(SizedPaginator):
    """The body carries a token for the next page."""

    type: Literal["cursor"]
    """`cursor`: the body holds a token for the next page."""
    cursor_path: PathOfNext = "cursors.next"
    """Where the next page's token is; `data[-1].id` takes it from the last record. A list or object needs a body."""
    cursor_param: str | None = None
    """The parameter that takes the token; else `cursor`."""
    cursor_body_path: str | None = None
    """The token's place in the body, in place of a parameter."""
    next_request: NextRequest | None = None
    """What further pages are asked with beside the token, where that differs from the first: `{}` for nothing."""
    stop_after_empty_page: bool | None = None
    """Whether an empty page is the end, though it has a token."""

    @model_validator(mode="after")
    def _has_field_of_token(self) -> CursorPaginator:
        path, later = self.cursor_body_path, self.next_request
        if later and later.data is not None and path and ("." in path.removeprefix("$.") or "[" in path):
            raise ValueError(f"{OF_FORM}, or json for next_request.data")
        return self


class HeaderCursorPaginator(SizedPaginator):
    """A header carries a token for the next page."""

    type: Literal["header_cursor"]
    """`header_cursor`: a header holds a token for the next page."""
    cursor_key: str = "next"
    """The header that holds the next page's token; `null` there is none."""
    cursor_param: str | None = None
    """The parameter that takes the token; else `cursor`."""


class SinglePagePaginator(PaginatorDescription):
    """Everything comes in one answer."""

    type: Literal["single_page"]
    """`single_page`: everything comes in one answer."""


class AutoPaginator(PaginatorDescription):
    """The first answer shows the way of paging (dlt's detection); name the type once it is known."""

    type: Literal["auto"] = "auto"
    """`auto`: the first answer shows how pages go on."""


_AnyPaginator = Annotated[
    PageNumberPaginator
    | OffsetPaginator
    | HeaderLinkPaginator
    | JsonLinkPaginator
    | CursorPaginator
    | HeaderCursorPaginator
    | SinglePagePaginator
    | AutoPaginator,
    Field(discriminator="type"),
]
_Word = Literal[
    "page_number", "header_link", "json_link", "json_response", "cursor", "header_cursor", "single_page", "auto"
]
Paginator = Annotated[
    _AnyPaginator, BeforeValidator(partial(in_full, usual="auto"), json_schema_input_type=_Word | _AnyPaginator)
]
