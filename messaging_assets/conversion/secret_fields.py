"""Secrets among the fields of a source's requests -> ways of authentication; a value itself is never passed on."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from messaging_assets.conversion.texts import Hole, Lose, Settings, doubled
from messaging_assets.description.ways.secret_signs import certain_look_of, look_of, names_secret

_SCHEME = re.compile(r"([A-Za-z][A-Za-z-]{0,20}[ :=]+)(?=\S)")
_LONGEST_PREFIX = 40
# Parts of a request with fields -> where a way of authentication puts a secret of theirs.
PARTS = {"headers": "header", "params": "query", "json": "body", "data": "body"}


def way_of(name: str, location: str, text: Any, lose: Lose) -> dict[str, Any] | None:
    """The way of authentication that a field with a secret is.

    Args:
        name: the field's name.
        location: `header`, `query`, `cookie` or `body`.
        text: its value; a secret in it is a hole, or stands there.
        lose: is told what cannot be said.
    """
    parts = [text] if isinstance(text, str) else list(text)
    holes = [one for one in parts if isinstance(one, Hole)]
    if len(holes) > 1 or (holes and holes[0] is not parts[-1]):
        lose(f"the {location} '{name}' is made of more than a text and one secret behind it; say under auth how")
        return None
    if holes:
        prefix = "".join(parts[:-1])
    else:
        found = _SCHEME.match("".join(parts))
        prefix = found[1] if found else ""
    if location == "header" and name.lower() == "authorization":
        scheme = prefix.strip().lower()
        if scheme == "basic":
            return {"type": "http_basic"}
        if scheme == "bearer":
            return {"type": "bearer"}
    if not (prefix.isascii() and prefix.isprintable() and len(prefix) <= _LONGEST_PREFIX):
        lose(f"what stands before the secret in the {location} '{name}' is no short plain text")
        return None
    way: dict[str, Any] = {"type": "api_key", "name": name, "location": location}
    return {**way, "prefix": prefix} if prefix else way


def in_turn(header: Any, method: Any, lose: Lose) -> dict[str, Any] | None:
    """The way of authentication that one of several tokens is, which take turns in the source.

    Args:
        header: the header that takes a token; None for the usual one.
        method: what stands before it there; None for the usual word.
        lose: is told that it is one.
    """
    lose("several tokens take turns there, and one is sent here; is its limit enough?", kind="question")
    return way_of(str(header or "Authorization"), "header", [f"{method or 'Bearer'} ", Hole("secret", "token")], lose)


def secret_name(name: str, among: Collection[str] = ()) -> str:
    """The name by which an API file takes a secret, from the source's own name for it.

    Args:
        among: the names of all its secrets; where another one ends alike, the whole name makes it.
    """
    last = name.rpartition(".")[2]
    is_alone = all(one == name or secret_name(one) != secret_name(last) for one in among)
    plain = re.sub(r"[^a-z0-9]+", "_", (last if is_alone else name).lower()).strip("_0123456789")[:40]
    return plain if plain and plain not in ("base_url", "token_url") else "secret_key"


def in_path(text: Any, settings: Settings) -> Any:
    """A text of a path, in which the file names its secrets."""
    if not isinstance(text, list):
        return text
    return [
        Hole("in_path", secret_name(one.name, settings.secret)) if getattr(one, "kind", "") == "secret" else one
        for one in text
    ]


def with_secrets(text: Any, settings: Settings, lose: Lose) -> Any:
    """A text of the source in which each secret, and each setting that nobody gave, is `{secret.<name>}`.

    Args:
        text: a text, one with holes, or a value that stays.
        settings: what fills settings.
        lose: is told what cannot be said; None comes back then.
    """
    if isinstance(text, Mapping):
        found = {str(name): with_secrets(one, settings, lose) for name, one in text.items()}
        return {name: one for name, one in found.items() if one is not None}
    if not isinstance(text, (str, list, tuple)):
        return text
    written = ""
    for part in [text] if isinstance(text, str) else text:
        if isinstance(part, str):
            written += doubled(part)
        elif isinstance(part, Hole) and part.kind in ("secret", "setting"):
            given = settings.value(part.name, part.default) if part.kind == "setting" else None
            written += f"{{secret.{secret_name(part.name, settings.secret)}}}" if given is None else doubled(str(given))
        else:
            lose(f"the expression {part.name if isinstance(part, Hole) else part} is left out here; finish it by hand")
            return None
    return written


def is_secret_field(name: str, value: Any, in_header: bool = False) -> bool:
    """Whether a field of a request holds a secret: one that the source marks, or one by its name or look."""
    if isinstance(value, (list, tuple)):
        kinds = {one.kind for one in value if isinstance(one, Hole)}
        if "secret" in kinds or ("setting" in kinds and names_secret(name)):
            return True
        value = "".join(one for one in value if isinstance(one, str)) if any(isinstance(o, str) for o in value) else ""
    if not isinstance(value, (str, int)) or isinstance(value, bool) or not value:
        return False
    return names_secret(name, value, in_header) or bool(isinstance(value, str) and look_of(value, name))


def taken_apart(
    fields: Mapping[str, Any], part: str, method: Any, lose: Lose
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields that are no secret, and the ways of authentication that the others are; in a body however deep.

    Args:
        part: of the request, such as `params` or `json`.
        method: the request's; None for GET, which has no body that a key could go into.
    """
    if PARTS[part] == "body" and str(method or "GET").upper() == "GET":
        return dict(fields), []
    return _taken_apart(fields, PARTS[part], lose, "")


