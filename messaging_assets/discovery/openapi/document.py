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
from urllib.parse import urljoin, urlsplit

from messaging_assets.description.ways.secret_signs import names_secret
from messaging_assets.discovery.openapi.references import References, UnusableDocument, list_of, mapping_of
from messaging_assets.files.yaml_lines import API_DOCUMENT, DoesNotParse, plain_values
from messaging_assets.foundation.regular_files import LARGEST_DOCUMENT, read_regular

_UNKNOWN_ADDRESS = "https://api.example.com"


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
        self._references = References(raw)
        self.is_swagger = str(raw.get("swagger", "")).startswith("2")
        if not self.is_swagger and not str(raw.get("openapi", "")).startswith("3."):
            raise UnusableDocument("this document is neither OpenAPI 3.x nor Swagger 2.0; convert it first.")

    @property
    def title(self) -> str:
        """The API's name in its own words."""
        return str(mapping_of(self.raw.get("info")).get("title") or "")

    @property
    def base_url(self) -> str:
        """Where the API is; a placeholder where the document does not say."""
        if self.is_swagger:
            host = self.raw.get("host")
            schemes = list_of(self.raw.get("schemes")) or ["https"]
            scheme = "https" if "https" in schemes else schemes[0]
            address = f"{scheme}://{host}{self.raw.get('basePath') or ''}" if host else self.raw.get("basePath") or ""
        else:
            servers = [mapping_of(one) for one in list_of(self.raw.get("servers"))] or [{}]
            written = [_filled(str(one.get("url") or ""), mapping_of(one.get("variables"))) for one in servers]
            encrypted = written[0].replace("http://", "https://", 1)
            address = encrypted if encrypted in written else written[0]
        return str(urljoin(f"{_UNKNOWN_ADDRESS}/", address)).rstrip("/")

    @property
    def about_address(self) -> str:
        """What is to be seen to about the address, as a clause; empty where nothing is."""
        if self.base_url.startswith(_UNKNOWN_ADDRESS):
            return "the document does not say where the API is; put its address here"
        is_public = "." in str(urlsplit(self.base_url).hostname).strip(".0123456789")
        if is_public and self.base_url.startswith("http://"):
            return "the document names http alone, which hides no secret on its way; write https if the API takes it"
        return ""

    @cached_property
    def schemes(self) -> dict[str, Mapping[str, Any]]:
        """The ways of authentication, by name."""
        held = self.raw if self.is_swagger else mapping_of(self.raw.get("components"))
        named = mapping_of(held.get("securityDefinitions" if self.is_swagger else "securitySchemes"))
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
        for raw in [*list_of(item.get("parameters")), *list_of(get.get("parameters"))]:
            parameter = self._parameter(self.resolved(raw))
            every[parameter.place, parameter.name] = parameter
        schema, headers = self._answer(get)
        written = list_of(get["security"] if "security" in get else self.raw.get("security"))
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
        answers = {str(code): answer for code, answer in mapping_of(get.get("responses")).items()}
        codes = [code for code in ("200", "2XX", "2xx", "206", "default") if code in answers]
        if not codes:
            return None, ()
        answer = self.resolved(answers[codes[0]])
        headers = tuple(str(name) for name in mapping_of(answer.get("headers")))
        if self.is_swagger:
            return (self.resolved(answer["schema"]) if "schema" in answer else None), headers
        for kind, held in mapping_of(answer.get("content")).items():
            if "json" in kind or kind == "*/*":
                schema = mapping_of(held).get("schema")
                return (self.resolved(schema) if schema is not None else None), headers
        return None, headers

    def resolved(self, node: Any) -> dict[str, Any]:
        """A node with its reference followed and its parts put together, see `References.resolved`."""
        return self._references.resolved(node)

    def foreign_references(self) -> list[str]:
        """References to other files, which are not followed."""
        return self._references.foreign()


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


def _filled(address: str, variables: Mapping[str, Any]) -> str:
    for name, variable in variables.items():
        address = address.replace("{" + str(name) + "}", str(mapping_of(variable).get("default", "")))
    if "{" not in address:
        return address
    # What nothing fills is no address; the path may still be one.
    path = urlsplit(address).path
    return "" if "{" in path else path
