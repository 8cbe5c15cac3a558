"""Texts that are sent as nobody means them: variables of other tools, such as `${TENANT}`, and curly quotes.

Nothing fills those variables. Sent as they are, an API may take them for the name of another tenant, or for none. So it
may with a place for a page's number that the list's paginator does not fill.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from messaging_assets.description.names import PAGE_PLACE, PARTS_OF_REQUEST
from messaging_assets.files.rules.mistakes import Mistake, Place, mapping, value_at
from messaging_assets.files.rules.secrets import IN_AUTH
from messaging_assets.files.rules.written import Written, written_resources

_SHELL = re.compile(r"\$\{")
_OF_ENVIRONMENT = re.compile(
    r"\{\{-?\s*(env|env_var|environ|os|getenv|vars?|variables?|secrets?|config|parameters|settings|inputs)\b\s*[.(\[]"
)
_OF_TIME = re.compile(
    r"\{\{-?\s*((now|now_utc|today|today_utc)\(\)|(day_delta|duration|format_datetime|str_to_datetime)\()"
)
_OF_READING = re.compile(r"\{\{-?\s*(stream_\w+|next_page_token|record|response)\s*[.\[]")
# In headers, paths and addresses nobody writes a query, whose braces are doubled too.
_ANY = re.compile(
    r"\{\{-?\s*[A-Za-z_][\w.()\[\]'| -]*\}\}|\{%|(?<![\w$])\$[A-Z_][A-Z0-9_]+\b|%[A-Z_][A-Z0-9_]{2,}%(?![0-9A-F]{2})"
)
# Where dlt fills no placeholder, a name in braces is none.
_PLACEHOLDER = re.compile(r"\{(?:[A-Za-z_][\w.-]*|now[^{}]*)\}")
# Below auth, these are filled, and their models say by what; a request for a token takes secrets alone.
_FILLED = frozenset({"headers", "params", "text", "claims", "jwt_headers", "fields"})
_OF_TOKENS = "access_token_request_data"
_NO_SECRET = re.compile(r"\{(?!secret\.)[A-Za-z_][\w.-]*\}")
_DOUBLED = re.compile(r"\{\{|\}\}")
_SECRET = re.compile(r"\{secret\.\w+\}")
_PLACES_OF_SECRETS = {"headers", "params", "json", "data"}
_OF_OTHER_TOOLS = (
    "nothing fills a variable here; write {now:<format>} or {now-7d:<format>} for a time, {incremental.start_value} "
    "for a mark, {resources.<parent>.<field>} for a parent's field"
)
_IN_AUTH = (
    "no secret is filled in here; write secret: <name>, and prefix: what stands before it; a login takes it in its "
    "fields and headers"
)
# A placeholder in a query or JSON; one of a name that there is not is told as everywhere.
_FILLED_IN = re.compile(r"(\{(?:[A-Za-z_]\w*(?:\.[\w-]+)+|now(?:-\w+)?)(?:[:!][^{}]*)?\})")
# What may be meant for a name, as nothing is that has quotes, blanks or braces inside.
_NAME = re.compile(r"\s*[\w.\[\]-]*\s*")
# A placeholder of requests, where no request is.
_OF_REQUESTS = re.compile(
    r"(?<!\{)\{(?:(?:resources|incremental|window|partition|for_each|paginator|job|secret)\.[\w.*\[\]-]+|now(?:-\w+)?(?=:))"
    r"(?:[:!][^{}]*)?\}"
)
_NO_RANGE = "no range begins or ends so; write a value, now, or a time before it such as -30d"
_BESIDE_REQUESTS: dict[tuple[str, ...], str] = {
    ("steps",): (
        "no step fills a placeholder of requests; a record has values of for_each as _<name>, its parent's fields by "
        "include_from_parent, and the time of its sync in _dlt_load_id"
    ),
    ("for_each",): (
        "nothing is filled in here; {now:<format>} stands in the request itself, and accounts ask the same lists with "
        "several secrets"
    ),
    ("endpoint", "incremental", "initial_value"): _NO_RANGE,
    ("endpoint", "incremental", "end_value"): _NO_RANGE,
    ("endpoint", "data_selector"): "no path takes a placeholder; ask for these records alone, or let steps filter them",
    **{
        ("endpoint", word): "no placeholder is filled here; write what the API has in its place"
        for word in ("incremental", "paginator", "response_actions", "error_in_body")
    },
}
# As word processors and chats make them of straight ones.
_IN_CURLY_QUOTES = re.compile(r"[\u201c\u201d\u201e\u2018\u2019\u201a].*[\u201c\u201d\u2018\u2019]")
# What a way of paging has numbers for, which texts of a request may take.
_NUMBERS = {"offset": ("offset", "limit"), "page_number": ("page",)}
_NUMBERED = "type: offset has {paginator.offset} and {paginator.limit}, and page_number has {paginator.page}"


def template_mistakes(raw: Mapping[str, Any], name: str) -> Iterator[Mistake]:
    """A mistake for each variable that nothing fills.

    Args:
        raw: the description as it was written.
        name: the API's name, from which the names of its secrets follow.
    """
    said = _sentence(name)
    told: set[Place] = set()
    for place, text, patterns in _texts_with_rules(raw):
        if place not in told and (_OF_TIME.search(text) or _OF_READING.search(text)):
            told.add(place)
            yield Mistake(place, _OF_OTHER_TOOLS)
        if place not in told and any(pattern.search(text) for pattern in patterns):
            told.add(place)
            in_auth = _IN_AUTH if "auth" in place and _SECRET.search(text) else None
            yield Mistake(place, secret_meant(text, place) or in_auth or said)
    beside = chain.from_iterable(map(_beside_requests, written_resources(raw)))
    yield from {mistake.place: mistake for mistake in reversed([*beside])}.values()
    for place, text in texts_of(value_at(raw, ("client", "headers")), ("client", "headers")):
        if place not in told and _DOUBLED.search(text):
            yield Mistake(place, "braces are sent as they are written here; write each of them once")
    for place, text in texts_of(raw, ()):
        if _IN_CURLY_QUOTES.fullmatch(text) and "description" not in place:
            yield Mistake(place, "curly quotes are part of the text; write straight ones, or none")


def _beside_requests(resource: Written) -> Iterator[Mistake]:
    """A mistake for each placeholder that only a request would fill."""
    for at, words in _BESIDE_REQUESTS.items():
        for place, text in texts_of(value_at(resource.full, at), resource.place_of(*at)):
            # What a template names are fields, and the others are requests of their own.
            if not {"template", "first_mark", "next_request"} & {*place} and _OF_REQUESTS.search(text):
                yield Mistake(place, words)


def page_place_mistakes(resource: Written, of_client: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake for each place for a page's number that the list's paginator has no number for, or that takes none.

    Args:
        resource: whose request it is.
        of_client: the client's own paginator.
    """
    own = resource.endpoint.get("paginator")
    paginator = of_client if own is None else mapping(own)
    numbers = _NUMBERS.get(str(own if isinstance(own, str) else paginator.get("type")), ())
    for part in PARTS_OF_REQUEST:
        texts = texts_of(resource.endpoint.get(part), resource.place_of("endpoint", part))
        for place, word in ((place, word) for place, text in texts for _, word in PAGE_PLACE.findall(text)):
            put = [one for one in (f"{word}_param", f"{word}_body_path") if one in paginator]
            if said := _takes_no_page(resource, part, place):
                yield Mistake(place, said)
            elif word not in numbers:
                yield Mistake(place, f"the list's paginator has no {word} for it; {_NUMBERED}")
            elif put:
                yield Mistake(place, f"{put[0]} puts the {word} elsewhere; take one of the two out")


