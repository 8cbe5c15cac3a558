"""Keys and their hashes: different keys are different records, whatever Python's own hash says of them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from messaging_assets.answers.record_keys import hash_of, hashes_of, keys_of
from messaging_assets_tests.one_table import OneTable

# Each pair has one hash in Python.
TWINS = [(-1, -2), (0, 2**61 - 1), (7, 7 + 2**61 - 1), (-1, -(2**61))]


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_numbers_that_share_pythons_hash_are_two_keys(one: int, other: int) -> None:
    assert hash((one,)) == hash((other,))
    assert hash_of((one,)) != hash_of((other,))
    assert hash_of(("a", one)) != hash_of(("a", other))


def test_one_key_has_one_hash_in_every_company() -> None:
    parts: list[Any] = ["a", "1", 1, -1, 2**70, 1.5, False]
    alone = {part: hash_of((part,)) for part in parts}

    for pair in combinations(parts, 2):
        assert keys_of([{"id": part} for part in pair], ("id",))[0] == [alone[part] for part in pair]
        assert hashes_of([(part,) for part in pair]) == [alone[part] for part in pair]
    assert len(set(alone.values())) == len(parts)
    # A table's key column holds one of them.
    assert hash_of((1,)) == hash_of((1.0,)) != hash_of((True,))


def test_a_table_with_both_is_complete(one_table: OneTable) -> None:
    rows = [{"id": key, "name": str(key)} for pair in TWINS[:2] for key in pair]

    synced = one_table.sync(rows)

    assert synced.green
    assert synced.receipt["distinct_keys"] == synced.receipt["rows_loaded"] == 4
    assert synced.receipt["duplicates"] == 0
    assert len(one_table.rows()) == 4


def test_a_page_of_the_twin_keys_is_no_repeated_page(one_table: OneTable) -> None:
    one_table.page_size = 1

    synced = one_table.sync([{"id": key} for pair in TWINS[:2] for key in pair])

    assert synced.green
    assert len(one_table.rows()) == 4


@pytest.mark.parametrize("page_size", [4, 1], ids=["on one page", "on two pages"])
def test_a_true_beside_a_one_is_another_record_and_is_set_aside(one_table: OneTable, page_size: int) -> None:
    one_table.page_size = page_size

    synced = one_table.sync([{"id": key, "v": place} for place, key in enumerate((1, 2, True, 0))])

    assert sorted(row["v"] for row in one_table.rows()) == [0, 1, 3]
    assert synced.receipt["duplicates"] == 0
    assert synced.receipt["rows_set_aside"] == 1
