"""What differs from one user or account to the next and is no secret, such as `{setting.workspace}`.

Settings are filled in when a file is read. An account is a tenant of the same API. Each becomes an API of its own,
`<api>_<account>`, with its own settings, secrets, tables and assets, so that one fails alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from messaging_assets.description.names import REJECTED_COLUMNS, variable
from messaging_assets.description.ways.secret_signs import certain_look_of, names_secret
from messaging_assets.files.rules.mistakes import Mistake, Place, kind_of, mapping, suggestion
from messaging_assets.files.rules.templates import with_own_braces
from messaging_assets.files.rules.written import columns_of, written_resources
from messaging_assets.files.yaml_lines import read_yaml
from messaging_assets.foundation.regular_files import LARGEST_API_FILE, read_regular

_WORDS = ("settings", "accounts")
# Begins the keys, at the top of a file, whose values are there for aliases alone.
_ASIDE = "x-"
# Of an endpoint, what may hold a query or JSON.
_WITH_OWN_BRACES = frozenset(("params", "json", "data"))
_SETTING = re.compile(r"\{(settings?)\.([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_FIELDS = ("default", "description")


@dataclass(frozen=True)
class Account:
    """One tenant of an API, or the only one.

    Args:
        api: the name of its API.
        shared: the name that the API has without accounts; its variables count for all of them.
        values: its settings as the file, or the file of accounts, has them.
        mistakes: what is wrong with it, by place.
    """

    api: str
    shared: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    @property
    def name(self) -> str:
        """What the file calls it."""
        return self.api.removeprefix(f"{self.shared}_")


def accounts_in(raw: Any, name: str, folder: Path | None = None) -> list[Account]:
    """The accounts that a description names: a list, a mapping to their settings, or the file that holds either.

    Args:
        raw: the description as it was written.
        name: its file's stem.
        folder: where that file is; None for a description from Python.
    """
    listed = raw.get("accounts") if isinstance(raw, Mapping) else None
    if listed is None:
        return [Account(name)]
    place: Place = ("accounts",)
    if isinstance(listed, str):
        listed, mistake = _in_file(listed, folder)
        if mistake:
            return [Account(name, mistakes=(Mistake(place, mistake),))]
    if isinstance(listed, (list, tuple)):
        listed = dict.fromkeys(one if isinstance(one, str) else "" for one in listed)
    if not listed or not isinstance(listed, Mapping) or not all(map(_is_name, listed)):
        words = "must be a list of names, such as [emea, apac], or a mapping from each name to its settings"
        return [Account(name, mistakes=(Mistake(place, f"{words}; write small letters, digits and underscores"),))]
    return [_account(name, one, values) for one, values in listed.items()]


def _is_name(account: Any) -> bool:
    return isinstance(account, str) and bool(_NAME.fullmatch(account))


def _account(name: str, account: str, values: Any) -> Account:
    wrong: tuple[Mistake, ...] = ()
    if not isinstance(values, Mapping | None):
        text = f"must map the account's settings to values, not {kind_of(values)}"
        wrong = (Mistake(("accounts", account), text),)
    return Account(f"{name}_{account}", name, mapping(values), wrong)


def _in_file(named: str, folder: Path | None) -> tuple[Any, str | None]:
    """What the file of accounts holds, and what is wrong with it."""
    if folder is None or Path(named).name != named:
        return None, "must name a file beside this one; write the file's name, or a list of accounts"
    if not named.startswith("_"):
        return None, "must name a file whose name begins with an underscore, as it is no API; rename it"
    try:
        document = read_yaml(read_regular(folder / named, LARGEST_API_FILE).decode("utf-8-sig"), ("accounts",))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return None, f"names a file that cannot be read ({reason}); correct the name"
    if document.mistakes:
        first = document.mistakes[0]
        return None, f"names a file with a mistake in line {first.line}, which {first.message}"
    return document.value, None


def filled_in(raw: Mapping[str, Any], account: Account) -> tuple[dict[str, Any], list[Mistake]]:
    """A description with its settings in place, and what is wrong with them.

    A value is the first of these: the account's variable in the environment (`CHAT_EMEA__WORKSPACE`); the account's own
    in the file; the variable of all accounts (`CHAT__WORKSPACE`); the default.

    Args:
        raw: the description as it was written.
        account: whose settings count.
    """
    filling = _Filling(raw.get("settings"), account)
    words = [word for word in raw if word not in _WORDS and not str(word).startswith(_ASIDE)]
    rest = {word: filling.value(raw[word], (word,)) for word in words}
    if account.shared and isinstance(raw.get("group", ""), str):
        rest["group"] = raw.get("group") or account.shared
    if account.shared and isinstance(named := raw.get("dataset"), str) and not _SETTING.search(named):
        rest["dataset"] = f"{named}{account.api.removeprefix(account.shared)}"
    if "settings" in raw:
        rest["settings"] = raw["settings"]
    return rest, [*account.mistakes, *filling.mistakes]


class _Filling:
    """Puts one account's settings into a description; remembers what is wrong with them."""

    def __init__(self, declared: Any, account: Account) -> None:
        self._account, self.mistakes = account, []
        self._values: dict[str, Any] = {}
        self._unset: dict[str, str] = {}
        self._declared = declared = mapping(declared)
        for name, setting in declared.items():
            self._take(str(name), setting)
        for name in account.values:
            if name not in declared:
                place = ("accounts", account.name, name)
                self.mistakes.append(Mistake(place, "is no setting of this file; declare it under settings"))

    def _take(self, name: str, setting: Any) -> None:
        place = ("settings", name)
        if not _NAME.fullmatch(name) or name in ("base_url", "token_url"):
            self._wrong(place, "a setting's name has small letters, digits and underscores, and is not base_url")
        elif names_secret(name):
            self._wrong(place, "a setting is shown in many places; describe a secret under auth")
        default = setting.get("default") if isinstance(setting, Mapping) else setting
        if isinstance(setting, Mapping) and setting.keys() - set(_FIELDS):
            self._wrong(place, f"takes a value, or {' and '.join(_FIELDS)}")
        value = self._looked_up(name, default)
        if isinstance(value, (Mapping, list)):
            self._wrong(place, f"must be a text, a number, or true or false, not {kind_of(value)}")
        elif value is None:
            variables = dict.fromkeys(variable(api, name) for api in (self._account.api, self._account.shared) if api)
            self._unset[name] = f"has no value; set {' or '.join(variables)} in the environment, or a default here"
        elif isinstance(value, str) and (not value.isprintable() or set("{}") & set(value)):
            self._wrong(place, "has a value with braces or characters that do not print; write it without them")
        elif isinstance(value, str) and (look := certain_look_of(value)):
            self._wrong(place, f"has a value that looks like {look}; describe a secret under auth")
        else:
            self._values[name] = value

    def _looked_up(self, name: str, default: Any) -> Any:
        own = os.environ.get(variable(self._account.api, name))
        if own:
            return _like(own, default)
        if self._account.values.get(name) is not None:
            return self._account.values[name]
        shared = os.environ.get(variable(self._account.shared, name)) if self._account.shared else None
        return _like(shared, default) if shared else default

    def value(self, value: Any, place: Place) -> Any:
        """A value of the description with its settings in place."""
        if isinstance(value, Mapping):
            return {key: self.value(one, (*place, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one, (*place, index)) for index, one in enumerate(value)]
        if isinstance(value, str) and "endpoint" in place and not _WITH_OWN_BRACES.isdisjoint(place):
            value = with_own_braces(value)
        if not isinstance(value, str) or "{setting" not in value:
            return value
        if whole := _SETTING.fullmatch(value):
            return self._of(whole, place)
        return _SETTING.sub(lambda found: _written(self._of(found, place)), value)

    def _of(self, found: re.Match[str], place: Place) -> Any:
        word, name = found[1], found[2]
        if word == "setting" and name in self._values:
            # Beside a signature or a secret stands what is none, such as the key's name.
            is_beside = any(one in found.string for one in ("{signature}", "{secret."))
            if names_secret(str(place[-1]), None, "headers" in place) and not is_beside:
                self._wrong(place, "a setting is shown in many places; describe a secret under auth")
            return self._values[name]
        if name in self._unset:
            self._wrong(("settings", name), self._unset[name])
            return "unset"
        if word == "settings":
            self._wrong(place, "a setting is written {setting.<name>}")
        elif name not in self._declared:
            near = suggestion(name, self._declared)
            hint = f"did you mean '{near}'?" if near else "declare it under settings"
            self._wrong(place, f"no setting is called so; {hint}")
        return found[0]

    def _wrong(self, place: Place, message: str) -> None:
        self.mistakes.append(Mistake(place, message))


def _like(text: str, default: Any) -> Any:
    """A variable's text, as a number or truth value where the file's own default is one."""
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(default, int) and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    return text


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def account_mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake for each reason why the tables of all accounts cannot be seen as one."""
    column = raw.get("account_column")
    if not isinstance(column, str):
        # What is no text, its shape tells.
        return
    if raw.get("accounts") is None:
        words = "tells accounts apart, and there are none; name them, such as accounts: [emea, apac]"
        yield Mistake(("account_column",), words)
    if isinstance(named := raw.get("dataset"), str) and _SETTING.search(named):
        words = "must be the same for all accounts where account_column is there; write it out, or leave it out"
        yield Mistake(("dataset",), words)
    if column in REJECTED_COLUMNS or str(column).startswith("_dlt_"):
        yield Mistake(("account_column",), "is a column that every table here has already; choose another name")
    for resource in written_resources(raw):
        if column in columns_of(resource):
            yield Mistake(("account_column",), f"is a column of {resource.own.get('name')} too; choose another name")
        if resource.full.get("nested") == "tables":
            words = "child tables would not be in the view of all accounts; take nested: json, or no account_column"
            yield Mistake(resource.place_of("nested"), words)


def unused_settings(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    """A mistake for each setting that nothing uses, because it was probably meant to be."""
    declared = raw.get("settings")
    rest = repr({word: one for word, one in raw.items() if word not in _WORDS})
    for name in mapping(declared):
        if f"{{setting.{name}}}" not in rest:
            yield Mistake(("settings", str(name)), f"is used nowhere; write {{setting.{name}}} where it belongs")
