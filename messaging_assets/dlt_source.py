"""From a description to dlt: the rest_api config, the source and the pipeline of one resource.

This is the only room that knows dlt's own dict. dlt's rest_api source reads the API; a resource around it
turns its records into typed batches. Secrets are not in it: they join on the session (`http/session.py`).
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import StateInjectableContext
from dlt.extract import DltResource, DltSource
from dlt.extract.extractors import materialize_schema_item
from dlt.sources.helpers.rest_client.detector import single_entity_path
from dlt.sources.rest_api import rest_api_resources
from requests.auth import AuthBase

from messaging_assets import json_paths
from messaging_assets.api_description import ApiDescription, Endpoint, Resource
from messaging_assets.failures import MendDescription, ReadIncomplete, SyncFailure
from messaging_assets.http.authentication import ClientCredentials
from messaging_assets.http.session import ApiSession
from messaging_assets.pagination import build_paginator
from messaging_assets.paginator_description import AutoPaginator, SinglePagePaginator
from messaging_assets.reading import Source
from messaging_assets.receipt import Receipt, Verdict
from messaging_assets.records import Batches

REJECTED = "__rejected"
_PARENT_FIELD = re.compile(r"\{resources\.([A-Za-z0-9_]+)\.([^}:!]+)\}")
_REJECTED_COLUMNS = {
    "reason": {"data_type": "text", "nullable": False},
    "page": {"data_type": "bigint"},
    "rejected_at": {"data_type": "timestamp"},
    "record": {"data_type": "text"},
    "is_cut": {"data_type": "bool"},
}


class Unsettled(SyncFailure):
    """The list moved while it was read, and another pass is allowed; nothing was loaded."""


@dataclass
class Pass:
    """One read of a resource from the first page to the last, loaded in one part or, with `merge`, in several.

    Args:
        description: the API.
        resource: the resource with the file's defaults merged in.
        session: sends the requests; None where nothing is read (definitions).
        auths: what puts secrets onto requests, by resource name.
        base_url: the API's address.
        is_last: whether a list that moved is loaded all the same, with its verdict.
        receipt: where things are counted.
        late: after a part, later versions of records that are in it already.
        is_over: whether the last part was read.
    """

    description: ApiDescription
    resource: Resource
    session: ApiSession | None = None
    auths: dict[str, AuthBase | None] = field(default_factory=dict)
    base_url: str = ""
    is_last: bool = True
    receipt: Receipt = field(default_factory=Receipt)
    late: list[dict[str, Any]] = field(default_factory=list)
    is_over: bool = False

    def __post_init__(self) -> None:
        self._chain = ancestry(self.description, self.resource)
        self._repeated: set[int] = set()
        self._loaded: set[int] = set()
        self._rows: Iterator[dict[str, Any]] | None = None
        self._state: dict[str, Any] = {}
        self._batches: Batches | None = None

    @property
    def asset(self) -> str:
        """The asset's name in errors."""
        return f"{self.description.name}.{self.resource.name}"

    def source(self) -> DltSource:
        """A fresh dlt source whose one resource is the next part of this pass."""
        return _source(self.description, self.resource, self._part, self.resource.write_disposition)

    def late_source(self) -> DltSource:
        """A fresh dlt source with the later versions of records that came more than once."""
        disposition = "merge" if self.resource.disposition == "replace" else self.resource.write_disposition
        return _source(self.description, self.resource, self._late_part, disposition)

    def _part(self) -> Iterator[Any]:
        batches = self._batches = self._new_batches()
        if self._rows is None:
            self._rows = self._open()
        due = _Due(self.resource, self.receipt)
        is_first = self.receipt.rows_loaded == 0
        for row in self._rows:
            if due.at_page_end(self.receipt):
                self._rows = itertools.chain([row], self._rows)
                break
            if batches.add(row):
                yield from _emit(batches, self.resource)
        else:
            self.is_over = True
        yield from _emit(batches, self.resource)
        self.late = list(batches.late.values())
        if self.is_over:
            self._judge()
            self._keep_incremental()
            if is_first and self.receipt.rows_loaded == 0 and self.resource.columns:
                # An empty list is an answer too: the table exists, and a replaced one is emptied.
                yield materialize_schema_item()

    def _late_part(self) -> Iterator[Any]:
        batches = self._batches = self._new_batches()
        for row in self.late:
            batches.add(row)
        # These rows replace earlier ones, so they are no more rows than before.
        loaded = self.receipt.rows_loaded
        yield from _emit(batches, self.resource)
        self.receipt.rows_loaded = loaded

    def _open(self) -> Iterator[dict[str, Any]]:
        """dlt's reader of the resource, outliving the load of a part; its state is kept apart until the end."""
        assert self.session is not None
        sources = {one.name: self._source_of(one) for one in self._chain}
        for name, auth in self.auths.items():
            if isinstance(auth, ClientCredentials):
                self.session.token_exchange(auth, sources[name].terms)
        config = rest_api_config(self.description, self._chain, self.session, sources, self.base_url)
        reader = next(one for one in rest_api_resources(config) if one.name == self.resource.name)  # type: ignore[arg-type]
        container = Container()
        self._state = deepcopy(container[StateInjectableContext].state)  # type: ignore[arg-type]
        with container.injectable_context(StateInjectableContext(state=self._state)):
            return iter(reader)

    def _keep_incremental(self) -> None:
        """Let how far an incremental resource has come be stored with the last part, and not before."""
        if not self.resource.endpoint.incremental and not _incremental_params(self.resource):
            return
        schema = dlt.current.source_schema().name
        read = self._state.get("sources", {}).get(schema, {}).get("resources", {}).get(self.resource.name, {})
        if "incremental" in read:
            dlt.current.resource_state()["incremental"] = read["incremental"]

    def _new_batches(self) -> Batches:
        schema = dlt.current.source_schema()
        known = schema.tables.get(schema.naming.normalize_table_identifier(self.resource.name), {})
        return Batches(
            self.resource,
            self.asset,
            schema.naming.normalize_identifier,
            known.get("columns", {}),
            self.receipt,
            self._repeated,
            is_child=len(self._chain) > 1,
            page=lambda: self.receipt.pages,
            loaded=self._loaded,
        )

    def _set_aside(self, record: Any, reason: str, page: int) -> None:
        assert self._batches is not None
        self._batches.set_aside(record, reason, page)

    def _source_of(self, one: Resource) -> Source:
        own = one is self._chain[-1]
        child = None if own else self._chain[self._chain.index(one) + 1]
        from_parent = tuple(f"_{parent.name}_{name}" for parent in self._chain for name in one.include_from_parent)
        endpoint = _with_paginator(self.description, one)
        return Source(
            asset=self.asset if own else f"{self.description.name}.{one.name} (parent of {self.asset})",
            endpoint=endpoint,
            keys=tuple(key for key in one.keys if key not in from_parent),
            receipt=self.receipt,
            auth=self.auths.get(one.name),
            set_aside=self._set_aside if own else lambda row, reason, page: None,
            one_object=isinstance(endpoint.paginator, SinglePagePaginator),
            is_parent=not own,
            prepare_rows=_PathFields(self.asset, one, child) if child else lambda rows: None,
            repeated=self._repeated if own and len(self._chain) == 1 else set(),
        )

    def _judge(self) -> None:
        """Let a read that is known to lack rows fail, and one that moved be repeated.

        Raises:
            ReadIncomplete: rows are missing.
            Unsettled: it moved, and another pass is allowed.
        """
        finding = self.receipt.finding
        moved = finding.verdict is Verdict.UNKNOWN and "while it was read" in finding.reason
        if finding.verdict is Verdict.INCOMPLETE or (moved and not self.is_last):
            kind = ReadIncomplete if self.is_last else Unsettled
            raise kind(f"{self.asset}: {finding.reason}; run it again, and see the receipt for what came.")


