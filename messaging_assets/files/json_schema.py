"""The JSON Schema of an API file, from the models that check it; editors complete and explain keys with it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit

from messaging_assets.description.api import ApiDescription
from messaging_assets.description.authentication import Described

# A file's name is its stem, and code has no place in a file.
_NOT_IN_A_FILE = {"name", "file"}
_SCHEMA = "api_file.schema.json"


class _WithoutCode(GenerateJsonSchema):
    """Leaves out what only Python can give: callables."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        """Leave this branch out."""
        raise PydanticOmit


def file_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of an API file."""
    schema = ApiDescription.model_json_schema(schema_generator=_WithoutCode)
    for model in _models(Described):
        shape = schema if model is ApiDescription else schema["$defs"].get(model.__name__, {})
        properties, said = shape.get("properties", {}), sentences(model)
        for name in said.keys() & properties.keys():
            properties[name] = dict(sorted({**properties[name], "description": said[name]}.items()))
    for name in _NOT_IN_A_FILE:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema["required"] if name not in _NOT_IN_A_FILE]
    for one in schema["$defs"].values():
        one.get("properties", {}).pop("processing_steps", None)
    aside = {"patternProperties": {"^x-": {"description": "what aliases below it repeat; nothing else reads it."}}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, **aside, "title": "An API file"}


def sentences(model: type[Described]) -> dict[str, str]:
    """The sentence beneath each field of a model, by the word that a file has for it.

    pydantic reads them too (`use_attribute_docstrings`), but whenever a model is imported, which takes 80 ms.
    """
    found: dict[str, str] = {}
    for one in (base for base in reversed(model.mro()) if issubclass(base, Described)):
        [body] = [node.body for node in ast.parse(inspect.getsource(one)).body if isinstance(node, ast.ClassDef)]
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(field.target, ast.Name):
                name = field.target.id
                found[model.model_fields[name].alias or name] = ast.literal_eval(below.value)
    return found


def _models(base: type[Described]) -> Iterator[type[Described]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def editor_line(file: Path) -> str:
    """The first line of an API file, by which editors find its schema.

    Args:
        file: where the API file is, or will be.

    Returns:
        A comment that names the nearest `api_file.schema.json`, beside the file, above it, or in the package of a
        checkout above it; empty where there is none: the path to an installed package changes with each Python.
    """
    for depth, folder in enumerate(file.resolve().parents):
        for place in (_SCHEMA, f"messaging_assets/{_SCHEMA}"):
            if (folder / place).is_file():
                return f"# yaml-language-server: $schema={'../' * depth}{place}\n"
    return ""
