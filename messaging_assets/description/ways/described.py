"""What all shapes of an API file have in common, and the values that several of them take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator


class Described(BaseModel):
    """Base of everything an API file can say: frozen, unknown keys refused, values kept out of errors.

    The sentence beneath a field is what editors show of it, and what docs/api-file.md says.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        protected_namespaces=(),
        populate_by_name=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_the_default(cls, value: Any) -> Any:
        """Take `headers:` with nothing behind it as if it were left out, unless null means something there."""
        if not isinstance(value, Mapping):
            return value
        return {key: one for key, one in value.items() if one is not None or key not in _never_null(cls)}


@cache
def _never_null(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        word
        for name, field in model.model_fields.items()
        if field.annotation is not Any and type(None) not in get_args(field.annotation)
        for word in (name, field.alias or name)
    )


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http://)")
    if not urlsplit(value).hostname or any(character.isspace() for character in value):
        raise ValueError("must be an address such as https://api.example.com")
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]


def _secret_name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", value) or value in ("base_url", "token_url"):
        raise ValueError("must be the name of a secret in small letters, such as app_key; its value is set elsewhere")
    return value


def _plain_prefix(value: str) -> str:
    if not (value.isascii() and value.isprintable() and len(value) <= 40):
        raise ValueError("must be a short plain text, such as 'Token '")
    return value


def in_full(value: Any, usual: str) -> Any:
    """dlt's short forms: a word such as `auth: bearer` is a type, and a mapping without one is of the usual type."""
    if isinstance(value, str):
        return {"type": value}
    return {"type": usual, **value} if isinstance(value, Mapping) else value


SecretName = Annotated[str, AfterValidator(_secret_name)]
Prefix = Annotated[str, AfterValidator(_plain_prefix)]

# A host, or all below one, and a port where it is not that of the scheme.
_HOST = re.compile(r"(\*\.(?=[^.]+\.))?[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[1-9][0-9]{0,4})?", re.IGNORECASE)


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("must be a host alone, such as eu.example.com, or all below one that you trust: *.example.com")
    return value.lower()


Host = Annotated[str, AfterValidator(_host)]
