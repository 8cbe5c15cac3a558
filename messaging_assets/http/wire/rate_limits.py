"""What an answer says of the API's own limit: how many requests are left, until when, how long to wait.

`RateLimit` with `RateLimit-Policy` is draft-ietf-httpapi-ratelimit-headers-10; before it there were three fields, whose
names most APIs write with `X-` in front and with a moment in place of seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from messaging_assets.foundation.moments import moment_of
from messaging_assets.http.wire.answer import Answer

_PREFIXES = ("ratelimit", "x-ratelimit", "x-rate-limit")
_AFTER = ("retry-after", "x-retry-after", "x-ratelimit-retry-after", "ratelimit-retry-after")
_RESETS = ("ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-reset", "x-rate-limit-reset")
# Such as `1m30s`, `1.5s` or `250ms`.
_DURATION = re.compile(r"(?=\d)(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
# One policy's name, and its parameters.
_ITEM = re.compile(r'\s*("[^"]*"|[\w*.:/-]+)((?:\s*;\s*[a-z*]+=(?:"[^"]*"|:[^:]*:|[\w.-]+))*)\s*(?:,|$)')
_PARAMETER = re.compile(r';\s*([a-z*]+)=("[^"]*"|[\w.-]+)')
# A field by which a body asks for a wait, in small letters and without what is none.
_FIELD = re.compile(r"retry(?:after|in|(delay))(?:in)?(?:(s|secs?|seconds)|(ms|millis|milliseconds))?")
# Statuses whose body is looked through, how deep, and up to how many in a list: longer ones are of rows.
_LIMITED, _DEPTH, _MOST = frozenset({420, 429, 503}), 5, 20
# Numbers from here on are moments in seconds since 1970, and in milliseconds.
_MOMENT, _MILLISECONDS = 1e9, 1e11


class Allowance(NamedTuple):
    """So many requests may still leave in so many seconds."""

    requests: int
    seconds: float


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """What the API allows from here on, by the limit that is nearest to its end; None where it does not say.

    Args:
        headers: an answer's, whatever their case.
    """
    if (found := headers.get("ratelimit")) and "=" in found:
        return min(_of_draft(found, headers.get("ratelimit-policy", "")), default=None)
    for prefix in _PREFIXES:
        left = _number(headers.get(f"{prefix}-remaining"))
        # A limit of zero means that there is none.
        if left is None or _number(headers.get(f"{prefix}-limit")) == 0:
            continue
        if (seconds := _seconds(headers.get(f"{prefix}-reset", ""), headers.get("date", ""))) is not None:
            return Allowance(int(left), seconds)
    return None


def _of_draft(found: str, policies: str) -> list[Allowance]:
    windows = {name: window for name, own in _items(policies) if (window := _number(own.get("w"))) is not None}
    allowed = []
    for name, own in _items(found):
        left, seconds = _number(own.get("r")), _number(own.get("t"))
        if left is not None and (seconds := windows.get(name) if seconds is None else seconds) is not None:
            allowed.append(Allowance(int(left), seconds))
    if not allowed:
        # The draft's older form: `limit=100, remaining=50, reset=30`.
        old = dict(re.findall(r"(\w+)=([\w.]+)", found))
        left, seconds = _number(old.get("remaining")), _number(old.get("reset"))
        if left is not None and seconds is not None:
            allowed.append(Allowance(int(left), seconds))
    return allowed


def _items(text: str) -> list[tuple[str, dict[str, str]]]:
    return [(name, dict(_PARAMETER.findall(parameters))) for name, parameters in _ITEM.findall(text)]


def asked_to_wait(answer: Answer) -> float | None:
    """Seconds the API asks for: Retry-After (RFC 9110, section 10.2.3) or, at its limit, the end of that."""
    headers, date = answer.headers, answer.headers.get("date", "")
    waits = [_seconds(headers.get(name, ""), date) for name in _AFTER]
    waits.append((_number(headers.get("retry-after-ms")) or 0) / 1000)
    # Many APIs send reset headers with every answer; they mean a wait only where nothing is left.
    left = allowance(headers)
    remaining = [_number(headers.get(f"{prefix}-remaining")) for prefix in _PREFIXES]
    if answer.status_code == 429 or 0 in remaining or (left and left.requests == 0):
        waits += [_seconds(headers.get(name, ""), date) for name in _RESETS]
        waits.append(left.seconds if left and left.requests == 0 else None)
    if (asked := next((wait for wait in waits if wait), None)) is not None or answer.status_code not in _LIMITED:
        return asked
    return wait_told_in(answer.read_as_json(), date)


def wait_told_in(body: Any, date: str = "") -> float | None:
    """Seconds for which a body asks, as chat APIs do in place of a header: `{"parameters": {"retry_after": 35}}`.

    Args:
        body: what was parsed.
        date: the answer's own time, where it told it.
    """
    for name, value in _fields_in(body, _DEPTH):
        found = _FIELD.fullmatch(re.sub(r"[^a-z]", "", str(name).lower()))
        if not found or isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        number = _number(str(value))
        # A bare delay is a setting, as jobs and queues have it, and often in milliseconds.
        if found[1] and number is not None and not (found[2] or found[3]):
            continue
        if told := (number or 0) / 1000 if found[3] else _seconds(str(value), date):
            return told
    return None


def _fields_in(body: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """The fields of an object, and then those of what is within it."""
    if isinstance(body, dict):
        yield from body.items()
    inner = body.values() if isinstance(body, dict) else body if isinstance(body, list) and len(body) <= _MOST else ()
    for one in inner if depth else ():
        yield from _fields_in(one, depth - 1)


def _seconds(until: str, date: str) -> float | None:
    """The seconds of a delay, or to a moment; None where a text is neither."""
    until = until.strip()
    number = _number(until)
    if number is not None and number < _MOMENT:
        return number
    if found := _DURATION.fullmatch(until):
        hours, minutes, seconds, milliseconds = (float(one or 0) for one in found.groups())
        return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    moment = moment_of(until) if number is None else number / 1000 if number > _MILLISECONDS else number
    if moment is None:
        return None
    # The API's own clock, because this machine's may be another.
    now = moment_of(date)
    return max(float(moment) - (time.time() if now is None else float(now)), 0.0)


def _number(text: str | None) -> float | None:
    """A number that is not below zero; None for anything else."""
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*", text or "")
    return float(match[1]) if match else None
