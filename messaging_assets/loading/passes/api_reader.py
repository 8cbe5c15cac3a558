"""From a description to dlt's rest_api source, which asks the API: one list, with its parents' lists before it.

This is the only module that knows dlt's own dict. Secrets are not in it: they join on the session.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial, wraps
from itertools import chain, islice, product
from typing import Any
from urllib.parse import urljoin

import dlt
from dlt.sources import DltResource
from dlt.sources.rest_api import rest_api_resources

from messaging_assets.description.api import ApiDescription, Endpoint, Resource
from messaging_assets.description.incremental import CURSOR_VALUE
from messaging_assets.description.parents import (
    LINE,
    PARENTS,
    RESOURCE,
    VALUES,
    bound_path,
    columns_from_parents,
    is_joined,
    joined,
    lines,
    links_of,
    shared_field,
)
from messaging_assets.description.ways.sent_values import as_written
from messaging_assets.foundation import json_paths
from messaging_assets.loading.passes.first_mark import take_first_mark
from messaging_assets.loading.passes.list_request import for_each_list, with_fields_for_job
from messaging_assets.loading.passes.lists_ahead import ListsAhead
from messaging_assets.reading.cursors.marks import as_text, filled, no_start, with_bounds
from messaging_assets.reading.list_context import ListContext
from messaging_assets.reading.list_fields import ListFields, line_of, refuse_other_value
from messaging_assets.reading.paging.page_places import with_open_places
from messaging_assets.reading.paging.paginators import build_paginator
from messaging_assets.reading.times.asked_moments import asked_at
from messaging_assets.rows.steps import functions_of, texts_as_json
from messaging_assets.rows.values.nested import StepReason
from messaging_assets.rows.written_rows import counted
from messaging_assets.seams.dlt_contexts import pages_of
from messaging_assets.seams.dlt_rest_client import saying_only_what_is_read

_GIVER = "the file gives it by for_each or include_from_parent"
# Of so many records a step makes one list.
_TOGETHER = 1_000
_RENAME = "give the list of for_each, or the parent, another name in the file, or leave out that field of the parent"


@dataclass(frozen=True)
class ApiReader:
    """Makes dlt's readers of an API's resources.

    Args:
        description: the API.
        session: the requests session that dlt shall send with.
        sources: what the readings of each resource share, by name: of the one that is read, and of its parents.
        base_url: the API's address.
        most_values: how many values of each list in the file are asked for; None for all of them.
        now: when it asks, which requests may say.
    """

    description: ApiDescription
    session: Any
    sources: Mapping[str, ListContext]
    base_url: str
    most_values: int | None = None
    now: datetime = field(default_factory=partial(datetime.now, timezone.utc))

    def reader(self, one: Resource, is_carried: bool = False) -> DltResource:
        """dlt's reader of a resource, which reads its parents for itself.

        Args:
            one: the resource with the file's defaults merged in.
            is_carried: whether its records carry those above them, for children that take fields of both.
        """
        every, one = self.description.resources_with_unselected, with_fields_for_job(one)
        if one.union:
            return _one_after_the_other(one.name, [(name, self.reader(every[name], is_carried)) for name in one.union])
        parents = lines(self.description, one)
        has_step = one.endpoint.has_step
        if not (parents or one.for_each or has_step):
            return _made(self.config(one))
        # The windows of a list without parents are those of one record without fields.
        is_many, context = is_joined(one) or not parents, self.sources[one.name]
        asked, parent = (joined(one), PARENTS) if is_many else (one, parents[0].name)
        above = [(line.name, self.reader(line, is_many or is_carried)) for line in parents]
        values = {name: every[: self.most_values] for name, every in (one.for_each or {}).items()}
        records = _together(above, values) if is_many else above[0][1]
        fields = ListFields(context, parent, asked, self.base_url, is_carried)
        columns = {f"_{parent}_{shared_field(field)}": name for field, name in columns_from_parents(one).items()}
        if is_carried:
            columns[f"_{parent}_{LINE}"] = LINE
        lists = records.add_filter(fields.is_new).add_map(fields.with_fields)
        lists = lists.add_yield_map(fields.windows) if has_step else lists
        config = self._config([lists], asked, parent, columns)
        # A job is begun in its turn. A request that does more than to read may bring its rows only once, and what was
        # read ahead of a read that fails is lost; one for a window only reads.
        may_repeat = one.endpoint.method == "GET" or has_step
        is_ahead = one.parallelized and self.description.client.max_in_flight > 1 and may_repeat
        if is_ahead and one.endpoint.job is None:
            ahead = ListsAhead(context, config, self.session)
            if not has_step:
                lists.add_step(ahead.come)  # type: ignore[arg-type]
            # One that may have too many rows is left early, and its halves are asked for.
            elif not (context.incremental and context.incremental.maximum_results):
                fields.come, fields.windows_ahead = ahead.expect, 2 * self.description.client.max_in_flight
        return _made(config)

    def config(self, one: Resource) -> dict[str, Any]:
        """A resource without parents, in dlt's words."""
        return self._config([], one, None, {})

    def request(self, one: Resource) -> dict[str, Any]:
        """The request for the first page of a resource without parents, in dlt's words."""
        return self._endpoint(one, None, self.sources[one.name])

    def _config(
        self, parents: list[DltResource], one: Resource, parent: str | None, columns: Mapping[str, str]
    ) -> dict[str, Any]:
        """A resource with its parent, in dlt's words."""
        client = {"base_url": self.base_url, "headers": dict(self.description.client.headers), "session": self.session}
        source, carried = self.sources[one.name], [LINE] if LINE in columns.values() else []
        resource: dict[str, Any] = {
            "name": one.name,
            "endpoint": self._endpoint(one, parent, source),
            "include_from_parent": [*map(shared_field, one.include_from_parent), *carried],
            "processing_steps": _steps(one, source, columns, links_of(self.description, one)),
        }
        return {"client": client, "resources": [*parents, {key: one for key, one in resource.items() if one}]}

    def _endpoint(self, one: Resource, parent: str | None, source: ListContext) -> dict[str, Any]:
        one, at_once = with_open_places(asked_at(one, self.now)), self.description.client.max_in_flight
        endpoint = one.endpoint
        path, params = bound_path(one)
        cursor = source.incremental
        if cursor is not None:
            params = with_bounds(params, cursor)
            take_first_mark(source, self.session, self.base_url)
        entries = {
            "path": path,
            "method": endpoint.method,
            "params": as_written(params),
            "json": endpoint.json_body,
            "data": as_written(endpoint.data) if isinstance(endpoint.data, Mapping) else endpoint.data,
            "headers": as_written(_headers(endpoint)),
            "data_selector": _compiled(source.endpoint),
            "paginator": build_paginator(source, at_once),
        }
        if parent is not None:
            entries = for_each_list(entries, parent, has_cursor=cursor is not None)
        elif cursor is not None:
            values = source.newest_window("").values if endpoint.has_step else source.cursor_values("")
            texts = {name: as_text(one) for name, one in values.items()}
            asked = {name: filled(one, values if name == "json" else texts) for name, one in entries.items()}
            entries = {name: one for name, one in asked.items() if one is not None}
            if "path" not in entries:
                raise no_start(source.asset)
            # A value that is the whole path may be a link.
            entries["path"] = filled(path, values, in_path=CURSOR_VALUE.fullmatch(path) is None)
            if link := source.marks.link if source.marks else None:
                # It says everything that the parameters said.
                here = urljoin(f"{self.base_url}/", str(path).lstrip("/"))
                whole = urljoin(here, link).replace("{", "{{").replace("}", "}}")
                entries["path"], entries["params"] = whole, None
        return {name: value for name, value in entries.items() if value is not None}


