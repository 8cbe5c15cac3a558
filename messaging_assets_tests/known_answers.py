"""What dlt and Dagster work out again and again, though it never changes within a process.

dlt looks its whole configuration up twenty times a sync and takes each field's hint apart anew; that is a fifth of a
small sync's time. Dagster marks the databases of a new instance with the last of its ninety migrations, and alembic
imports them all for that; it is a tenth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, get_type_hints


def remember_hints() -> None:
    """Let dlt's functions of nothing but a hint answer from memory, wherever they were imported to."""
    from dlt.common import typing, validation
    from dlt.common.configuration.specs import base_configuration

    for function in (
        typing.is_union_type,
        typing.is_optional_type,
        typing.is_subclass,
        typing.extract_inner_type,
        base_configuration.extract_inner_hint,
        base_configuration.is_secret_hint,
    ):
        _replace(function, _remembering(function))
    # Its fields' hints follow from the dictionary's type alone, and dlt changes none of them.
    taken_apart = lru_cache(maxsize=None)(get_type_hints)
    vars(validation)["get_type_hints"] = lambda spec, globalns: taken_apart(spec)


def remember_migrations() -> None:
    """Let alembic read Dagster's migrations once."""
    from alembic.script import ScriptDirectory

    read, known = ScriptDirectory.from_config, dict[str, Any]()

    def from_config(config: Any) -> Any:
        place = config.get_main_option("script_location")
        if place not in known:
            known[place] = read(config)
        return known[place]

    ScriptDirectory.from_config = from_config  # type: ignore[method-assign]


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
