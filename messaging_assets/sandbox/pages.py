"""Which rows one request is given: the filters and the four paging styles, the same for all resources.

    /v1/messages?offset=&limit=              offset, in rows
    /v1/messages/by_page?page=&per_page=     page numbers
    /v1/messages/by_cursor?cursor=&limit=    `next_cursor` in the body, null on the last page
    /v1/messages/by_link?limit=              `next` in the body and a Link header (RFC 8288), until the end

Filters: `since` (inclusive) and `until` (exclusive) on the row's time, `updated_after` (exclusive) on its
last change. They take ISO 8601 or epoch seconds or milliseconds; rows without a time ignore them.
"""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from urllib.parse import urlencode

from messaging_assets.sandbox.data import Row
from messaging_assets.sandbox.settings import Answer, RefusedError, Settings

STYLES = ("by_page", "by_cursor", "by_link")
CREATED = ("timestamp", "created_at", "fired_at")
CHANGED = ("updated_at", "edited_at", *CREATED)


@lru_cache(maxsize=200_000)
def _moment(value: str | int | float) -> float:
    """Return epoch seconds."""
    try:
        number = float(value)
    except ValueError:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    return number / 1_000 if number > 1e11 else number


def _time_of(row: Row, fields: tuple[str, ...]) -> float | None:
    value = next((row[field] for field in fields if row.get(field) is not None), None)
    return None if value is None else _moment(value)


def filtered(rows: list[Row], query: dict[str, str]) -> list[Row]:
    """Return the rows inside the time window that `query` asks for; all of them when it asks for none.

    Raises:
        RefusedError: a bound is not a time.
    """
    try:
        since, until, after = (
            _moment(query[name]) if name in query else None for name in ("since", "until", "updated_after")
        )
    except ValueError:
        raise RefusedError(400, "since, until and updated_after take a time") from None
    if since is not None or until is not None:
        times = ((row, _time_of(row, CREATED)) for row in rows)
        rows = [
            row for row, t in times if t is None or ((since is None or t >= since) and (until is None or t < until))
        ]
    if after is not None:
        times = ((row, _time_of(row, CHANGED)) for row in rows)
        rows = [row for row, t in times if t is None or t > after]
    return rows


def page(rows: list[Row], style: str, query: dict[str, str], settings: Settings, url: str) -> tuple[int, Answer]:
    """Return the row at which the page starts, and the page.

    Args:
        rows: everything that the request may page through.
        style: "" for offsets, or one of STYLES.
        url: the address of the request without its query, for links to the next page.

    Raises:
        RefusedError: a parameter is no number, or the settings refuse a page this far on.
    """
    size = _number(query, "per_page" if style == "by_page" else "limit", settings.page_size, least=1)
    if size > (settings.most_asked or size):
        raise RefusedError(400, f"a page has {settings.most_asked} rows at most")
    size = min(size, settings.page_cap or size)
    start = 0 if settings.ignore_offset else _start(style, query, settings, size)
    if start and start >= len(rows) and settings.past_end_status != 200:
        raise RefusedError(settings.past_end_status, "there is no such page")
    data = rows[start : start + size]
    if settings.offset_limit is not None and start > settings.offset_limit:
        if settings.offset_limit_status != 200:
            raise RefusedError(settings.offset_limit_status, f"offsets end at {settings.offset_limit}")
        data = []
    answer = Answer({"data": data, **({"total": len(rows)} if settings.total else {})})
    _announce_next(answer, style, start + len(data) if start + len(data) < len(rows) else None, query, url)
    return start, answer


def _start(style: str, query: dict[str, str], settings: Settings, size: int) -> int:
    if style == "by_page":
        return (_number(query, "page", settings.page_base, least=settings.page_base) - settings.page_base) * size
    if style == "by_cursor":
        return _number({"cursor": query.get("cursor", "").removeprefix("after-") or "0"}, "cursor", 0)
    return _number(query, "offset", 0)


def _number(query: dict[str, str], name: str, default: int, least: int = 0) -> int:
    try:
        number = int(query.get(name, default))
    except ValueError:
        number = least - 1
    if number < least:
        raise RefusedError(400, f"{name} takes a whole number from {least}")
    return number


def _announce_next(answer: Answer, style: str, following: int | None, query: dict[str, str], url: str) -> None:
    assert isinstance(answer.payload, dict)
    if style == "by_cursor":
        answer.payload["next_cursor"] = None if following is None else f"after-{following}"
    elif style == "by_link" and following is not None:
        link = f"{url}?{urlencode({**query, 'offset': following})}"
        answer.payload["next"] = link
        answer.headers["Link"] = f'<{link}>; rel="next"'
