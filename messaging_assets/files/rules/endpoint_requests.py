"""What a resource's requests cannot be made of: bodies, objects and ways of paging that do not go together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from messaging_assets.description.endpoint import TABULAR
from messaging_assets.description.ways.origins import NoAddress, is_among, origin
from messaging_assets.files.rules.mistakes import Mistake, mapping, step_into
from messaging_assets.files.rules.names import header_mistakes
from messaging_assets.files.rules.templates import page_place_mistakes
from messaging_assets.files.rules.written import Written, columns_of
from messaging_assets.foundation import json_paths

_PATHS_OF_PAGING = frozenset(
    ("cursor_path", "next_url_path", "total_path", "rows_total_path", "has_more_path", "end_path")
)
_ADDRESS = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_ANOTHER = (
    "leave the address out; a path follows client.base_url, so that secrets go to one origin only; name another host "
    "of the API in client.allowed_hosts"
)
_FROM_PARENT = "a parent's record names the host; write in client.allowed_hosts which hosts may have the API's secrets"
_BLANK = re.compile(r"[ \t]")
# As web frameworks write it; within a segment a colon may stand before a verb.
_COLON = re.compile(r"(?:^|/)(:[A-Za-z_]\w*)(?=/|$|\?)")
_FILLED = "write a parent's field as {resources.<parent>.<field>}, what each user has as {setting.name}"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
# Words by which a request takes what it answers out of a queue, or away from the next one that asks.
_TAKING = (
    *("ack", "acknowledge", "autoack", "autoacknowledge", "autodelete", "delete", "deleteafterread", "deleteonread"),
    *("remove", "pop", "dequeue", "destructive", "markread", "markasread", "markseen", "markasseen"),
)
_FORGETS = {
    "ackmode": re.compile(".*requeue_false"),
    "requeue": re.compile("false|0"),
    **dict.fromkeys(_TAKING, re.compile("true|1|yes|on")),
}
_PAGED = "page by offset, page_number, header_link or header_cursor, or by a field of the last record, [-1].id"


def request_mistakes(resource: Written, client: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake for each part of a resource's requests that does not go with another.

    Args:
        resource: whose requests they are.
        client: the file's `client`, as it was written.
    """
    if words := _no_path(str(resource.endpoint.get("path", "")), client):
        yield Mistake(resource.place_of("endpoint", "path"), words)
    yield from _objects_in_requests(resource)
    yield from header_mistakes(resource.endpoint.get("headers"), resource.place_of("endpoint", "headers"))
    yield from _paths_in_tables(resource, client.get("paginator"))
    if resource.endpoint.get("json") is not None and resource.endpoint.get("data") is not None:
        yield Mistake(resource.place_of("endpoint", "data"), "a request has one body; keep json or data")
    if not isinstance(resource.endpoint.get("data"), Mapping | str | None):
        yield Mistake(resource.place_of("endpoint", "data"), "is a form, or a text; write other values under json")
    yield from _pages_of_job(resource)
    yield from _conditional(resource)
    yield from _actions(resource, client)
    yield from _taking_away(resource)
    yield from _beside_without_key(resource)
    yield from _around_no_record(resource)
    yield from _key_in_body(resource, client)
    yield from _paging_in_form(resource, mapping(client.get("paginator")))
    yield from page_place_mistakes(resource, mapping(client.get("paginator")))


def _no_path(path: str, client: Mapping[str, Any]) -> str | None:
    """Why nothing can be asked for at a path, and what to write; None where it can."""
    if words := _other_host(path, client):
        return words
    as_it_is = _PLACEHOLDER.sub("x", path)
    if _BLANK.search(as_it_is):
        return "no address has a blank; write %20, or values under params"
    if (found := _COLON.search(as_it_is)) and "://" not in path:
        return f"'{found[1]}' is no placeholder; {_FILLED}"
    return None


def _other_host(path: str, client: Mapping[str, Any]) -> str | None:
    """Why a path is no address of its own: nobody let the API's secrets go to its host. None where it may be one."""
    if "://" not in path:
        return None
    allowed = client.get("allowed_hosts")
    hosts = [str(one).lower() for one in allowed] if isinstance(allowed, (list, tuple)) else []
    found = _ADDRESS.match(path)
    if found is None:
        return _ANOTHER
    if "{" in found[1]:
        return None if hosts else _FROM_PARENT
    return _refusal(path, hosts, str(client.get("base_url")))


def _refusal(path: str, hosts: Sequence[str], base_url: str) -> str | None:
    """Why the API's secrets may not go to a path that is an address; None where they may."""
    try:
        scheme, *_ = origin(base_url)
    except NoAddress:
        return None  # That is told of base_url.
    address = _PLACEHOLDER.sub("x", path)
    try:
        there, alike = origin(address), origin(f"{scheme}://{address.partition('://')[2]}")
        # What is at the API's own address is written as a path alone.
        among = is_among(alike, hosts, (scheme, "", 0))
    except NoAddress as error:
        return f"an address that {error} is not asked; write it plainly, such as https://eu.example.com/users"
    except ValueError:
        return None  # That is told of allowed_hosts.
    # Where the API is at https, a plain link is asked for there.
    if among and there[0] in ("http", scheme):
        return None
    if among:
        return "the API's hosts are asked by the scheme of client.base_url; write http:// here, or https:// there"
    return _ANOTHER


