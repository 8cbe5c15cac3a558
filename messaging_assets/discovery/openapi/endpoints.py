"""Endpoints of an API document -> resources, parents and children included; the API itself is not asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from messaging_assets.answers.beside_list import list_names
from messaging_assets.description.ways.secret_signs import look_of
from messaging_assets.discovery.found import (
    FoundApi,
    FoundResource,
    about_sensitive,
    api_name,
    plain_name,
    without_nothing,
)
from messaging_assets.discovery.live.paging_signs import is_paging
from messaging_assets.discovery.openapi.document import Document, Operation, read_document
from messaging_assets.discovery.openapi.paging import Paging, paging_of_all
from messaging_assets.discovery.openapi.parents import (
    PLACEHOLDER,
    ListEndpoint,
    bind,
    bound_params,
    bound_path,
    keys_from_paths,
    singular,
)
from messaging_assets.discovery.openapi.references import UnusableDocument
from messaging_assets.discovery.openapi.schema import ListShape, columns_of, find_list, key_of
from messaging_assets.discovery.openapi.security import auth_of
from messaging_assets.files.rules.mistakes import value_at
from messaging_assets.files.rules.secrets import secret_mistakes
from messaging_assets.foundation.failures import counted
from messaging_assets.foundation.redaction import one_line
from messaging_assets.seams.dlt_rest_client import single_entity_path

__all__ = ["UnusableDocument", "find_in_document"]


def find_in_document(
    path: Path, only: Sequence[str], name: str | None, base_url: str | None, given: Mapping[str, str] | None = None
) -> FoundApi:
    """Read an API document.

    Args:
        path: the file, JSON or YAML.
        only: names of the resources that are wanted; empty for all.
        name: what to call the API; made from the document's title where it is left out.
        base_url: where the API is, if the document does not say, or says it wrong.
        given: values of parameters that lists want and no other list has, by name.

    Raises:
        UnusableDocument: nothing in it can become a resource.
    """
    document = read_document(path)
    lists, unmapped = _lists(document)
    for one in lists:
        asked = {parameter.name for parameter in one.operation.parameters}
        asked |= set(PLACEHOLDER.findall(one.operation.path))
        one.given = {word: value for word, value in (given or {}).items() if word in asked}
    if strange := [word for word in given or {} if not any(word in one.given for one in lists)]:
        raise UnusableDocument(f"no list of this document has a parameter {', '.join(strange)}; correct --param.")
    usable = bind(lists, unmapped)
    foreign = [f"{one}: a reference to another file, which is not followed" for one in document.foreign_references()]
    unmapped += foreign
    if foreign and not usable:
        raise UnusableDocument(f"no endpoint became a resource: {foreign[0]}; join the files into one document first.")
    chosen = _chosen(usable, only, unmapped)
    auths = {one.name: auth_of(document, one.operation) for one in chosen}
    common = _most_common([auth for auth, _ in auths.values()])
    paging = paging_of_all(document, usable)
    own = {name: auth if auth != common else None for name, (auth, _) in auths.items()}
    resources = [_resource(one, own[one.name], paging[one.name], one.name in only or not only) for one in chosen]
    remarks = dict.fromkeys((why for _, why in auths.values() if why))
    found = FoundApi(
        name=name or _name(document, path),
        client=without_nothing({"base_url": base_url or document.base_url, "auth": common}),
        resources=resources,
        source=f"{path.name}, {counted(len(resources), 'resource')}; the API itself was not asked",
        description=one_line(document.title) or None,
        unmapped=unmapped,
    )
    found.remarks["client",] = "" if base_url else document.about_address
    found.remarks["client", "auth"] = "; ".join(remarks)
    _leave_out_secrets(found)
    return found


def _leave_out_secrets(found: FoundApi) -> None:
    """Take out words and names of fields that look like a secret, such as the example of a token."""
    for one in found.resources:
        columns = one.raw.get("columns", {})
        one.raw["columns"] = {name: words for name, words in columns.items() if not look_of(name)}
    for mistake in secret_mistakes(found.raw, found.name):
        *place, word = mistake.place
        if word == "description" and place:
            del value_at(found.raw, tuple(place))[word]
        elif word == "description":
            found.description = None


def _name(document: Document, path: Path) -> str:
    words = re.sub(r"\b(rest|http|api|openapi|swagger|v?\d+(\.\d+)*)\b", "", document.title, flags=re.IGNORECASE)
    return api_name(words, plain_name(path.stem))


def _lists(document: Document) -> tuple[list[ListEndpoint], list[str]]:
    """The endpoints that answer lists, and a sentence on each other one."""
    found: list[tuple[Operation, ListShape]] = []
    unmapped, single = [], 0
    operations = list(document.operations())
    for operation in operations:
        if single_entity_path(operation.bare_path):
            single += 1
            continue
        if "#" in operation.path:
            unmapped.append(f"GET {operation.path}: a request does not carry what stands behind the #")
            continue
        shape = _shape_of(document, operation)
        if isinstance(shape, str):
            unmapped.append(f"GET {operation.path}: {shape}")
        else:
            found.append((operation, shape))
    if single:
        answer = "answers" if single == 1 else "answer"
        unmapped.append(f"{counted(single, 'endpoint')} that {answer} one record by its key")
    unmapped += [
        f"POST {one.path}: a list that is asked for by POST; add it by hand, with method: POST"
        for one in document.operations("post")
        if isinstance(_shape_of(document, one), ListShape)
    ]
    names = _names({one.path: _fixed_parts(one) or [_noun(shape)] for one, shape in found})
    paths = [one.bare_path for one in operations]
    return [_list_endpoint(document, names[one.path], one, shape, paths) for one, shape in found], unmapped


def _shape_of(document: Document, operation: Operation) -> ListShape | str:
    return find_list(document, operation, _last_part(operation))


def _noun(shape: ListShape) -> str:
    """What an answer calls its list."""
    return plain_name((list_names(shape.selector) or ("rows",))[-1], "rows")


def _list_endpoint(
    document: Document, name: str, operation: Operation, shape: ListShape, paths: Sequence[str]
) -> ListEndpoint:
    # A name may begin with the parent's, which no field of the child repeats: pet_id in owners_pets.
    own_name = _last_part(operation)
    columns, sensitive = columns_of(document, shape.item, own_name)
    # The path of a list may end in a verb, such as search; what its answer calls the list is a noun then.
    key = key_of(columns, own_name) or key_of(columns, _noun(shape))
    noun = singular(name.rpartition("_")[2])
    keys = (key,) if key else keys_from_paths(operation.bare_path, columns, noun, paths)
    return ListEndpoint(name, operation, shape, columns, keys, sensitive)


def _names(parts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """A name for each path: its last fixed parts, as many as it takes to tell it from the others."""
    names = {path: plain_name(fixed[-1], "rows") for path, fixed in parts.items()}
    for length in range(2, max(map(len, parts.values()), default=0) + 1):
        taken = Counter(names.values())
        for path, name in names.items():
            if taken[name] > 1:
                names[path] = plain_name("_".join(parts[path][-length:]), "rows")
    taken = Counter(names.values())
    names = {
        path: name if taken[name] == 1 else plain_name(re.sub(r"[{}]", "", path), "rows")
        for path, name in names.items()
    }
    return _numbered(names)


def _numbered(names: Mapping[str, str]) -> dict[str, str]:
    """The names, with a number behind those that are still the same: long paths that begin alike are cut."""
    times: Counter[str] = Counter()
    numbered = {}
    for path, name in names.items():
        times[name] += 1
        numbered[path] = name if times[name] == 1 else plain_name(f"{name[:-4]}_{times[name]}")
    return numbered


def _fixed_parts(operation: Operation) -> list[str]:
    """The parts of a path that name something: no placeholder, and no version such as v1 or 2010-04-01."""
    parts = [part for part in operation.bare_path.split("/") if part and "{" not in part]
    return [part for part in parts if not re.fullmatch(r"apis?|rest|v?\d+([.-]\d+)*", part)]


def _last_part(operation: Operation) -> str:
    return plain_name((_fixed_parts(operation) or ["rows"])[-1], "rows")


def _chosen(usable: Sequence[ListEndpoint], only: Sequence[str], unmapped: list[str]) -> list[ListEndpoint]:
    """The wanted lists and the parents they need, parents first."""
    by_name = {one.name: one for one in usable}
    unknown = [name for name in only if name not in by_name]
    if unknown or not usable:
        what = f"there is no list named {', '.join(unknown)}" if unknown else "no endpoint became a resource"
        known = f"; lists in this document: {', '.join(by_name)}." if by_name else ", because of:"
        raise UnusableDocument(
            "\n".join([what + known, *(f"- {one_line(one)}" for one in (() if by_name else unmapped[:20]))])
        )
    chosen: dict[str, ListEndpoint] = {}

    def choose(one: ListEndpoint) -> None:
        if one.parent is not None:
            choose(one.parent)
        chosen.setdefault(one.name, one)

    for name in only or by_name:
        choose(by_name[name])
    return list(chosen.values())


def _most_common(auths: Iterable[dict[str, Any] | None]) -> dict[str, Any] | None:
    counted = Counter(repr(auth) for auth in auths if auth)
    written = {repr(auth): auth for auth in auths if auth}
    return written[counted.most_common(1)[0][0]] if counted else None


def _resource(one: ListEndpoint, auth: dict[str, Any] | None, paging: Paging, is_wanted: bool) -> FoundResource:
    from_parent = _keys_of_parent(one)
    keys = [*(f"_{one.parent.name}_{key}" for key in from_parent if one.parent), *one.keys]
    columns = {
        name: {**column, "nullable": False} if name in one.keys else column for name, column in one.columns.items()
    }
    endpoint: Mapping[str, Any] = {
        "path": bound_path(one),
        "params": {**bound_params(one, "query"), **paging.params},
        "headers": bound_params(one, "header"),
        "data_selector": one.shape.selector,
        "paginator": paging.paginator,
        "auth": auth,
    }
    raw = {
        "name": one.name,
        "description": " ".join(one_line(one.operation.summary).split())[:200] or None,
        "selected": None if is_wanted else False,
        "primary_key": (keys[0] if len(keys) == 1 else keys) if one.keys else None,
        "write_disposition": "merge" if one.keys else "replace",
        "include_from_parent": from_parent or None,
        "endpoint": without_nothing(endpoint),
        "columns": columns,
    }
    found = FoundResource(without_nothing(raw))
    found.remarks = _remarks(one, paging)
    if one.shape.others:
        lists = ", ".join(f"'{path}'" for path in one.shape.others)
        found.doubts.append(f"'{one.shape.selector}' was taken for the list, but its answer has more: {lists}")
        found.remarks["endpoint", "data_selector"] = found.doubts[-1]
    return found


def _keys_of_parent(one: ListEndpoint) -> list[str]:
    """The parent's fields that tell its record apart; of a parent inside another one those that the path takes, too."""
    if one.parent is None:
        return []
    return list(dict.fromkeys([*(one.bindings.values() if one.parent.parent else ()), *one.parent.keys]))


