"""A low-code manifest -> an API file, stream by stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from messaging_assets.conversion.addresses import settle_addresses
from messaging_assets.conversion.components.durations import seconds_of
from messaging_assets.conversion.components.expressions import pieces_of
from messaging_assets.conversion.components.parts import Part, resolved, whole_stream
from messaging_assets.conversion.manifest import answers
from messaging_assets.conversion.manifest.authenticators import way_in
from messaging_assets.conversion.manifest.cursors import add_cursor, name_as_sent, name_bounds, settle_windows
from messaging_assets.conversion.manifest.errors import add_errors
from messaging_assets.conversion.manifest.filters import add_filter
from messaging_assets.conversion.manifest.paging import add_paginator, goes_by_links, name_pages
from messaging_assets.conversion.manifest.partitions import add_partitions
from messaging_assets.conversion.manifest.requests import (
    add_job,
    add_next_request,
    add_request,
    address_of,
    name_job,
    without_secret_query,
)
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.manifest.transformations import add_transformations
from messaging_assets.conversion.outcome import Converted, Draft, falls_alone
from messaging_assets.conversion.own_code.classes import OwnCode
from messaging_assets.conversion.own_code.known import notes_in, without_code
from messaging_assets.conversion.reading import settings_beside
from messaging_assets.conversion.secret_fields import joined
from messaging_assets.conversion.texts import at_itself
from messaging_assets.files.rules.mistakes import value_at


def from_manifest(manifest: Mapping[str, Any], converted: Converted) -> None:
    """Fill an API in from a manifest.

    Args:
        manifest: as its file has it.
        converted: is filled in.
    """
    source = Part(without_code(resolved(manifest), OwnCode(converted.folder)))
    _describe_settings(source, converted)
    _Streams(source, converted).convert()
    _add_pace(source, converted)


def _describe_settings(source: Part, converted: Converted) -> None:
    spec = value_at(source.own, ("spec", "connection_specification")) or settings_beside(converted.folder)
    for path, field in _fields_of(spec, ()):
        name = ".".join(path)
        if field.get("airbyte_secret"):
            converted.settings.secret.add(name)
            continue
        converted.settings.plain.add(name)
        if field.get("default") is not None:
            converted.settings.defaults.setdefault(name, field["default"])


def _fields_of(schema: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if not isinstance(schema, Mapping) or len(path) > 5:
        return
    for branch in [schema, *(schema.get("oneOf") or [])]:
        properties = branch.get("properties") if isinstance(branch, Mapping) else None
        for name, field in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(field, Mapping):
                yield (*path, str(name)), field
                yield from _fields_of(field, (*path, str(name)))


class _Streams:
    """The streams of a manifest, each made into a resource once, parents too."""

    def __init__(self, source: Part, converted: Converted) -> None:
        self._source, self._converted = source, converted
        self._drafts: dict[tuple[str, str], Draft] = {}
        self._bases: dict[str, str] = {}
        self._scopes: dict[str, Scope] = {}
        self._listed: set[tuple[str, str]] = set()
        self._unions: dict[tuple[str, ...], Draft] = {}

    def convert(self) -> None:
        """Make a resource of each stream."""
        streams = list(self._all_streams())
        self._listed = {(self._name(one), _asked(one)) for one in streams}
        for stream in streams:
            self._draft(stream)
        for one in self._source.parts("dynamic_streams"):
            draft = self._converted.draft(str(one["name"] or "dynamic_stream"))
            draft.give_up("its streams are made while it runs, from what the API or the settings list")
        settle_addresses(self._converted, self._bases)

    def _all_streams(self) -> Iterator[Part]:
        for one in self._source.parts("streams"):
            if one.kind == "ConditionalStreams":
                yield from one.parts("streams")
            else:
                yield whole_stream(one)

    def _name(self, stream: Part) -> str:
        name = "".join(one for one in pieces_of(str(stream["name"] or ""), stream.parameters) if isinstance(one, str))
        return name or "rows"

    def _draft(self, stream: Part) -> Draft:
        name, what = self._name(stream), _asked(stream)
        if (name, what) not in self._drafts:
            # A parent may be another list than the stream of its name, such as one with a filter more.
            is_other = (name, what) not in self._listed and name in {one for one, _ in self._listed}
            draft = self._converted.draft(f"{name}_as_parent" if is_other else name)
            self._drafts[name, what] = draft
            with falls_alone(draft):
                self._fill(draft, stream)
            if (name, what) not in self._listed:
                draft.raw["selected"] = False
        return self._drafts[name, what]

    def parent(self, stream: Part) -> Scope | None:
        """The scope of a parent's resource; None where it cannot be one."""
        draft = self._draft(whole_stream(stream))
        return self._scopes.get(draft.name) if draft.is_carried else None

    def union(self, parents: Sequence[Scope]) -> str:
        """The name of the resource that has the records of several parents."""
        names = [one.draft.name for one in parents]
        together = self._unions.get(tuple(names)) or self._converted.draft("_or_".join(names))
        together.raw["union"] = names
        self._unions[tuple(names)] = together
        return together.name

    def _fill(self, draft: Draft, stream: Part) -> None:
        retriever = stream.part("retriever")
        is_job = retriever is not None and retriever.kind == "AsyncRetriever"
        requester = retriever.part("creation_requester" if is_job else "requester") if retriever else None
        for part, what in ((stream, "it is"), (retriever, "it is read by"), (requester, "it is asked for by")):
            # A requester of code that says where it asks is one with something beside that.
            is_said = part is requester and part is not None and part["url_base"] and part["path"]
            if part is None or (part.is_custom and not is_said):
                draft.give_up(f"{what} {part.shown if part else 'a component that is not there'}; write it by hand")
                return
        assert retriever is not None
        assert requester is not None
        decoder = retriever.part("download_decoder") if is_job else retriever.part("decoder")
        if not answers.add_format(draft, decoder or requester.part("decoder")):
            return
        scope = self._scopes[draft.name] = Scope(draft, self._converted.settings, self._converted.lose)
        cursor = next(iter([*stream.parts("incremental_sync"), *stream.parts("stream_cursor")]), None)
        name_bounds(scope, cursor)
        name_pages(scope, retriever.part("paginator"))
        add_partitions(scope, retriever, self, cursor)
        if not draft.is_carried:
            return
        requester = without_secret_query(scope, requester)
        base, path = address_of(scope, requester)
        if not draft.is_carried:
            return
        base, path = (base, path) if path else at_itself(base)
        self._bases[draft.name] = base
        draft.raw["endpoint"] = {"path": path, **draft.endpoint}
        if requester.is_custom:
            draft.lose(f"it is asked for by {requester.shown}, which may send more than the manifest says", "endpoint")
        for kind, words in dict.fromkeys(notes_in(stream.own)):
            draft.lose(words, "endpoint", kind=kind)
        ways, of_first_page = add_request(scope, requester, goes_by_links(retriever.part("paginator")))
        way = way_in(scope, requester.part("authenticator"), base)
        draft.endpoint["auth"] = joined([*([way] if way else []), *ways])
        selector = retriever.part("record_selector")
        answers.add_selector(scope, selector)
        if is_job:
            name_job(scope, retriever)
            add_job(scope, retriever, base)
        else:
            add_paginator(scope, retriever.part("paginator"))
        add_errors(scope, requester.part("error_handler"))
        add_cursor(scope, cursor)
        is_range_first = retriever["ignore_stream_slicer_parameters_on_paginated_requests"] is True
        add_next_request(scope, of_first_page, is_range_first)
        _add_steps(scope, stream, selector, answers.properties_of(scope, stream, self._converted.folder))
        answers.leave_to_parents(scope)
        name_as_sent(scope)
        answers.add_key(scope, stream)
        settle_windows(scope, cursor)
        answers.add_columns(scope, stream, self._converted.folder)


