"""The JSON Schema of an API file, from the models that check it; editors complete and explain keys with it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit

from messaging_assets.api_description import ApiDescription

# A file's name is its stem, and code has no place in a file.
_NOT_IN_A_FILE = {"name", "file"}


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
