"""The fault suite: a list of the sandbox, something that goes wrong, and what is asserted about the outcome."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def one_list(sandbox: Any, open_database: None, request: pytest.FixtureRequest) -> Any:
    """A list of 250 rows, in pages of 100, read by offset; its `outcome` is a whole sync's in a grid's first case."""
    from messaging_assets_tests.faults.one_list import OneList

    cases = getattr(request.node, "callspec", None)
    is_first = cases is None or not any(cases.indices.values())
    return OneList(sandbox, is_whole=is_first or request.config.getoption("whole"))
