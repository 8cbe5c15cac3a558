"""The fault suite: a list of the sandbox, something that goes wrong, and what is asserted about the outcome."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def one_list(sandbox: Any) -> Any:
    """A list of 250 rows, in pages of 100, read by offset."""
    from messaging_assets_tests.faults.one_list import OneList

    return OneList(sandbox)
