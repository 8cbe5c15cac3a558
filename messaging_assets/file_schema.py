"""The JSON Schema of an API file, from the models that check it; editors complete and explain keys with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit

from messaging_assets.api_description import ApiDescription

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
    for name in _NOT_IN_A_FILE:
        schema["properties"].pop(name, None)
    schema["required"] = [name for name in schema["required"] if name not in _NOT_IN_A_FILE]
    for one in schema["$defs"].values():
        one.get("properties", {}).pop("processing_steps", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "An API file"}


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
