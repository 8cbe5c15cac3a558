"""Where an interrupted read goes on: the lists that were read to their end, and the place in the one under way."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from messaging_assets.answers.record_keys import PageKeys
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.redaction import redacted

_VALID_SECONDS = 24 * 3600.0
# Query parameters that let in whoever has the address, which is itself a credential then.
_SIGNED = re.compile(
    r"(^|[-_])(sig|signature|credential|(access|security|auth|id)[-_]?token|api[-_]?key|secret|password|jwt)$",
    re.IGNORECASE,
)


class CannotResume(SyncFailure):
    """A list is no longer what it was at the checkpoint, or the API refuses the place; it is read from its beginning.

    Args:
        what: what happened, as a clause.
        next_step: what to do about it, as a clause.
        where: the asset's name.
        is_anew: whether nothing of the interrupted read holds any more; else the lists that were finished do.
    """

    def __init__(self, what: str, next_step: str = "", *, where: str = "", is_anew: bool = True) -> None:
        super().__init__(what, next_step, where=where)
        self.is_anew = is_anew


class MarkRefused(CannotResume):
    """An API has forgotten the token with which the last sync ended; the list is read from its beginning."""


@dataclass(frozen=True)
class Place:
    """Where a read stands after a page.

    Args:
        position: the offset, number, cursor or link that the page was asked with; None for a list's first page.
        page: how many pages came.
        distinct: different records so far, this page included.
        digest: of this page's keys, in order.
        rows: how many keys that are.
        totals: the first and the last count that the API gave.
        came_again: how many rows came twice.
        joins: how page joins that were asked for again turned out.
    """

    position: Any
    page: int
    distinct: int
    digest: str
    rows: int
    totals: tuple[int, ...] = ()
    came_again: int = 0
    joins: tuple[tuple[str, int], ...] = ()


class ResumePoint:
    """Where one list goes on behind an interruption, and where the next one could.

    Args:
        at: the place that was kept; None where the list begins.
    """

    def __init__(self, at: Place | None) -> None:
        self.at = at
        self._last: tuple[Place, PageKeys] | None = None
        self._before: tuple[Place, PageKeys] | None = None

    def is_still(self, keys: PageKeys) -> bool:
        """Whether the first page that came is the one that was kept."""
        return self.at is not None and (keys.digest, len(keys)) == (self.at.digest, self.at.rows)

    def note(self, place: Place, keys: PageKeys) -> None:
        """A page came; its digest is made only when somebody asks."""
        self._before, self._last = self._last, (place, keys)

    @property
    def place_before(self) -> Place | None:
        """Where the read stood before the page that came last."""
        return replace(self._before[0], digest=self._before[1].digest) if self._before else None


@dataclass(frozen=True)
class KeptRead:
    """How far an interrupted read came, as it is kept in dlt's state.

    Args:
        finished: the lists that are loaded to their end, by name.
        rows: how many different records they have.
        name: the list that was under way; empty for a resource without a parent.
        place: the place in it; None where it begins anew.
        load_ids: the loads that brought what was read.
        set_aside: the records of it that were set aside, by reason.
        counts: what else the receipt counts of its rows, by name.
        first: the cursor that the API gave before the read began; None where it was not asked for one.
        doubts: why rows of it may be missing, and what to do about that, as clauses.
        began: when its first page was asked for, in seconds since 1970; None where nobody asks.
        tops: how far the cursor's values came in the list that was under way, see `PageTops`.
    """

    finished: tuple[str, ...] = ()
    rows: int = 0
    name: str = ""
    place: Place | None = None
    load_ids: tuple[str, ...] = ()
    set_aside: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    first: Any = None
    doubts: tuple[tuple[str, str], ...] = ()
    began: float | None = None
    tops: tuple[Any, ...] = ()

    def as_state(self, version: str) -> dict[str, Any]:
        """What is stored; `version` changes with the description, so that another one's places are not used."""
        return {"version": version, "at": time.time(), **asdict(self)}


def kept_read(state: Mapping[str, Any] | None, version: str) -> KeptRead | None:
    """What `as_state` gave, if it is of this version and not long ago."""
    if state is None or state["version"] != version or time.time() - state["at"] > _VALID_SECONDS:
        return None
    state = {"set_aside": {}, "counts": {}, **state}
    place = dict(state["place"]) if state["place"] else None
    if place is not None:
        place["joins"] = tuple((name, times) for name, times in place["joins"])
        place["totals"] = tuple(place["totals"])
    finished, load_ids = tuple(state["finished"]), tuple(state["load_ids"])
    at = Place(**place) if place else None
    doubts = tuple((what, step) for what, step in state.get("doubts", ()))
    counted, first, began = (state["set_aside"], state["counts"]), state.get("first"), state.get("began")
    tops = tuple(state.get("tops", ()))
    return KeptRead(finished, state["rows"], state["name"], at, load_ids, *counted, first, doubts, began, tops)


def holds_secret(state: Any) -> bool:
    """Whether a secret of a sync that is running stands anywhere in what is to be stored."""
    text = json.dumps(state, default=str, ensure_ascii=False)
    return redacted(text) != text


def storable(position: Any) -> Any:
    """A position without the secrets that an API wrote into it; they join again when it is asked for.

    Raises:
        ValueError: what is left would still let somebody in.
    """
    if isinstance(position, (list, dict)) and holds_secret(position):
        raise ValueError("it holds a secret")
    if not isinstance(position, str):
        return position
    parts = urlsplit(position)
    written = [pair for pair in parts.query.split("&") if pair]
    pairs = [pair for pair in written if redacted(pair) == pair]
    if redacted(position) != position:
        if len(pairs) == len(written):
            raise ValueError("a secret reaches over several of its parts")
        position = parts._replace(query="&".join(pairs)).geturl()
    is_signed = any(_SIGNED.search(pair.partition("=")[0]) for pair in pairs)
    if redacted(position) != position or is_signed or (parts.scheme and "@" in parts.netloc):
        raise ValueError("it holds a secret")
    return position
