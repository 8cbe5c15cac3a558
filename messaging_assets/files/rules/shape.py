"""pydantic's errors about a description -> mistakes: one for each place, in words that name what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from messaging_assets.description.api import ApiDescription, Client, Endpoint, Incremental
from messaging_assets.description.authentication import Described
from messaging_assets.description.resource import Resource, ResourceBase
from messaging_assets.files.rules.mistakes import (
    Mistake,
    Place,
    came,
    is_private,
    kind_of,
    own_words,
    step_into,
    suggestion,
    value_at,
)
from messaging_assets.files.rules.other_words import REFUSED, meanings, refusal_of_text
from messaging_assets.files.rules.secrets import IN_AUTH

# What to write where something of another kind came.
_EXAMPLES = {
    "schedule": '{cron: "0 * * * *"}',
    "resources": "- name: users for each",
    "timeout": "{total: ...}",
    "data_selector": "\"['a', 'b'][*]\" for several lists",
    "error_handler": "{max_retries: ...}",
    "paginator": "{type: ...}, or single_page where a list has one page",
}
# Where a word belongs that stands in another of these places.
_PLACES: tuple[tuple[type[Described], str], ...] = (
    (Endpoint, "under endpoint"),
    (Resource, "beside endpoint, at its resource or under resource_defaults"),
    (Client, "under client"),
    (ApiDescription, "at the top of the file"),
    (Incremental, "under endpoint.incremental"),
)
_NOUNS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "union_tag_not_found": "a mapping",
    "callable_type": "a function (from Python only)",
}


class _Found(NamedTuple):
    place: Place
    unions: tuple[Place, ...]
    error: ErrorDetails


def shape_mistakes(
    error: ValidationError, raw: Mapping[str, Any], model: type[Described] = ApiDescription
) -> list[Mistake]:
    """One mistake for each place that pydantic complains about.

    Args:
        error: what pydantic raised on the raw description.
        raw: what was validated, as it was written.
        model: what it was validated as.
    """
    found = [_located(one, raw) for one in error.errors(include_url=False, include_input=False)]
    by_place: dict[Place, list[ErrorDetails]] = {}
    for one in _without_other_branches(found):
        by_place.setdefault(one.place, []).append(one.error)
    return [
        Mistake(_shown(place, raw, model), _message(errors, place, raw, model)) for place, errors in by_place.items()
    ]


def _shown(place: Place, raw: Mapping[str, Any], root: type[Described]) -> Place:
    """The place, without a key below auth that resembles none: it may be a secret that slipped."""
    if not is_private(place) or place[-1:] == ("auth",):
        return place
    models = _models_below(place[:-1], root)
    known = {word for model in models for word in words_of(model)} | IN_AUTH | {"session"}
    is_free = not models or isinstance(place[-1], int) or _refusal(str(place[-1]), models)
    return place if is_free or suggestion(str(place[-1]), known) else (*place[:-1], "?")


def _located(error: ErrorDetails, raw: Any) -> _Found:
    """Take pydantic's names of union branches out of an error's path, so that it leads through the raw values."""
    place: Place = ()
    unions: tuple[Place, ...] = ()
    value, loc = raw, error["loc"]
    for index, step in enumerate(loc):
        in_union = place[-1:] in (("auth",), ("paginator",)) or (place[-2:-1] == ("auth",) and type(place[-1]) is int)
        is_tag = in_union and loc[index - 1] == place[-1] and not isinstance(step, int)
        inside = not is_tag and _step(value, step)
        ends_here = index == len(loc) - 1 and error["type"] in ("missing", "extra_forbidden")
        if inside:
            step = inside[0]
        elif is_tag or not ends_here:
            unions = unions if is_tag or step == "[key]" else (*unions, place)
            continue
        place, value = (*place, step), step_into(value, step)
    if error["type"] == "union_tag_invalid" and isinstance(value, Mapping):
        place = (*place, "type")
    return _Found(place, unions, error)


def _step(value: Any, step: str | int) -> tuple[str | int] | None:
    """The step in the raw values that a step of pydantic's path means; columns may be a list of named ones."""
    if isinstance(value, Mapping):
        return (step,) if step in value else None
    if isinstance(value, (list, tuple)):
        if isinstance(step, int):
            return (step,)
        named = (index for index, one in enumerate(value) if step_into(one, "name") == step)
        index = next(named, None)
        return None if index is None else (index,)
    return None


