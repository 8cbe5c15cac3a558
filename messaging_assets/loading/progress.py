"""What a long sync says of itself while it runs: a line every few seconds, never one a page."""

from __future__ import annotations

import time
from collections.abc import Callable

from messaging_assets.reading.receipt import Receipt

EVERY_SECONDS = 5.0


class Progress:
    """Tells how far a read has come.

    Args:
        asset: the asset's name.
        tell: takes a line for the run's log.
        receipt: what came so far.
    """

    def __init__(self, asset: str, tell: Callable[[str], None], receipt: Receipt) -> None:
        self._asset, self._tell, self._receipt = asset, tell, receipt
        self._started = self._last_line = time.monotonic()

    def page_came(self, page: int, total: int | None) -> None:
        """A page is behind us.

        Args:
            page: which one it was, counted from 1.
            total: how many rows the API says the list has, where it says so and all rows are of one list.
        """
        now = time.monotonic()
        if now - self._last_line < EVERY_SECONDS:
            return
        self._last_line = now
        receipt, seconds = self._receipt, now - self._started
        # Those before an interruption are of the list too, and took no time now.
        rows, speed = receipt.rows_read + (receipt.resumed_rows or 0), receipt.rows_read / seconds
        line = f"{self._asset}: {rows:,} rows"
        if total:
            line += f" of {total:,}"
        line += f", page {page:,}"
        if total and total > rows > 0:
            line += f" of about {-(-total * page // rows):,}"
        line += f", {speed:,.0f} rows/s"
        if receipt.waited_seconds >= 1:
            line += f", {receipt.waited_seconds:,.0f} s of waiting for the API"
        if total and total > rows and speed:
            line += f", about {(total - rows) / speed:,.0f} s left"
        self._tell(line)
