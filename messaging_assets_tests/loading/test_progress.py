"""A long sync tells how far it has come, every few seconds."""

from __future__ import annotations

import pytest

from messaging_assets.loading.progress import Progress
from messaging_assets.reading.receipt import Receipt


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("messaging_assets.loading.progress.time.monotonic", lambda: now[0])
    return now


def test_a_line_tells_rows_pages_speed_waits_and_the_time_left(clock: list[float]) -> None:
    lines: list[str] = []
    receipt = Receipt(rows_read=3000, pages=30, waited_seconds=4)
    telling = Progress("chat.messages", lines.append, receipt)
    clock[0] += 6
    telling.page_came(30, 10_000)

    [line] = lines
    assert line == (
        "chat.messages: 3,000 rows of 10,000, page 30 of about 100, 500 rows/s, 4 s of waiting for the API, "
        "about 14 s left"
    )


def test_what_an_interrupted_read_had_read_is_counted_and_is_no_part_of_the_speed(clock: list[float]) -> None:
    lines: list[str] = []
    telling = Progress("chat.messages", lines.append, Receipt(rows_read=1000, pages=11, resumed_rows=8_000))
    clock[0] += 5
    telling.page_came(90, 10_050)

    assert lines == ["chat.messages: 9,000 rows of 10,050, page 90 of about 101, 200 rows/s, about 5 s left"]


@pytest.mark.parametrize(("rows", "total"), [(0, 100), (100, 100), (120, 100), (100, 0)])
def test_no_last_page_is_foretold_where_it_cannot_be_known(clock: list[float], rows: int, total: int) -> None:
    lines: list[str] = []
    telling = Progress("chat.messages", lines.append, Receipt(rows_read=rows))
    clock[0] += 5
    telling.page_came(2, total)

    assert "page 2, " in lines[0]
    assert "left" not in lines[0]


def test_there_is_no_line_a_page(clock: list[float]) -> None:
    lines: list[str] = []
    telling = Progress("chat.messages", lines.append, Receipt(rows_read=10, pages=1))
    for _ in range(100):
        clock[0] += 0.1
        telling.page_came(1, None)

    assert lines == ["chat.messages: 10 rows, page 1, 2 rows/s"]
