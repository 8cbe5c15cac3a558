"""A range of time that an answer says it is of, such as the last day, though the request asked for none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from messaging_assets.answers.beside_list import Leaf, plain_word
from messaging_assets.foundation import moments

_BEGIN = frozenset(("from", "start", "since", "begin", "starting", "starts", "earliest"))
_END = frozenset(("to", "end", "until", "till", "ending", "ends", "latest"))
_BESIDE = frozenset(("time", "date", "at", "window", "period", "range", "datetime", "timestamp", "ts", "ms", "query"))
# A range in a request by its length, or by a word such as `period=month`.
_LENGTHS = ("minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "quarter", "year")
_ASKED = frozenset(
    (
        *_LENGTHS,
        *("years", "after", "before", "date", "dates", "period", "range", "window", "last", "preset", "timespan"),
        *("timeframe", "lookback", "daterange", "timerange"),
    )
)
# A moment in a request: a day, a number of at least seconds, or a word for one.
_MOMENT = re.compile(r"\d{4}-\d\d|\d{9}|\b20\d{6}\b|\b(?:now|today|yesterday)\b")
# An object that has one of these is something of its own, such as a shift, and so is its range.
_OWN_NAMES = frozenset(("id", "uuid", "guid", "key", "name", "title", "created_at", "updated_at", "modified_at"))
# The times between which a search ran are closer than a range that an API takes by itself.
_SHORTEST = 3600


def unasked_range(leaves: Iterable[Leaf], request: Any) -> str | None:
    """That an answer is of a range of time that its request did not ask for, as a clause; None where it says no such.

    Args:
        leaves: the values beside the list.
        request: what was sent. One that names any moment, or a range by a parameter's name, may have asked.
    """
    said = list(leaves)
    objects = [leaf.names[:-1] for leaf in said if leaf.word in _OWN_NAMES and leaf.value is not None]
    begins, ends = _by_object(said, _BEGIN), _by_object(said, _END)
    found = [
        (begins[of], ends[of]) for of in begins if of in ends and not any(of[: len(one)] == one for one in objects)
    ]
    ranges = [(begin, end) for begin, end in found if _length(begin, end) >= _SHORTEST]
    if not ranges or _names_a_time(request):
        return None
    places = " and ".join(leaf.place for leaf in ranges[0])
    return f"{places} say that it is of a range of time, and the request asked for none; ask for one in its params"


def _by_object(leaves: Iterable[Leaf], words: frozenset[str]) -> dict[tuple[str, ...], Leaf]:
    """The moments that are called so, by the object that holds them."""
    parts = ((leaf, set(leaf.word.split("_"))) for leaf in leaves)
    return {leaf.names[:-1]: leaf for leaf, of in parts if of & words and of <= words | _BESIDE and _seconds(leaf)}


def _length(begin: Leaf, end: Leaf) -> Decimal:
    """How many seconds a range is long; a day ends at its midnight."""
    return _seconds(end) - _seconds(begin) + (moments.DAY if moments.is_day(end.value) else 0)


def _seconds(leaf: Leaf) -> Decimal:
    """The moment that a value says, in seconds since 1970; 0 where it says none."""
    if isinstance(leaf.value, str) and (moment := moments.moment_of(leaf.value)) is not None:
        return moment
    number = None if isinstance(leaf.value, bool) else moments.number_of(leaf.value)
    unit = moments.unit_of(number) if number is not None and number > 0 else None
    return Decimal() if number is None or unit is None else number.scaleb(-unit)


def _names_a_time(request: Any) -> bool:
    body = request.body if isinstance(request.body, (str, bytes)) else ""
    sent = body.decode(errors="replace") if isinstance(body, bytes) else body
    address = urlsplit(str(request.url))
    names = [*re.findall(r"[\w-]+", sent), *(name for name, _ in parse_qsl(address.query, keep_blank_values=True))]
    words = {part for name in names for part in plain_word(name).split("_")}
    return bool(
        words & (_BEGIN | _END | _ASKED) or _MOMENT.search(f"{address.path} {unquote_plus(address.query)} {sent}")
    )