class _Due:
    """Tells at the end of a page whether a part has grown long enough to be committed."""

    def __init__(self, resource: Resource, receipt: Receipt) -> None:
        self._limits = resource.checkpoint if resource.disposition == "merge" else None
        self._page = self._first_page = self._rows = 0
        self._started = time.monotonic()

    def at_page_end(self, receipt: Receipt) -> bool:
        """Whether the row that just came begins a new page, and the part before it is due."""
        if not self._first_page:
            self._page = self._first_page = receipt.pages
            self._rows = receipt.rows_read
        begins_page, self._page = receipt.pages > self._page, receipt.pages
        limits = self._limits
        if limits is None or not begins_page:
            return False
        return (
            (limits.pages is not None and receipt.pages - self._first_page >= limits.pages)
            or receipt.rows_read - self._rows >= limits.rows
            or time.monotonic() - self._started >= limits.seconds
        )


class _PathFields:
    """Adds to each parent's record its fields as a path takes them: percent-encoded (RFC 3986), slashes too."""

    def __init__(self, asset: str, parent: Resource, child: Resource) -> None:
        self._asset, self._parent = asset, parent
        self._fields = sorted(_parent_fields(child))
        self._seen: set[tuple[Any, ...]] = set()

    def __call__(self, rows: list[Any]) -> None:
        kept = []
        for row in rows:
            values = tuple(self._value(row, name) for name in self._fields)
            if values not in self._seen:
                self._seen.add(values)
                kept.append(row | {path_field(name): quote(str(v), safe="") for name, v in zip(self._fields, values)})
        rows[:] = kept

    def _value(self, row: dict[str, Any], name: str) -> Any:
        found = json_paths.find_values(name, row)
        if not found or found[0] is None or isinstance(found[0], (dict, list)):
            raise MendDescription(
                f"{self._asset}: a record of its parent '{self._parent.name}' has no '{name}' to put into the path; "
                "name a field that every parent has."
            )
        return found[0]


