"""What tells, in any process, whether two descriptions ask for the same.

A `repr` does not: a function's holds its address, and a set's has another order in each process.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any

from pydantic import BaseModel

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Identity:
    """The name of what was written.

    Args:
        digest: equal where all that can be compared is equal.
        is_certain: whether everything could be; not so with a closure, a partial or an object with a state.
    """

    digest: str
    is_certain: bool

    @property
    def certain(self) -> str | None:
        """The digest, if equal digests mean that nothing differs."""
        return self.digest if self.is_certain else None


def identity_of(*written: Any) -> Identity:
    """The identity of models, values and functions, the same in every process of one Python version."""
    writer = _Writer()
    text = json.dumps(writer.plain(written), sort_keys=True)
    return Identity(hashlib.sha256(text.encode()).hexdigest(), not writer.unknown)


@dataclass
class _Writer:
    """Writes anything as plain JSON, and notes what it could not tell from others of its kind."""

    unknown: list[str] = field(default_factory=list)

    def plain(self, value: Any) -> Any:
        if type(value) in _PLAIN:
            return value
        if isinstance(value, BaseModel):
            return {name: self.plain(getattr(value, name)) for name in type(value).model_fields}
        if isinstance(value, Mapping):
            # A key that is no text must not meet one that is written alike.
            pairs = [[self.plain(name), self.plain(one)] for name, one in value.items()]
            return {"mapping": sorted(pairs, key=json.dumps)}
        if isinstance(value, (list, tuple)):
            return [self.plain(one) for one in value]
        if isinstance(value, Set):
            return {"set": sorted((self.plain(one) for one in value), key=json.dumps)}
        return {type(value).__qualname__: self._special(value)}

    def _special(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return [type(value).__module__, value.name]
        if isinstance(value, (date, time)):
            return value.isoformat()
        if isinstance(value, (Decimal, PurePath, complex)) or value is Ellipsis:
            return str(value)
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, re.Pattern):
            return [self.plain(value.pattern), value.flags]
        if isinstance(value, CodeType):
            return self._code(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, type) or (isinstance(value, BuiltinFunctionType) and not _has_state(value)):
            return [value.__module__, value.__qualname__]
        self.unknown.append(type(value).__qualname__)
        return "unknown"

    def _function(self, function: FunctionType) -> Any:
        if function.__closure__:
            # What it closes over is known to nobody but itself.
            self.unknown.append(function.__qualname__)
        defaults = self.plain([function.__defaults__, function.__kwdefaults__])
        return [function.__module__, function.__qualname__, self._code(function.__code__), defaults]

    def _code(self, code: CodeType) -> Any:
        constants = self.plain(code.co_consts)
        return [hashlib.sha256(code.co_code).hexdigest(), constants, list(code.co_names), list(code.co_varnames)]


def _has_state(function: BuiltinFunctionType) -> bool:
    """Whether a function of C is bound to an object, such as the `append` of one list, and not to its module."""
    owner = function.__self__
    return owner is not None and not isinstance(owner, type) and type(owner).__name__ != "module"