def _headers(endpoint: Endpoint) -> dict[str, Any] | None:
    """Its headers; those of a form whose only fields are secrets say that it is one, for the secrets join later."""
    own = endpoint.headers
    is_said = any(name.lower() == "content-type" for name in own or ())
    is_other = is_said or endpoint.data != {} or endpoint.method == "GET"
    return own if is_other else {"Content-Type": "application/x-www-form-urlencoded", **(own or {})}


def _made(config: Any) -> DltResource:
    """dlt's reader of the last resource of a config."""
    *_, own = config["resources"]
    made = next(made for made in rest_api_resources(config) if made.name == own["name"])
    return saying_only_what_is_read(made)


def _together(above: list[tuple[str, DltResource]], values: Mapping[str, list[Any]]) -> DltResource:
    """The records of several parents and the values of the file, each with each of the others."""
    chosen = [dict(zip(values, each, strict=True)) for each in product(*map(_of_one_kind, values.values()))]
    of_file: list[dict[str, Any]] = [{VALUES: one} for one in chosen] if values else [{}]

    def records() -> Iterator[list[dict[str, Any]]]:
        # One parent's pages are taken as they come; of the others every record is needed again and again.
        others = [list(_lines(name, line)) for name, line in above[1:]]
        for first in _lines(*above[0]) if above else [{}]:
            yield [dict(ChainMap(*parts, first)) for parts in product(*others, of_file)]

    made: DltResource = dlt.resource(records, name=PARENTS)
    return made