def _without_other_branches(found: list[_Found]) -> Iterator[_Found]:
    """Where one branch of a union was entered, the other branches' complaints are noise."""
    entered = {union for one in found for union in one.unions if len(one.place) > len(union)}
    return (one for one in found if one.place not in entered or one.place not in one.unions)


def _message(errors: list[ErrorDetails], place: Place, raw: Mapping[str, Any], root: type[Described]) -> str:
    value = value_at(raw, place)
    if isinstance(value, Mapping):  # whose own rule counts, and not that it is no function
        errors = [error for error in errors if error["type"] == "value_error"] or errors
    kinds = {error["type"] for error in errors}
    if "missing" in kinds:
        return _missing(place, raw, root)
    if "extra_forbidden" in kinds:
        return _unknown_key(place, raw, root)
    words = [word for error in errors for word in _allowed_words(error)]
    nouns = list(dict.fromkeys(_NOUNS[error["type"]] for error in errors if error["type"] in _NOUNS))
    if bounds := [own_words(error) for error in errors if error["type"].startswith(("greater_than", "less_than"))]:
        return " or ".join([*bounds, *words])
    if words:
        return _unknown_word(value, place, words, nouns)
    if nouns:
        hint = f"; write {example}" if (example := _example(nouns, value, place, root)) else ""
        if nouns[-1].endswith("number") and (said := _said_of(place, raw, root)):
            hint = f": {said}"
        return f"must be {' or '.join(nouns)}, not {kind_of(value)}{hint}"
    return "; ".join(dict.fromkeys(own_words(error) for error in errors))


def _example(nouns: list[str], value: Any, place: Place, root: type[Described]) -> str | None:
    """What to write where something of another kind came; None where that is clear."""
    if place[-2:-1] == ("columns",):
        return "{data_type: ...}"
    if (known := _EXAMPLES.get(str(place[-1]))) or nouns not in (["a mapping"], ["a list"]):
        return known
    if nouns == ["a list"]:
        return "- before each" if isinstance(value, Mapping) else "[...]"
    fields = [
        (field.alias or name, field)
        for model in _models_below(place, root)
        for name, field in model.model_fields.items()
    ]
    words = [name for name, field in fields if field.is_required()] or [name for name, _ in fields]
    return f"{{{words[0] if words else 'name'}: ...}}"


def _missing(place: Place, raw: Mapping[str, Any], root: type[Described]) -> str:
    said = _said_of(place, raw, root)
    return f"is missing; add it: {said}" if said else "is missing; add it"


def _said_of(place: Place, raw: Mapping[str, Any], root: type[Described]) -> str:
    """What the sentence of a field begins with: what it is, without its further words."""
    from messaging_assets.files.json_schema import sentences  # late, as only a mistake needs them

    said = [sentences(model).get(str(place[-1]), "") for model in models_at(place[:-1], raw, root)]
    text = re.split(r"[;:.](?:\s|$)", next(filter(None, said), ""))[0]
    return f"{text[:1].lower()}{text[1:]}"


def _allowed_words(error: ErrorDetails) -> list[str]:
    context = error.get("ctx", {})
    return re.findall(r"'([^']*)'", str(context.get("expected_tags") or context.get("expected") or ""))


def _unknown_word(value: Any, place: Place, words: list[str], nouns: list[str]) -> str:
    # A method may be written small, too.
    shown = [word for word in words if not (word.islower() and word.upper() in words)]
    allowed = f"allowed: {', '.join(dict.fromkeys([*shown, *nouns]))}"
    if not isinstance(value, str):
        return f"{kind_of(value)} is not allowed here; {allowed}"
    if refusal := refusal_of_text(str(place[-2] if place[-1:] == ("type",) else place[-1]), value):
        return refusal
    meant = suggestion(value, words)
    return f"{came(value, place)} is not allowed here; {allowed}" + (f"; did you mean {meant}?" if meant else "")


