"""dlt looks up its configuration in less time, and finds the same.

It looks the whole of it up twenty times a sync, which is a quarter of a small sync's time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, wraps
from typing import Any

# Since dlt 1.30: the providers of whose settings all names can be told.
from dlt.common.configuration.providers import EnvironProvider, SettingsTomlProvider

# Since dlt 1.30: finds the value of one field, asking every provider for it in every section.
from dlt.common.configuration.resolve import _resolve_config_field

# Since dlt 1.30: functions of the hints of settings, and what has the settings of a kind as its fields.
from dlt.common.configuration.specs.base_configuration import (
    BaseConfiguration,
    extract_inner_hint,
    is_base_configuration_inner_hint,
    is_context_inner_hint,
    is_secret_hint,
)

# Since dlt 1.30: functions of hints, and the one that takes a dictionary's type apart for each that it checks.
from dlt.common.typing import extract_inner_type, is_optional_type, is_subclass, is_union_type
from dlt.common.validation import validate_dict

# So many different hints of schemas are remembered.
_CHECKS_KEPT = 256
# Names of settings that no provider has, and who tells the providers; empty where nobody does.
_known: list[tuple[frozenset[str], Callable[[], Iterable[Any]]]] = []


def let_names_be_known(more: Iterable[str], providers: Callable[[], Iterable[Any]]) -> None:
    """Let dlt's lookups of settings that nobody has set end at once, until `forget_names`.

    Args:
        more: names of settings that no provider has.
        providers: tells those that dlt asks at the moment.
    """
    _known[:] = [(frozenset(more), providers)]


def forget_names() -> None:
    """Let dlt look everything up again."""
    _known.clear()


def _is_unset(key: str) -> bool:
    """Whether nobody has set one of its name, in whichever section.

    It is looked at anew each time, because a setting may be made at any moment: by code of the user's that runs in
    a sync, and by another pipeline in another thread.
    """
    for more, providers in _known:
        environment: tuple[str | bytes, ...] = ()
        others: list[str] = []
        for provider in providers():
            kind = type(provider)
            if kind is EnvironProvider:
                # `os.environ` decodes each name, which takes longer than the lookup.
                environment = tuple(getattr(os.environ, "_data", os.environ))
            elif isinstance(provider, SettingsTomlProvider) and kind.get_value is SettingsTomlProvider.get_value:
                # Since dlt 1.30: the file as dictionaries.
                others += _keys_in(provider._config_doc)
            else:
                # A vault, say: it fetches what it is asked for.
                return False
        return f"{key}\n".upper() not in _lines(environment, tuple(others), more)
    return False


@lru_cache(maxsize=8)
def _lines(*names: Iterable[str | bytes]) -> str:
    return "".join(f"{os.fsdecode(name)}\n" for some in names for name in some).upper()


def _keys_in(document: dict[str, Any]) -> Iterator[str]:
    for key, value in list(document.items()):
        yield str(key)
        # dlt looks into no other mapping.
        if isinstance(value, dict):
            yield from _keys_in(value)


@wraps(_resolve_config_field)
def _field(key: str, hint: Any, default_value: Any, explicit_value: Any, *where: Any) -> tuple[Any, list[Any]]:
    """A field's value, as `_resolve_config_field` finds it; at once where nobody has set one of its name.

    A field that must have a value is left to dlt: its error tells where it was looked for.
    """
    if explicit_value is None and _is_unset(key):
        inner = extract_inner_hint(hint, preserve_literal=True)
        is_plain = not (is_context_inner_hint(inner) or is_base_configuration_inner_hint(inner) or is_secret_hint(hint))
        if is_plain and (default_value is not None or is_optional_type(hint)):
            return default_value, []
    return _resolve_config_field(key, hint, default_value, explicit_value, *where)


@lru_cache(maxsize=1)
def shorten_lookups() -> None:
    """Let dlt's lookups be the short ones, wherever its functions were imported to; once a process.

    dlt takes each field's hint apart anew, though the answers follow from the hint alone. It asks for each field in
    each section, though nobody has set one of its name.
    """
    _replace(_resolve_config_field, _field)
    for function in (
        is_union_type,
        is_optional_type,
        is_subclass,
        extract_inner_type,
        extract_inner_hint,
        is_secret_hint,
    ):
        _replace(function, _remembering(function))
    # Its fields' hints follow from the dictionary's type alone, and dlt changes none of them.
    taken_apart = lru_cache(maxsize=None)(validate_dict.__globals__["get_type_hints"])
    validate_dict.__globals__["get_type_hints"] = lambda spec, globalns: taken_apart(spec)
    # Since dlt 1.30: where a schema checks the hints that it begins with.
    vars(sys.modules["dlt.common.schema.schema"])["validate_dict"] = _checking_once(validate_dict)
    # dlt asks each configuration whether it has fields, which follow from its class.
    number = lru_cache(maxsize=None)(lambda kind: sum(1 for _ in BaseConfiguration.__iter__(kind)))
    counted, fields = BaseConfiguration.__len__, BaseConfiguration.__iter__

    @wraps(counted)
    def length(self: BaseConfiguration) -> int:
        return number(type(self)) if type(self).__iter__ is fields else counted(self)

    BaseConfiguration.__len__ = length  # type: ignore[method-assign]


def _checking_once(check: Callable[..., None]) -> Callable[..., None]:
    """Let what was found right be right: dlt makes thirty schemas a sync, and each begins with the same hints."""
    right = set[str]()

    @wraps(check)
    def checked(spec: Any, doc: Any, *args: Any, **options: Any) -> None:
        text = repr((spec, doc))
        if text in right:
            return
        check(spec, doc, *args, **options)
        if len(right) < _CHECKS_KEPT:
            right.add(text)

    return checked


def _remembering(function: Callable[..., Any]) -> Callable[..., Any]:
    # typed, because the hints Literal[0] and Literal[False] are equal.
    known = lru_cache(maxsize=None, typed=True)(function)

    @wraps(function)
    def answer(hint: Any, *args: Any, **options: Any) -> Any:
        try:
            return known(hint, *args, **options)
        except TypeError:  # a hint that cannot be a key
            return function(hint, *args, **options)

    return answer


def _replace(function: Callable[..., Any], other: Callable[..., Any]) -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("dlt") and vars(module).get(function.__name__) is function:
            setattr(module, function.__name__, other)
