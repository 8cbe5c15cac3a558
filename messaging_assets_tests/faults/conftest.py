"""The fault suite: a list of the sandbox, something that goes wrong, and what is asserted about the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from messaging_assets.answers.formats import texts
from messaging_assets.http.wire import transport


@pytest.fixture
def one_list(sandbox: Any, open_database: None, request: pytest.FixtureRequest) -> Any:
    """A list of 250 rows, in pages of 100, read by offset; its `outcome` is a whole sync's in a grid's first case."""
    from messaging_assets_tests.faults.one_list import OneList

    cases = getattr(request.node, "callspec", None)
    is_first = cases is None or not any(cases.indices.values())
    return OneList(sandbox, is_whole=is_first or request.config.getoption("whole"))


@pytest.fixture
def in_short_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on each answer lies in a file, and is read two rows at a time."""

    def begin() -> None:
        monkeypatch.setattr(texts, "PART_ROWS", 2)
        monkeypatch.setattr(transport, "SPOOLED_FROM", 0)

    return begin
