"""What a resource's table, pipeline and dlt schema are called."""

from __future__ import annotations

import hashlib

from messaging_assets.description.api import ApiDescription, Resource

REJECTED = "__rejected"
# dlt refuses a longer one.
_LONGEST_SCHEMA_NAME = 64


def pipeline_name(api: str, resource: str) -> str:
    """The name of a resource's pipeline and op."""
    return f"{api}__{resource}"


def schema_name(description: ApiDescription, resource: Resource) -> str:
    """The name of a resource's dlt schema: its own, because dlt keeps one schema per name in a dataset.

    It is made of the table's name, so that a table with a new name begins with a past of its own.
    """
    name = f"{description.name}_{resource.table}".lower()
    if len(name) <= _LONGEST_SCHEMA_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: _LONGEST_SCHEMA_NAME - 11]}_{digest}"
