"""What an answer's headers say of the API's own limit: how many requests are left, and until when.

`RateLimit` with `RateLimit-Policy` is draft-ietf-httpapi-ratelimit-headers-10; before it there were three fields, whose
names most APIs write with `X-` in front and with a moment in place of seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

_PREFIXES = ("ratelimit", "x-ratelimit", "x-rate-limit")
# One policy's name, and its parameters.
_ITEM = re.compile(r'\s*("[^"]*"|[\w*.:/-]+)((?:\s*;\s*[a-z*]+=(?:"[^"]*"|:[^:]*:|[\w.-]+))*)\s*(?:,|$)')
_PARAMETER = re.compile(r';\s*([a-z*]+)=("[^"]*"|[\w.-]+)')
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


def _seconds(until: str, date: str) -> float | None:
    number = _number(until)
    if number is None or number < _MOMENT:
        return number
    moment = number / 1000 if number > _MILLISECONDS else number
    try:
        # The API's own clock, because this machine's may be another.
        now = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        now = datetime.now(timezone.utc).timestamp()
    return max(moment - now, 0.0)


def _number(text: str | None) -> float | None:
    """A number that is not below zero; None for anything else."""
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*", text or "")
    return float(match[1]) if match else None
