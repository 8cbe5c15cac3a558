"""A Sling API spec -> an API file, endpoint by endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from messaging_assets.conversion.outcome import UNKNOWN_ADDRESS, Converted, Draft, falls_alone
from messaging_assets.conversion.secret_fields import in_path, joined, secret_name, taken_apart, with_secrets
from messaging_assets.conversion.spec_answers import add_answers, add_mark, add_paging
from messaging_assets.conversion.spec_texts import (
    Filler,
    SpecScope,
    endpoints_of,
    of_parent,
    queues_of,
    state_of,
    text_of,
    values_of,
)
from messaging_assets.conversion.texts import GRANTS, Hole, Lose, below, filled, named, only, quoted
from messaging_assets.discovery.found import without_nothing
from messaging_assets.files.rules.mistakes import step_into, value_at
from messaging_assets.foundation.redaction import one_line

_FORMATS = {"": None, "None": None, "json": None, "csv": "csv", "xml": "xml", "jsonl": "ndjson", "jsonlines": "ndjson"}
_SCHEME = re.compile(r"https?://")
# What its signing texts take -> ours.
_SIGNED = {
    "http_method": "{method}",
    "http_path": "{path}",
    "http_query": "{query}",
    "http_body": "{body}",
    **{f"http_body_{name}": f"{{body:{name}}}" for name in ("md5", "sha1", "sha256", "sha512")},
    "unix_time": "{now:epoch_seconds}",
    "unix_time_ms": "{now:epoch_ms}",
    "date_iso": "{now:iso}",
    "date_rfc1123": "{now:http}",
    "nonce": "{nonce}",
    "signature": "{signature}",
}


def from_spec(spec: Mapping[str, Any], converted: Converted) -> None:
    """Fill an API in from a spec.

    Args:
        spec: as its file has it.
        converted: is filled in.
    """
    description = spec.get("description")
    converted.description = description if isinstance(description, str) else None
    shared = spec.get("authentication")
    ways = _ways(shared, converted, below(converted.lose, "client", "auth"))
    endpoints = endpoints_of(spec)
    names = {name: converted.draft(name) for name in endpoints}
    queues = queues_of(endpoints)
    addresses: dict[str, str] = {}
    rates: list[float] = []
    for name, endpoint in endpoints.items():
        with falls_alone(draft := names[name]):
            scope = SpecScope(draft, converted.settings, state_of(endpoint))
            if isinstance(told := endpoint.get("description"), str):
                draft.raw["description"] = one_line(told)
            if not _add_parent(scope, endpoint, names, queues) or _is_unsayable(draft, endpoint):
                continue
            auth = endpoint.get("authentication", shared)
            own = ways if auth == shared else _ways(auth, converted, below(draft.lose, "endpoint", "auth"))
            addresses[name] = _add_request(scope, endpoint, own, _static_headers(auth))
            add_answers(scope, endpoint)
            add_paging(scope, endpoint)
            add_mark(scope, endpoint)
            if True in (endpoint.get("disabled"), endpoint.get("queue_only")):
                draft.raw["selected"] = False
            rates += [scope.rate] if scope.rate else []
    _settle_address({name: one for name, one in addresses.items() if names[name].is_carried}, names, converted)
    if rates:
        converted.client["requests_per_second"] = min(rates)
    if spec.get("dynamic_endpoints"):
        converted.draft("dynamic_endpoints").give_up("its endpoints are made while it runs")


def _static_headers(auth: Any) -> dict[str, Any]:
    """What a way without a type, or of this one, sends with each request."""
    headers = step_into(auth, "headers") if step_into(auth, "type") in (None, "", "static") else None
    return dict(headers) if isinstance(headers, Mapping) else {}


def _ways(auth: Any, converted: Converted, lose: Lose) -> list[dict[str, Any]]:
    kind = step_into(auth, "type")
    if not auth or kind in (None, "", "none", "static"):
        return []
    if kind == "basic":
        empty = [half for half in ("username", "password") if step_into(auth, half) in (None, "")]
        return [without_nothing({"type": "http_basic", "empty": empty[0] if empty else None})]
    flow = step_into(auth, "flow")
    if kind == "oauth2" and (step_into(auth, "refresh_token") or flow in GRANTS):
        way = "oauth2_refresh_token" if step_into(auth, "refresh_token") else GRANTS[str(flow)]
        address = filled(text_of(step_into(auth, "authentication_url"), {}), converted.settings, lose, False, True)
        return [without_nothing({"type": way, "token_url": address, "scopes": step_into(auth, "scopes")})]
    if kind in ("aws-sigv4", "aws_sigv4"):
        region, service = step_into(auth, "aws_region"), step_into(auth, "aws_service")
        if isinstance(region, str) and isinstance(service, str) and "{" not in region + service:
            return [{"type": "aws_sigv4", "region": region, "service": service}]
    if kind == "hmac" and (signed := _hmac(auth, converted, lose)):
        return [signed]
    lose(f"it authenticates by {kind}{f' ({flow})' if flow else ''}; say under auth how")
    return []


def _hmac(auth: Mapping[str, Any], converted: Converted, lose: Lose) -> dict[str, Any] | None:
    """A signature, where each word in its texts is known."""
    secret = named(text_of(auth.get("secret"), {}), "secret", "setting")
    headers = auth.get("request_headers")
    headers = headers if isinstance(headers, Mapping) else {}
    texts = [_signing_text(one, converted, lose) for one in (auth.get("signing_string"), *headers.values())]
    if not secret or not all(texts) or "{signature}" not in "".join(map(str, texts[1:])):
        return None
    return without_nothing(
        {
            "type": "hmac",
            "secret": secret_name(secret[0]),
            "algorithm": auth.get("algorithm"),
            "text": texts[0],
            "headers": dict(zip(headers, texts[1:], strict=True)),
        }
    )


def _signing_text(value: Any, converted: Converted, lose: Lose) -> str | None:
    parts: list[Any] = []
    for index, one in enumerate(re.split(r"\{([a-z0-9_]+)\}", str(value or ""))):
        if index % 2 and one not in _SIGNED:
            return None
        written = _SIGNED[one] if index % 2 else with_secrets(text_of(one, {}), converted.settings, lose)
        if written is None:
            return None
        parts.append(written)
    return "".join(parts)


def _add_parent(
    scope: SpecScope,
    endpoint: Mapping[str, Any],
    names: Mapping[str, Draft],
    queues: Mapping[str, list[Filler]],
) -> bool:
    over = value_at(endpoint, ("iterate", "over"))
    if over in (None, ""):
        return True
    into = str(value_at(endpoint, ("iterate", "into")) or "").removeprefix("state.")
    if asked := value_at(endpoint, ("iterate", "if")):
        scope.draft.lose(f"it is read whether {quoted(asked)} holds or not", "endpoint")
    if (values := values_of(over, scope)) and into.isidentifier():
        scope.draft.raw.setdefault("for_each", {})[into] = values
        scope.state[into] = [Hole("each", into)]
        return True
    queue = re.fullmatch(r"[{$ ]*queue\.(\w+)[} ]*", str(over))
    fillers = queues.get(queue[1], []) if queue else []
    if queue is None or not fillers:
        shown = f"the queue {queue[1]}, which no endpoint fills from a field" if queue else "the values of a list"
        scope.draft.give_up(f"it is read once for each of {shown}; write it by hand{'' if queue else ', see for_each'}")
        return False
    first, others = fillers[0], [one.endpoint for one in fillers[1:]]
    if scope.draft is names[first.endpoint]:
        scope.draft.give_up("it is its own parent")
        return False
    if others:
        told = f"only {first.endpoint} is its parent here, but {', '.join(others)} fill its queue, too; write a union"
        scope.draft.lose(told, "endpoint")
    if first.condition:
        told = f"it is read for all records of {first.endpoint}, also where {quoted(first.condition)} does not hold"
        scope.draft.lose(told, "endpoint")
    for key, expression in first.fields.items():
        scope.state[f"{into}.{key}" if key else into] = [of_parent(names[first.endpoint], expression)]
    return True


def _is_unsayable(draft: Draft, endpoint: Mapping[str, Any]) -> bool:
    format_ = str(value_at(endpoint, ("response", "format")) or "")
    for word in ("setup", "teardown"):
        if calls := endpoint.get(word):
            told = f"its {word} sends requests before or after it, which no word says"
            if _is_needed(calls, endpoint):
                draft.give_up(told)
                return True
            draft.lose(told, "endpoint")
    if format_ not in _FORMATS:
        draft.give_up(f"its answers are {format_}; write it by hand, see format")
        return True
    if written := _FORMATS[format_]:
        draft.endpoint["format"] = written
    if endpoint.get("overrides"):
        draft.lose("its overrides are left out; see write_disposition and columns", "write_disposition")
    return False


def _is_needed(calls: Any, endpoint: Mapping[str, Any]) -> bool:
    """Whether requests beside the list change anything at the API, or say what the list is asked by."""
    asked = repr([endpoint.get("request"), endpoint.get("pagination"), endpoint.get("iterate")])
    for call in calls if isinstance(calls, list) else [None]:
        processors = value_at(call, ("response", "processors")) or []
        kept = [str(step_into(one, "output")) for one in processors]
        is_get = str(value_at(call, ("request", "method")) or "GET").upper() == "GET"
        if not is_get or any(one.startswith("state.") and one in asked for one in kept):
            return True
    return False


def _add_request(
    scope: SpecScope, endpoint: Mapping[str, Any], ways: list[dict[str, Any]], static: Mapping[str, Any]
) -> str:
    """Say how to ask; returns the whole address."""
    request = endpoint.get("request") or {}
    draft = scope.draft
    method = str(request.get("method") or "GET").upper()
    if method != "GET":
        draft.endpoint["method"] = method
    url = scope.text(request.get("url") or "")
    if (whole := only(url)) and whole.kind == "token":
        # The first page is at the address that the state begins with.
        url = text_of((endpoint.get("state") or {}).get(whole.name), {**scope.state, whole.name: None})
    if not url:
        draft.give_up("it asks for nothing itself; its records are made of those of others")
    if unsaid := named(url, "unknown", "token"):
        draft.give_up(f"its address takes {' and '.join(unsaid)}, which no word says; write it by hand")
    # A setting that is the whole address, its scheme too, stands as it is, since endpoints are told apart by origin.
    is_whole = isinstance(url, list) and isinstance(url[0], Hole)
    url = _with_secrets_in_path(url, scope)
    address = filled(url, scope.settings, below(draft.lose, "endpoint", "path"), True, True, not is_whole)
    found = list(ways)
    headers = {**static, **(request.get("headers") or {})}
    is_form = method == "POST" and any("x-www-form-urlencoded" in str(one).lower() for one in headers.values())
    parts = {"params": request.get("parameters"), "headers": headers, "json": request.get("payload")}
    if is_form:
        parts = {"headers": headers, "data": parts["params"] or parts["json"]}
    for part, fields in parts.items():
        if fields in (None, {}, ""):
            continue
        if not isinstance(fields, Mapping):
            draft.lose("its payload is a text; write it as json or data", "endpoint", part)
            continue
        texts = {str(name): scope.text(one) for name, one in fields.items()}
        texts = {name: one for name, one in texts.items() if one is not None}
        kept, own = taken_apart(texts, part, method, below(draft.lose, "endpoint", "auth"))
        found += own
        scope.texts[part] = kept
        written = {name: scope.written(one, "endpoint", part) for name, one in kept.items()}
        draft.endpoint[part] = {name: one for name, one in written.items() if one is not None}
        draft.is_form = draft.is_form or (part == "data" and bool(own))
    draft.endpoint["auth"] = joined(found)
    rate = request.get("rate")
    if isinstance(rate, (int, float)) and rate > 0:
        scope.rate = rate
    return str(address)


def _with_secrets_in_path(url: Any, scope: SpecScope) -> Any:
    """An address in which the file names the secrets that stand behind its host."""
    pieces = enumerate(url if isinstance(url, list) else ())
    begins = next((at for at, one in pieces if isinstance(one, str) and "/" in _SCHEME.sub("", one)), None)
    return url if begins is None else [*url[: begins + 1], *in_path(url[begins + 1 :], scope.settings)]


def _settle_address(addresses: Mapping[str, str], names: Mapping[str, Draft], converted: Converted) -> None:
    """One base for all: what the addresses begin with alike, up to a slash."""
    addresses = {name: one if _SCHEME.match(one) else _unknown(one) for name, one in addresses.items()}
    origins = [urlsplit(one)[:2] for one in addresses.values()] or [urlsplit(UNKNOWN_ADDRESS)[:2]]
    most = max(origins, key=origins.count)
    own = {name: one for name, one in addresses.items() if urlsplit(one)[:2] == most}
    base = _in_common([one.partition("{")[0] for one in own.values()], f"{most[0]}://{most[1]}")
    converted.client["base_url"] = base
    for name, address in addresses.items():
        if name in own:
            names[name].raw["endpoint"] = {"path": address[len(base) :] or "/", **names[name].endpoint}
        else:
            names[name].give_up(f"it is at another address, {address.partition('?')[0]}; give it a file of its own")


def _unknown(address: str) -> str:
    """An address whose host nobody gave."""
    return f"{UNKNOWN_ADDRESS}/{address.partition('/')[2]}"


def _in_common(addresses: list[str], origin: str) -> str:
    folders = [one.partition("?")[0].rpartition("/")[0].split("/") for one in addresses]
    shared = []
    for steps in zip(*folders, strict=False):
        if len({*steps}) > 1:
            break
        shared.append(steps[0])
    found = "/".join(shared)
    return found if len(found) > len(origin) else origin
