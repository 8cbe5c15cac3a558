"""What was found about an API, as the YAML of an API file, with a comment on each guess."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from messaging_assets.description.authentication import secrets_of
from messaging_assets.description.names import variable
from messaging_assets.discovery.found import FoundApi, FoundResource
from messaging_assets.files.api_files import describe
from messaging_assets.files.yaml_lines import read_yaml
from messaging_assets.foundation.redaction import one_line

_WIDTH = 110
# Words that a YAML reader, of version 1.1 or 1.2, takes for something else than text.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_NOT_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# What stands open, one key a line; everything else is written in braces.
_OPEN = frozenset({"settings", "client", "endpoint", "columns", "resources", "resource_defaults"})
_GUESSED = "Comments say what was guessed and from what; check them, then delete them."


def file_text(api: FoundApi, heading: str = "Found by messaging-assets discover", told: str = _GUESSED) -> str:
    """The text of the API file, which is known to be a good one.

    Args:
        api: what was found.
        heading: which verb found it.
        told: what its comments say.

    Raises:
        InvalidDescription: what was found contradicts itself.
    """
    lines = list(_comment(f"{heading}: {api.source}.", ""))
    lines += _comment(told, "")
    if variables := _variables(api):
        lines += _comment(f"Set {variables} in the environment; no secret belongs in this file.", "")
    raw = api.raw
    resources = raw.pop("resources")
    schedule = raw.pop("schedule")
    lines += _block(raw, "", api.remarks, ())
    lines.append("resources:")
    for one, resource in zip(resources, api.resources, strict=True):
        lines += _resource(one, resource)
    when = "As asked" if api.schedule else "Every full hour"
    lines += _comment(f"{when}, once it is switched on in the Dagster UI, or here with switched_on: true.", "")
    lines.append(f"schedule: {flow(schedule)}")
    if api.unmapped:
        lines += _comment("Not in this file:", "")
        lines += [line for one in api.unmapped for line in _comment(f"- {one}", "", hanging="  ")]
    text = "\n".join(lines) + "\n"
    describe(read_yaml(text).value, api.name)
    return text


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT
        return value if is_plain else json.dumps(value, ensure_ascii=not value.isprintable())
    return json.dumps(value)


def _resource(raw: Mapping[str, Any], found: FoundResource) -> Iterator[str]:
    yield f"  - name: {_scalar(raw['name'])}"
    yield from _block({key: value for key, value in raw.items() if key != "name"}, "    ", found.remarks, ())


def _block(
    mapping: Mapping[str, Any], indent: str, remarks: Mapping[tuple[str, ...], str], path: tuple[str, ...]
) -> Iterator[str]:
    for key, value in mapping.items():
        here = (*path, key)
        if remarks.get(here):
            yield from _comment(remarks[here], indent)
        if key in _OPEN and isinstance(value, Mapping) and value and path[-1:] != ("columns",):
            yield f"{indent}{_scalar(key)}:"
            yield from _block(value, indent + "  ", remarks, here)
        else:
            yield f"{indent}{_scalar(key)}: {flow(value)}"


def _comment(text: str, indent: str, hanging: str = "") -> Iterator[str]:
    text = " ".join(one_line(text).split())
    # A sentence begins with a capital, unless its first word is a name.
    is_word = text.split(" ", 1)[0].rstrip(".,:;").isalpha()
    text = text[0].upper() + text[1:] if is_word else text
    start = f"{indent}# "
    yield from textwrap.wrap(
        text if text.endswith((".", ":", "}", "?")) else f"{text}.",
        _WIDTH,
        initial_indent=start,
        subsequent_indent=start + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _variables(api: FoundApi) -> str:
    """The environment variables that the API's ways of authentication need."""
    description = describe(api.raw, api.name)
    auths = [description.auth_of(one) for one in description.resources_with_unselected.values()]
    names = secrets_of(auths)
    return " and ".join(variable(api.name, name) for name in names)
