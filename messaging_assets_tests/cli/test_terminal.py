"""What a terminal shows: 80 columns are enough, colour alone says nothing, and a pipe gets plain text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from messaging_assets.cli import check, demo, doctor, status
from messaging_assets.cli.health.symptom import Symptom
from messaging_assets.cli.tables import print_table, wide_console
from messaging_assets.description.api import ApiDescription
from messaging_assets.discovery.examined import Examined, Finding
from messaging_assets.orchestration.asset_status import AssetStatus

Captured = pytest.CaptureFixture[str]
CODE = re.compile(r"\x1b\[([0-9;]*)m")
LONG = "a_rather_long_name_of_an_api/with_a_rather_long_name_of_a_list"
API = ApiDescription.model_validate({"name": "chat", "client": {"base_url": "https://api.invalid"}, "resources": ["a"]})


def statuses() -> None:
    green = AssetStatus("chat/good", state="synced", rows=2_500, checks=7, verdict="read to the end")
    stale = AssetStatus(LONG, state="stale", lag_seconds=500_000, checks=7, verdict="unknown")
    failed = AssetStatus("chat/bad", state="failed", checks=7, reason="chat.bad: answered 403; renew the key.")
    failed.failed_checks["id_is_unique"] = "ERROR"
    status.print_statuses([green, stale, failed], {"broken": "broken.yaml:1: client: is missing"})


def symptoms() -> None:
    levels: tuple[Any, ...] = ("good", "note", "warning", "wrong")
    doctor._print([Symptom("destination", one, LONG, "set a variable") for one in levels], is_right=False)


def examined() -> None:
    one = Examined("a", requests=2, pages=2, rows=200, is_paging_seen=False)
    levels: tuple[Any, ...] = ("wrong", "warning", "note")
    one.findings += [Finding(level, "paging", LONG, "declare a paginator") for level in levels]
    check._print(API, [one])


def demonstrated() -> None:
    counts = [demo.AssetCount(LONG, 2_500, rows_in_table=2_499, checks_passed=6, checks=7)]
    demo._print_table(counts, 9.1, Path("demo.duckdb"))


SHOWN = {
    statuses: ("synced", "stale", "failed", "unknown", "ERROR", "broken.yaml:1"),
    symptoms: ("good", "note", "warning", "wrong", "Mend what is wrong"),
    examined: ("wrong", "warning", "note", "0 of 1 resources"),
    demonstrated: ("2,499", "2,500", "6/7", "0 of 1 assets"),
}


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "80", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("show", "words"), SHOWN.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_a_table_fits_into_80_columns_and_says_in_words_what_its_colours_say(
    show: Callable[[], None],
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    show()
    coloured = capsys.readouterr().out
    assert CODE.search(coloured), "a terminal gets colours"
    lines = CODE.sub("", coloured).splitlines()
    assert [line for line in lines if line.startswith(("│", "┃", "└")) and len(line) > 80] == []
    monkeypatch.setenv("NO_COLOR", "1")
    show()
    without = capsys.readouterr().out
    codes = {int(code) for found in CODE.findall(without) for code in found.split(";") if code}
    assert codes <= {0, 1, 2}, "bold and dim are no colours"
    assert CODE.sub("", without) == CODE.sub("", coloured)
    assert [word for word in words if word not in without] == []


@pytest.mark.parametrize(("show", "words"), SHOWN.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_a_pipe_gets_plain_text_with_whole_words(
    show: Callable[[], None], words: tuple[str, ...], capsys: Captured
) -> None:
    show()
    piped = capsys.readouterr().out
    assert [sign for sign in "\x1b│┃└━" if sign in piped] == []
    assert [line for line in piped.splitlines() if line != line.rstrip()] == []
    assert [word for word in words if word not in piped] == []


def test_a_name_with_brackets_is_the_same_in_a_pipe(capsys: Captured) -> None:
    table = Table(escape("[b]size"))
    table.add_row(Text("[i]at"))
    print_table(wide_console(), table)
    assert capsys.readouterr().out.split() == ["[b]size", "[i]at"]