def _add_steps(scope: Scope, stream: Part, selector: Part | None, properties: Mapping[str, Any]) -> None:
    """Say which records are kept, and what is done to each, in the manifest's order."""
    if selector is not None and selector["transform_before_filtering"] is True:
        add_transformations(scope, stream)
        add_filter(scope, selector, properties)
    else:
        add_filter(scope, selector, properties)
        add_transformations(scope, stream)


def _asked(stream: Part) -> str:
    """What a stream asks for, told apart from other streams of its name; its cache and its schema are no matter."""
    return repr(_plain([stream["retriever"], stream["transformations"]]))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in sorted(value.items()) if name not in ("use_cache", "$parameters")}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _add_pace(source: Part, converted: Converted) -> None:
    """The API's budget, where it holds for all its requests."""
    budget = source.part("api_budget")
    for policy in budget.parts("policies") if budget else ():
        rate = next(iter(policy.parts("rates")), policy)
        limit, seconds = rate["limit"] or rate["call_limit"], seconds_of(rate["interval"] or rate["period"])
        if policy["matchers"] or not isinstance(limit, int) or not seconds:
            told = "its budget of calls differs by path; if the API refuses too many, write requests_per_second"
            converted.lose(told, "client", kind="question")
        else:
            converted.client["requests_per_second"] = round(limit / seconds, 3)
