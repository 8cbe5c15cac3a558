"""No row goes without a count: what was read was loaded, or the receipt says what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from messaging_assets_tests.one_table import OneTable

NEW = {
    "path": "v1/resource",
    "data_selector": "data",
    "paginator": {"type": "offset", "limit": 100},
    "incremental": {"cursor_path": "at"},
}


def _balance(receipt: dict[str, Any], is_append: bool = False) -> int:
    """Rows that came, less those that are accounted for."""
    gone = ["rows_loaded", "rows_set_aside", "rows_filtered", "rows_before_mark"] + ["duplicates"] * (not is_append)
    came = ["rows_read", "rows_made"]
    return int(sum(receipt.get(name, 0) for name in came) - sum(receipt.get(name, 0) for name in gone))


@pytest.mark.sampled
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_rows_that_are_filtered_before_the_mark_set_aside_or_came_again_are_counted(
    one_table: OneTable, disposition: str
) -> None:
    steps = [{"filter": lambda row: row["id"] % 10 != 3}]
    rows: list[dict[str, Any]] = [{"id": number, "at": number} for number in range(150)]
    described: dict[str, Any] = {"write_disposition": disposition, "endpoint": NEW, "processing_steps": steps}
    first = one_table.sync(rows, **described).receipt
    rows += [{"id": number, "at": number} for number in range(150, 170)] + [{"id": None, "at": 171}]
    rows.append(rows[155])

    second = one_table.sync(rows, **described).receipt

    is_append = disposition == "append"
    assert (first["rows_read"], first["rows_filtered"], first["rows_before_mark"], first["rows_loaded"]) == (
        150,
        15,
        0,
        135,
    )
    assert _balance(first, is_append) == 0
    # Numbers say nothing of the moment when a row changed, so the last page comes once more, which an append knows.
    before, loaded = (135, 19) if is_append else (89, 18 + 46)
    assert (second["rows_read"], second["rows_filtered"], second["rows_before_mark"]) == (172, 17, before)
    assert (second["rows_set_aside"], second["duplicates"], second["rows_loaded"]) == (1, 1, loaded)
    assert _balance(second, is_append) == 0


def test_rows_that_a_step_makes_of_one_are_counted(one_table: OneTable) -> None:
    def words(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from ({"id": f"{row['id']}-{place}", "word": word} for place, word in enumerate(row["text"].split()))

    rows = [{"id": 1, "text": "one two three"}, {"id": 2, "text": ""}, {"id": 3, "text": "four"}]

    receipt = one_table.sync(
        rows, processing_steps=[{"yield_map": words}, {"filter": lambda row: row["word"] != "two"}]
    )

    # The second record makes none, and the filter leaves out "two".
    assert (receipt.receipt["rows_made"], receipt.receipt["rows_filtered"]) == (2, 2)
    assert _balance(receipt.receipt) == 0
    assert len(one_table.rows()) == 3


def test_a_step_that_takes_dlts_metadata_gets_it(one_table: OneTable) -> None:
    def keeps(row: dict[str, Any], meta: Any) -> bool:
        return meta is None and row["id"] != 2

    synced = one_table.sync([{"id": 1}, {"id": 2}], processing_steps=[{"filter": keeps}])

    assert synced.receipt["rows_filtered"] == 1
    assert [row["id"] for row in one_table.rows()] == [1]


def test_a_sync_without_steps_or_cursor_says_nothing_of_them(one_table: OneTable) -> None:
    receipt = one_table.sync([{"id": 1}, {"id": 2}]).receipt

    assert not {"rows_filtered", "rows_made", "rows_before_mark"} & receipt.keys()
    assert _balance(receipt) == 0
