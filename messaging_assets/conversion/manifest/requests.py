"""Requesters of a manifest -> how a resource is asked for; retrievers that wait for an export -> `job`."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from messaging_assets.conversion.components.expressions import condition, settings_alone, single
from messaging_assets.conversion.components.parts import Part
from messaging_assets.conversion.components.values import Ref, tested, value_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.outcome import UNKNOWN_ADDRESS
from messaging_assets.conversion.secret_fields import in_path, taken_apart
from messaging_assets.conversion.texts import below, filled, has, named
from messaging_assets.description.pagination import OF_LISTS
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation.json_paths import quoted_path

_FIELDS = {"request_parameters": "params", "request_headers": "headers"}
_TOKEN_WORDS = {"params": "cursor_param", "json": "cursor_body_path", "data": "cursor_body_path"}
_JOB = ("endpoint", "job")
_MINUTE = 60
_EXPRESSIONS = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
_WORDS = re.compile("\0(\\d+)\0")


def address_of(scope: Scope, requester: Part) -> tuple[str, str]:
    """The base of a requester's address, and its path below that.

    Returns:
        both as the file has them; an empty base where the path is a link of the parent's.
    """
    texts = [scope.address(requester[word], requester, "endpoint", "path") for word in ("url_base", "path")]
    if requester["url"] and not requester["url_base"]:
        texts = [None, scope.address(requester["url"], requester, "endpoint", "path")]
    if names := settings_alone(requester["url_base"]):
        told_of = ", ".join(f"'{one}'" for one in names)
        scope.of_client(f"the address is made of the setting {told_of}; write it", "client", "base_url", kind="setting")
        texts[0] = UNKNOWN_ADDRESS
    texts[1] = in_path(texts[1], scope.settings)
    if unsaid := named(texts[1], "unknown", "token"):
        scope.draft.give_up(f"its path takes {' and '.join(unsaid)}, which no word says; write it by hand")
    told = below(scope.of_client, "client", "base_url")
    # A setting that is the whole address, its scheme too, stands as it is, since resources are told apart by origin.
    is_whole = has(texts[0][:1], "setting") if isinstance(texts[0], list) else False
    base = str(filled(texts[0], scope.settings, told, False, True, not is_whole) or "")
    of_path = below(scope.draft.lose, "endpoint", "path")
    # Of a query whose parts are by settings, nothing may be left.
    path = str(filled(texts[1], scope.settings, of_path, True, True, True) or "").rstrip("?&")
    if base and not base.startswith(("http://", "https://")):
        if not has(texts[0], "parent") and not base.startswith("{job."):
            return UNKNOWN_ADDRESS, path
        base, path = "", f"{base}{path}"
    if not base and path.startswith(("http://", "https://")):
        scheme, _, rest = path.partition("://")
        host, field, below_host = rest.partition("{resources.")
        if "/" in host or not field:
            host, _, below_host = rest.partition("/")
            base, path = f"{scheme}://{host}", f"/{below_host}"
        else:
            base, path = f"{scheme}://{host}", f"{field}{below_host}"
    return base, path


def without_secret_query(scope: Scope, requester: Part) -> Part:
    """A requester whose path has no query with a secret in it: that is parameters, as of any other request."""
    texts = _EXPRESSIONS.split(str(requester["path"] or ""))
    begins = next((place for place, text in enumerate(texts) if place % 2 == 0 and "?" in text), None)
    params = requester["request_parameters"] or {}
    if begins is None or not isinstance(params, Mapping):
        return requester
    path, _, rest = texts[begins].partition("?")
    query = "".join([rest, *texts[begins + 1 :]])
    if not has(scope.text(query, requester), "secret"):
        return requester
    # Each expression is one word, whatever it holds.
    words = [f"\0{place}\0" if place % 2 else text for place, text in enumerate([rest, *texts[begins + 1 :]])]
    pairs = parse_qsl("".join(words), keep_blank_values=True)
    found = {name: _WORDS.sub(lambda one: texts[begins + int(one[1])], value) for name, value in pairs}
    own = {**requester.own, "path": "".join([*texts[:begins], path]), "request_parameters": {**found, **params}}
    return Part(own, requester.parameters)


def add_request(scope: Scope, requester: Part, by_links: bool) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Say what the requests carry, in the stream's resource.

    Args:
        scope: of the stream.
        requester: which has the fields.
        by_links: whether later pages are asked for by their links alone.

    Returns:
        Ways of authentication found among it; part and name of what goes with the first page only.
    """
    draft, endpoint = scope.draft, scope.draft.endpoint
    method = str(requester["http_method"] or "GET").upper()
    if method != "GET":
        endpoint["method"] = method
    ways: list[dict[str, Any]] = []
    of_first_page: list[tuple[str, str]] = []
    written = {part: requester[word] for word, part in _FIELDS.items()}
    written |= dict([_body(scope, requester)])
    for part, fields in written.items():
        if fields in (None, "", {}):
            continue
        if isinstance(fields, str) and isinstance(found := single(fields, requester.parameters), (Mapping, type(None))):
            # A parameter of the manifest may hold them.
            fields = found or {}
        if not isinstance(fields, Mapping):
            if part == "data" and isinstance(fields, str):
                endpoint[part] = scope.written(fields, requester, "endpoint", part)
            else:
                draft.lose(f"its {part} are made by an expression; write them as a mapping", "endpoint", part)
            continue
        texts: dict[str, Any] = {}
        for name, written_one in fields.items():
            one = _properties(scope, part, str(name), written_one)
            on_first, is_first_alone = _on_first_page(one, requester)
            texts[str(name)] = scope.field(on_first, requester, part == "json")
            if is_first_alone and not by_links:
                of_first_page.append((part, str(name)))
        texts, found = taken_apart(texts, part, method, below(draft.lose, "endpoint", "auth"))
        ways += found
        texts = {name: one for name, one in texts.items() if not _is_token(scope, name, one, part)}
        kept = {name: scope.shown(one, "endpoint", part, name, is_declared=True) for name, one in texts.items()}
        # A parent's key or a value of a list may go there already.
        sent = endpoint.get(part) or {}
        endpoint[part] = {**sent, **{name: one for name, one in kept.items() if one not in (None, "")}}
        draft.is_form = draft.is_form or (part == "data" and bool(found))
    if requester["fetch_properties_from_endpoint"] or requester["query_properties"]:
        draft.lose("it asks for fields by name in several requests, which no word says", "endpoint", "params")
    return ways, of_first_page


