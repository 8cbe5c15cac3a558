"""OpenAPI 3.0, 3.1 and Swagger 2 documents as one shape, with local references resolved.

https://spec.openapis.org/oas/v3.1.1.html, https://spec.openapis.org/oas/v3.0.4.html, https://swagger.io/specification/v2/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from messaging_assets.files.rules.secret_signs import names_secret
from messaging_assets.files.yaml_lines import API_DOCUMENT, DoesNotParse, plain_values
from messaging_assets.foundation.regular_files import LARGEST_DOCUMENT, read_regular

_UNKNOWN_ADDRESS = "https://api.example.com"
# References of references, and parts of parts, come to an end in any document that a person wrote.
_DEEPEST = 100
# Words of all schemas together, when their references and parts are put in.
_MOST_WORDS = 5_000_000


class UnusableDocument(ValueError):
    """The file is no such document, or nothing in it can become a resource; the text says what to do."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Args:
        name: what it is called.
        place: `query`, `path`, `header`, `cookie` or `body`.
        required: whether a request without it is refused.
        schema: its type and bounds.
    """

    name: str
    place: str
    required: bool
    schema: Mapping[str, Any]

    @property
    def value(self) -> Any:
        """The value that the document itself sets: the default, or the only one allowed; None for none.

        An example is somebody's, and the first of several is no choice of the user's.
        """
        allowed = self.schema.get("enum") or []
        default = self.schema.get("default")
        return allowed[0] if default is None and len(allowed) == 1 else default

    @property
    def is_credential(self) -> bool:
        """Whether it is a required header that a secret goes into."""
        return self.required and self.place == "header" and names_secret(self.name, in_header=True)


@dataclass(frozen=True)
class Operation:
    """An operation that reads.

    Args:
        path: its path, placeholders in braces.
        summary: what it does, in the document's words.
        parameters: its own and its path's.
        schema: what a good answer holds; None where the document does not say, or it is not JSON.
        headers: names of the answer's headers.
        security: the names of schemes that let it be asked, one list for each alternative.
    """

    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    schema: Mapping[str, Any] | None
    headers: tuple[str, ...]
    security: tuple[tuple[str, ...], ...]

    @property
    def bare_path(self) -> str:
        """Its path without the format that some APIs put at the end: /users of /users.json and /users/json."""
        return re.sub(r"(?<=[^/])[./]json/?$", "", self.path)

    def of(self, place: str) -> list[Parameter]:
        """Its parameters in one place."""
        return [parameter for parameter in self.parameters if parameter.place == place]


class Document:
    """An API document.

    Args:
        raw: what the file holds.

    Raises:
        UnusableDocument: it is of no version that is understood here.
    """

    def __init__(self, raw: Any) -> None:
        if not isinstance(raw, dict) or not isinstance(raw.get("paths"), dict):
            raise UnusableDocument("this is no OpenAPI document with paths; give an OpenAPI 3 or Swagger 2 file.")
        self.raw = raw
        # What was resolved, with the node itself, so that its identity stays its own; and how much that is.
        self._resolved: dict[int, tuple[Any, dict[str, Any]]] = {}
        self._words = 0
        self.is_swagger = str(raw.get("swagger", "")).startswith("2")
        if not self.is_swagger and not str(raw.get("openapi", "")).startswith("3."):
            raise UnusableDocument("this document is neither OpenAPI 3.x nor Swagger 2.0; convert it first.")

    @property
    def title(self) -> str:
        """The API's name in its own words."""
        return str(_mapping(self.raw.get("info")).get("title") or "")

    @property
    def base_url(self) -> str:
        """Where the API is; a placeholder where the document does not say."""
        if self.is_swagger:
            host = self.raw.get("host")
            schemes = _list(self.raw.get("schemes")) or ["https"]
            scheme = "https" if "https" in schemes else schemes[0]
            address = f"{scheme}://{host}{self.raw.get('basePath') or ''}" if host else self.raw.get("basePath") or ""
        else:
            server = _mapping(next(iter(_list(self.raw.get("servers"))), None))
            address = _filled(str(server.get("url") or ""), _mapping(server.get("variables")))
        return str(urljoin(f"{_UNKNOWN_ADDRESS}/", address)).rstrip("/")

    @property
    def says_where(self) -> bool:
        """Whether the document says where the API is."""
        return not self.base_url.startswith(_UNKNOWN_ADDRESS)

    @cached_property
    def schemes(self) -> dict[str, Mapping[str, Any]]:
        """The ways of authentication, by name."""
        held = self.raw if self.is_swagger else _mapping(self.raw.get("components"))
        named = _mapping(held.get("securityDefinitions" if self.is_swagger else "securitySchemes"))
        return {name: self.resolved(scheme) for name, scheme in named.items()}

    @cached_property
    def says_security(self) -> bool:
        """Whether the document says anywhere which way of authentication an operation takes."""
        items = [item for item in self.raw["paths"].values() if isinstance(item, dict)]
        held = [self.raw, *(one for item in items for one in item.values() if isinstance(one, dict))]
        return any("security" in one for one in held)

    def operations(self, method: str = "get") -> Iterator[Operation]:
        """Every operation of a method; of another one than GET, those whose path cannot be asked by GET."""
        for path, item in self.raw["paths"].items():
            item = self.resolved(item)
            is_wanted = method == "get" or "get" not in item
            if is_wanted and isinstance(item.get(method), dict) and isinstance(path, str):
                yield self._operation(path, item, item[method])

    def _operation(self, path: str, item: Mapping[str, Any], get: Mapping[str, Any]) -> Operation:
        every: dict[tuple[str, str], Parameter] = {}
        for raw in [*_list(item.get("parameters")), *_list(get.get("parameters"))]:
            parameter = self._parameter(self.resolved(raw))
            every[parameter.place, parameter.name] = parameter
        schema, headers = self._answer(get)
        written = _list(get["security"] if "security" in get else self.raw.get("security"))
        security = tuple(tuple(one) for one in written if isinstance(one, dict))
        summary = str(get.get("summary") or get.get("description") or "")
        return Operation(path, summary, tuple(every.values()), schema, headers, security)

    def _parameter(self, raw: Mapping[str, Any]) -> Parameter:
        schema = self.resolved(raw["schema"]) if "schema" in raw else raw
        place = str(raw.get("in"))
        return Parameter(str(raw.get("name")), place, bool(raw.get("required")) or place == "path", schema)

    def _answer(self, get: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
        """The schema of a good answer, and the names of its headers."""
        # In YAML a status is a number.
        answers = {str(code): answer for code, answer in _mapping(get.get("responses")).items()}
        codes = [code for code in ("200", "2XX", "2xx", "206", "default") if code in answers]
        if not codes:
            return None, ()
        answer = self.resolved(answers[codes[0]])
        headers = tuple(str(name) for name in _mapping(answer.get("headers")))
        if self.is_swagger:
            return (self.resolved(answer["schema"]) if "schema" in answer else None), headers
        for kind, held in _mapping(answer.get("content")).items():
            if "json" in kind or kind == "*/*":
                schema = _mapping(held).get("schema")
                return (self.resolved(schema) if schema is not None else None), headers
        return None, headers

    def resolved(self, node: Any, depth: int = 0) -> dict[str, Any]:
        """A node with its reference followed and its parts (allOf, oneOf, anyOf) put together.

        Raises:
            UnusableDocument: the references of the document unfold to more than any document has.
        """
        if not isinstance(node, dict) or depth > _DEEPEST:
            return {}
        if id(node) not in self._resolved:
            # A node that is a part of itself adds nothing to itself.
            self._resolved[id(node)] = node, {}
            made = _well_formed(self._unfolded(node, depth))
            self._words += 1 + len(made) + len(made.get("properties", ()))
            if self._words > _MOST_WORDS:
                raise UnusableDocument(
                    f"the references of this document unfold to more than {_MOST_WORDS:,} words; cut it down to the "
                    "paths that you need."
                )
            self._resolved[id(node)] = node, made
        return self._resolved[id(node)][1]

    def _unfolded(self, node: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if isinstance(node.get("$ref"), str):
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return {**self.resolved(self._referred(node["$ref"]), depth + 1), **beside}
        parts = [self.resolved(part, depth + 1) for part in _list(node.get("allOf"))]
        if parts:
            own = {key: value for key, value in node.items() if key != "allOf"}
            return _together([*parts, _well_formed(own)])
        alternatives = _list(node.get("oneOf")) or _list(node.get("anyOf"))
        if not alternatives and "type" not in node and isinstance(node.get("items"), list):
            # Swagger 2 has no word for alternatives; this is how some documents say it all the same.
            alternatives = node["items"]
        return self._one_of(_well_formed(node), alternatives, depth) if alternatives else dict(node)

    def _one_of(self, node: Mapping[str, Any], alternatives: list[Any], depth: int) -> dict[str, Any]:
        resolved = [self.resolved(one, depth + 1) for one in alternatives]
        real = [one for one in resolved if one.get("type") != "null"]
        own = {key: value for key, value in node.items() if key not in ("oneOf", "anyOf", "items")}
        if len(real) == 1:
            merged = {**real[0], **own}
        elif real and all("properties" in one for one in real):
            # What only some alternatives require, a record may lack.
            required = set.intersection(*(_names(one.get("required")) for one in real))
            merged = {**_together([*real, own]), "required": sorted(required | _names(own.get("required")))}
        else:
            merged = own
        return {**merged, "nullable": True} if len(real) < len(resolved) else merged

    def _referred(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            return {}
        node: Any = self.raw
        for step in reference[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list):
                node = node[int(key)] if key.isdigit() and int(key) < len(node) else None
            else:
                node = node.get(key) if isinstance(node, dict) else None
        return node

    def foreign_references(self) -> list[str]:
        """References to other files, which are not followed."""
        found, waiting = set(), [self.raw]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                reference = node.get("$ref")
                if isinstance(reference, str) and not reference.startswith("#"):
                    found.add(reference)
            if isinstance(node, (dict, list)):
                waiting += node.values() if isinstance(node, dict) else node
        return sorted(found)


def read_document(path: Path) -> Document:
    """Read a document, JSON or YAML.

    Raises:
        UnusableDocument: it cannot be read.
    """
    import orjson
    import yaml

    line: int | None = None
    try:
        text = read_regular(path, LARGEST_DOCUMENT)
        if text.lstrip()[:1] == b"{":
            return Document(orjson.loads(text))
        return Document(plain_values(text.decode("utf-8-sig"), API_DOCUMENT))
    except OSError as error:
        reason = error.strerror or type(error).__name__
    except DoesNotParse as error:
        reason, line = f"it {error.args[0]}", error.args[1]
    except (orjson.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        reason, mark = type(error).__name__, getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else getattr(error, "lineno", None)
    where = f"{path}:{line}" if line else path
    raise UnusableDocument(f"{where} cannot be read ({reason}); give an OpenAPI document as JSON or YAML.")


def schema_type(schema: Mapping[str, Any]) -> str | None:
    """The type of a schema: its own word, or what its other words mean."""
    written = schema.get("type")
    if isinstance(written, list):
        real = [one for one in written if one != "null"]
        return str(real[0]) if len(real) == 1 else None
    if written:
        return str(written)
    return "object" if "properties" in schema else "array" if "items" in schema else None


def is_nullable(schema: Mapping[str, Any]) -> bool:
    """Whether null is a value of a schema, in the words of any version."""
    written = schema.get("type")
    in_type = isinstance(written, list) and "null" in written
    return bool(in_type or schema.get("nullable") or schema.get("x-nullable") or None in (schema.get("enum") or []))


def _together(parts: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in parts:
        properties = {**merged.get("properties", {}), **_mapping(part.get("properties"))}
        required = [*merged.get("required", []), *_list(part.get("required"))]
        merged |= {**part, "properties": properties, "required": required}
    if not merged["properties"]:
        del merged["properties"]
    return merged


def _well_formed(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node without the words that hold something else than what the specification lets them hold."""
    kinds = {"properties": dict, "enum": list}
    return {key: value for key, value in node.items() if isinstance(value, kinds.get(key, object))}


def _names(value: Any) -> set[str]:
    return {one for one in _list(value) if isinstance(one, str)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _filled(address: str, variables: Mapping[str, Any]) -> str:
    for name, variable in variables.items():
        address = address.replace("{" + str(name) + "}", str(_mapping(variable).get("default", "")))
    if "{" not in address:
        return address
    # What nothing fills is no address; the path may still be one.
    path = urlsplit(address).path
    return "" if "{" in path else path