def _remarks(one: ListEndpoint, paging: Paging) -> dict[tuple[str, ...], str]:
    paginator = paging.paginator
    remarks: dict[tuple[str, ...], str] = {("columns",): "as the document has them", **about_sensitive(one.sensitive)}
    if not one.keys:
        remarks["write_disposition",] = (
            "no field looks like a key, so the table is replaced each time; name a primary_key to merge"
        )
    else:
        remarks["primary_key",] = "guessed from the names of fields and paths; the document names no keys"
    if one.parent:
        remarks["include_from_parent",] = f"one list for each record of {one.parent.name}"
    if paginator is None:
        told = "the document shows no paging; links are followed if an answer has any. Declare the paginator, "
        remarks["endpoint",] = told + "or single_page if one answer is everything"
    else:
        whence = (
            "other lists that take the same parameters" if paging.is_of_others else "the names of parameters and fields"
        )
        remarks["endpoint", "paginator"] = f"guessed from {whence}; check says whether it works"
        if "total_path" in paginator and paginator["total_path"] is None:
            remarks["endpoint", "paginator"] += ". total_path is null, as no field of the answer counts all rows"
    # Without a paginator they page nothing: a size among them would cut the list.
    asked = one.operation.of("query")
    others = [parameter.name for parameter in asked if paginator is None or not is_paging(parameter.name)]
    if others:
        told = f"Other parameters of this endpoint: {', '.join(others[:20])}"
        remarks["endpoint",] = ". ".join(filter(None, (remarks.get(("endpoint",)), told)))
    return remarks