def _properties(scope: Scope, part: str, name: str, value: Any) -> Any:
    """The names of fields that a request asks for, with commas between them; any other value as it is."""
    if not isinstance(value, Mapping) or value.get("type") != "QueryProperties":
        return value
    names = value.get("property_list")
    if not isinstance(names, list):
        told = (
            f"{name} takes the names of all fields, which the API lists elsewhere; write them here, with commas between"
        )
        scope.draft.lose(f"{told}, else only the usual ones come", "endpoint", part)
        return None
    if limit := (value.get("property_chunking") or {}).get("property_limit"):
        told = f"{name} has up to {limit} at once there, in several requests, and all here; does the API take them?"
        scope.draft.ask(told, "endpoint", part)
    return ",".join(map(str, [*(value.get("always_include_properties") or []), *names]))


def add_next_request(scope: Scope, of_first_page: Sequence[tuple[str, str]], is_range_first: bool = False) -> None:
    """Say what further pages are asked with, where some fields go with the first page only.

    Args:
        scope: of the stream.
        of_first_page: part and name of those fields.
        is_range_first: whether so do all that a range, a parent or a value gives.
    """
    endpoint = scope.draft.endpoint
    paginator: Any = endpoint.get("paginator")
    first = [(part, name) for part, name in of_first_page if name in (endpoint.get(part) or {})]
    written = {part: endpoint[part] for part in ("params", "json", "data") if endpoint.get(part)}
    is_cursor = isinstance(paginator, dict) and paginator["type"] == "cursor"
    # A body that is no mapping has no word there.
    if (first or (is_range_first and is_cursor)) and all(isinstance(fields, Mapping) for fields in written.values()):
        if is_range_first:
            first += [(part, name) for part, fields in written.items() for name in fields if _of_slice(fields[name])]
        rest = {
            part: {name: one for name, one in fields.items() if (part, name) not in first}
            for part, fields in written.items()
        }
        if is_cursor and {part for part, _ in first} <= set(rest) and not OF_LISTS.search(str(rest)):
            paginator["next_request"] = without_nothing(rest)
            return
    for part, name in first:
        scope.draft.lose(f"{name} goes with the first page only there, and with each page here", "endpoint", part, name)


def _of_slice(value: Any) -> bool:
    """Whether a value is a range's, a parent's or a list's."""
    return "{incremental." in str(value) or bool(OF_LISTS.search(str(value)))


