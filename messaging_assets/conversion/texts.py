"""Texts of a source with what they leave open, and what an API file has in its place.

Each kind of source reads its own way of writing a variable; from here on they are all the same. So are addresses, and
words of a paginator or an error handler, without what an API file has by default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from messaging_assets.description.endpoint import RETRIED_STATUSES
from messaging_assets.description.ways.secret_signs import certain_look_of, is_ordinary, is_password, names_secret
from messaging_assets.files.rules.secrets import secrets_in_comments
from messaging_assets.foundation.redaction import one_line

# Rows of a page, where a source does not say how many.
USUAL_PAGE = 100
# So many an API file takes.
MOST_RETRIES = 20
# Grants by which tokens are asked for -> the `type` of a way.
GRANTS = {"client_credentials": "oauth2", "refresh_token": "oauth2_refresh_token", "password": "oauth2_password"}
_USUAL = {"offset_param": "offset", "limit_param": "limit", "page_param": "page", "cursor_param": "cursor"}
# What stands in an address for a setting that nobody gave; no such host exists (RFC 6761).
UNSET = "your-{}"


@dataclass(frozen=True)
class Hole:
    """What a text leaves open.

    Args:
        kind: what fills it. A secret, one that a path takes, a setting or a field of the parent's record; one of
            several values of the file; what a job's answers say; a bound of the range that is asked for; the number
            of a page, or the next one's token; the time of asking; or something that an API file cannot say.
        name: which one; of a bound and of now, how it is written; of what cannot be said, the words of the source.
        default: of a setting, what the source takes where nobody says.
    """

    kind: Literal[
        "secret", "in_path", "setting", "parent", "each", "job", "start", "end", "page", "token", "now", "unknown"
    ]
    name: str = ""
    default: Any = None


Kind: TypeAlias = Literal["loss", "question", "setting"]
# Takes what could not be carried, as a clause, where in the file to finish it, and of which kind it is.
Lose: TypeAlias = Callable[..., None]
_QUOTED = re.compile(r"(['\"])(.*?)(?:\1|$)", re.DOTALL)
_BOUNDS = ("start", "end")
# How a moment is written by a manifest or a spec, where that is a number, and by files.
EPOCHS = {"%s": "epoch_seconds", "%s_as_float": "epoch_seconds", "%ms": "epoch_ms", "%epoch_microseconds": "epoch_us"}
_SETTING = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# No setting of a file is called like a secret. A key may be that of an account or a site; a password is none of them.
_KEY = re.compile(r"_key$")
_PLACES = {"parent": "resources", "each": "for_each", "job": "job", "page": "paginator", "in_path": "secret"}


def moment_format(pattern: Any) -> str | None:
    """How a file says what another tool's pattern does; None where it says nothing."""
    if pattern == "%Y-%m-%d":
        return "date"
    if not isinstance(pattern, str) or "%" not in pattern:
        return None
    return "iso" if "_ms" in pattern and pattern not in EPOCHS else EPOCHS.get(pattern, pattern)


@dataclass
class Settings:
    """What a source takes from whoever uses it, secrets aside.

    Args:
        given: values from the command line, by name.
        defaults: values that the source itself has for them.
        secret: names that the source says are secrets.
        plain: names that the source says are none.
        shown: keys among them that stand in an address, of which only a user's own word is taken.
        asked: names that the source asks for.
        used: values that were taken from the source itself, by name.
        declared: values that the file's own `settings` have, by their names there.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    secret: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    used: dict[str, Any] = field(default_factory=dict)
    declared: dict[str, Any] = field(default_factory=dict)

    def is_secret(self, name: str) -> bool:
        """Whether a name is that of a secret, by the source's word or by its look."""
        return name in self.secret or (names_secret(name.rpartition(".")[2]) and name not in self.shown)

    def value(self, name: str, default: Any = None) -> Any:
        """The value of a setting; None where nobody says."""
        short = name.rpartition(".")[2]
        self.asked.update((name, short))
        for key in (name, short):
            if key in self.given:
                return self.given[key]
        found = None if name in self.shown else self.defaults.get(name, default)
        if found is None or isinstance(found, (list, dict)):
            return None
        if found != "":
            self.used[name] = found
        return found

    def declare(self, name: str, value: Any) -> Any:
        """What stands in the file for a setting of this value, `{setting.<name>}`; the value where none can."""
        plain = re.sub(r"[^a-z0-9]+", "_", name.rpartition(".")[2].lower()).strip("_")
        plain = _KEY.sub("", plain) if name in self.shown else plain
        is_name = _SETTING.fullmatch(plain) and plain not in ("base_url", "token_url") and not names_secret(plain)
        is_plain = not isinstance(value, str) or (value.isprintable() and not set("{}") & set(value))
        is_shown = is_plain and not (isinstance(value, str) and certain_look_of(value))
        if not (is_name and is_shown and self.declared.setdefault(plain, value) == value):
            return value
        return f"{{setting.{plain}}}"


