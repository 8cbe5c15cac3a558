"""Pages, records, marks and rules of a Sling API spec -> what an endpoint says of its answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from messaging_assets.conversion.outcome import NO_PAGINATOR
from messaging_assets.conversion.spec_texts import SpecScope, first_start
from messaging_assets.conversion.texts import (
    MOST_RETRIES,
    USUAL_PAGE,
    Hole,
    add_handler,
    named,
    only,
    quoted,
    retry_too,
    unusual,
)
from messaging_assets.description.endpoint import RETRIED_STATUSES
from messaging_assets.discovery.found import without_nothing
from messaging_assets.files.rules.mistakes import step_into, value_at

_PAGING = ("endpoint", "paginator")
_PLAIN_PATH = re.compile(r"[\w.@-]+(?:\[\*?\]\.[\w.@-]+)*")


def add_answers(scope: SpecScope, endpoint: Mapping[str, Any]) -> None:
    """Say where the records are, what is done to them, and which answers are errors."""
    records = value_at(endpoint, ("response", "records")) or {}
    path, fields = _projected(str(step_into(records, "jmespath") or step_into(records, "jq") or "").strip())
    for word in ("casing", "select"):
        if step_into(records, word):
            scope.draft.lose(f"its {word} of fields is left out; write it as a step", "steps")
    for name, place in fields.items():
        if name != place:
            scope.draft.step("copy", **{name: place})
    if fields:
        scope.draft.raw.setdefault("steps", []).append({"keep": list(fields)})
    if path in ("", "@", "."):
        scope.draft.endpoint["data_selector"] = "$"
    elif _PLAIN_PATH.fullmatch(path):
        scope.draft.endpoint["data_selector"] = path.removeprefix(".").replace("[]", "[*]")
    else:
        scope.draft.lose(f"its records are taken by {path}, a path of another language", "endpoint", "data_selector")
    if step_into(records, "limit"):
        scope.draft.lose("it takes some records only; here the list is read to its end")
    for processor in value_at(endpoint, ("response", "processors")) or []:
        _add_processor(scope, processor)
    _add_rules(scope, value_at(endpoint, ("response", "rules")) or [])


def _projected(path: str) -> tuple[str, dict[str, str]]:
    """The path to a list, and of a projection, `list[].{name: path}`, the fields of each record."""
    found = re.fullmatch(r"(.*?)\[\*?\]\s*(?:\.|\|\s*)\{(.*)\}", path, re.DOTALL)
    found = found or re.fullmatch(r"()\[\s*\{(.*)\}\s*\]", path, re.DOTALL)
    pairs = re.findall(r"\s*(\w+)\s*:\s*\.?([\w.]+)\s*(?:,|$)", found[2]) if found else []
    if found and len(pairs) == found[2].count(":"):
        return found[1], dict(pairs)
    return re.sub(r"\[\*?\]$", "", path), {}


def _add_processor(scope: SpecScope, processor: Any) -> None:
    expression, output = str(step_into(processor, "expression")).strip(), str(step_into(processor, "output"))
    # What goes into a queue is its reader's matter.
    if output.startswith("queue.") or (output.startswith("state.") and not step_into(processor, "if")):
        return
    field = output.removeprefix("record.")
    source = re.fullmatch(r"(?:trim\()?(record|state)\.([\w.]+)\)?", expression)
    if not step_into(processor, "if") and _add_plain_step(scope, expression, output):
        return
    if not output.startswith("record.") or "." in field or source is None or step_into(processor, "if"):
        scope.draft.lose(f"what it makes of {quoted(expression)} ({output}) is left out; write it as a step", "steps")
        return
    hole = only(scope.text(f"{{state.{source[2]}}}")) if source[1] == "state" else None
    if source[1] == "record":
        scope.draft.step("copy", **{field: source[2]})
    elif isinstance(hole, Hole) and hole.kind == "parent":
        scope.draft.take_from_parent(hole.name, field)
    elif isinstance(hole, Hole) and hole.kind == "each":
        scope.draft.put(f"_{hole.name}", field)
    else:
        scope.draft.lose(f"the field {field} is left out; write it as a step", "steps")


def _add_plain_step(scope: SpecScope, expression: str, output: str) -> bool:
    """Whether a processor takes fields out, or gives them other names, which a step says."""
    steps: list[dict[str, Any]] = scope.draft.raw.setdefault("steps", [])
    called = re.fullmatch(r"object_(delete|rename)\(\s*record\s*,(.*)\)", expression) if output == "record" else None
    names = re.findall(r"[\"']([\w.-]+)[\"']", called[2]) if called else []
    if called and called[1] == "delete" and names:
        steps.append({"drop": names})
    elif called and len(names) > 1:
        steps.append({"rename": dict(zip(names[::2], names[1::2], strict=False))})
    elif expression in ("nil", "null") and re.fullmatch(r"record\.\w+", output):
        steps.append({"drop": [output.removeprefix("record.")]})
    else:
        return False
    return True


def _add_rules(scope: SpecScope, rules: list[Any]) -> None:
    words: dict[str, Any] = {}
    for rule in rules:
        action, condition = step_into(rule, "action"), str(step_into(rule, "condition") or "")
        codes = _statuses(condition)
        if action == "retry" and codes:
            retry_too(words, codes)
            if isinstance(most := step_into(rule, "max_attempts"), int):
                words["max_retries"] = min(most, MOST_RETRIES)
            if isinstance(base := step_into(rule, "backoff_base"), int):
                words["backoff_factor"] = base
        elif action in ("skip", "stop", "continue", "break") and codes and len(codes) < 10:
            actions = [{"status_code": one, "action": "ignore"} for one in codes]
            scope.draft.endpoint.setdefault("response_actions", []).extend(actions)
        elif action != "fail" or not codes or {*codes} & {*RETRIED_STATUSES}:
            scope.draft.lose(f"the rule {action} for {quoted(condition)} is left out", "endpoint", "error_handler")
    add_handler(scope.draft.endpoint, words)


def _statuses(condition: str) -> list[int]:
    """The statuses that a condition means; none where it says anything else too."""
    codes: list[int] = []
    for part in re.split(r"\|\|", condition):
        exact = re.fullmatch(r"\s*response\.status\s*==\s*(\d{3})\s*", part)
        above = re.fullmatch(r"\s*response\.status\s*>=\s*500\s*", part)
        if not exact and not above:
            return []
        codes += [int(exact[1])] if exact else [500, 502, 503, 504]
    return sorted({*codes})


def add_paging(scope: SpecScope, endpoint: Mapping[str, Any]) -> None:
    """Say how pages go on."""
    pagination = endpoint.get("pagination") or {}
    states = pagination.get("next_state") or {}
    if not states:
        scope.draft.ask(NO_PAGINATOR, "endpoint")
        return
    if len(states) > 1:
        scope.draft.ask(f"its pages go on by {', '.join(states)} together; declare the paginator", "endpoint")
        return
    [(name, expression)] = states.items()
    paginator = _paginator(scope, endpoint, str(name), str(expression).strip())
    if paginator is None:
        scope.draft.ask(f"its pages go on by {name}: {quoted(expression)}; declare the paginator", "endpoint")
        return
    parts = [one.strip() for one in re.split(r"\|\|", _plain(str(pagination.get("stop_condition") or "")))]
    # Whether a place is empty says no more than what is there.
    for part in sorted(parts, key=lambda one: one.startswith(("is_null", "is_empty"))):
        end = _end(part, paginator, scope.draft.endpoint.get("data_selector", "$"))
        if end is None:
            scope.draft.ask(
                f"it stops by {quoted(part.strip())}; does it end by itself? If not, add end_path", *_PAGING
            )
        else:
            paginator.update(end)
    scope.draft.endpoint["paginator"] = paginator


def _paginator(scope: SpecScope, endpoint: Mapping[str, Any], name: str, expression: str) -> dict[str, Any] | None:
    place = _place_of(scope, name)
    inner = re.sub(r"^\$?\{\s*|\s*\}$", "", expression)
    inner = _plain(inner)
    state = endpoint.get("state") or {}
    url = str(value_at(endpoint, ("request", "url")) or "")
    own = rf"state\.{re.escape(name)}\s*\+\s*"
    if re.fullmatch(rf"{own}1", inner) and place:
        first = state.get(name)
        return {"type": "page_number", "base_page": first if first in (0, 1) else 1, **_named("page", place)}
    if (step := re.fullmatch(rf"{own}(state\.\w+|\d+|length\(response\.records\))", inner)) and place:
        return _offset(scope, endpoint, place, step[1])
    if (record := re.fullmatch(r"(?:response\.)?records\[-1\]\.([\w.]+)", inner)) and place:
        selector = scope.draft.endpoint.get("data_selector", "$")
        return {"type": "cursor", "cursor_path": f"{selector}[-1].{record[1]}", **_named("cursor", place)}
    chosen = re.fullmatch(r"if\(length\(.*?\)\s*>\s*0\s*,\s*(\S+)\s*,\s*(?:null|nil)\)", inner)
    if token := re.fullmatch(r"response\.json\.([\w.@-]+(?:\[-1\]\.[\w.@-]+)?)", chosen[1] if chosen else inner):
        if not place and f"state.{name}" in url:
            return {"type": "json_link", "next_url_path": token[1]}
        return {"type": "cursor", "cursor_path": token[1], **_named("cursor", place)} if place else None
    if "link" in inner.lower() and "response.headers" in inner:
        return {"type": "header_link"}
    if (header := re.fullmatch(r"response\.headers[.\[\"']+([\w-]+)[\"'\]]*", inner)) and place:
        return {"type": "header_cursor", "cursor_key": header[1], **_named("cursor", place)}
    return None


def _plain(expression: str) -> str:
    """An expression with names in place of the function that looks a path up."""
    found = re.sub(r"jmespath\(response\.(records|json),\s*[\"']\.?(.+?)[\"']\)", r"response.\1.\2", expression)
    return found.replace("records.[", "records[")


def _place_of(scope: SpecScope, name: str) -> tuple[str, str] | None:
    """Where the requests put a variable: `params` or `json`, and the field there."""
    for part in ("params", "json", "data"):
        for field, value in _flat(scope.texts.get(part, {}), ""):
            hole = only(value)
            if hole is not None and hole.kind == "token" and hole.name == name:
                return part, field
    return None


def _flat(fields: Mapping[str, Any], above: str) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in fields.items():
        found += _flat(value, f"{above}{name}.") if isinstance(value, Mapping) else [(f"{above}{name}", value)]
    return found


def _named(word: str, place: tuple[str, str]) -> dict[str, str]:
    if place[0] != "params":
        return {f"{word}_body_path": place[1]}
    return unusual({f"{word}_param": place[1]})


def _offset(scope: SpecScope, endpoint: Mapping[str, Any], place: tuple[str, str], step: str) -> dict[str, Any]:
    request = endpoint.get("request") or {}
    fields = request.get("payload" if place[0] == "json" else "parameters") or {}
    # The field with the variable that is added, else the one with the number.
    wanted = [step, f"state.{step.removeprefix('state.')}"]
    limit = next((name for name, one in fields.items() if re.sub(r"[${} ]", "", str(one)) in wanted), None)
    size = scope.text(f"{{{step}}}") if step.startswith("state.") else step
    if limit is None:
        limit = next((name for name in fields if name in ("limit", "per_page", "page_size", "count")), None)
        size = scope.text(fields[limit]) if limit else size
    if limit is None:
        scope.draft.ask("which parameter takes the size of a page? It is sent as limit", *_PAGING)
    scope.draft.endpoint.get(place[0], {}).pop(limit, None)
    first = (endpoint.get("state") or {}).get(place[1])
    words = {"offset": first if isinstance(first, int) and first > 0 else None}
    number = int(size) if str(size).isdigit() else USUAL_PAGE
    named = {**_named("offset", place), **(_named("limit", (place[0], limit)) if limit else {})}
    return {"type": "offset", "limit": number, **without_nothing(words), **named, "total_path": None}


def _end(condition: str, paginator: Mapping[str, Any], selector: str) -> dict[str, Any] | None:
    if paginator["type"] == "header_link" and re.search(r"response\.headers\b.*\blink\b", condition):
        return {}
    of_rows = r"length\((response\.)?(records|json\.[\w.]+)\)|is_empty\(response\.records\)$"
    if not condition or re.match(of_rows, condition):
        return {}
    path = r"response\.json\.([\w.]+)"
    own = paginator.get("cursor_path") or paginator.get("next_url_path")
    empty = re.fullmatch(rf"(?:is_null|is_empty)\({path}\)|{path}\s*==\s*(?:null|nil|\"\"|'')", condition)
    if empty:
        known = {own, paginator.get("has_more_path"), paginator.get("end_path")} - {None}
        return {} if any(one in known or selector.startswith(one) for one in empty.groups() if one) else None
    if more := re.fullmatch(rf"{path}\s*==\s*false|!\s*{path}", condition):
        found = more[1] or more[2]
        takes = paginator["type"] in ("cursor", "offset", "page_number")
        return {"has_more_path": found} if takes else {"end_path": found, "end_value": False}
    if last := re.fullmatch(rf"{path}\s*==\s*true|{path}", condition):
        return {"end_path": last[1] or last[2]}
    if total := re.fullmatch(rf"(?:state\.\w+|response\.json\.[\w.]*page\w*)\s*>=?\s*{path}", condition):
        return {"total_path": total[1]} if paginator["type"] in ("offset", "page_number") else None
    return None


def add_mark(scope: SpecScope, endpoint: Mapping[str, Any]) -> None:
    """Say which field is the mark, what tells rows apart, and what becomes of those that come again."""
    draft = scope.draft
    synced = [str(one) for one in endpoint.get("sync") or []]
    state = endpoint.get("state") or {}
    url = scope.text(value_at(endpoint, ("request", "url")) or "")
    sent = [url, *(value for fields in scope.texts.values() for _, value in _flat(fields, ""))]
    # What is kept and never sent asks for nothing; a list that is read whole has no mark.
    for name in synced if any(named(one, "start") for one in sent) else ():
        field = _field_of(endpoint, name)
        variable, start = next(((key, one) for key, one in state.items() if f"sync.{name}" in str(one)), ("", None))
        if variable in (value_at(endpoint, ("pagination", "next_state")) or {}):
            draft.lose("its pages begin where the last sync ended; here all of them are read", *_PAGING)
        elif field is None or "incremental" in draft.endpoint:
            draft.lose(f"its state {name} is not kept; declare incremental", "endpoint", "incremental")
        else:
            words = {"cursor_path": field, "initial_value": first_start(start, state)}
            draft.endpoint["incremental"] = without_nothing(words)
    keys = value_at(endpoint, ("response", "records", "primary_key")) or []
    draft.tell_rows_apart([keys] if isinstance(keys, str) else list(keys))


def _field_of(endpoint: Mapping[str, Any], name: str) -> str | None:
    """The field of the records whose highest value a variable keeps."""
    for processor in value_at(endpoint, ("response", "processors")) or []:
        field = re.fullmatch(r"record\.([\w.]+)", str(step_into(processor, "expression")).strip())
        kept = step_into(processor, "output") == f"state.{name}"
        if kept and field and step_into(processor, "aggregation") in ("maximum", "last"):
            return field[1]
    return None
