"""In which direction a mark moves: what of two cursor values lies beyond the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from messaging_assets.description import api as described
from messaging_assets.reading.cursors.order import CursorText, Order
from messaging_assets.reading.times.notation import NoOrder


class Direction:
    """Compares cursor values by the file's `last_value_func`.

    Args:
        own: the incremental as the file has it.
        order: how its values compare.
    """

    def __init__(self, own: described.Incremental, order: Order) -> None:
        self._func, self._order = own.last_value_func, order

    @property
    def is_up(self) -> bool:
        """Whether the highest value is the mark."""
        return self._func in ("max", max)

    def is_further(self, one: Any, other: Any) -> bool:
        """Whether a value lies beyond another in the direction that the mark moves.

        Raises:
            NoOrder: they do not compare.
        """
        func = self._func
        if self.is_up:
            return self._order.compare(one, other) > 0
        if func in ("min", min):
            return self._order.compare(one, other) < 0
        assert callable(func)
        return not self.is_same(one, other) and bool(_called(func, (one, other)) != _wrapped(other))

    def is_same(self, one: Any, other: Any) -> bool:
        """Whether two values stand at one place in the order."""
        if callable(func := self._func) and func not in (max, min):
            return bool(_called(func, (one,)) == _wrapped(other))
        return self._order.compare(one, other) == 0

    def earlier(self, one: Any, other: Any) -> Any:
        """Which of two values at one place a mark is set to, so that a row of the same place is asked for again."""
        return self._order.earlier(one, other) if self.is_up else other

    def reached(self, value: Any, before: Any) -> Any:
        """The mark behind a row; a function of the user's own may make another value of it."""
        func = self._func
        if not callable(func) or func in (max, min):
            return value
        return _plain(_called(func, (value,) if before is None else (value, before)))


def _called(func: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    try:
        return func(tuple(map(_wrapped, values)))
    except TypeError:
        raise NoOrder from None


def _wrapped(value: Any) -> Any:
    return CursorText(value) if type(value) is str else value


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
