"""What a resource's table, pipeline and dlt schema are called."""

from __future__ import annotations

import hashlib

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import REJECTED as REJECTED

# dlt refuses a longer one.
_LONGEST_SCHEMA_NAME = 64


def pipeline_name(api: str, resource: str) -> str:
    """The name of a resource's pipeline and op."""
    return f"{api}__{resource}"


def schema_name(description: ApiDescription, resource: Resource) -> str:
    """The name of a resource's dlt schema: its own, because dlt keeps one schema per name in a dataset.

    With another table it is another one, so that the table begins with a past of its own.
    """
    name = f"{description.name}_{resource.name}".lower()
    if resource.table != resource.name:
        return _with_digest(name, f"{name}/{resource.table}")
    return name if len(name) <= _LONGEST_SCHEMA_NAME else _with_digest(name, name)


def _with_digest(name: str, of: str) -> str:
    digest = hashlib.sha256(of.encode()).hexdigest()[:10]
    return f"{name[: _LONGEST_SCHEMA_NAME - 11]}_{digest}"
