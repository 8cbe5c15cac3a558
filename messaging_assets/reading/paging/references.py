"""The link or token of the next page, as dlt's own paginator finds it."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

from requests import Request

from messaging_assets.answers.beside_list import beside, token_in
from messaging_assets.answers.failure_words import said_instead
from messaging_assets.answers.formats.json_lines import with_numbers_as_written
from messaging_assets.description.pagination import PaginatorDescription
from messaging_assets.foundation import json_paths
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.reading.list_context import ListContext
from messaging_assets.seams.dlt_rest_client import next_reference, set_next_reference


class NextReference:
    """What names the next page of one list.

    Args:
        found: dlt's paginator, which finds it.
        description: the paginator as the file has it.

    Attributes:
        is_falling: whether each was a number below the one before it, so that 0 may be the next; so it is without any.
    """

    def __init__(self, found: Any, description: PaginatorDescription) -> None:
        self._found, self._own = found, description
        self._asked: Any = None
        self.is_falling = True
        self._came: set[str] = set()

    def begin_at(self, position: Any) -> None:
        """Let the list begin with the reference that was kept."""
        self._came.add(str(position))
        self._asked = position
        set_next_reference(self._found, position)

    def read(self, response: Any) -> None:
        """Look for the reference in an answer."""
        self._found.update_state(response)
        # A number with decimals stays as the answer has it, digit by digit, unless a JSON body takes it as a number.
        path = getattr(self._own, "cursor_path", None)
        if isinstance(self.value, float) and path and not self._found.cursor_body_path:
            whole = with_numbers_as_written(response.content, getattr(response, "format", "json") == "ndjson")
            set_next_reference(self._found, str(json_paths.find_values(path, whole)[0]))
        kind = self._own.type  # type: ignore[attr-defined]
        if kind in ("cursor", "header_cursor") and not getattr(self._own, "cursor_body_path", None):
            # Some give the next page's address where a token is looked for.
            param = self._own.cursor_param or "cursor"  # type: ignore[attr-defined]
            set_next_reference(self._found, token_in(self.value, param))
        if kind == "header_cursor" and str(self.value).strip().lower() == "null":
            # A header is a text, in which some write so that there is none.
            set_next_reference(self._found, None)

    def ends_with(self, response: Any) -> bool:
        """Whether a page without its list names no next one, as those before it did, and says nothing of a failure."""
        path = str(getattr(self._own, "cursor_path", ""))
        if "[-1]" in path or "[0]" in path or not self.has_come:
            # A record's own value cannot be there without the list.
            return False
        self.read(response)
        return self.value is None and not said_instead(response.parsed, beside(response.parsed, ()))

    @property
    def value(self) -> Any:
        """The reference; nothing where the page that came names none."""
        return next_reference(self._found)

    @property
    def is_asked_for(self) -> bool:
        """Whether the page that came was asked for by it, so that the page names itself."""
        return self.value is not None and str(self.value) == str(self._asked)

    @property
    def has_come(self) -> bool:
        """Whether any page named a next one."""
        return bool(self._came)

    def is_new(self) -> bool:
        """Whether no earlier page named the same one; it is known from here on."""
        is_new = str(self.value) not in self._came
        numbers = [one for one in (self.value, self._asked) if one is not None]
        self.is_falling &= all(type(one) is int for one in numbers) and numbers == sorted(numbers)
        self._came.add(str(self.value))
        return is_new

    def _ask_as_later(self, request: Request) -> None:
        """Ask with what the file says of every page but the first, where it says anything."""
        later = getattr(self._own, "next_request", None)
        if later is not None:
            # The size of a page is the paginator's, and asked for each time; an API has its own else.
            name = self._own.limit_param if self._own.size else None  # type: ignore[attr-defined]
            size = {one: value for one, value in (request.params or {}).items() if one == name}
            request.url = later.path or request.url
            request.params, request.data = {**size, **deepcopy(later.params)}, copy(later.data)
            request.json = deepcopy(later.json_body)

    def put_on(self, request: Request) -> None:
        """Let dlt's paginator put it on a request.

        Raises:
            ValueError: it is a link that cannot be read.
        """
        self._ask_as_later(request)
        whole, self._asked = request.json, self.value
        self._found.update_request(request)
        if isinstance(request.data, dict) and (field := getattr(self._own, "cursor_body_path", None)):
            # dlt puts it into a JSON body, which would not be sent beside a form.
            request.data[field], request.json = str(self.value), whole


def refuse_odd(reference: Any, own: Any, context: ListContext, page: int) -> None:
    """Refuse what stands where a reference is looked for, and is none.

    Args:
        reference: what was found there.
        own: the paginator as the file has it.
        context: the resource that is read.
        page: the page's number, for the sentence.

    Raises:
        MendDescription: it is neither a text nor a number, nor an object or a list that a JSON body takes.
    """
    if isinstance(reference, (list, dict)) and own.type == "cursor":
        if own.cursor_body_path and not isinstance(context.endpoint.data, dict):
            return
        kind = "a list" if isinstance(reference, list) else "an object"
        raise MendDescription(
            f"the place of the next page holds neither a text nor a number on page {page}, but "
            f"{kind}, which only a JSON body can take",
            "write cursor_body_path in place of cursor_param",
            where=context.asset,
        )
    if own.type not in ("cursor", "header_cursor") and isinstance(reference, (int, float)) and reference is not True:
        raise MendDescription(
            f"the place of the next page holds a number on page {page}, which is no address",
            "write type: cursor, with cursor_path and the cursor_param that takes it",
            where=context.asset,
        )
    if not isinstance(reference, (str, int, float)) or reference is True:
        raise MendDescription(
            f"the place of the next page holds neither a text nor a number on page {page}",
            "correct the paginator's path in the file",
            where=context.asset,
        )
