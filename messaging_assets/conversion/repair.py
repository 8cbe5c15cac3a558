"""What an API file refuses is left out of the written one, and told: a file with one gap is of more use than none."""

from __future__ import annotations

import re
from typing import Any

from messaging_assets.conversion.outcome import UNKNOWN_ADDRESS, Converted, Draft
from messaging_assets.files.described import mistakes_in
from messaging_assets.files.rules.mistakes import Mistake, Place, value_at
from messaging_assets.files.rules.templates import texts_of
from messaging_assets.foundation.redaction import Redaction

# Without one of these a request asks for something else, which is worse than not to ask.
_VITAL = frozenset({"name", "path", "method"})
_ROUNDS = 25
_PARENT = re.compile(r"\{resources\.(\w+)\.|'resource': '(\w+)'")


def make_valid(converted: Converted) -> list[Mistake]:
    """Take out whatever is refused, each with a loss in its place.

    Args:
        converted: is changed.

    Returns:
        what is left that cannot be taken out: of the API's own name or address.
    """
    _take_secrets_out(converted)
    for _ in range(_ROUNDS):
        _give_up_orphans(converted)
        carried = [one for one in converted.drafts if one.is_carried]
        mistakes = mistakes_in(converted.raw, converted.name)
        # From the end, so that what goes out of a list moves nothing that is still to go.
        if not [one for one in sorted(mistakes, key=_from_the_end) if _take_out(converted, one, carried)]:
            return mistakes
    return mistakes


def _from_the_end(mistake: Mistake) -> list[int]:
    return [-step for step in mistake.place if isinstance(step, int)]


def _take_secrets_out(converted: Converted) -> None:
    """Leave out each value that holds a secret of the source, which no way of authentication took."""
    redaction = Redaction(converted.secrets)
    for draft in (one for one in converted.drafts if one.is_carried):
        for place in [place for place, text in texts_of(draft.raw, ()) if redaction(text) != text]:
            if value_at(draft.raw, place) is not None:
                _from_draft(draft, place, "it holds a secret; say under auth where it goes")
    for place in [place for place, text in texts_of(converted.client, ()) if redaction(text) != text]:
        if place != ("base_url",) and _remove(converted.client, place):
            converted.lose(f"left out {_shown(place)}: it holds a secret; say under auth where it goes", "client")


def _give_up_orphans(converted: Converted) -> None:
    """Leave out what is read for the records of a resource that is not in the file."""
    known = {one.name for one in converted.drafts}
    lost = known - {one.name for one in converted.drafts if one.is_carried}
    for _ in known:
        for draft in (one for one in converted.drafts if one.is_carried):
            parents = {name for found in _PARENT.findall(repr(draft.raw)) for name in found}
            if missing := sorted(parents & lost):
                draft.give_up(f"its parent {missing[0]} is not in the file")
                lost.add(draft.name)


def _take_out(converted: Converted, mistake: Mistake, carried: list[Draft]) -> bool:
    place = mistake.place
    if place[:1] == ("resources",) and len(place) > 1 and isinstance(place[1], int):
        return _from_draft(carried[place[1]], place[2:], mistake.message)
    if place == ("client", "base_url") and converted.client.get("base_url") != UNKNOWN_ADDRESS:
        converted.client["base_url"] = UNKNOWN_ADDRESS
        converted.lose(f"the source's address cannot stand here: {mistake.message}", *place)
        return True
    if place == ("description",):
        converted.description = None
        return True
    roots = {"client": converted.client, "resource_defaults": converted.defaults}
    roots["settings"] = converted.settings.declared
    is_there = len(place) > 1 and place[0] in roots and place[1] != "base_url"
    if is_there and (removed := _remove(roots[str(place[0])], place[1:])):
        converted.lose(_left_out(removed, place[1:], mistake.message), *map(str, place[:-1]))
        return True
    return False


def _from_draft(draft: Draft, place: Place, message: str) -> bool:
    path = tuple(map(str, place))
    removed = _remove(draft.raw, place) if place and place[-1] not in _VITAL else None
    if removed is None:
        if not draft.is_carried:
            return False
        draft.give_up(f"{_shown(place)}: {message}" if place else message)
        return True
    draft.lose(_left_out(removed, place, message), *path[:-1])
    if removed == ("primary_key",):
        # Without a key nothing is merged, and what came before would come again.
        draft.tell_rows_apart(())
    return True


def _left_out(removed: Place, place: Place, message: str) -> str:
    """What is gone, and why: of what is missing in it, all of it is gone."""
    why = message if removed == place else f"{_shown(place)} {message}"
    return f"left out {_shown(removed)}: {why}"


def _remove(raw: Any, place: Place) -> Place | None:
    """Take out what stands at a place, or the nearest thing above it that is there; None where nothing can go."""
    while place and value_at(raw, place) is None:
        above = value_at(raw, place[:-1])
        if isinstance(above, dict) and place[-1] in above:
            break
        place = place[:-1]
    if not place or place == ("endpoint",):
        return None
    holder: Any = value_at(raw, place[:-1])
    if not isinstance(holder, (dict, list)):
        return None
    del holder[place[-1]]  # type: ignore[arg-type]
    return place


def _shown(place: Place) -> str:
    return ".".join(map(str, place))
