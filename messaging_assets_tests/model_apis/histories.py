"""What an API has, what happens to it between two syncs, and what goes wrong with which request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from messaging_assets_tests.model_apis.api import ModelApi
from messaging_assets_tests.model_apis.moments import BEGIN, DAY, SYNCED
from messaging_assets_tests.model_apis.traits import LINKED, Traits, is_exact

# What any format can write.
_NAMES = st.sampled_from(
    [
        "plain",
        "null",
        "NaN",
        "a,b",
        'say "so"',
        "two\nlines",
        "tab\there",
        " spaced ",
        "été ☃ 😀",
        "<&>",
        "0012",
        "{x}",
        "1e5",
    ]
)
UP_TO_NOW = ("between", "steps", "most")
_AMOUNTS = st.sampled_from([None, 0.5, 0.0, -3.25, 1e300, 7.0, 0.1])
_GAPS = st.sampled_from([0, 1000, 1, 3_600_000, DAY, 40 * DAY])


def _gap(one: Traits) -> Any:
    return _GAPS.map(lambda gap: gap if is_exact(one) or gap != 1 else 1000)


@st.composite
def _values(draw: Any) -> dict[str, Any]:
    return {
        "name": draw(_NAMES),
        "amount": draw(_AMOUNTS),
        "is_on": draw(st.sampled_from([True, False, None])),
        "tags": draw(st.sampled_from([None, [], ["a", 1], {"a": {"b": None}}])),
    }


@st.composite
def _homes(draw: Any, one: Traits) -> dict[str, Any]:
    return {
        "of": draw(st.integers(1, one["parents"])) if one["parents"] else None,
        "kind": draw(st.sampled_from(one["kinds"])) if one["kinds"] else None,
    }


@st.composite
def first_rows(draw: Any, one: Traits) -> list[dict[str, Any]]:
    """The rows of the first sync; a moment may be that of several rows."""
    at, rows = BEGIN, []
    for number in range(draw(st.integers(0, 12))):
        at += draw(_gap(one)) if at < BEGIN + 50 * DAY else 1000
        rows.append({"id": number + 1, "at": at, **draw(_values()), **draw(_homes(one))})
    return rows


@st.composite
def changed(draw: Any, api: ModelApi) -> list[str]:
    """Insert, update and delete rows, as an API does that marks each change with its moment."""
    one, told = api.traits, []
    # An API that is asked for what is after a moment is never asked for that moment again; what is asked for up to now
    # has no row of before that comes later.
    at = max((row["at"] for row in api.rows), default=BEGIN) + (1000 if one["range"] == "after" else 0)
    if one["range"] in UP_TO_NOW:
        at = SYNCED[0] // 1000 * 1000
    number = max((row["id"] for row in api.rows), default=0)
    for _ in range(draw(st.integers(0, 5))):
        at += draw(_gap(one)) if at < max(BEGIN + 50 * DAY, SYNCED[0] + DAY) else 1000
        kind = draw(st.sampled_from(["insert", "update", "delete"]))
        if kind == "insert":
            number += 1
            api.rows.append({"id": number, "at": at, **draw(_values()), **draw(_homes(one))})
        elif api.rows:
            row = api.rows[draw(st.integers(0, len(api.rows) - 1))]
            number = max(number, row["id"])
            if kind == "delete":
                api.rows.remove(row)
            else:
                at += 1000 if at <= row["at"] else 0
                row |= {"at": at, **draw(_values())}
        told.append(kind)
    return told


def faults(one: Traits) -> Any:
    """What goes wrong: with none of the requests, or with some of the first."""
    kinds = ["busy", "down", "cut", "half", "error", "html"]
    if one["auth"] == "oauth2":
        kinds.append("expired")
    if one["paging"] != "single_page":
        kinds += ["again"]
    # What an API leaves out, and gives no sign of, nobody can tell.
    is_told = one["total"] == "told"
    if one["paging"] in LINKED or (is_told and one["paging"] in ("offset", "page_number")):
        kinds += ["short", "empty"]
    if one["paging"] == "last_id" or (one["paging"] == "offset" and one["total"] == "more"):
        kinds += ["short"]
    if one["total"] == "told":
        kinds += ["lie_more", "lie_less"]
    some = st.dictionaries(st.integers(0, 6), st.sampled_from(kinds), max_size=2)
    return st.one_of(st.just({}), some)


@dataclass(frozen=True)
class Move:
    """A change between two requests: a row comes, goes, or is another one from then on.

    Args:
        kind: `insert`, `delete` or `update`.
        place: which row.
        values: what comes.
    """

    kind: str
    place: int
    values: dict[str, Any]

    def __call__(self, api: ModelApi) -> None:
        """Let it happen."""
        at = max((row["at"] for row in api.rows), default=BEGIN) + 1000
        number = max((row["id"] for row in api.rows), default=0) + 1
        if self.kind == "insert":
            api.rows.append({"id": number, "at": at, **self.values})
        elif api.rows and self.kind == "delete":
            del api.rows[self.place % len(api.rows)]
        elif api.rows:
            row = api.rows[self.place % len(api.rows)]
            api.rows[self.place % len(api.rows)] = {**row, "at": at, "name": self.values["name"]}


@st.composite
def moves(draw: Any, one: Traits) -> dict[int, Any]:
    """What happens to the rows before which request; mostly nothing."""
    if draw(st.sampled_from([True, True, False])):
        return {}
    kinds = st.sampled_from(["insert", "delete", "update"])
    one_move = st.builds(Move, kinds, st.integers(0, 11), st.builds(lambda v, h: {**v, **h}, _values(), _homes(one)))
    return dict(draw(st.dictionaries(st.integers(1, 5), one_move, min_size=1, max_size=2)))
