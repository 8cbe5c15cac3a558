"""Texts of a source with what they leave open, and what an API file has in its place.

Each kind of source reads its own way of writing a variable; from here on they are all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from messaging_assets.files.rules.secret_signs import is_ordinary, is_password, names_secret

# What stands in an address for a setting that nobody gave; no such host exists (RFC 6761).
UNSET = "your-{}"


@dataclass(frozen=True)
class Hole:
    """What a text leaves open.

    Args:
        kind: what fills it. A secret, a setting or a field of the parent's record; a bound of the range that is asked
            for; the next page's token; the time of asking; or something that an API file cannot say.
        name: which one; of what cannot be said, the words of the source.
        default: of a setting, what the source takes where nobody says.
    """

    kind: Literal["secret", "setting", "parent", "start", "end", "token", "now", "unknown"]
    name: str = ""
    default: Any = None


Kind: TypeAlias = Literal["loss", "question", "setting"]
# Takes what could not be carried, as a clause, where in the file to finish it, and of which kind it is.
Lose: TypeAlias = Callable[..., None]
_QUOTED = re.compile(r"(['\"])(.*?)(?:\1|$)", re.DOTALL)
_BOUNDS = {"start": "{incremental.start_value}", "end": "{incremental.end_value}"}


@dataclass
class Settings:
    """What a source takes from whoever uses it, secrets aside.

    Args:
        given: values from the command line, by name.
        defaults: values that the source itself has for them.
        secret: names that the source says are secrets.
        asked: names that the source asks for.
        used: values that were taken from the source itself, by name.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    secret: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    used: dict[str, Any] = field(default_factory=dict)

    def is_secret(self, name: str) -> bool:
        """Whether a name is that of a secret, by the source's word or by its look."""
        return name in self.secret or names_secret(name.rpartition(".")[2])

    def value(self, name: str, default: Any = None) -> Any:
        """The value of a setting; None where nobody says."""
        short = name.rpartition(".")[2]
        self.asked.update((name, short))
        for key in (name, short):
            if key in self.given:
                return self.given[key]
        found = self.defaults.get(name, default)
        if found is None or isinstance(found, (list, dict)):
            return None
        self.used[name] = found
        return found


def below(lose: Lose, *place: str) -> Lose:
    """A function that notes losses below a place."""
    return lambda words, *rest, kind="loss": lose(words, *place, *rest, kind=kind)


def quoted(source: Any, most: int = 80) -> str:
    """Words of the source as a person may read them: on one line, cut, and without a literal that may be a secret."""
    words = _QUOTED.sub(lambda one: one[0] if is_ordinary(one[2]) and not is_password(one[2]) else "'...'", str(source))
    words = " ".join(words.split())
    return words if len(words) <= most else f"{words[: most - 3]}..."


def missing(name: str) -> str:
    """What to say of a setting without a value."""
    return f"the setting '{name}' has no value; give it by --setting {name}=..., or write it here"


def doubled(text: str) -> str:
    """A text whose braces mean themselves, as an API file has it."""
    return text.replace("{", "{{").replace("}", "}}")


def filled(value: Any, settings: Settings, lose: Lose, is_doubled: bool = True, is_address: bool = False) -> Any:
    """A text of the source as an API file has it; None where it cannot say it.

    Args:
        value: a text with holes, or any other value, which stays.
        settings: what fills settings.
        lose: is told what could not be said.
        is_doubled: whether braces that mean themselves are doubled there.
        is_address: whether a setting that nobody gave leaves a word in its place, which no host is called.
    """
    if not isinstance(value, (list, tuple)):
        return value
    written: list[Any] = []
    for part in value:
        if isinstance(part, str):
            written.append(doubled(part) if is_doubled else part)
        elif part.kind in _BOUNDS or part.kind == "parent":
            written.append(_BOUNDS.get(part.kind) or "{resources." + part.name + "}")
        elif (found := _from_outside(part, settings, lose)) is not None:
            written.append(found)
        elif is_address:
            name = part.name.rpartition(".")[2].lower() if part.kind == "setting" else part.kind
            written.append(UNSET.format(re.sub(r"[^a-z0-9]+", "-", name).strip("-")))
        else:
            return None
    return written[0] if len(written) == 1 else "".join(map(str, written))


def _from_outside(hole: Hole, settings: Settings, lose: Lose) -> Any:
    """The value of a setting; None where nobody says, and for whatever else an API file cannot say."""
    if hole.kind != "setting":
        lose(_unsaid(hole))
        return None
    found = settings.value(hole.name, hole.default)
    if found is None:
        lose(missing(hole.name), kind="setting")
    return found


def _unsaid(hole: Hole) -> str:
    if hole.kind == "secret":
        return f"the secret '{hole.name}' goes where no way of authentication puts one; it is left out"
    words = {"now": "the time of asking", "token": "the next page's token"}
    return (
        f"{words.get(hole.kind) or 'the expression ' + hole.name} is left out here, as no word of an API file says it"
    )


def has(value: Any, *kinds: str) -> bool:
    """Whether a text has a hole of these kinds."""
    return bool(named(value, *kinds))


def named(value: Any, *kinds: str) -> list[str]:
    """The names of the holes of these kinds that a text has."""
    holes = [one for one in value if isinstance(one, Hole)] if isinstance(value, (list, tuple)) else []
    return [one.name for one in holes if one.kind in kinds]


def only(value: Any) -> Hole | None:
    """The hole that is all of a text."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], Hole) else None