def _on_first_page(text: Any, requester: Part) -> tuple[Any, bool]:
    """What a field is on the first page, and whether it is empty on the others; any other text as it is."""
    node = condition(text, requester.parameters) if isinstance(text, str) and "next_page_token" in text else None
    if not isinstance(node, ast.IfExp):
        return text, False
    subject, wanted, is_next = tested(node.test)
    first, later = (node.orelse, node.body) if is_next else (node.body, node.orelse)
    if subject != Ref("next_page_token") or wanted is not True or value_of(later) not in ("", None):
        return text, False
    return f"{{{{ {ast.unparse(first)} }}}}", True


def _is_token(scope: Scope, name: str, text: Any, part: str) -> bool:
    """Whether a field takes the next page's token, which the paginator puts there."""
    found = _token_in(text, name)
    if found and part in _TOKEN_WORDS and scope.page.token is None:
        scope.page.token = (_TOKEN_WORDS[part], found)
    return bool(found) and found == name


def _token_in(text: Any, path: str) -> str | None:
    """Where a field, or a field below it, takes the next page's token; None where none does."""
    if isinstance(text, dict):
        for name in list(text):
            if found := _token_in(text[name], f"{path}.{name}"):
                if found == f"{path}.{name}":
                    del text[name]
                return found
        return None
    return path if has(text, "token") else None


def _body(scope: Scope, requester: Part) -> tuple[str, Any]:
    body = requester.part("request_body")
    if body is not None:
        value = body["value"]
        if body.kind == "RequestBodyGraphQL" and isinstance(value, Mapping):
            return "json", value
        return ("json" if body.kind == "RequestBodyJsonObject" else "data"), value
    if requester["request_body_data"]:
        return "data", requester["request_body_data"]
    value = requester["request_body_json"]
    if isinstance(value, str):
        try:
            return "json", json.loads(value)
        except ValueError:
            return "json", value
    return "json", value


def name_job(scope: Scope, retriever: Part) -> None:
    """Say where a job's answer has the addresses of its files, which the stream's texts take."""
    extractor = retriever.part("download_target_extractor") or retriever.part("urls_extractor")
    path = extractor["field_path"] if extractor is not None and not extractor.is_custom else None
    if path:
        scope.draft.endpoint["job"] = {"download": f"{{job.{quoted_path(*path)}}}"}


def add_job(scope: Scope, retriever: Part, base: str) -> None:
    """Say how the job is waited for, in the stream's resource; a job that no word says gives the stream up.

    Args:
        scope: of the stream.
        retriever: of a job.
        base: of the address where the job is created.
    """
    status, mapping = retriever.part("status_extractor"), retriever.part("status_mapping")
    if status is None or status.is_custom or mapping is None or not retriever.part("polling_requester"):
        scope.draft.give_up("how far its job is, is said by custom code, or by nothing; write job by hand")
        return
    words: dict[str, Any] = {
        "poll": _address(scope, retriever.part("polling_requester"), base),
        "status_path": quoted_path(*map(str, status["field_path"] or [])),
        "done": _listed(mapping["completed"]) + _listed(mapping["skipped"]),
        "failed": [*dict.fromkeys([*_listed(mapping["failed"]), *_listed(mapping["timeout"])])],
        "download": _address(scope, retriever.part("download_requester"), base),
        "delete": _address(scope, retriever.part("delete_requester"), base),
    }
    minutes = scope.written(retriever["polling_job_timeout"], retriever, *_JOB)
    if isinstance(minutes, int) and not isinstance(minutes, bool):
        words["timeout"] = minutes * _MINUTE
    scope.draft.endpoint["job"] = without_nothing(words)
    for word in ("download_target_requester", "download_paginator"):
        part = retriever.part(word)
        if part is not None and part.kind != "NoPagination":
            scope.draft.lose(f"its {word} is left out, as a job's files are whole and named by the job", *_JOB)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _address(scope: Scope, requester: Part | None, base: str) -> str | None:
    """Where a step of the job asks, as `job` has it; a file's own address stands alone."""
    if requester is None:
        return None
    own, path = address_of(scope, requester)
    if path.lstrip("/").startswith("{job."):
        return path.lstrip("/")
    if own.rstrip("/") != base.rstrip("/"):
        scope.draft.give_up("its job is created and looked at on two addresses; write job by hand")
    return "/" + path.lstrip("/")
