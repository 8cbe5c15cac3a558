"""How an API whose manifest says this hands out a list in pages.

Offsets and numbers are counted. What a cursor and its stop condition take of an answer is searched: values are tried in
its places until the peer's own evaluation goes on in the middle and ends at the end.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from requests.utils import parse_header_links
from theirs.records import put
from theirs.texts import Texts, taken_from

PAGE = 3
_NOTHING = object()
_MOST = 4_000


class Pages:
    """The paginator of one stream."""

    def __init__(self, texts: Texts, part: dict[str, Any] | None, field_path: list[Any]) -> None:
        self._texts, self._field_path = texts, field_path
        self.part = part if part and part.get("type") == "DefaultPaginator" else {}
        self.strategy: dict[str, Any] = self.part.get("pagination_strategy") or {}
        self.kind = str(self.strategy.get("type") or "") if "class_name" not in self.strategy else ""
        self.token_option = self.part.get("page_token_option") or {}
        self.size_option = self.part.get("page_size_option") or {}
        self._offsets: dict[str, int] = {}

    def size(self, asked: Any) -> int | None:
        """Rows of a page; None where there are no pages."""
        if not self.kind:
            return None
        for one in (asked, self._texts.value(self.strategy, self.strategy.get("page_size"))):
            if str(one).isdigit() and int(one) > 0:
                return int(one)
        stop = str(self.strategy.get("stop_condition") or "")
        limits = [int(one) for one in re.findall(r"<=?\s*(\d+)", stop) if int(one) > 1]
        return limits[0] if limits else PAGE

    def offset(self, token: Any, marked: str | None, size: int) -> int:
        """Where the page that is asked for begins."""
        if marked is not None:
            return int(marked)
        if token in (None, ""):
            return 0
        if self.kind == "OffsetIncrement":
            return int(token) if str(token).isdigit() else 0
        if self.kind == "PageIncrement":
            first = self.strategy.get("start_from_page") or 0
            first = int(self._texts.value(self.strategy, first) or 0)
            return max(0, (int(token) if str(token).isdigit() else first) - first) * size
        return self._offsets.get(str(token), 0)

    def answer(
        self, base: dict[str, Any], rows: list[Any], start: int, size: int, link: str
    ) -> tuple[Any, dict[str, str], int]:
        """The answer with what leads to the next page, its headers, and how many rows it really has.

        Args:
            base: makes the answer from rows.
            rows: all that the request gets, from which the page is cut.
            start: the page's first row.
            size: rows of a page.
            link: the address of this list, to which the next page's mark is added.
        """
        page = rows[start : start + size]
        body = base["made"](page)
        if self.kind != "CursorPagination":
            return body, {}, len(page)
        is_last = start + size >= len(rows)
        if is_last:
            found = self._search(body, page, start, size, len(rows), link, True)
            if found is not None or not page:
                return (*(found or (body, {})), len(page))
        found = self._search(body, page, start, size, len(rows), link, False)
        return (*(found or (body, {})), len(page))

    def _search(
        self, body: Any, page: list[Any], start: int, size: int, total: int, link: str, is_end: bool
    ) -> tuple[Any, dict[str, str]] | None:
        cursor, stop = self.strategy.get("cursor_value"), self.strategy.get("stop_condition")
        places = self._places(cursor, stop)
        begun = start + size
        choices = [self._candidates(place, begun, start, size, total, link, is_end, cursor) for place in places]
        for values in itertools.islice(itertools.product(*choices), _MOST):
            tried, headers = _copy(body), {}
            for (root, path), value in zip(places, values, strict=True):
                if value is _NOTHING:
                    continue
                if root == "response" and isinstance(tried, dict):
                    put(tried, list(path), value)
                elif root == "headers":
                    headers[str(path[0])] = str(value)
            known = {"response": tried, "headers": self._parsed(headers), "last_page_size": len(page)}
            known |= {"last_record": page[-1] if page else {}, "last_records": page}
            stops = bool(stop) and self._texts.holds(self.strategy, str(stop), **known)
            token = self._texts.value(self.strategy, cursor, **known)
            if stops is None:
                continue
            ends = stops or not token
            if ends != is_end:
                continue
            if not is_end:
                is_link = self.token_option.get("type") == "RequestPath"
                if is_link and not (str(token).startswith(("http", "/")) and "__at=" in str(token)):
                    continue
                self._offsets[str(token)] = begun
            return tried, headers
        return None

    def _places(self, *texts: Any) -> list[tuple[str, tuple[Any, ...]]]:
        """Where the answer has what expressions take of it, rows aside."""
        taken = [(root, path) for text in texts for root in ("response", "headers") for path in taken_from(text, root)]
        # All that is taken of the link header is one place.
        places = [("headers", path[:1]) if root == "headers" else (root, path) for root, path in taken if path]
        rows = tuple(self._field_path)
        places = [one for one in dict.fromkeys(places) if one[1] != rows and -1 not in one[1] and 0 not in one[1]]
        # What holds another one is made with that.
        return [one for one in places if not any(_is_within(other, one) for other in places)]

    @staticmethod
    def _parsed(headers: dict[str, str]) -> dict[str, Any]:
        """Headers as the peer has them in expressions."""
        parsed: dict[str, Any] = {name.lower(): value for name, value in headers.items()} | dict(headers)
        for name in [one for one in parsed if one.lower() == "link"]:
            parsed[name] = {one.get("rel", one["url"]): one for one in parse_header_links(parsed[name])}
        return parsed

    def _candidates(
        self,
        place: tuple[str, tuple[Any, ...]],
        begun: int,
        start: int,
        size: int,
        total: int,
        link: str,
        is_end: bool,
        cursor: Any,
    ) -> list[Any]:
        root, path = place
        name = str(path[-1]).lower()
        number, pages = start // size + 1, max(1, -(-total // size))
        after = f"{link}{'&' if '?' in link else '?'}__at={begun}"
        name_of = self.token_option.get("field_name")
        if isinstance(name_of, str):
            after += f"&{name_of}=tok{begun}"
        if root == "headers":
            if str(path[0]).lower() == "link":
                over = f'<{link}>; rel="next"; results="false"; cursor="tok{begun}"'
                return [_NOTHING, over] if is_end else [f'<{after}>; rel="next"; results="true"; cursor="tok{begun}"']
            return [_NOTHING, "", "false"] if is_end else [f"tok{begun}", "true"]
        is_cursor = (root, path) in [("response", one) for one in taken_from(cursor, "response")]
        counts: list[Any] = [number, pages, total, start, begun, size]
        if any(word in name for word in ("total", "count")):
            counts = [pages if "page" in name else total, *counts]
        if is_cursor and is_end:
            return [None, _NOTHING, "", False, *counts]
        if is_cursor:
            if "+" in str(cursor):
                # The page's beginning and its length, or its number.
                is_length = any(word in name for word in ("max", "limit", "size", "per"))
                return [size if is_length else number if "page" in name else start, *counts]
            is_number = any(word in name for word in ("page", "offset")) and "token" not in name and "next" not in name
            texts = [f"tok{begun}", after]
            if self.token_option.get("type") == "RequestPath":
                texts = [after, after.split("/", 3)[-1]]
            return [*counts, *texts] if is_number else [*texts, number + 1, *counts]
        flags = [False, True] if is_end == any(word in name for word in ("more", "next")) else [True, False]
        return [*flags, *counts, None, _NOTHING, "true", "false"]


def _is_within(place: tuple[str, tuple[Any, ...]], other: tuple[str, tuple[Any, ...]]) -> bool:
    return place != other and place[0] == other[0] and place[1][: len(other[1])] == other[1]


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return list(value) if isinstance(value, list) else value