def _one_after_the_other(name: str, parts: list[tuple[str, DltResource]]) -> DltResource:
    """The records of several resources as those of one, each with its own resource's name."""

    def records() -> Iterator[list[dict[str, Any]]]:
        for part, reader in parts:
            for page in pages_of(reader):
                yield [{**row, RESOURCE: part} for row in page]

    made: DltResource = dlt.resource(records, name=name)
    return made


def _of_one_kind(values: list[Any]) -> list[Any]:
    """Values of which one is a text as texts, because they become one column."""
    return list(map(str, values)) if any(isinstance(one, str) for one in values) else values


def _lines(name: str, parent: DltResource) -> Iterator[dict[str, Any]]:
    for page in pages_of(parent):
        for row in page:
            yield line_of(row, name)


def _steps(one: Resource, source: ListContext, columns: Mapping[str, str], links: Collection[str]) -> list[Any]:
    """The steps of the file and those of Python, counted where the rows are.

    Args:
        one: the resource.
        source: what its readings share.
        columns: what dlt calls the fields that come from above, and what they are to be called.
        links: the fields of it at whose addresses children are asked for.
    """
    fields = None if source.is_parent else source.receipt.fields
    given = (*columns.values(), *one.endpoint.include_from_answer, *one.endpoint.include_from_request)

    def set_aside(row: dict[str, Any], reason: StepReason) -> None:
        current = source.so_far.current
        source.set_aside(row, reason, current.page if current else 0)

    of_file = functions_of(one, source.asset, given, fields, set_aside, links)
    every: list[Any] = [*of_file, *one.processing_steps, *texts_as_json(one)]
    own = every if source.is_parent else counted(every, source.receipt)
    if LINE in columns.values():
        own = [{kind: _carrying(kind, step) for kind, step in each.items()} for each in own]
    own = [{kind: _in_lists(step) if kind == "yield_map" else step for kind, step in each.items()} for each in own]
    if not columns:
        return own
    return [{"map": partial(_with_own_names, columns, source.asset)}, *own]


def _with_own_names(columns: Mapping[str, str], asset: str, row: dict[str, Any]) -> dict[str, Any]:
    """A record in which what comes from above has its column's name, which no other value of its own may have."""
    given = {name: row.pop(came) for came, name in columns.items()}
    refuse_other_value(row, given, _GIVER, _RENAME, asset)
    return row | given


def _carrying(kind: str, step: Callable[..., Any]) -> Callable[..., Any]:
    """A step that sees a record without what lies above it, which it can neither drop nor change."""

    @wraps(step)
    def carries(row: dict[str, Any], *arguments: Any) -> Any:
        above = {LINE: row.get(LINE, {})}
        made = step({name: value for name, value in row.items() if name != LINE}, *arguments)
        if kind == "yield_map":
            return ({**one, **above} for one in made)
        return {**made, **above} if kind == "map" else made

    return carries


def _in_lists(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step whose records go on in lists, as pages do. Of one alone, dlt would take a parent's fields for records."""

    @wraps(step)
    def lists(*arguments: Any) -> Iterator[list[Any]]:
        # A function of Python's may make lists, too.
        made = chain.from_iterable(one if isinstance(one, list) else (one,) for one in step(*arguments))
        while some := list(islice(made, _TOGETHER)):
            yield some

    return lists


def _compiled(endpoint: Endpoint) -> Any:
    """The selector as dlt takes it, which takes the only one of several lists that a wildcard finds for the whole."""
    selector, written = endpoint.data_selector, endpoint.format
    if selector and written is not None and (written.columns or written.columns_path):
        whole = selector.removesuffix("[*]") or "$"
        if whole != selector and ("*" in whole or "?" in whole):
            return json_paths.compiled_rows(selector)
        selector = whole
    return json_paths.compiled(selector) if selector else None
