"""What records get of the window that they were asked for with: the fields of `include_from_request`.

Reports of a day or an hour often name none in their rows. Which one a row is of only the request says then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from messaging_assets.description.incremental import Incremental
from messaging_assets.description.ways.placeholders import fields_in, filled, is_field
from messaging_assets.foundation import moments
from messaging_assets.foundation.moments import EPOCHS


def fields_of(shared: Mapping[str, str], of: Callable[[str, str], Any]) -> dict[str, Any]:
    """The fields with a window's bounds in them; of an epoch alone as a number.

    Args:
        shared: texts with placeholders, by the name that records get.
        of: what takes a placeholder's place, by its name and what follows its colon.
    """
    return {
        name: of(*next(fields_in(text))) if is_field(text) else filled(text, lambda *one: str(of(*one)))
        for name, text in shared.items()
    }


def fields_of_range(shared: Mapping[str, str], own: Incremental, start: Decimal, end: Decimal) -> dict[str, Any]:
    """The fields for a window of a range that `step` cuts.

    Args:
        shared: texts with placeholders, by the name that records get.
        own: the range, as the file has it.
        start: the window's first moment, in seconds since 1970.
        end: the moment that it ends before.
    """
    zone = ZoneInfo(own.timezone) if own.timezone else timezone.utc
    return fields_of(shared, lambda name, way: moments.written(_bound(name, start, end), way or format_of(own), zone))


def format_of(own: Incremental) -> str:
    """How the fields are written where a placeholder does not say it: as records, or requests, write moments."""
    in_records = own.cursor_format or ""
    return in_records if "%" in in_records or in_records in EPOCHS else own.format or "iso"


def _bound(name: str, start: Decimal, end: Decimal) -> Decimal:
    return end if name.endswith(".end_value") else start
