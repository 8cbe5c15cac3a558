"""Secrets, and where they go, in the texts of a manifest's authenticators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.secret_fields import secret_name, with_secrets
from messaging_assets.conversion.texts import Hole, below, missing

PLACE = ("endpoint", "auth")
_LOCATIONS = {"request_parameter": "query", "header": "header", "body_json": "body", "body_data": "body"}


def text_with_secrets(scope: Scope, value: Any, part: Part) -> Any:
    """A text in which each setting is a secret, as it goes where secrets go."""
    text = scope.text(value, part)
    parts = [text] if isinstance(text, str) else list(text or [])
    return [Hole("secret", one.name) if isinstance(one, Hole) and one.kind == "setting" else one for one in parts]


def secret_in(scope: Scope, value: Any, part: Part) -> str | None:
    """The name of the only secret in a text; None where there is none."""
    names = [one.name for one in text_with_secrets(scope, value, part) if isinstance(one, Hole)] if value else []
    return secret_name(names[0], scope.settings.secret) if names else None


def secrets_within(scope: Scope, value: Any, part: Part) -> Any:
    """A value whose texts name their secrets, without what is nothing."""
    if isinstance(value, Mapping):
        found = {str(name): secrets_within(scope, one, part) for name, one in value.items()}
        return {name: one for name, one in found.items() if one is not None}
    if isinstance(value, list):
        return [secrets_within(scope, one, part) for one in value]
    return with_secrets(scope.text(value, part), scope.settings, below(scope.draft.lose, *PLACE))


def location_of(option: Part | None, header: str | None) -> tuple[str | None, str]:
    """The field that a value goes into, and its location; the header where nothing is said of that."""
    if option is None:
        return header, "header"
    path = option["field_path"]
    name = ".".join(map(str, path)) if isinstance(path, list) else option["field_name"]
    return name, _LOCATIONS.get(str(option["inject_into"]), "header")


def address_of(scope: Scope, value: Any, part: Part) -> Any:
    """The address of a request that goes with `auth`, with a stand-in where a setting without a value is all of it.

    Args:
        scope: the stream's; a setting that is missing is told there.
        value: as the manifest writes it.
        part: where it stands.
    """
    text = scope.address(value, part, *PLACE)
    first = text[0] if isinstance(text, list) else None
    if isinstance(first, Hole) and first.kind == "setting" and scope.settings.value(first.name, first.default) is None:
        # A setting that is the whole address has its scheme, too.
        scope.draft.lose(missing(first.name), *PLACE, kind="setting")
        return f"https://your-{first.name.rpartition('.')[2].replace('_', '-').lower()}.invalid"
    return scope.shown(text, *PLACE, is_doubled=False, is_address=True, is_declared=True)
