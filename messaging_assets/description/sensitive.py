"""Which columns' values nobody may see outside the table: in metadata, checks and previews."""

from __future__ import annotations

from collections.abc import Collection

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.names import identifier
from messaging_assets.description.parents import parents_of


def sensitive_columns(description: ApiDescription, resource: Resource) -> frozenset[str]:
    """Names in the table of the columns marked `sensitive`, those included that come from a parent's record."""
    marked = {name for name, column in resource.columns.items() if column.sensitive}
    for parent in parents_of(resource):
        of_parent = sensitive_columns(description, description.resources_with_unselected[parent])
        # A union has the records of others, with their own names.
        marked |= of_parent if resource.union else {f"_{parent}_{name}" for name in of_parent}
    return frozenset(map(identifier, marked))


def is_sensitive(column: str, sensitive: Collection[str]) -> bool:
    """Whether a column is one of them, holds one, or is made of one by dlt: its parts, its values of another type."""
    name = identifier(column)
    return any(f"{name}__".startswith(f"{one}__") or one.startswith(f"{name}__") for one in sensitive)
