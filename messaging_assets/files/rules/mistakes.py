"""What is wrong with a description, said so that a person can mend it without looking anything up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import ErrorDetails

from messaging_assets.description.ways.secret_signs import look_of
from messaging_assets.files.rules.other_words import meant_elsewhere
from messaging_assets.foundation.failures import MendDescription

# Where something stands in the raw description: keys and indices from the top.
Place: TypeAlias = "tuple[str | int, ...]"
# Below these, anything may be a secret or a person's data.
_PRIVATE = frozenset({"auth", "headers", "params", "json", "data"})
_OPEN_IN_AUTH = frozenset({"type", "location", "client_authentication", "algorithm", "encoding", "secret_encoding"})
_SIGNS = {"A-Za-z": "letters", "a-z": "small letters", "0-9": "digits", "_": "underscores", ".": "dots", "-": "hyphens"}
_WORD = re.compile(r"[A-Za-z0-9_.@*$<-]{1,60}")


class Mistake(NamedTuple):
    """One thing that is wrong, before it is known where the description came from.

    Args:
        place: where, in the raw description.
        message: what came and what is allowed.
        line: where, in the file; None where the place says it.
    """

    place: Place
    message: str
    line: int | None = None


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an API file.

    Args:
        file: the file as the person knows it; the API's name where there is no file.
        line: counted from 1; None where there is no file.
        path: such as `resources.messages.endpoint.path`; empty for the file as a whole.
        message: what came, what is allowed, and a suggestion where one is near.
    """

    file: str
    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (where, self.path, self.message) if part)


class InvalidDescription(MendDescription):
    """A description cannot be used; its text has one line for each mistake.

    Args:
        problems: all its mistakes, in the file's order.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))
        # What a copy is made from.
        self.args = (self.problems,)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def problems_of(
    mistakes: Iterable[Mistake], raw: Any, file: str, lines: Mapping[Place, int] | None = None
) -> list[Problem]:
    """Mistakes with their file and line, in the file's order.

    Args:
        raw: the description that they are about.
        file: what to call its file.
        lines: the line of each place; None where the description came from Python.
    """
    found: dict[tuple[str, str], Problem] = {}
    for mistake in mistakes:
        line = mistake.line if mistake.line is not None or lines is None else _line_of(mistake.place, lines)
        problem = Problem(file, line, written(mistake.place, raw), mistake.message)
        found.setdefault((problem.path, problem.message), problem)
    return sorted(found.values(), key=lambda problem: problem.line or 0)


def _line_of(place: Place, lines: Mapping[Place, int]) -> int:
    """The line of a place, or of what it would stand in."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), 1)


def written(place: Place, raw: Any) -> str:
    """A place as a person reads it: resources and listed columns by their names."""
    text, value = "", raw
    for index, step in enumerate(place):
        value = step_into(value, step)
        named = isinstance(step, int) and index > 0 and place[index - 1] in ("resources", "columns")
        name = value.get("name") if named and isinstance(value, Mapping) else None
        if isinstance(name, str) and _is_shown(name):
            text += f".{name}"
        elif isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step if _is_shown(str(step)) else '?'}"
    return text.lstrip(".")


def _is_shown(word: str) -> bool:
    return bool(_WORD.fullmatch(word)) and look_of(word) is None


def step_into(value: Any, step: str | int) -> Any:
    """What stands one step further down; None where nothing does."""
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def value_at(raw: Any, place: Place) -> Any:
    """What stands at a place; None where nothing does."""
    for step in place:
        # Asked some hundred times a file, mostly of plain mappings, and mostly where nothing stands.
        raw = raw.get(step) if type(raw) is dict else step_into(raw, step)
        if raw is None:
            break
    return raw


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping as it is; an empty one for anything else, which the shape is told of."""
    return value if isinstance(value, Mapping) else {}


def is_private(place: Place) -> bool:
    """Whether what stands at a place may be a secret, and is never echoed."""
    under = [step for step in place[:-1] if step in _PRIVATE]
    if under == ["auth"] and place[-1] in _OPEN_IN_AUTH:
        return False
    return bool(under) or place[-1:] == ("auth",)


def suggestion(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was probably meant."""
    plain = {one.lower(): one for one in allowed}
    # The nearest spelling of `datetime` is `time`, which has no day.
    word = meant_elsewhere(word, plain) or word
    near = get_close_matches(word.lower().replace("-", "_"), plain, 1, 0.6)
    near = near or get_close_matches(word.lower(), plain, 1, 0.6)
    return plain[near[0]] if near else None


def came(value: Any, place: Place) -> str:
    """What stands there, in a word: short plain words where they cannot be a secret, else only its kind."""
    if isinstance(value, str) and _is_shown(value) and not is_private(place):
        return f"'{value}'"
    return kind_of(value)


def quoted(word: str) -> str:
    """A word in quotes with a space before it; nothing where it is not plain."""
    return f" '{word}'" if _is_shown(word) else ""


def kind_of(value: Any) -> str:
    """A value's kind as a person says it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    kinds = ((str, "text"), ((int, float), "a number"), (Mapping, "a mapping"), ((list, tuple), "a list"))
    return next((name for types, name in kinds if isinstance(value, types)), "an object")


def own_words(error: ErrorDetails) -> str:
    """What pydantic says of one value, as a clause in words of this project.

    Args:
        error: one that names no other type and no word that would be allowed.
    """
    context = error.get("ctx", {})
    if error["type"] == "too_short":
        return "needs at least one entry"
    if error["type"] == "too_long":
        return f"takes at most {context['max_length']} entries"
    if error["type"] == "string_pattern_mismatch":
        return _signs(context["pattern"])
    text = str(context.get("error", "")) if error["type"] == "value_error" else ""
    text = text or re.sub("^(Input|String) should", "must", error["msg"])
    return text.replace("greater than or equal to", "at least").replace("less than or equal to", "at most")


def _signs(pattern: str) -> str:
    """The signs that a pattern of ours takes: one class of them, perhaps another one for the first."""
    classes = re.findall(r"\[([^\]]*)\]", pattern)
    first, taken = classes[0], classes[-1]
    names: list[str] = []
    for sign, name in _SIGNS.items():
        if sign in taken:
            names.append(name)
            taken = taken.replace(sign, "", 1)
    longest = re.search(r",(\d+)\}", pattern)
    many = f"up to {longest[1]} " if longest else ""
    begin = "" if first == classes[-1] else ", a letter first" if "_" not in first else ", no digit first"
    return f"must be {many}{', '.join(names[:-1])} and {names[-1]}{begin}"
