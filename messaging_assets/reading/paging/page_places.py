"""Where a request says which page it asks for, and of how many rows: in a parameter, in its body, or within a text.

And what is asked for where so many rows are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

from requests import Request

from messaging_assets.description.api import Resource
from messaging_assets.description.names import FIELDS_OF_REQUEST, PAGE_PLACE
from messaging_assets.description.pagination import (
    PAGE_SIZES,
    OffsetPaginator,
    PaginatorDescription,
    SizedPaginator,
)
from messaging_assets.description.parents import changed
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.reading.ending import Reading
from messaging_assets.reading.evidence.claims import Claims
from messaging_assets.reading.list_context import ListContext
from messaging_assets.seams.dlt_values import set_value_at_path

# What an API answers that gives no page so long, or what becomes of a page that is longer than the file allows.
_REFUSALS = frozenset({"400", "413", "422", "too large"})
# What stands there until the number is known, on its way through dlt, which fills braces.
_OPEN = re.compile("\0(offset|limit|page)\0")
_PARTS = ("url", "params", "json", "data")


class OfPages(Protocol):
    """A list that is asked for page by page: its paginator in the file, what its resource shares, what came of it."""

    description: PaginatorDescription
    context: ListContext
    reading: Reading


def take_size(of: OfPages, request: Request) -> None:
    """Ask for pages of the size that was found with an earlier list, or else for the one of the file.

    Args:
        of: the list.
        request: its first request; changed.
    """
    _keep_texts(request)
    paginator = of.context.endpoint.paginator
    if isinstance(paginator, SizedPaginator) and paginator.size:
        of.description, request.asks_less = paginator, partial(_asks_less, of)  # type: ignore[attr-defined]
        _put_size(request, paginator, of.context)


def _put_size(request: Request, paginator: SizedPaginator, context: ListContext) -> None:
    """Put the size of a page on a list's first request; the receipt tells one that the sync chose."""
    in_body = paginator.limit_body_path if isinstance(paginator, OffsetPaginator) else None
    put(request, "limit", paginator.limit_param or "limit", in_body, paginator.size)
    if paginator.limit == "max" and not context.is_parent:
        context.receipt.limit = paginator.size


def _asks_less(paginator: OfPages, request: Request, refused: SyncFailure) -> bool:
    """Ask for a shorter first page, of this list and of lists to come; whether there is one to ask for."""
    own, context = paginator.description, paginator.context
    if not isinstance(own, SizedPaginator) or own.limit != "max":
        return False
    if paginator.reading.page or refused.label not in _REFUSALS:
        return False
    smaller = next((size for size in PAGE_SIZES if size < own.size), None)
    if smaller is None:
        return False
    paginator.description = shorter = own.model_copy(update={"maximum_limit": smaller})
    context.endpoint = context.endpoint.model_copy(update={"paginator": shorter})
    paginator.reading.claims = Claims(context.asset, context.endpoint)
    _put_size(request, shorter, context)
    context.receipt.retried(refused.label)
    return True


def put(request: Any, word: str, name: str, place_in_body: str | None, number: int) -> None:
    """Put a number into a request: where its texts have a place for it, else into its body where the file names a
    place there, else into the query.

    Args:
        request: the request; changed.
        word: what a text calls it.
        name: the parameter's name.
        place_in_body: where it is in the body; None for the query.
        number: the number.
    """
    if _put_into_texts(request, word, number):
        return
    if place_in_body and isinstance(request.data, dict):
        # A form has fields, and no places below them.
        request.data[place_in_body] = number
    elif place_in_body:
        request.json = request.json if request.json is not None else {}
        set_value_at_path(request.json, place_in_body, number)
    else:
        request.params = request.params if request.params is not None else {}
        request.params[name] = number


def with_open_places(resource: Resource) -> Resource:
    """A resource whose requests keep places for the numbers of a page open, which only its paginator knows."""
    endpoint = resource.endpoint
    parts = {part: getattr(endpoint, part) for part in FIELDS_OF_REQUEST}
    if "{paginator." not in repr(parts):
        return resource
    opened = {part: changed(one, lambda text: PAGE_PLACE.sub("\\1\0\\2\0", text)) for part, one in parts.items()}
    return resource.model_copy(update={"endpoint": endpoint.model_copy(update=opened)})


@dataclass(frozen=True)
class PageTexts:
    """The texts of a request that say which page it asks for.

    Args:
        parts: the parts of the request, as they were before any number was known.
        words: the numbers that they take.
        numbers: those that are known by now.
    """

    parts: Mapping[str, Any]
    words: frozenset[str]
    numbers: Mapping[str, int] = field(default_factory=dict)


def _keep_texts(request: Any) -> None:
    """Keep what the texts of a list's first request are before a number stands there; most take none."""
    parts = {part: getattr(request, part) for part in _PARTS}
    words = set[str]()
    changed(list(parts.values()), lambda text: words.update(_OPEN.findall(text)))
    if words:
        request.page_texts = PageTexts(parts, frozenset(words))


def _put_into_texts(request: Any, word: str, number: int) -> bool:
    """Put a number where the request's texts take it; whether any does.

    Args:
        request: the request; its parts become others.
        word: what the texts call the number.
        number: the number.
    """
    texts: PageTexts | None = getattr(request, "page_texts", None)
    if texts is None or word not in texts.words:
        return False
    request.page_texts = texts = replace(texts, numbers={**texts.numbers, word: number})
    for part, one in texts.parts.items():
        setattr(request, part, _filled(one, getattr(request, part), texts.numbers))
    return True


def _filled(text: Any, now: Any, numbers: Mapping[str, int]) -> Any:
    """A part of a request with its numbers, and with what else came into it."""
    if isinstance(text, Mapping) and isinstance(now, Mapping):
        return {**now, **{name: _filled(one, now.get(name), numbers) for name, one in text.items()}}
    if isinstance(text, list) and isinstance(now, list):
        return [_filled(*each, numbers) for each in zip(text, now, strict=True)]
    if not isinstance(text, str) or not _OPEN.search(text):
        return now
    if (whole := _OPEN.fullmatch(text)) and whole[1] in numbers:
        return numbers[whole[1]]
    return _OPEN.sub(lambda found: str(numbers.get(found[1], found[0])), text)
