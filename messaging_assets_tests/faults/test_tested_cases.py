"""The page of the cases says what the suite shows."""

from __future__ import annotations

from messaging_assets_tests.faults.tested_cases import PAGE, page


def test_the_page_is_made_anew_whenever_a_case_changes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m messaging_assets_tests.faults.tested_cases"
