"""Which tool a file is of, and what it holds; nothing in it is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import yaml

from messaging_assets.files.rules.mistakes import value_at
from messaging_assets.files.yaml_lines import API_DOCUMENT, DoesNotParse, plain_values
from messaging_assets.foundation.regular_files import read_regular

Kind: TypeAlias = Literal["manifest", "tap", "dlt", "spec"]
KINDS: dict[Kind, str] = {
    "manifest": "an Airbyte low-code manifest",
    "tap": "a tap-rest-api-msdk config",
    "dlt": "a dlt rest_api config",
    "spec": "a Sling API spec",
}
_LARGEST = 20_000_000


class UnreadableConfig(Exception):
    """A file is of no use here; its text says why, in a sentence."""


class Source(NamedTuple):
    """What a file holds, and which tool it is of."""

    kind: Kind
    value: Mapping[str, Any]
    doubts: tuple[str, ...] = ()


def read_source(path: Path) -> Source:
    """Read a file of another tool.

    Raises:
        UnreadableConfig: it cannot be read, or is of no tool that is known here.
    """
    try:
        text = read_regular(path, _LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UnreadableConfig(f"{path.name} cannot be read: {why}.") from None
    if path.suffix == ".py":
        # The room below, which knows how Python is written.
        from messaging_assets.conversion.python.configs import config_in

        try:
            config, doubts = config_in(text, path.name)
        except ValueError as problem:
            raise UnreadableConfig(str(problem)) from None
        return Source("dlt", config, tuple(doubts))
    found = _told_apart(_parsed(text, path.name), path.name)
    return found._replace(value=_parsed(text, path.name, _old_plain)) if found.kind == "manifest" else found


def settings_beside(folder: Path | None) -> Any:
    """The schema of a connector's settings in a file of its own beside the manifest; None where there is none."""
    found = (_beside(folder, name) for name in ("spec.yaml", "spec.yml", "spec.json"))
    return next((value_at(one, ("connectionSpecification",)) for one in found if one is not None), None)


def schema_beside(folder: Path | None, name: str) -> Any:
    """The schema of a stream in a file of its own below the manifest; None where there is none."""
    # A name may be anything, and is no way out of the folder.
    return _beside(folder / "schemas" if folder else None, f"{Path(name).name}.json")


def _beside(folder: Path | None, name: str) -> Any:
    try:
        text = read_regular(folder / name, _LARGEST).decode("utf-8-sig") if folder else None
        return None if text is None else _parsed(text, name, _old_plain)
    except (OSError, ValueError, UnreadableConfig):
        return None


def _parsed(text: str, name: str, plain: Callable[[str], Any] | None = None) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else plain_values(text, API_DOCUMENT, plain)
    except (ValueError, RecursionError, yaml.YAMLError, DoesNotParse):
        pass
    try:
        return plain_values(text, API_DOCUMENT, plain)
    except (yaml.YAMLError, DoesNotParse, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UnreadableConfig(f"{name} does not parse{f', line {mark.line + 1}' if mark else ''}.") from None


def _old_plain(text: str) -> Any:
    """The value of a word without quotes by YAML 1.1, in which manifests are read: `no` is false, `1e3` a text."""
    tag = yaml.resolver.Resolver().resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if tag.rpartition(":")[2] not in ("bool", "int", "float", "null"):
        return text
    return yaml.constructor.SafeConstructor().construct_object(yaml.ScalarNode(tag, text))


def _told_apart(value: Any, name: str) -> Source:
    extractors = value_at(value, ("plugins", "extractors"))
    configs = [value_at(one, ("config",)) for one in (extractors if isinstance(extractors, list) else ())]
    taps = [one for one in configs if isinstance(one, Mapping) and "api_url" in one]
    if taps:
        others = [f"the file has another tap, of {one['api_url']}; give each a file of its own" for one in taps[1:]]
        return Source("tap", taps[0], tuple(others))
    if isinstance(value, Mapping):
        if "streams" in value and "api_url" in value:
            return Source("tap", value)
        if "resources" in value and "client" in value:
            return Source("dlt", value)
        if "endpoints" in value:
            return Source("spec", value)
        if ("streams" in value or "dynamic_streams" in value) and {"version", "definitions", "type"} & value.keys():
            return Source("manifest", value)
    raise UnreadableConfig(f"{name} is none of these: {', '.join(KINDS.values())}.")
