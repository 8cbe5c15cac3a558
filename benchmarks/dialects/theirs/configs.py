"""A config that a manifest's specification takes, and the manifest with short pages."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import yaml
from theirs.records import FIRST

SECRET = "s3cret-0123456789abcdef"
_SIZES = ("page_size", "limit", "per_page", "pageSize", "page[size]", "count", "max_results", "maxResults")
_SHORT = 3
_VALUES = re.compile(r"values: *['\"]*\{\{ *config(?:\.|\[['\"]+)(\w+)")
_MOMENT = re.compile(r"start|end|\w*_date|date_from")
_BOUND = re.compile(r"begin_|end_?(date|time)|until|to_date", re.IGNORECASE)


def smaller_pages(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with three rows a page wherever it says how many, so that a short list has several."""
    sizes: set[str] = set()

    def find(node: Any) -> None:
        if isinstance(node, dict):
            size = node.get("page_size")
            if isinstance(size, int) or str(size).isdigit():
                sizes.add(str(size))
            for one in node.values():
                find(one)
        elif isinstance(node, list):
            for one in node:
                find(one)

    def change(node: Any, in_schema: bool = False) -> Any:
        if isinstance(node, dict):
            own = {}
            for key, one in node.items():
                is_size = key in _SIZES and str(one) in sizes and not in_schema and not isinstance(one, bool)
                own[key] = type(one)(_SHORT) if is_size else change(one, in_schema or key == "schema")
            return own
        return [change(one, in_schema) for one in node] if isinstance(node, list) else node

    find(manifest)
    changed = change(copy.deepcopy(manifest))
    # How often it asks is of no interest here.
    changed.pop("api_budget", None)
    changed.pop("concurrency_level", None)
    return dict(changed)


def with_parts(manifest: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The manifest with the specification that a package has beside it."""
    for name in ("spec.json", "spec.yaml"):
        if "spec" not in manifest and (file := folder / name).exists():
            spec = yaml.safe_load(file.read_text())
            manifest["spec"] = {"type": "Spec", "connection_specification": spec.get("connectionSpecification", spec)}
    return manifest


def config_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """A value for each field of the manifest's specification; all secrets are the same."""
    spec = (manifest.get("spec") or {}).get("connection_specification") or {}
    # An address that begins with a setting has its scheme from there.
    begins = re.compile(r"(?:url_base|url|path): *[>|-]*\s*['\"]*\{\{ *config(?:\.|\[['\"]+)(\w+)")
    written = yaml.safe_dump(manifest, width=10_000)
    return _object(spec, set(begins.findall(written)), set(_VALUES.findall(written)))


def _object(schema: dict[str, Any], whole: set[str], values: set[str]) -> dict[str, Any]:
    chosen = next((one for one in schema.get("oneOf") or [] if isinstance(one, dict)), {})
    fields = {**(schema.get("properties") or {}), **(chosen.get("properties") or {})}
    needed = [*(schema.get("required") or []), *(chosen.get("required") or [])]
    is_needed = {name: name in needed or name in values for name in fields}
    given = {name: one for name, one in fields.items() if _is_given(name, one, is_needed[name])}
    return {name: _value(name, one, whole, values) for name, one in given.items()}


def _is_given(name: str, schema: Any, is_needed: bool) -> bool:
    # A list of names to choose from narrows what is read, and so does an end.
    narrows = isinstance(schema, dict) and (schema.get("type") == "array" or _BOUND.search(name))
    return isinstance(schema, dict) and (is_needed or not narrows or bool(schema.get("default")))


def _value(name: str, schema: dict[str, Any], whole: set[str], values: set[str]) -> Any:
    types = schema.get("type")
    kind = next((one for one in (types if isinstance(types, list) else [types]) if one != "null"), None)
    if "const" in schema:
        return schema["const"]
    if kind == "object" or "oneOf" in schema:
        return _object(schema, whole, values)
    if schema.get("airbyte_secret"):
        return SECRET
    is_time = schema.get("format") in ("date-time", "date") or "start_date" in name or "start_time" in name
    if is_time and "end" not in name:
        return _first_moment(schema)
    if schema.get("default") not in (None, ""):
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    if _MOMENT.fullmatch(name) and schema.get("examples"):
        return schema["examples"][0]
    if kind == "array":
        items = schema.get("items")
        return [_value(name, items, whole, values)] if isinstance(items, dict) else [f"some-{name}"]
    if kind in ("integer", "number"):
        return max(3, int(schema.get("minimum") or 0))
    return kind != "boolean" and _text(name, schema, name in whole)


def _text(name: str, schema: dict[str, Any], is_address: bool) -> str:
    if any(word in name.lower().replace("subdomain", "") for word in ("url", "domain", "host", "endpoint")):
        is_whole = is_address or "http" in f"{schema.get('examples')}{schema.get('pattern')}"
        return "https://acme.example.com" if is_whole else "acme.example.com"
    return f"some-{name.replace('_', '-')}"


def _first_moment(schema: dict[str, Any]) -> Any:
    if schema.get("type") == "integer":
        return int(FIRST.timestamp())
    written = [FIRST.strftime(one) for one in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S.000Z", "%s")]
    if schema.get("format") == "date":
        return written[1]
    pattern = schema.get("pattern")
    return next((one for one in written if not pattern or re.fullmatch(str(pattern).strip("^$"), one)), written[0])
