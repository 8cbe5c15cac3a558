"""The fault suite: a list of the sandbox, something that goes wrong, and what is asserted about the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from messaging_assets.answers.formats import texts
from messaging_assets.http.wire import transport


@pytest.fixture
def one_list(sandbox: Any, open_database: None, request: pytest.FixtureRequest) -> Any:
    """A list of 250 rows, in pages of 100, read by offset."""
    from messaging_assets_tests.faults.one_list import OneList

    return OneList(sandbox, is_whole=request.config.getoption("whole"))


@pytest.fixture
def api() -> Iterator[Any]:
    """An API that lets in only who signs right."""
    from messaging_assets_tests.faults.signing_api import signing_api

    with signing_api() as running:
        yield running


@pytest.fixture
def in_short_parts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on each answer lies in a file, and is read two rows at a time."""

    def begin() -> None:
        monkeypatch.setattr(texts, "PART_ROWS", 2)
        monkeypatch.setattr(transport, "SPOOLED_FROM", 0)

    return begin