def path_field(name: str) -> str:
    """Under which name a parent's record carries a field as the path takes it."""
    return "__path__" + re.sub(r"\W", "_", name)


def ancestry(description: ApiDescription, resource: Resource) -> list[Resource]:
    """The resource with its parents before it, the eldest first."""
    every = {one.name: one for one in description.resources_with_unselected.values()}
    chain = [resource]
    while parent := parent_of(chain[0]):
        chain.insert(0, every[parent])
    return chain


def parent_of(resource: Resource) -> str | None:
    """The name of the resource whose records this one's endpoint needs; None where it stands alone."""
    endpoint = resource.endpoint
    for value in endpoint.params.values():
        if isinstance(value, dict) and value.get("type") == "resolve":
            return str(value["resource"])
    written = repr([endpoint.path, endpoint.params, endpoint.json_body, endpoint.data, endpoint.headers])
    found = _PARENT_FIELD.search(written)
    return found.group(1) if found else None


def rest_api_config(
    description: ApiDescription,
    chain: list[Resource],
    session: Any,
    sources: dict[str, Source],
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
        "resources": [_dlt_resource(description, one, sources[one.name]) for one in chain],
    }


def _dlt_resource(description: ApiDescription, one: Resource, source: Source) -> dict[str, Any]:
    endpoint = one.endpoint
    path, params = _bound(endpoint, one.name)
    incremental = endpoint.incremental.model_dump(exclude_unset=True) if endpoint.incremental else None
    entries = {
        "path": path,
        "method": endpoint.method,
        "params": params,
        "json": endpoint.json_body,
        "data": endpoint.data,
        "headers": endpoint.headers,
        "data_selector": json_paths.compiled(selector) if (selector := source.endpoint.data_selector) else None,
        "incremental": incremental,
        "paginator": build_paginator(source.endpoint.paginator, source, description.client.max_in_flight),  # type: ignore[arg-type]
    }
    resource: dict[str, Any] = {
        "name": one.name,
        "endpoint": {name: value for name, value in entries.items() if value is not None},
        "include_from_parent": list(one.include_from_parent),
        "parallelized": one.parallelized,
        "processing_steps": list(one.processing_steps),
    }
    if one.keys and incremental:
        resource["primary_key"] = list(one.keys)
    return {name: value for name, value in resource.items() if value}


