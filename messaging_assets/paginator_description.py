"""How an API hands out its pages, as an API file says it.

The words are dlt's (https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic#pagination);
`overlap`, `maximum_pages`, `end_status_codes`, `end_on_missing_selector`, `rows_total_path` and, of links,
`stop_after_empty_page` are ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from messaging_assets.authentication_description import Described

# Plain names with dots between them need no parser, and none of what it takes to import it.
_PLAIN_PATH = re.compile(r"(\$\.)?(?!where|parent)[A-Za-z_]\w*(\.(?!where|parent)[A-Za-z_]\w*)*", re.ASCII)


def _compiles(value: str) -> str:
    if _PLAIN_PATH.fullmatch(value):
        return value
    from dlt.common.jsonpath import compile_path

    try:
        compile_path(value)
    # The parser raises its own errors, and bare ones from deep inside it.
    except Exception:  # noqa: BLE001
        raise ValueError("is no JSON path; write one such as data, result.items or $") from None
    return value


JsonPath = Annotated[str, AfterValidator(_compiles)]


class PaginatorDescription(Described):
    """What every way of paging can have."""

    maximum_pages: int | None = Field(None, gt=0, description="A hard cap; a read that meets it is incomplete.")
    end_status_codes: list[int] = Field(
        default_factory=list,
        description="Statuses that mean 'past the last page' after the first page, e.g. [400, 404].",
    )
    end_on_missing_selector: bool = Field(
        False, description="A page after the first that leaves the list out is the end."
    )
    rows_total_path: JsonPath | None = Field(
        None, description="Where the API says how many rows it has, where total_path is absent or counts pages."
    )


class PageNumberPaginator(PaginatorDescription):
    """Pages are counted: ?page=1, ?page=2; stops on the first empty page or where the API says so."""

    type: Literal["page_number"]
    base_page: int = 0
    page: int | None = None
    page_param: str | None = None
    total_path: JsonPath | None = None
    maximum_page: int | None = None
    stop_after_empty_page: bool | None = None
    has_more_path: JsonPath | None = None
    page_body_path: str | None = None


class OffsetPaginator(PaginatorDescription):
    """Rows are counted: ?offset=0&limit=100; goes on by the rows that really came, to the first empty page."""

    type: Literal["offset"]
    limit: int = Field(gt=0)
    offset: int = Field(0, ge=0)
    offset_param: str | None = None
    offset_body_path: str | None = None
    limit_param: str | None = None
    limit_body_path: str | None = None
    total_path: JsonPath | None = "total"
    maximum_offset: int | None = None
    stop_after_empty_page: bool | None = None
    has_more_path: JsonPath | None = None
    overlap: int = Field(0, ge=0, description="Rows asked for again at each page join, to see what moved meanwhile.")

    @model_validator(mode="after")
    def _moves_on(self) -> OffsetPaginator:
        if self.overlap >= self.limit:
            raise ValueError("overlap must be smaller than limit, or no page gets past the one before it")
        return self


class HeaderLinkPaginator(PaginatorDescription):
    """The next page's URL is in the Link header (RFC 8288)."""

    type: Literal["header_link"]
    links_next_key: str = "next"
    stop_after_empty_page: bool | None = Field(
        None, description="An empty page is the end, for APIs whose last page too names a next one."
    )


class JsonLinkPaginator(PaginatorDescription):
    """The next page's URL is in the body."""

    type: Literal["json_link", "json_response"]
    next_url_path: JsonPath = "next"
    stop_after_empty_page: bool | None = Field(
        None, description="An empty page is the end, for APIs whose last page too names a next one."
    )


class CursorPaginator(PaginatorDescription):
    """The body carries a token for the next page."""

    type: Literal["cursor"]
    cursor_path: JsonPath = "cursors.next"
    cursor_param: str | None = None
    cursor_body_path: str | None = None
    stop_after_empty_page: bool | None = None
    has_more_path: JsonPath | None = None


class HeaderCursorPaginator(PaginatorDescription):
    """A header carries a token for the next page."""

    type: Literal["header_cursor"]
    cursor_key: str = "next"
    cursor_param: str | None = None


class SinglePagePaginator(PaginatorDescription):
    """Everything comes in one answer."""

    type: Literal["single_page"]


class AutoPaginator(PaginatorDescription):
    """The first answer shows the way of paging (dlt's detection); name the type once it is known."""

    type: Literal["auto"] = "auto"


def _shorthand(value: Any) -> Any:
    """dlt's short forms: `paginator: json_link`, and a mapping without `type` is auto."""
    if isinstance(value, str):
        return {"type": value}
    if isinstance(value, Mapping) and "type" not in value:
        return {"type": "auto", **value}
    return value


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
Paginator = Annotated[_AnyPaginator, BeforeValidator(_shorthand, json_schema_input_type=_Word | _AnyPaginator)]