def _paths_in_tables(resource: Written, of_client: Any) -> Iterator[Mistake]:
    """Paths to what stands beside the records, in a format that has nothing but records."""
    written = resource.endpoint.get("format")
    name = written if isinstance(written, str) else step_into(written, "type")
    if name == "xml" and resource.endpoint.get("data_selector") is None:
        words = "one element of XML looks like no list; name the path to those that are records, such as feed.entry"
        yield Mistake(resource.place_of("endpoint", "data_selector"), words)
    if name not in TABULAR:
        return
    selector = str(resource.endpoint.get("data_selector", "$"))
    if selector != "$" and not (name == "ndjson" and selector.startswith(("[", "$["))):
        words = f"an answer in {name} is the list itself; write $" + (", or [*].name" if name == "ndjson" else "")
        yield Mistake(resource.place_of("endpoint", "data_selector"), f"{words}, or take it out")
    if resource.endpoint.get("include_from_answer") is not None:
        words = f"an answer in {name} has nothing beside its records; take it out"
        yield Mistake(resource.place_of("endpoint", "include_from_answer"), words)
    if step_into(resource.endpoint.get("incremental"), "cursor_in") in ("answer", "link"):
        place = resource.place_of("endpoint", "incremental", "cursor_in")
        yield Mistake(place, f"an answer in {name} has nothing beside its records; write record")
    job = resource.endpoint.get("job")
    own, steps = resource.endpoint.get("paginator"), ["endpoint", "paginator"]
    if job is not None:
        own, steps, of_client = step_into(job, "paginator"), ["endpoint", "job", "paginator"], None
    given = of_client if own is None else own
    place = ("client", "paginator") if own is None else resource.place_of(*steps)
    for word, path in _paths_of_paging({"type": given} if isinstance(given, str) else mapping(given)):
        if path is not None and not str(path).startswith(("[", "$[")):
            words = f"an answer in {name} has nothing beside its records, where {word} could lead; {_PAGED}"
            yield Mistake((*place, word) if step_into(given, word) is not None else place, words)


