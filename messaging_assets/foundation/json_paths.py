"""JSON paths in answers: dlt's language for them, each path compiled once and plain names looked up directly.

A path without an operator of that language is names as an API writes them, such as `@odata.nextLink` or `next page`. A
key may hold a dot itself, so where the names one by one lead nowhere, several of them are tried as one key.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest
from typing import Any

# Brackets, wildcards, filters, unions, quotes and sums are the language's; `@` and `$` alone are its roots.
_NAME = r"(?![@$](?:\.|$))[^\s.\[\]*?()'\"|`,&~<>=+]+(?: +[^\s.\[\]*?()'\"|`,&~<>=+]+)*"
_NAMES = re.compile(rf"(?:\$\.)?{_NAME}(?:\.{_NAME})*")
_WORDS = re.compile(r"(^|[ .])(where|parent|wherenot)([ .]|$)")
# The root, which a path may begin with, and a path's steps.
_ROOT = re.compile(r"^\$(?:\.(?!\.)|(?=\[))")
_STEP = re.compile(r"\.\.|\[[^\]]*\]|'[^']*'|\"[^\"]*\"|[^.\[\]]+")
_QUOTED = re.compile(r"\[?(['\"])([^'\"]*)\1\]?")
# A name in brackets, and a bracket behind a dot that stands for nothing.
_BRACKETED = re.compile(r"\.?\[\s*(?:(['\"])([^'\"\]]+)\1|([A-Za-z_]\w*))\s*\]")
_NEEDLESS = re.compile(r"(?<!\.)\.(?=\[|$)")

# Comparisons of a filter that hold for no record without the field.
_NEEDING = ("==", "=", "<", "<=", ">", ">=", "=~")


@lru_cache(maxsize=1024)
def compiled(path: str) -> Any:
    """The path as dlt takes it without parsing it again (a millisecond, on every page)."""
    from messaging_assets.seams.dlt_values import compile_path

    return compile_path(path) if _names(path) is None else _plain_path()(path)


@lru_cache(maxsize=1)
def _plain_path() -> type[Any]:
    from jsonpath_ng.jsonpath import DatumInContext, JSONPath

    class PlainPath(JSONPath):
        """Names with dots between them, looked up directly; jsonpath wraps every value on the way."""

        def __init__(self, path: str) -> None:
            self._path = path

        def find(self, datum: Any) -> list[Any]:
            """See JSONPath."""
            return [DatumInContext(value) for value in find_values(self._path, datum)]

        def __str__(self) -> str:
            return self._path

    return PlainPath


@lru_cache(maxsize=1024)
def compiled_rows(path: str) -> Any:
    """The path to rows that are lists themselves, as dlt takes it, which takes the only value for the whole list."""
    from jsonpath_ng.jsonpath import DatumInContext, JSONPath

    class RowsPath(JSONPath):
        """All that the path finds, as one list."""

        def find(self, datum: Any) -> list[Any]:
            """See JSONPath."""
            return [DatumInContext(find_values(path, datum))]

    return RowsPath()


@lru_cache(maxsize=1024)
def _names(path: str) -> tuple[str, ...] | None:
    return names_in(path) if are_names(path) else None


def are_names(path: str) -> bool:
    """Whether a path is names with dots between them, without an operator of the language."""
    # A key called parent is one; the operators of these names stand beside something else.
    return bool(_NAMES.fullmatch(path)) and not (" " in path and _WORDS.search(path))


def spelled_plainly(path: str) -> str:
    """The same path with dots before its names, as `$.result.items` for `$['result'].['items']`, up to a filter."""
    head, bracket, rest = path.partition("[?")
    head = _BRACKETED.sub(lambda name: f".{quoted_path(name[2] or name[3])}", head)
    return _NEEDLESS.sub("", head).removeprefix(".") + bracket + rest


def place_of(path: str, body: Any) -> tuple[str, ...]:
    """The names that lead to what a path finds first, where it looks at any depth; none where nothing is found."""
    names: list[str] = []
    found = next(iter(compiled(path).find(body)), None)
    while found is not None and found.context is not None:
        names[:0] = getattr(found.path, "fields", ())
        found = found.context
    return tuple(names)


def names_in(path: str) -> tuple[str, ...]:
    """The names that a path is of; none for `$`, the whole."""
    return () if path == "$" else tuple(path.removeprefix("$.").split("."))


def find_values(path: str, body: Any) -> list[Any]:
    """Every value that a path finds in parsed JSON, as dlt's `jsonpath.find_values` does."""
    names = _names(path)
    if names is None:
        return [match.value for match in compiled(path).find(body)]
    whole = body
    for name in names:
        if not isinstance(body, dict) or name not in body:
            return _keys_with_dots(names, whole) if len(names) > 1 else []
        body = body[name]
    return [body]


class _Compared:
    """What a comparison looks at: it finds no value of another type, which never passes; null may come in place of any.

    Args:
        comparison: the comparison as the language's parser has it.
    """

    def __init__(self, comparison: Any) -> None:
        self._path, self._kind = comparison.target, _kind(comparison.value)

    def find(self, datum: Any) -> list[Any]:
        """See JSONPath."""
        found = self._path.find(datum)
        return [one for one in found if None in (one.value, self._kind) or _kind(one.value) is self._kind]