def _takes_no_page(resource: Written, part: str, place: Place) -> str | None:
    if part == "headers":
        return "no header says which page is asked for; write it in path, params, json or data"
    if resource.endpoint.get("job") is not None:
        return "this request begins a job, and asks for no page; take it out"
    if any(isinstance(step, str) and PAGE_PLACE.search(step) for step in place):
        return "no name says which page is asked for; write it in a value"
    if part == "params" and any(f"{{{step}}}" in str(resource.endpoint.get("path")) for step in place):
        return "its value goes into the path; write {paginator...} there itself"
    return None


def is_template(text: str) -> bool:
    """Whether a text, of whatever part of a request, holds a variable of the environment."""
    return bool(_SHELL.search(text) or _OF_ENVIRONMENT.search(text))


def with_own_braces(text: str) -> str:
    """A text in which braces that mean themselves are doubled, where it is no pattern but a query of GraphQL or JSON.

    Args:
        text: of a parameter or body, as it was written. It stays where its braces are doubled, or hold names alone.
    """
    parts = _FILLED_IN.split(text)
    own, depths = parts[::2], [0]
    for brace in re.findall(r"[{}]", "".join(own)):
        depths.append(depths[-1] + (1 if brace == "{" else -1))
    if min(depths) < 0 or depths[-1] or _is_pattern(text):
        return text
    parts[::2] = [one.replace("{", "{{").replace("}", "}}") for one in own]
    return "".join(parts)