def _paths_of_paging(paginator: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    defaults = {
        "cursor": {"cursor_path": "cursors.next"},
        "json_link": {"next_url_path": "next"},
        "json_response": {"next_url_path": "next"},
    }
    written = {**defaults.get(str(paginator.get("type")), {}), **paginator}
    yield from ((word, path) for word, path in written.items() if word in _PATHS_OF_PAGING)


def _objects_in_requests(resource: Written) -> Iterator[Mistake]:
    """A header holds a text, and so does each of several values of a parameter; one object goes as JSON."""
    for part, kinds in (("params", ()), ("headers", (Mapping, list))):
        for name, value in mapping(resource.endpoint.get(part)).items():
            several = value if isinstance(value, list) and part == "params" else ()
            if isinstance(value, kinds) or any(isinstance(one, (Mapping, list)) for one in several):
                words = (
                    "an object cannot be a value here; write the text that the API wants, its braces doubled, such as "
                    "'{{\"a\": 1}}'"
                )
                yield Mistake(resource.place_of("endpoint", part, name), words)


def _key_in_body(resource: Written, client: Mapping[str, Any]) -> Iterator[Mistake]:
    """A key in the body of a request that has none, or has a text for one."""
    if not any(step_into(way, "location") == "body" or step_into(way, "body") for way in _ways(resource, client)):
        return
    if str(resource.endpoint.get("method", "GET")).upper() == "GET":
        words = "is GET, whose requests have no body for the key that auth puts there; write method: POST"
        yield Mistake(resource.place_of("endpoint", "method"), f"{words}, or another location")
    for word in ("json", "data"):
        if not isinstance(resource.endpoint.get(word, {}), (Mapping, type(None))):
            told = "is no mapping, into which auth could put a key; write fields, or another location"
            yield Mistake(resource.place_of("endpoint", word), told)


def _ways(resource: Written, client: Mapping[str, Any]) -> Sequence[Any]:
    """The ways of authentication of a resource, as they are written."""
    auth = resource.endpoint.get("auth") or client.get("auth")
    return auth if isinstance(auth, (list, tuple)) else [auth]


def _pages_of_job(resource: Written) -> Iterator[Mistake]:
    """A way of paging where files are the pages."""
    if resource.endpoint.get("job") is None:
        return
    own = resource.own.get("endpoint")
    if step_into(own, "paginator") is not None:
        place = resource.place_of("endpoint", "paginator")
        step = "write job.paginator if its download has pages; else take paginator out, or job where none is begun"
        yield Mistake(place, f"the files of a job are its pages; {step}")


def _conditional(resource: Written) -> Iterator[Mistake]:
    """A list of which an answer without rows would not tell that all of it is as it was."""
    if resource.endpoint.get("conditional") is not True:
        return
    params = mapping(resource.endpoint.get("params")).values()
    parts = {
        "incremental": resource.endpoint.get("incremental")
        or any(step_into(one, "type") == "incremental" for one in params),
        "partitions": resource.full.get("partitions"),
        "for_each": resource.full.get("for_each"),
        "a parent": "{resources." in resource.request_text
        or any(step_into(one, "type") == "resolve" for one in params),
        "a job": resource.endpoint.get("job"),
        "POST": str(resource.endpoint.get("method", "GET")).upper() == "POST",
    }
    for part in (part for part, is_meant in parts.items() if is_meant):
        words = f"only a whole list that GET asks for can be as it was, and here is {part}; take one of the two out"
        yield Mistake(resource.place_of("endpoint", "conditional"), words)


def _actions(resource: Written, client: Mapping[str, Any]) -> Iterator[Mistake]:
    """Actions without effect: to renew a login that there is none of, to retry a status that says so by itself."""
    types = [str(way if isinstance(way, str) else step_into(way, "type")) for way in _ways(resource, client)]
    may_renew = any(one.startswith(("session", "oauth2")) for one in types)
    actions = resource.endpoint.get("response_actions")
    for index, one in enumerate(actions if isinstance(actions, list) else ()):
        place, action = resource.place_of("endpoint", "response_actions", index, "action"), step_into(one, "action")
        if action == "retry" and not {"content", "path"} & {*mapping(one)}:
            yield Mistake(place, "a status alone goes into error_handler.retry_on_status_codes; write it there")
        elif action == "renew" and not may_renew:
            words = "renew asks for a login or token anew, and auth has none; write auth of type session or oauth2"
            yield Mistake(place, words)


def _beside_without_key(resource: Written) -> Iterator[Mistake]:
    """What stands beside a list may differ from page to page, and a page that came twice would look new by it."""
    has_key = resource.full.get("primary_key") or any(
        step_into(column, "primary_key") for column in columns_of(resource).values()
    )
    if resource.endpoint.get("include_from_answer") and not has_key:
        words = "without a primary_key, a record that came twice is known by all that is in it; name one"
        yield Mistake(resource.place_of("endpoint", "include_from_answer"), words)


def _around_no_record(resource: Written) -> Iterator[Mistake]:
    """A path through several groups that is not spelled as data_selector is: it may find one group's value for all."""
    selector = resource.endpoint.get("data_selector")
    for name, path in mapping(resource.endpoint.get("include_from_answer")).items():
        if not (isinstance(path, str) and isinstance(selector, str)):
            continue
        if json_paths.leads_past_holders(selector, path):
            words = f"may find the value of another record's group; begin it as data_selector does ({selector}), up to "
            words += "what holds the record, or let it lead beside the list"
            yield Mistake(resource.place_of("endpoint", "include_from_answer", name), words)


def _taking_away(resource: Written) -> Iterator[Mistake]:
    """A request by which a queue forgets what it answers, before anybody has loaded that."""
    for part in ("params", "json", "data"):
        for name, value in mapping(resource.endpoint.get(part)).items():
            word, said = re.sub("[^a-z]", "", str(name).lower()), str(value).lower()
            if word in _FORGETS and _FORGETS[word].fullmatch(said):
                words = (
                    "a queue forgets what it answers to this, and a sync that fails then has lost it; let it keep its "
                    "messages, as ack_requeue_true does, and have a consumer of its own take them"
                )
                yield Mistake(resource.place_of("endpoint", part, name), words)


def _paging_in_form(resource: Written, of_client: Mapping[str, Any]) -> Iterator[Mistake]:
    """A place in the body that a body written as `data` does not have."""
    data, own = resource.endpoint.get("data"), resource.endpoint.get("paginator")
    paginator = of_client if own is None else mapping(own)
    for name in ("page_body_path", "offset_body_path", "limit_body_path", "cursor_body_path"):
        path = paginator.get(name)
        # What a job is begun with is no page, and a further page may have a body of its own.
        is_other = "job" in resource.endpoint or (name == "cursor_body_path" and "next_request" in paginator)
        if data is None or not isinstance(path, str) or is_other:
            continue
        place = ("client", "paginator", name) if own is None else resource.place_of("endpoint", "paginator", name)
        if not isinstance(data, Mapping):
            yield Mistake(place, "data is a text, into which no page can be put; write it as a mapping, or as json")
        elif "." in path.removeprefix("$.") or "[" in path:
            yield Mistake(place, "a form has fields and nothing below them; name one field, or write json for data")
