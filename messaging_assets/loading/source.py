"""From a description to dlt: the rest_api config and the source of one resource.

This is the only room that knows dlt's own dict. dlt's rest_api source reads the API; a resource around it
(`loading/passes/read_pass.py`) turns its records into typed batches. Secrets are not in it: they join on the session.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import dlt
from dlt.sources import DltResource, DltSource

from messaging_assets.description.api import ApiDescription, Endpoint, Resource
from messaging_assets.description.pagination import AutoPaginator, SinglePagePaginator
from messaging_assets.description.parents import ListFields, bound_path, for_each_list
from messaging_assets.destination.names import REJECTED, schema_name
from messaging_assets.foundation import json_paths
from messaging_assets.reading.cursors.marks import FILLED, filled, no_start, with_bounds
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.rows.columns import DELETED_AT
from messaging_assets.rows.hard_deletes import dlt_hints
from messaging_assets.rows.steps import counted, functions_of
from messaging_assets.seams.dlt_rest_client import single_entity_path
from messaging_assets.seams.dlt_settings import own_settings

if TYPE_CHECKING:
    from messaging_assets.rows.batches import Batches

_REJECTED_COLUMNS: dict[str, Any] = {
    "reason": {"data_type": "text", "nullable": False},
    "fields": {"data_type": "text"},
    "page": {"data_type": "bigint"},
    "rejected_at": {"data_type": "timestamp"},
    "record": {"data_type": "text"},
    "is_cut": {"data_type": "bool"},
}


def rest_api_config(
    description: ApiDescription,
    chain: list[Resource],
    session: Any,
    sources: dict[str, ListContext],
    base_url: str,
) -> dict[str, Any]:
    """dlt's rest_api dict for a resource and its parents.

    Args:
        chain: the resource with its parents before it.
        session: the requests session that dlt shall send with.
        sources: what the readings of each of them share, by name.
        base_url: the API's address.
    """
    return {
        "client": {"base_url": base_url, "headers": dict(description.client.headers), "session": session},
        "resources": [
            _dlt_resource(description, parent, one, sources[one.name], steps)
            for parent, one, steps in zip([None, *chain], chain, [*_parents_steps(chain, sources), []], strict=False)
        ],
    }


def _parents_steps(chain: list[Resource], sources: dict[str, ListContext]) -> Iterator[list[Any]]:
    for one, child in pairwise(chain):
        lists, parents = sources[child.name], sources[one.name]
        fields = ListFields(lists.asset, one, child, lists.is_wanted, lists.cursor_values, _leaving_out(parents))
        yield list(fields.steps)


def _leaving_out(parents: ListContext) -> Callable[[dict[str, Any], str], None]:
    return lambda row, reason: parents.set_aside(row, reason, 0)


def _dlt_resource(
    description: ApiDescription, parent: Resource | None, one: Resource, source: ListContext, steps: list[Any]
) -> dict[str, Any]:
    endpoint = one.endpoint
    path, params = bound_path(one)
    cursor = source.incremental
    if cursor is not None:
        params = with_bounds(params, cursor)
    entries = {
        "path": path,
        "method": endpoint.method,
        "params": _written(params),
        "json": endpoint.json_body,
        "data": endpoint.data,
        "headers": _written(endpoint.headers),
        "data_selector": json_paths.compiled(selector) if (selector := source.endpoint.data_selector) else None,
        "paginator": build_paginator(source.endpoint.paginator, source, description.client.max_in_flight),  # type: ignore[arg-type]
    }
    if parent is not None:
        entries = for_each_list(entries, parent.name, has_cursor=cursor is not None)
    elif cursor is not None:
        values = source.cursor_values("")
        entries = filled(entries, values)
        if "path" not in entries:
            raise no_start(source.asset)
        # A value that is the whole path may be a link.
        entries["path"] = filled(path, values, in_path=FILLED.fullmatch(path) is None)
    resource: dict[str, Any] = {
        "name": one.name,
        "endpoint": {name: value for name, value in entries.items() if value is not None},
        "include_from_parent": list(one.include_from_parent),
        "parallelized": one.parallelized,
        "processing_steps": [*_own_steps(one, source), *steps],
    }
    return {name: value for name, value in resource.items() if value}


def _own_steps(one: Resource, source: ListContext) -> list[Any]:
    """The steps of the file and those of Python, counted where the rows are."""
    every: list[Any] = [*functions_of(one), *one.processing_steps]
    return every if source.is_parent else counted(every, source.receipt)


def _written(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Parameters or headers with truth values and numbers as APIs write them, where Python would write True."""
    if values is None:
        return None
    return {name: _as_text(value) if _is_dlts(value) else _in_query(value) for name, value in values.items()}


def _is_dlts(value: Any) -> bool:
    return not isinstance(value, dict) or value.get("type") in ("incremental", "resolve")


