"""Requesters and partition routers of a manifest -> how a resource is asked for, and for which parents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.manifest.parts import Part, target_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.conversion.outcome import UNKNOWN_ADDRESS
from messaging_assets.conversion.secret_fields import taken_apart
from messaging_assets.conversion.texts import below, filled, has, named, only
from messaging_assets.foundation.json_paths import quoted_path

_FIELDS = {"request_parameters": "params", "request_headers": "headers"}
_TOKEN_WORDS = {"params": "cursor_param", "json": "cursor_body_path", "data": "cursor_body_path"}
_LOCATIONS = {"params": "query", "headers": "header", "json": "body", "data": "body"}


def address_of(scope: Scope, requester: Part) -> tuple[str, str]:
    """The base of a requester's address, and its path below that.

    Returns:
        both as the file has them; an empty base where the path is a link of the parent's.
    """
    texts = [scope.text(requester[word], requester) for word in ("url_base", "path")]
    if requester["url"] and not requester["url_base"]:
        texts = [None, scope.text(requester["url"], requester)]
    if unsaid := named(texts[1], "unknown", "now", "token", "secret"):
        scope.draft.give_up(f"its path takes {' and '.join(unsaid)}, which no word says; write it by hand")
    told = below(scope.of_client, "client", "base_url")
    base = str(filled(texts[0], scope.settings, told, is_doubled=False, is_address=True) or "")
    in_path = below(scope.draft.lose, "endpoint", "path")
    path = str(filled(texts[1], scope.settings, in_path, is_doubled=True, is_address=True) or "")
    if base and not base.startswith(("http://", "https://")):
        if not has(texts[0], "parent"):
            return UNKNOWN_ADDRESS, path
        base, path = "", f"{base}{path}"
    if not base and path.startswith(("http://", "https://")):
        scheme, _, rest = path.partition("://")
        host, _, below_host = rest.partition("/")
        base, path = f"{scheme}://{host}", f"/{below_host}"
    return base, path


def add_request(scope: Scope, requester: Part) -> list[dict[str, Any]]:
    """Say what the requests carry, in the stream's resource; returns ways of authentication found among it."""
    draft, endpoint = scope.draft, scope.draft.endpoint
    method = str(requester["http_method"] or "GET").upper()
    if method != "GET":
        endpoint["method"] = method
    ways: list[dict[str, Any]] = []
    written = {part: requester[word] for word, part in _FIELDS.items()}
    written |= dict([_body(scope, requester)])
    for part, fields in written.items():
        if fields in (None, "", {}):
            continue
        if not isinstance(fields, Mapping):
            if part == "data" and isinstance(fields, str):
                endpoint[part] = scope.written(fields, requester, "endpoint", part)
            else:
                draft.lose(f"its {part} are made by an expression; write them as a mapping", "endpoint", part)
            continue
        texts: dict[str, Any] = {str(name): scope.field(one, requester, part == "json") for name, one in fields.items()}
        texts, found = taken_apart(texts, _LOCATIONS[part], below(draft.lose, "endpoint", "auth"))
        ways += found
        texts = {name: one for name, one in texts.items() if not _is_token(scope, name, one, part)}
        kept = {name: scope.shown(one, "endpoint", part) for name, one in texts.items()}
        endpoint[part] = {name: one for name, one in kept.items() if one not in (None, "")}
    if requester["fetch_properties_from_endpoint"] or requester["query_properties"]:
        draft.lose("it asks for fields by name in several requests, which no word says", "endpoint", "params")
    return ways


def _is_token(scope: Scope, name: str, text: Any, part: str) -> bool:
    """Whether a field takes the next page's token, which the paginator puts there."""
    found = _token_in(text, name)
    if found and part in _TOKEN_WORDS and scope.token is None:
        scope.token = (_TOKEN_WORDS[part], found)
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


def add_partitions(scope: Scope, retriever: Part, name_of: Any) -> bool:
    """Say which parent's records, or which values, the stream is asked for.

    Args:
        name_of: the name of our resource for a stream of the manifest, which it makes where there is none yet.

    Returns:
        whether the file can say it.
    """
    routers = [*retriever.parts("partition_router"), *retriever.parts("stream_slicer")]
    routers = [
        one for one in routers if one.kind not in ("SinglePartitionRouter", "SingleSlice", "DatetimeStreamSlicer")
    ]
    routers = [one for one in routers if not _is_one_value(scope, one)]
    if not routers:
        return True
    if len(routers) > 1 or routers[0].kind != "SubstreamPartitionRouter":
        scope.draft.give_up(_unsaid(routers))
        return False
    parents = list(routers[0].parts("parent_stream_configs"))
    if len(parents) != 1:
        scope.draft.give_up(f"it is read for the records of {len(parents)} parents in turn; write a union of them")
        return False
    _add_parent(scope, parents[0], name_of)
    return True


def _unsaid(routers: list[Part]) -> str:
    kinds = [one.kind for one in routers]
    if kinds == ["ListPartitionRouter"]:
        values = routers[0]["values"]
        shown = f"each of {len(values)} values" if isinstance(values, list) else "each of some values"
        return f"it is read once for {shown} of '{routers[0]['cursor_field']}', which no word says yet"
    shown = " and ".join(one.shown for one in routers)
    return f"what it is read for is made by {shown}; write it by hand, see for_each"


def _is_one_value(scope: Scope, router: Part) -> bool:
    """A list of one value is a constant of the request."""
    values = router["values"]
    text = scope.text(values, router)
    hole = only(text)
    if hole is not None and hole.kind == "setting":
        scope.settings.asked.add(hole.name)
        values = [scope.settings.given[hole.name]] if hole.name in scope.settings.given else values
    if router.kind != "ListPartitionRouter" or not isinstance(values, list) or len(values) != 1:
        return False
    scope.constants[str(router["cursor_field"])] = values[0]
    _inject(scope, router.part("request_option"), str(values[0]))
    return True


def _add_parent(scope: Scope, parent: Part, name_of: Any) -> None:
    stream = parent.part("stream")
    key = scope.written(parent["parent_key"], parent, "endpoint", "path", is_doubled=False)
    field = scope.written(parent["partition_field"], parent, "endpoint", "path", is_doubled=False)
    name = name_of(stream) if stream else None
    if not name or not key or not field:
        scope.draft.give_up("its parent, or the parent's key, is made by an expression")
        return
    path = quoted_path(*str(key).replace("/", ".").split("."))
    scope.parents[str(field)] = f"{name}.{path}"
    extra = parent["extra_fields"]
    for steps in extra if isinstance(extra, list) else ():
        if isinstance(steps, list) and steps:
            scope.parents.setdefault(str(steps[-1]), f"{name}.{quoted_path(*map(str, steps))}")
    _inject(scope, parent.part("request_option"), f"{{resources.{name}.{path}}}")
    if parent["incremental_dependency"]:
        scope.draft.lose("it asks only for parents that changed, and here for all of them; see only_changed_parents")
    if parent["lazy_read_pointer"]:
        scope.draft.lose("it takes its first rows out of the parent's record; here it asks for them")


def _inject(scope: Scope, option: Part | None, value: str) -> None:
    if target := target_of(option):
        scope.draft.send(*target, value)
