"""Lines and rows of an answer that are no records: each is set aside, and never sinks the others."""

from __future__ import annotations

from typing import Any


class LineReason(str):
    """Why a line is no record. Its place stands apart, so that all lines with one reason are counted together.

    Attributes:
        plain: the reason itself.
        fields: which line or row it is, counted from 1.
    """

    plain: str
    fields: str

    def __new__(cls, plain: str, place: str) -> LineReason:
        reason = super().__new__(cls, plain)
        reason.plain, reason.fields = plain, place
        return reason


class BadLine(list[Any]):
    """What a line or row holds that is no record, in pieces. It has no names, so nothing in it can be masked apart.

    Attributes:
        reason: why it is none.
    """

    reason: LineReason

    def __init__(self, pieces: list[Any], why: str, place: str) -> None:
        super().__init__(pieces)
        self.reason = LineReason(why, place)
