"""An answer whose body is parsed once, and the connection that it came over."""

from __future__ import annotations

from typing import Any

import requests


class Answer(requests.Response):
    """A response whose body is parsed once; everything else is requests' own.

    Attributes:
        line: the connection that it came over, until `settle`.
        is_clean: whether it ended where it said, and nothing came behind it.
        format: what its body was written in.
    """

    parsed: Any = None
    format = "json"
    line: Any = None
    is_clean = True

    def settle(self, is_good: bool) -> None:
        """Let the next request have the connection, or close it where anything about this answer was not good."""
        line, self.line = self.line, None
        if line is not None:
            (line.keep if is_good and self.is_clean else line.drop)()

    def fill(self, body: bytes, status: int) -> None:
        """Take a body in place of the one that came.

        Args:
            body: the bytes.
            status: in place of its status.
        """
        self._content, self.status_code = body, status

    def json(self, **kwargs: Any) -> Any:
        """The parsed body, as JSON would be (dlt asks for it several times a page)."""
        return self.parsed
