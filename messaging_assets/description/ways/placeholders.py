"""What a text below `auth` may leave open, such as `{secret.app_key}`, `{now:epoch_seconds}` or `{body:sha256}`."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from string import Formatter
from typing import Any
from urllib.parse import quote

from pydantic import AfterValidator

from messaging_assets.foundation.moments import EPOCHS

# What a request is made of; `target` is its path with the query.
OF_REQUEST = ("method", "host", "path", "query", "target", "url", "body")
_NAMED = (*EPOCHS, "iso", "iso8601", "date", "http")
_PART = r"(?:[^%{}]|%-?[A-Za-z%])*"
MOMENT_FORMATS = "iso, date, http, epoch_seconds, epoch_ms, epoch_us, epoch_ns, or a pattern such as %Y-%m-%d"
# How a moment is written, as `format` says it or a placeholder behind its colon: by a name, or a pattern of strftime.
MOMENT_FORMAT = rf"(?:{'|'.join(_NAMED)}|{_PART}%-?[A-Za-z]{_PART})"
_HASHES = ("md5", "sha1", "sha256", "sha384", "sha512")


def _hash(name: str, text: str) -> bytes:
    return hashlib.new(name, text.encode(), usedforsecurity=False).digest()


def _hexadecimal(name: str, text: str) -> str:
    return _hash(name, text).hex()


def _base64(name: str, text: str) -> str:
    return b64encode(_hash(name, text)).decode()


FUNCTIONS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "sorted": lambda query: "&".join(sorted(query.split("&"))),
    "base64": lambda text: b64encode(text.encode()).decode(),
    **{name: partial(_hexadecimal, name) for name in _HASHES},
    **{f"{name}_base64": partial(_base64, name) for name in _HASHES},
}


def fields_in(value: Any) -> Iterator[tuple[str, str]]:
    """Each placeholder in a value, texts within mappings and lists included: its name, and what follows its colon.

    Raises:
        ValueError: braces do not pair.
    """
    if isinstance(value, str):
        try:
            found = [(name, spec or "") for _, name, spec, _ in Formatter().parse(value) if name is not None]
        except ValueError:
            raise ValueError("its braces do not pair; double those that mean themselves: {{ and }}") from None
        yield from found
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from fields_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from fields_in(one)


def filled(value: Any, of: Callable[[str, str], str]) -> Any:
    """A value whose texts have something in place of each placeholder.

    Args:
        value: a text, or whatever holds texts.
        of: what takes a placeholder's place, by its name and what follows its colon.
    """
    if isinstance(value, str):
        parts = Formatter().parse(value)
        return "".join(text + ("" if name is None else of(name, spec or "")) for text, name, spec, _ in parts)
    if isinstance(value, Mapping):
        return {name: filled(one, of) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(one, of) for one in value]
    return value


def is_field(text: str) -> bool:
    """Whether a text is one placeholder and nothing else."""
    return [(before, name is None) for before, name, _, _ in Formatter().parse(text)] == [("", False)]


def path_text(value: Any, written: str = "") -> str:
    """A value as a path takes it: one segment, but for the slashes of a moment's own format (RFC 3986, 3.3).

    Args:
        value: what takes the placeholder's place.
        written: the placeholder's format, where it has one.
    """
    return quote(str(value), safe="/" if "/" in written else "")


def secrets_in(*values: Any) -> tuple[str, ...]:
    """The names of the secrets that texts take by `{secret.<name>}`."""
    names = (name for value in values for name, _ in fields_in(value))
    return tuple(name.removeprefix("secret.") for name in names if name.startswith("secret."))


def filled_by(*names: str) -> AfterValidator:
    """Refuse a placeholder that nothing fills.

    Args:
        names: those that are allowed beside `{secret.<name>}`; `header` stands for `{header.<Name>}`.
    """
    return AfterValidator(partial(check, names))


def is_moment_format(written: str | None) -> bool:
    """Whether a text says how a moment is written."""
    return written is not None and re.fullmatch(MOMENT_FORMAT, written) is not None


def wrong_format(written: str | None) -> str | None:
    """What to say where `{now:<written>}` does not say how the moment is written; None where it does."""
    if is_moment_format(written):
        return None
    return f"write how {{now}} is written, such as {{now:epoch_seconds}}; allowed: {MOMENT_FORMATS}"


def check(names: tuple[str, ...], value: Any) -> Any:
    """A value as it is, unless a placeholder in it is none.

    Args:
        names: see `filled_by`.
        value: a text, or whatever holds texts.

    Raises:
        ValueError: one is no such name, or a function behind a colon is none.
    """
    for name, function in fields_in(value):
        first, _, rest = name.partition(".")
        is_secret = first == "secret" and re.fullmatch(r"(?!(?:base|token)_url$)[a-z][a-z0-9_]{0,39}", rest)
        is_header = first == "header" == next((one for one in names if one == "header"), None) and rest
        if not (is_secret or is_header or (name in names and name != "header")):
            known = ", ".join("{header.<Name>}" if one == "header" else f"{{{one}}}" for one in names)
            raise ValueError(f"nothing fills a placeholder here; allowed: {{secret.<name>}}{known and ', ' + known}")
        if name == "now" and (wrong := wrong_format(function)):
            raise ValueError(wrong)
        if name != "now" and function and function not in FUNCTIONS:
            raise ValueError(f"no such function behind a colon; allowed: {', '.join(FUNCTIONS)}")
    return value
