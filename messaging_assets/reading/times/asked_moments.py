"""The moment at which a sync asks, in its requests: `{now:epoch_seconds}`, or before it: `{now-7d:date}`."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from messaging_assets.description.api import Resource
from messaging_assets.description.names import FIELDS_OF_REQUEST
from messaging_assets.description.parents import changed
from messaging_assets.foundation import moments
from messaging_assets.reading.times.relative_times import resolved

# Doubled braces mean themselves.
_NOW = re.compile(r"(?<!\{)\{now(-[^:{}]+)?:([^{}]+)\}(?!\})")


def asked_at(resource: Resource, now: datetime) -> Resource:
    """A resource whose requests name the moment in place of `{now:<format>}`; of an epoch alone as a number.

    Args:
        resource: what the file says.
        now: when the sync asks; one moment for all of its pages and lists.
    """
    endpoint = resource.endpoint
    parts = {part: getattr(endpoint, part) for part in FIELDS_OF_REQUEST}
    if "{now" not in repr(parts):
        return resource
    named = {part: changed(value, partial(_named, now=now)) for part, value in parts.items()}
    return resource.model_copy(update={"endpoint": endpoint.model_copy(update=named)})


def _named(text: str, now: datetime) -> Any:
    if whole := _NOW.fullmatch(text):
        return _written(whole, now)
    return _NOW.sub(lambda found: str(_written(found, now)), text)


def _written(found: re.Match[str], now: datetime) -> str | int:
    moment = resolved(found[1] or "now", now)
    return moments.written(Decimal(int(moment.timestamp())), found[2])