def _is_pattern(text: str) -> bool:
    try:
        return all(_NAME.fullmatch(field or "") for _, field, _, _ in string.Formatter().parse(text))
    except ValueError:
        return False


def secret_meant(text: str, place: Place) -> str | None:
    """What to do about a `{secret.<name>}` where no secret goes; None for another text.

    Args:
        text: as it was written.
        place: where it stands; its last step is the name of the header, parameter or field.
    """
    if not _SECRET.search(text) or "auth" in place:
        return None
    if not _PLACES_OF_SECRETS & {*place}:
        return "a secret in an address goes into endpoint.path; elsewhere set <API>__BASE_URL to base_url with it"
    return (
        "a secret is all of a header, a parameter or a field of the body, but for what stands before it; "
        "for another text write type: hmac under auth"
    )


def texts_of(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """The texts in a value, keys too, with where they stand."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from texts_of(key, (*place, key))
            yield from texts_of(one, (*place, key))
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from texts_of(one, (*place, index))


def _sentence(name: str) -> str:
    prefix = name.upper() or "<API>"
    return (
        "nothing fills a variable here; declare it under settings and write {setting.<name>}; a secret goes under "
        f"auth, its value into {prefix}__API_KEY, __TOKEN, ...; an address into {prefix}__BASE_URL"
    )


def _texts_with_rules(raw: Mapping[str, Any]) -> Iterator[tuple[Place, str, tuple[re.Pattern[str], ...]]]:
    everywhere = (_SHELL, _OF_ENVIRONMENT)
    for word in ("base_url", "headers"):
        for place, text in texts_of(value_at(raw, ("client", word)), ("client", word)):
            yield place, text, (*everywhere, _ANY, _PLACEHOLDER)
    ways: list[tuple[Place, Any]] = [(("client", "auth"), value_at(raw, ("client", "auth")))]
    for resource in written_resources(raw):
        ways.append((resource.place_of("endpoint", "auth"), resource.endpoint.get("auth")))
        for part in ("path", "headers", "params", "json", "data", "job"):
            rules = (*everywhere, _ANY) if part in ("path", "headers") else everywhere
            for place, text in texts_of(resource.endpoint.get(part), resource.place_of("endpoint", part)):
                yield place, text, rules
    for at, auth in ways:
        for place, text in texts_of(auth, at):
            # A secret there is told by its own sentence, and a login's headers are filled from its answer.
            below = {*map(str, place[len(at) :])}
            if IN_AUTH.isdisjoint(below):
                braces = () if below & _FILLED else (_NO_SECRET,) if _OF_TOKENS in below else (_PLACEHOLDER,)
                yield place, text, (*everywhere, _ANY, *braces)