def below(lose: Lose, *place: str) -> Lose:
    """A function that notes losses below a place."""
    return lambda words, *rest, kind="loss": lose(words, *place, *rest, kind=kind)


def quoted(source: Any, most: int = 80) -> str:
    """Words of the source as a person may read them: on one line, cut, and without a literal that may be a secret."""
    words = _QUOTED.sub(lambda one: one[0] if is_ordinary(one[2]) and not is_password(one[2]) else "'...'", str(source))
    words = " ".join(words.split())
    return words if len(words) <= most else f"{words[: most - 3]}..."


def harmless(words: str) -> str:
    """The words, unless what they quote of the source looks like a secret."""
    is_secret = any(secrets_in_comments(f"# {one_line(words)}"))
    return "what the source says here looks like a secret, and is left out" if is_secret else words


def missing(name: str, where: str = "here") -> str:
    """What to say of a setting without a value."""
    return f"the setting '{name}' has no value; give it by --setting {name}=..., or write it {where}"


def doubled(text: str) -> str:
    """A text whose braces mean themselves, as an API file has it."""
    return text.replace("{", "{{").replace("}", "}}")


def filled(
    value: Any,
    settings: Settings,
    lose: Lose,
    is_doubled: bool = True,
    is_address: bool = False,
    is_declared: bool = False,
) -> Any:
    """A text of the source as an API file has it; None where it cannot say it.

    Args:
        value: a text with holes, or any other value, which stays.
        settings: what fills settings.
        lose: is told what could not be said.
        is_doubled: whether braces that mean themselves are doubled there.
        is_address: whether a setting that nobody gave leaves a word in its place, which no host is called.
        is_declared: whether a setting stays one, in the file's own `settings`.
    """
    if not isinstance(value, (list, tuple)):
        return value

    def is_place(before: list[Any]) -> bool:
        """Whether a host or a step of a path comes next, which is never empty; a query's value may be."""
        return is_address and "?" not in "".join(map(str, before))

    own = settings.declare if is_declared else lambda name, found: found
    where = "under settings" if is_declared and is_address else "here"
    written: list[Any] = []
    for part in value:
        if isinstance(part, str):
            written.append(doubled(part) if is_doubled else part)
        elif part.kind in _BOUNDS:
            written.append(f"{{incremental.{part.kind}_value{':' if part.name else ''}{part.name}}}")
        elif part.kind in _PLACES:
            written.append(f"{{{_PLACES[part.kind]}.{part.name}}}")
        elif part.kind == "now":
            written.append(f"{{{part.name}}}")
        elif (found := _from_outside(part, settings, lose, where, is_place(written))) is not None:
            written.append(own(part.name, found) if part.kind == "setting" else found)
        elif is_address:
            name = part.name.rpartition(".")[2].lower() if part.kind == "setting" else part.kind
            unset = UNSET.format(re.sub(r"[^a-z0-9]+", "-", name).strip("-"))
            written.append(own(part.name, unset) if part.kind == "setting" else unset)
        else:
            return None
    return written[0] if len(written) == 1 else "".join(map(str, written))


def _from_outside(hole: Hole, settings: Settings, lose: Lose, where: str, is_filled: bool) -> Any:
    """The value of a setting; None where nobody says, and for whatever else an API file cannot say."""
    if hole.kind != "setting":
        lose(_unsaid(hole))
        return None
    found = settings.value(hole.name, hole.default)
    if found is None or (found == "" and is_filled):
        lose(missing(hole.name, where), kind="setting")
        return None
    return found


def _unsaid(hole: Hole) -> str:
    if hole.kind == "secret":
        return f"the secret '{hole.name}' goes where no way of authentication puts one; it is left out"
    words = "the next page's token" if hole.kind == "token" else f"the expression {hole.name}"
    return f"{words} is left out here, as no word of an API file says it"


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


def unusual(words: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a paginator that say something else than its defaults."""
    return {word: one for word, one in words.items() if one is not None and _USUAL.get(word) != one}


def retry_too(words: dict[str, Any], codes: Iterable[int]) -> None:
    """Let an error handler ask again after these statuses, too."""
    words["retry_on_status_codes"] = sorted({*words.get("retry_on_status_codes", RETRIED_STATUSES), *codes})


def add_handler(endpoint: dict[str, Any], words: Mapping[str, Any]) -> None:
    """Give an endpoint its error handler, where that says anything."""
    usual = {"retry_on_status_codes": sorted(RETRIED_STATUSES)}
    if said := {word: one for word, one in words.items() if usual.get(word) != one}:
        endpoint["error_handler"] = said


def at_itself(address: str) -> tuple[str, str]:
    """The base and the path of a list at an address itself, which no slash follows."""
    above, _, last = address.rpartition("/")
    return (above, f"/{last}") if last and "://" in above else (address, "/")