def _in_query(value: Any) -> str:
    """An object as APIs that take one in a parameter want it, as JSON; dlt takes a single brace for a placeholder's."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub(
        r"(\{(?:resources|incremental|window|partition)\.[^{}\"]+\})|([{}])",
        lambda found: found[1] or found[2] * 2,
        text,
    )


def _as_text(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_as_text(one) for one in value]
    return str(value).lower() if isinstance(value, (bool, int, float)) else value


def with_paginator(description: ApiDescription, one: Resource) -> Endpoint:
    """The endpoint with its paginator filled in: its own, the client's, one page for one entity, or detection."""
    endpoint = one.endpoint
    if endpoint.paginator is not None:
        return endpoint
    if single_entity_path(one.path):
        selector = endpoint.data_selector or "$"
        return endpoint.model_copy(
            update={"paginator": SinglePagePaginator(type="single_page"), "data_selector": selector}
        )
    return endpoint.model_copy(update={"paginator": description.client.paginator or AutoPaginator(type="auto")})


def build_source(
    description: ApiDescription, resource: Resource, rows: Callable[[], Iterator[Any]], disposition: Any
) -> DltSource:
    """A dlt source whose one resource loads the batches that `rows` gives.

    Args:
        description: the API.
        resource: the resource with the file's defaults merged in.
        rows: gives Arrow tables or lists of records; called when dlt extracts.
        disposition: dlt's write disposition, short or long.
    """

    def batches() -> Iterator[Any]:
        yield from rows()

    reader = _reader(resource, batches, disposition)
    return dlt.source(lambda: reader, name=schema_name(description, resource))()


def definition_source(resource: Resource) -> DltSource:
    """The source that an asset is defined from; nothing is ever read with it.

    All of them share one schema, because making one costs more than everything else about a definition.
    """
    return DltSource(_definition_schema(), "messaging_assets", [_reader(resource, [], resource.write_disposition)])


@lru_cache(maxsize=1)
@own_settings()
def _definition_schema() -> dlt.Schema:
    return dlt.Schema("messaging_assets")


def _reader(resource: Resource, rows: Callable[[], Iterator[Any]] | list[Any], disposition: Any) -> DltResource:
    written = disposition if isinstance(disposition, str) else disposition.model_dump(exclude_none=True)
    hints: dict[str, Any] = {
        "name": resource.name,
        "primary_key": list(resource.keys) or None,
        "merge_key": resource.merge_key,
        "write_disposition": written,
        "columns": dlt_columns(resource),
        "max_table_nesting": resource.max_table_nesting if resource.nested == "tables" else 0,
    }
    reader: DltResource = dlt.resource(rows, **hints)
    # dlt begins a variant with the resource's own columns and keys; a rejected record has none of them.
    rejected: dict[str, Any] = {"table_name": resource.name + REJECTED, "create_table_variant": True}
    reader.apply_hints(**rejected, columns={}, primary_key=(), merge_key=(), write_disposition="append")
    reader.apply_hints(**rejected, columns=_REJECTED_COLUMNS)
    return reader


def dlt_columns(resource: Resource) -> dict[str, Any]:
    """The declared columns in dlt's words.

    A column may be null in the table though the file says `nullable: false`, unless it is a key: a null that
    came is loaded and shown by its check, where a constraint would make the load of every other row fail.
    """
    own = {"nullable", "sensitive"}
    deleted_at = {DELETED_AT: {"name": DELETED_AT, "data_type": "timestamp", "nullable": True}}
    declared = {
        name: {
            "name": name,
            **column.model_dump(exclude_unset=True, exclude=own),
            "nullable": name not in resource.keys,
        }
        for name, column in resource.columns.items()
    }
    declared |= {name: {**declared.get(name, {}), **hints} for name, hints in dlt_hints(resource).items()}
    return declared | (deleted_at if resource.deletes == "mark" else {})


def emit(batches: Batches, resource: Resource) -> Iterator[Any]:
    """The batch so far as dlt takes it: rows for the table, and rejected records for theirs."""
    for item in batches.flush():
        yield from emit_rows(batches, resource, item)
    rejected = batches.rejected()
    if rejected:
        yield dlt.mark.with_table_name(rejected, resource.name + REJECTED)


def emit_rows(batches: Batches, resource: Resource, item: Any) -> Iterator[Any]:
    """One item of a batch, with what is new of its columns."""
    # Where nested values go to tables, dlt finds those itself.
    is_known = {"json": True, "tables": False}[resource.nested]
    columns: Any = {name: hint for name, hint in batches.hints.items() if is_known or hint.get("data_type") != "json"}
    if columns:
        batches.hints.clear()
        item = dlt.mark.with_hints(item, dlt.mark.make_hints(columns=columns))
    yield item