def _kind(value: Any) -> type | None:
    """What comparisons take for one type: whole numbers are as others."""
    return None if value is None else float if type(value) is int else type(value)


def _shown(compared: Any) -> str:
    """A path of a filter as the file has it; the release of jsonpath-ng for Python 3.10 writes it in brackets."""
    return re.sub(r"^`this`\.", "", re.sub("[()]", "", str(compared)))


def filters_in(path: str) -> list[tuple[Any, dict[str, Any]]]:
    """The filters in a path: where the list is that each picks from, and the compared paths that a record must have.

    Left out are one that is compared with nothing, and those without which a record passes: by `||`, `!` or `!=`.
    """
    found, places = [], [compiled(path)]
    for place in places:
        before, last = getattr(place, "left", None), getattr(place, "right", None)
        needed = [one for one in getattr(last, "expressions", ()) if getattr(one, "op", None) in _NEEDING]
        # What combines comparisons has an operator too, and no target.
        compared = [one for one in needed if hasattr(one, "target")]
        if compared:
            found.append((before, {_shown(one.target): _Compared(one) for one in compared}))
        places += [one for one in (before, last) if one is not None]
    return found


def first_value(path: str, body: Any) -> Any:
    """What a path finds first in parsed JSON; None where it finds nothing."""
    values = find_values(path, body)
    return values[0] if values else None


def _keys_with_dots(names: tuple[str, ...], body: Any) -> list[Any]:
    """What names find where some of them are one key with dots in it; the longest key counts."""
    if not names:
        return [body]
    for length in range(len(names), 0, -1) if isinstance(body, dict) else ():
        key = ".".join(names[:length])
        if key in body and (found := _keys_with_dots(names[length:], body[key])):
            return found
    return []


def quoted_path(*names: str | int) -> str:
    """A JSON path from names, quoted where they are not plain, and places in lists, from 0; `$` for none."""
    plain = re.compile(r"(?!where$|parent$)[A-Za-z_][A-Za-z0-9_]*")
    steps = (
        f"[{one}]" if isinstance(one, int) else f".{one}" if plain.fullmatch(one) else f".'{one}'" for one in names
    )
    return "".join(steps).removeprefix(".") or "$"


def holders_of(selector: str, path: str) -> str | None:
    """What finds the objects around rows, where a path begins as the selector does, up to a wildcard or a filter.

    Args:
        selector: what finds the rows, such as `groups[*].rules[*]`.
        path: what is to be found beside them, such as `groups[*].name`.

    Returns:
        `groups[*]`; None where the path leads beside all of the rows.
    """
    selector, path = _from_root(selector), _from_root(path)
    depth, found = 0, None
    for place, sign in enumerate(selector):
        if path[:place] != selector[:place]:
            break
        is_end = depth == 0 and sign in ".[" and path[place : place + 1] in (".", "[")
        if is_end and any(one in selector[:place] for one in "*?"):
            found = selector[:place]
        depth += (sign == "[") - (sign == "]")
    return found


def steps_of(path: str) -> list[str]:
    """The steps of a path: names, and what picks of several in brackets or by a star."""
    return [_plain_step(one) for one in _STEP.findall(_from_root(path)) if one != "$"]


def leads_past_holders(selector: str, path: str) -> bool:
    """Whether a path may find a value of one group, or of one row, for all rows: it goes through several values where
    the selector does, or through the rows, and is not spelled as the selector is (see `holders_of`).

    Args:
        selector: what finds the rows.
        path: what is to be found beside them.
    """
    if are_names(path) or holders_of(selector, path) is not None:
        return False
    steps, others = steps_of(path), steps_of(selector)
    if not any(map(picks_several, steps)):
        return False
    if steps[: len(others)] == others:
        return True
    if not any(map(picks_several, others[:-1])):
        # There are no groups; that several values come shows at run time.
        return False
    for step, other in zip_longest(steps, others):
        if step != other or picks_several(step):
            return other is None or picks_several(step) or picks_several(other)
    return False


def _from_root(path: str) -> str:
    return _ROOT.sub("", path)


def _plain_step(step: str) -> str:
    """A step of a path, one in brackets and quotes as the name that it is."""
    return found[2] if (found := _QUOTED.fullmatch(step)) else step


def picks_several(step: str) -> bool:
    """Whether a step of a path may lead to several values."""
    return step in ("*", "..") or (step.startswith("[") and re.search(r"[*?:,]", step) is not None)


def around_each(holders: str, selector: str, path: str, body: Any) -> list[Any]:
    """What a path finds around each row, in the order of the rows; null where nothing is, and none where several are.

    Args:
        holders: what finds the objects around them, see `holders_of`.
        selector: what finds the rows.
        path: what is to be found in those objects.
        body: the answer's JSON.
    """
    to_rows, to_value = (_from_root(text)[len(holders) :].removeprefix(".") for text in (selector, path))
    values: list[Any] = []
    for holder in find_values(holders, body):
        found = find_values(to_rows, holder)
        is_each = to_rows.endswith(("]", "*"))
        rows = len(found) if is_each else sum(len(one) if isinstance(one, list) else 1 for one in found)
        around = find_values(to_value, holder)
        if rows and len(around) > 1:
            return []
        values += (around or [None]) * rows
    return values
