"""What looks like a person's data or a secret, by a field's name and by its values; a guess, and said to be one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from messaging_assets.description.names import identifier

_EMAIL, _PHONE, _PERSON, _SECRET = "an e-mail address", "a phone number", "the name of a person", "a secret"
_NAMES = {
    _SECRET: re.compile(
        r"(passw(or)?d|secret|(^|_)(api_?key|private_?key|(access|refresh|auth)_?token|token|ssn|iban|cvc|pin))"
        r"(_(hash|digest|salt|key|value))?$"
    ),
    _EMAIL: re.compile(r"(^|_)(e_?)?mail(_?address(es)?|s)?$"),
    _PHONE: re.compile(r"(^|_)((tele)?phone|mobile|cell_?phone|fax|msisdn)(_?(number|no))?s?$"),
    _PERSON: re.compile(
        r"(^|_)((first|last|given|family|middle|maiden|real|screen|nick|user)_?name|surname|forename)$"
        r"|^(author|contact|customer|employee|member|patient|person|recipient|sender)_name$"
    ),
}
# In a list of people these name one; elsewhere a thing.
_NAMES_IN_PEOPLE = frozenset({"name", "display_name", "full_name", "login", "handle"})
_PEOPLE = re.compile(
    r"(^|_)(people|staff|(user|person|member|contact|customer|employee|author|subscriber|recipient|patient|student"
    r"|teacher|candidate|applicant|attendee|assignee|contributor|profile)s?)$"
)
_VALUES = {
    _EMAIL: re.compile(r"(.*<)?[^@\s<>]+@[^@\s<>]+\.[^\W\d_]{2,}>?"),
    _PHONE: re.compile(r"\+?(?=(\D*\d){6})[\d\s().x/-]{6,25}"),
    _PERSON: re.compile(r"(?=.*[^\W\d_])[^/:@<>{}]{1,60}"),
    # Tokens that say of themselves that they are one: JWT, and the prefixes of well-known vendors.
    _SECRET: re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|(sk|rk)_(live|test)_\w+|gh[pousr]_\w{20,}|xox[a-z]-[\w-]+"),
}
# What values alone show; others could be numbers and names of anything.
_TELLING = {**_VALUES, _PHONE: re.compile(r"\+(?=(\D*\d){8})\d[\d\s()./-]{7,20}"), _PERSON: None}
# No address or name is longer.
_LONGEST = 320
_FORMATS = {"email": _EMAIL, "idn-email": _EMAIL, "password": _SECRET, "phone": _PHONE, "tel": _PHONE}


def signs_in(values: Iterable[Any]) -> Counter[str]:
    """How many values look like what; of lists what they hold."""
    signs: Counter[str] = Counter()
    for value in values:
        parts = [text for part in _parts(value) if len(text := str(part)) <= _LONGEST]
        signs.update(what for what, looks in _VALUES.items() if any(looks.fullmatch(part) for part in parts))
        signs.update(
            f"only {what}"
            for what, looks in _TELLING.items()
            if looks and isinstance(value, str) and looks.fullmatch(value[: _LONGEST + 1])
        )
    return signs


def sign_by_values(
    name: str, data_type: str | None, resource: str, signs: Mapping[str, int], values: int
) -> str | None:
    """What a field of rows looks like, and why, as a clause; None for nothing that is to be hidden.

    Args:
        name: the field.
        data_type: of its column.
        resource: the list that it is of.
        signs: what its values look like, as `signs_in` counts them.
        values: how many they are.
    """
    what = _by_name(name, data_type, resource)
    if what == _SECRET:
        return f"{what} by its name"
    if what and signs.get(what):
        return f"{what} by its name and {signs[what]:,} of {values:,} values"
    alone = next((one for one in _TELLING if data_type == "text" and signs.get(f"only {one}") == values > 0), None)
    return f"{alone} by all of {values:,} values" if alone else None


def sign_by_schema(name: str, data_type: str | None, resource: str, format_: Any) -> str | None:
    """What a field of a document looks like, and why, as a clause; None for nothing that is to be hidden."""
    if isinstance(format_, str) and format_ in _FORMATS:
        return f"{_FORMATS[format_]} by its format"
    what = _by_name(name, data_type, resource)
    return f"{what} by its name" if what else None


def _by_name(name: str, data_type: str | None, resource: str) -> str | None:
    plain = identifier(name)
    if plain in _NAMES_IN_PEOPLE and _PEOPLE.search(identifier(resource)):
        what: str | None = _PERSON
    else:
        what = next((one for one, looks in _NAMES.items() if looks.search(plain)), None)
    # Several addresses are a list; an object is many things, and a truth value or a date nobody's.
    fitting = ("text", "bigint", "json") if what in (_EMAIL, _PHONE) else ("text", "bigint")
    return what if data_type in fitting else None


def _parts(value: Any) -> Iterator[Any]:
    for one in value if isinstance(value, list) else [value]:
        yield from one.values() if isinstance(one, dict) else [one]
