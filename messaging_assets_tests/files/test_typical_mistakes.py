"""Typical mistakes in a file: each is told in a sentence that says what to do, and one file shows them all."""

from __future__ import annotations

import re

from messaging_assets_tests.mistakes import GOLDEN, told


def test_what_is_said_of_typical_mistakes_is_what_the_golden_file_shows() -> None:
    golden = GOLDEN.read_text(encoding="utf-8")

    assert told(golden) == golden, "read the sentences, then run python -m messaging_assets_tests.mistakes"


def test_every_typical_mistake_is_told_once_and_with_its_line() -> None:
    said = re.findall(r"```text\n(.*?)```", GOLDEN.read_text(encoding="utf-8"), re.DOTALL)

    assert len(said) >= 40
    assert [one for one in said if not re.fullmatch(r"(chat\.yaml:\d+: .{15,}\n)+", one)] == []


def test_the_golden_file_shows_another_sentence_where_it_is_another() -> None:
    golden = GOLDEN.read_text(encoding="utf-8")

    assert told(golden.replace("did you mean data_selector?", "...", 1)) == golden
