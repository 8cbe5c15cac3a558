"""When a read began, by the API's clock: a row that changed since may stand on a page that came before it did."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from messaging_assets.reading.times.notation import Notation


class ReadStart:
    """The earliest moment of which a page of the read may be.

    Args:
        notation: how the cursor's values are written, and when the sync began.

    Attributes:
        at: seconds since 1970.
    """

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self.at = Decimal(notation.now.timestamp())

    def heard(self, at: float | None) -> None:
        """An answer came that is of this moment, in seconds since 1970; None where nobody knows."""
        if at is not None:
            self.at = min(self.at, Decimal(at))

    def is_before(self, value: Any) -> bool:
        """Whether a value is a moment that lies after it."""
        moment = self._notation.moment(value)
        return moment is not None and moment > self.at
