"""Calls in a Python file whose results its text tells: dlt's classes, and methods of texts, lists and times."""

from __future__ import annotations

import ast
import copy
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from messaging_assets.conversion.python.values import MOST, NotKnown, as_text
from messaging_assets.conversion.texts import Hole
from messaging_assets.description.ways.secret_signs import names_secret

# dlt's classes, in small letters -> the `type` of a file, and the names of arguments that are given without one.
CLASSES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "bearertokenauth": ("bearer", ("token",)),
    "apikeyauth": ("api_key", ("name", "api_key", "location")),
    "httpbasicauth": ("http_basic", ("username", "password")),
    "oauth2clientcredentials": (
        "oauth2_client_credentials",
        ("access_token_url", "client_id", "client_secret", "access_token_request_data", "default_token_expiration"),
    ),
    "oauthjwtauth": (
        "oauth2_jwt_bearer",
        ("client_id", "private_key", "auth_endpoint", "scopes", "headers", "private_key_passphrase"),
    ),
    "offsetpaginator": ("offset", ("limit", "offset", "offset_param", "limit_param", "total_path", "maximum_offset")),
    "pagenumberpaginator": ("page_number", ("base_page", "page", "page_param", "total_path", "maximum_page")),
    "jsonlinkpaginator": ("json_link", ("next_url_path",)),
    "jsonresponsepaginator": ("json_link", ("next_url_path",)),
    "headerlinkpaginator": ("header_link", ("links_next_key",)),
    "jsonresponsecursorpaginator": ("cursor", ("cursor_path", "cursor_param", "cursor_body_path")),
    "headercursorpaginator": ("header_cursor", ("cursor_key", "cursor_param")),
    "singlepagepaginator": ("single_page", ()),
    "incremental": ("incremental", ("cursor_path", "initial_value")),
}
# dlt's names of dictionaries; a call of one is a dictionary.
DICTIONARIES = frozenset({"dict", "RESTAPIConfig", "ClientConfig", "EndpointResource", "EndpointResourceBase"})
DICTIONARIES |= {"Endpoint", "IncrementalConfig", "ResolveParamConfig"}
# The time of asking, some time before it, and how that is written.
_NOW = re.compile(
    r"\(?(?:\w+\.)*(?:now|utcnow|today)\((?:(?:\w+\.)*\w+|'UTC'|tz=[\w.]+|)\)"
    r"(?:\.subtract\((?P<unit>year|month|week|day|hour|minute)s=(?P<count>\d+)\)"
    r"| - (?:\w+\.)?(?:timedelta|duration)\((?P<unit2>week|day|hour|minute)s=(?P<count2>\d+)\))?\)?"
    r"(?P<written>(?:\.\w+\([^()]*\))*)"
)
_UNITS = {"year": "y", "month": "mo", "week": "w", "day": "d", "hour": "h", "minute": "min"}
# Ways to write a moment -> a format of a file.
_WRITTEN = {
    "": "iso",
    ".isoformat()": "iso",
    ".to_iso8601_string()": "iso",
    ".date().isoformat()": "date",
    ".to_date_string()": "date",
    ".timestamp()": "epoch_seconds",
}
_STRFTIME = re.compile(r"\.strftime\('([^'{}]+)'\)")
_TEXTS = frozenset({"format", "join", "lower", "upper", "strip", "rstrip", "lstrip", "replace", "split", "title"})
_TEXTS |= {"removeprefix", "removesuffix"}
_PLAIN: Mapping[str, Callable[..., Any]] = {
    **{one.__name__: one for one in (str, int, float, bool, len, list, sorted)},
    "tuple": list,
    "set": lambda one: list(dict.fromkeys(one)),
    "range": lambda *ends: list(range(*ends)[:MOST]),
    "zip": lambda *lists: [list(one) for one in zip(*lists, strict=False)],
    "enumerate": lambda *given: [list(one) for one in enumerate(*given)],
}
_OF_DICTS = ("items", "keys", "values", "get", "copy")
_OF_DATES = ("isoformat", "to_iso8601_string", "strftime", "to_date_string", "date", "timestamp")


def moment(text: str) -> list[Hole] | None:
    """The time of asking, or a time before it, as a hole; None for any other expression."""
    found = _NOW.fullmatch(text)
    if found is None:
        return None
    pattern = _STRFTIME.fullmatch(found["written"])
    way = pattern[1] if pattern else _WRITTEN.get(found["written"])
    unit, count = found["unit"] or found["unit2"], found["count"] or found["count2"]
    before = f"-{count}{_UNITS[unit]}" if unit else ""
    return None if way is None else [Hole("now", f"now{before}:{way}")]


def looked_up(node: ast.AST) -> list[Hole] | None:
    """A value of dlt's configuration or of the environment: a secret or a setting, by its place and name."""
    text = ast.unparse(node)
    keys = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    name = keys[0].rpartition(".")[2].lower() if keys else "value"
    if text.startswith("dlt.secrets"):
        return [Hole("secret", name)]
    if text.startswith("dlt.config") and keys:
        return [Hole("setting", name)]
    if text.startswith(("os.environ", "os.getenv", "environ[", "environ.get", "getenv(")) and keys:
        return [Hole("secret" if names_secret(name) else "setting", name, None if len(keys) < 2 else keys[1])]
    return None


def plain_call(name: str, arguments: Sequence[Any], words: Mapping[str, Any]) -> Any:
    """What a function makes of known values.

    Raises:
        NotKnown: it is none of those that are known here.
    """
    if name in _PLAIN and not words:
        return _PLAIN[name](*arguments)
    if name in ("deepcopy", "copy") and len(arguments) == 1:
        return getattr(copy, name)(arguments[0])
    if name == "date" and not words:
        return dt.date(*arguments)
    if name in ("datetime", "DateTime") and words in ({}, {"tz": "UTC"}):
        return dt.datetime(*arguments).replace(tzinfo=dt.timezone.utc)  # noqa: DTZ001 - it has one
    raise NotKnown


def method(value: Any, name: str, arguments: Sequence[Any], words: Mapping[str, Any]) -> Any:
    """What a method makes of a known value.

    Raises:
        NotKnown: it is none of those that are known here.
    """
    if isinstance(value, str) and name in _TEXTS:
        return getattr(value, name)(*arguments, **words)
    if isinstance(value, dict) and name in _OF_DICTS and not words:
        found = copy.copy(value) if name == "copy" else getattr(value, name)(*arguments)
        return [list(one) for one in found] if name == "items" else found if name in ("get", "copy") else list(found)
    if isinstance(value, dt.date) and name in _OF_DATES and not words:
        if name in ("to_iso8601_string", "isoformat"):
            return as_text(value)
        return value.isoformat()[:10] if name in ("date", "to_date_string") else getattr(value, name)(*arguments)
    raise NotKnown