def _bound(endpoint: Endpoint, name: str) -> tuple[str, dict[str, Any]]:
    """Path and params with what belongs in the path put there, encoded."""
    path, params = endpoint.path or name, dict(endpoint.params)
    for param, value in endpoint.params.items():
        if "{" + param + "}" not in path:
            continue
        del params[param]
        if isinstance(value, dict) and value.get("type") == "resolve":
            path = path.replace("{" + param + "}", f"{{resources.{value['resource']}.{value['field']}}}")
        else:
            path = path.replace("{" + param + "}", quote(str(value), safe=""))
    return _PARENT_FIELD.sub(lambda found: f"{{resources.{found[1]}.{path_field(found[2])}}}", path), params


def _incremental_params(resource: Resource) -> bool:
    """Whether a parameter is bound to incremental loading, in dlt's other spelling."""
    params = resource.endpoint.params.values()
    return any(isinstance(value, dict) and value.get("type") == "incremental" for value in params)


def _parent_fields(child: Resource) -> set[str]:
    path = child.endpoint.path or ""
    fields = {found[2] for found in _PARENT_FIELD.finditer(path)}
    for param, value in child.endpoint.params.items():
        if isinstance(value, dict) and value.get("type") == "resolve" and "{" + param + "}" in path:
            fields.add(str(value["field"]))
    return fields


def _with_paginator(description: ApiDescription, one: Resource) -> Endpoint:
    """The endpoint with its paginator filled in: its own, the client's, one page for one entity, or detection."""
    endpoint = one.endpoint
    if endpoint.paginator is not None:
        return endpoint
    if single_entity_path(endpoint.path or one.name):
        selector = endpoint.data_selector or "$"
        return endpoint.model_copy(
            update={"paginator": SinglePagePaginator(type="single_page"), "data_selector": selector}
        )
    return endpoint.model_copy(update={"paginator": description.client.paginator or AutoPaginator(type="auto")})


def _source(description: ApiDescription, resource: Resource, rows: Any, disposition: Any) -> DltSource:
    written = disposition if isinstance(disposition, str) else disposition.model_dump(exclude_none=True)

    def batches() -> Iterator[Any]:
        yield from rows()

    reader: DltResource = dlt.resource(
        batches,
        name=resource.name,
        primary_key=list(resource.keys) or None,
        merge_key=resource.merge_key,
        write_disposition=written,
        columns=dlt_columns(resource),
        max_table_nesting=resource.max_table_nesting if resource.nested == "tables" else 0,
    )
    # A name of its own per resource, because dlt keeps one schema per name in the dataset.
    return dlt.source(lambda: reader, name=f"{description.name}_{resource.name}".lower())()


def dlt_columns(resource: Resource) -> dict[str, Any]:
    """The declared columns in dlt's words.

    A column may be null in the table though the file says `nullable: false`, unless it is a key: a null that
    came is loaded and shown by its check, where a constraint would make the load of every other row fail.
    """
    own = {"nullable", "sensitive"}
    return {
        name: {
            "name": name,
            **column.model_dump(exclude_unset=True, exclude=own),
            "nullable": name not in resource.keys,
        }
        for name, column in resource.columns.items()
    }


def _emit(batches: Batches, resource: Resource) -> Iterator[Any]:
    for item in batches.flush():
        columns = {name: hint for name, hint in batches.hints.items() if resource.nested == "json"}
        if columns:
            batches.hints.clear()
            item = dlt.mark.with_hints(item, dlt.mark.make_hints(columns=columns))
        yield item
    rejected = batches.rejected()
    if rejected:
        hints = dlt.mark.make_hints(
            table_name=f"{resource.name}{REJECTED}",
            write_disposition="append",
            primary_key=(),
            merge_key=(),
            columns=_REJECTED_COLUMNS,
        )
        yield dlt.mark.with_hints(rejected, hints, create_table_variant=True)