def _unknown_key(place: Place, raw: Mapping[str, Any], root: type[Described]) -> str:
    models, key = models_at(place[:-1], raw, root), str(place[-1])
    if refusal := _refusal(key, models):
        return refusal
    if where := _place_of(key, models):
        return f"belongs {where}; move it there"
    parent = value_at(raw, place[:-1])
    if isinstance(parent, Mapping) and "type" not in parent:
        # Without a type, auth is bearer and a paginator is found out; most likely another one was meant.
        have = [model for model in _models_below(place[:-1], root) if key in words_of(model)]
        need = [model for model in have if key in model.model_fields and model.model_fields[key].is_required()]
        meant_types = [one for model in need or have for one in _types_of(model)]
        if meant_types:
            return f"needs a type beside it; write type: {' or '.join(dict.fromkeys(filter(None, meant_types)))}"
    allowed = sorted(name for model in models for name in words_of(model))
    if key == "limit" and place[-2:-1] == ("paginator",):
        return (
            "is no word of this paginator; put the page size under endpoint.params, by the name that the API has for it"
        )
    meant = suggestion(key, allowed)
    if meant:
        return f"unknown key; did you mean {meant}?"
    placed = ((word, _place_of(word, models)) for word in meanings(key))
    return next(
        (f"unknown key; write {word} {where}" for word, where in placed if where),
        f"unknown key; allowed: {', '.join(allowed)}",
    )


def _refusal(key: str, models: list[type[Described]]) -> str | None:
    """The sentence of a word that models refuse by name."""
    refused = (REFUSED.get(above.__name__, {}) for model in models for above in model.__mro__)
    return next((words[key] for words in refused if key in words), None)


def _place_of(key: str, models: list[type[Described]]) -> str | None:
    """Where a word belongs that is known in another place of the file."""
    if not any(issubclass(model, (ApiDescription, Client, ResourceBase, Endpoint)) for model in models):
        return None
    return next((where for model, where in _PLACES if key in words_of(model)), None)


def words_of(model: type[Described]) -> set[str]:
    """The keys that a model takes, as an API file writes them."""
    hidden = {"name", "file"} if model is ApiDescription else set()
    return {field.alias or name for name, field in model.model_fields.items()} - hidden


def models_at(place: Place, raw: Any, root: type[Described]) -> list[type[Described]]:
    """The models that may describe the mapping at a place below `root`; a `type` there picks one."""
    models = _models_below(place, root)
    value = value_at(raw, place)
    # A paginator or a way of authentication may be its type alone.
    chosen = value if isinstance(value, str) else step_into(value, "type")
    return [one for one in models if chosen in _types_of(one)] or models


def _models_below(place: Place, root: type[Described]) -> list[type[Described]]:
    annotations: list[Any] = [root]
    for step in place:
        annotations = [inner for one in annotations for inner in _below(one, step)]
    return [one for one in annotations if isinstance(one, type) and issubclass(one, Described)]


def _types_of(model: type[Described]) -> tuple[Any, ...]:
    field = model.model_fields.get("type")
    if field is None:
        return ()
    return get_args(field.annotation) if field.is_required() else (*get_args(field.annotation), None)


def _below(annotation: Any, step: str | int) -> Iterable[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Described):
        fields = annotation.model_fields.items()
        return _flat(next((field.annotation for name, field in fields if step in (name, field.alias)), None))
    inner = get_args(annotation)
    # `auth` may be a tuple of ways, which is written `tuple[way, ...]`.
    may_be_in = get_origin(annotation) is dict or (get_origin(annotation) in (list, tuple) and isinstance(step, int))
    return _flat(inner[0] if inner[-1] is ... else inner[-1]) if may_be_in else ()


def _flat(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _flat(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [inner for one in get_args(annotation) for inner in _flat(one)]
    return [] if origin is Literal else [annotation]