def _taken_apart(
    fields: Mapping[str, Any], location: str, lose: Lose, above: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    kept: dict[str, Any] = {}
    ways: list[dict[str, Any]] = []
    for name, value in fields.items():
        if location == "body" and isinstance(value, Mapping) and "." not in name:
            kept[name], inner = _taken_apart(value, location, lose, f"{above}{name}.")
            ways += inner
        elif is_secret_field(name, value, location == "header") and not (above and "." in name):
            text = value if isinstance(value, (list, tuple)) else str(value)
            way = way_of(f"{above}{name}", location, text, lose)
            ways += [way] if way else []
        else:
            kept[name] = value
    return kept, ways


def joined(ways: list[dict[str, Any]]) -> Any:
    """Ways of authentication as `auth` has them: one, a list whose secrets have names of their own, or None."""
    several: dict[tuple[str, str], dict[str, Any]] = {}
    for way in ways:
        is_key = way.get("type") == "api_key"
        name, location = str(way.get("name", "Authorization")), str(way.get("location", "header"))
        place = (location, name.lower()) if is_key else ("header", "authorization")
        # Of two ways that write one field the first is meant: an authenticator wins over a header.
        several.setdefault(place, way)
    return _named_apart(list(several.values()))


def _named_apart(several: list[dict[str, Any]]) -> Any:
    if len(several) < 2:
        return several[0] if several else None
    named, taken = [way for way in several if way["type"] == "api_key"], set[str]()
    for way in named if len(named) > 1 else []:
        # A way that goes with several lists has one name in all of them.
        name = str(way.get("secret") or secret_name(str(way.get("name", "")).replace(".", "_")))
        while name in taken:
            # A header and a parameter of one name may hold two secrets.
            name += f"_{way['location']}"
        way["secret"] = name
        taken.add(name)
    return several


def literal_secrets(value: Any, name: str = "") -> Iterator[str]:
    """Values in a source that are secrets by the name of their field or by their look, wherever they stand."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from literal_secrets(one, str(key))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from literal_secrets(one, name)
    elif isinstance(value, str) and len(value) > 5 and _is_secret(name, value):
        yield value
        if scheme := _SCHEME.match(value):
            yield value[scheme.end() :]


def _is_secret(name: str, value: str) -> bool:
    """Whether a literal value is a secret; in a schema, words behind a field called token are none."""
    if "{" in value or "$" in value:
        return False
    return bool(certain_look_of(value) or (names_secret(name, value) and re.search(r"\d", value)))
