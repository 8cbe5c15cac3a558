"""`messaging-assets report`: one page that tells the truth of every asset, without colour, script or secret."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dagster import AssetsDefinition

from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.cli.program import main
from messaging_assets.cli.shown.report_charts import MARKS, bars
from messaging_assets.cli.shown.report_facts import DAYS, ApiFacts, ResourceFacts
from messaging_assets.cli.shown.report_page import page
from messaging_assets.files.api_files import describe
from messaging_assets.orchestration.asset_status import AssetStatus
from messaging_assets.sandbox import Fault
from messaging_assets.tables.notes.sync_history import HistoryRow

NOW = datetime(2026, 3, 31, 12, tzinfo=timezone.utc)
EVIL = "<script>alert('x')</script>&\""


def past(days: int, state: str = "synced", verdict: str | None = "proven", rows: int = 10, **more: Any) -> HistoryRow:
    counted = {"requests": 3, "retries": 1, "seconds": 2.0, **more}
    ended = NOW - timedelta(days=days)
    return HistoryRow("one", "api", "rows", state, ended, None, verdict, EVIL, rows_loaded=rows, **counted)


def facts(**status: Any) -> list[ApiFacts]:
    one = ResourceFacts("rows", AssetStatus("chat/rows", **status), EVIL, 24.0)
    one.syncs = [past(3), past(2, verdict="unknown"), past(1, "failed", "incomplete", 99), past(0, "replayed", None)]
    one.reasons.update({EVIL: 1200})
    return [ApiFacts("chat", EVIL, [one], EVIL)]


class _Checked(HTMLParser):
    """Sees that what is opened is closed, and what tags there are."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_text_of_others_is_escaped_and_the_page_is_whole() -> None:
    made = page(facts(state="failed", reason=EVIL), {EVIL: EVIL}, NOW)
    checked = _Checked()
    checked.feed(made)
    assert checked.open == []
    assert not {"script", "link", "img", "iframe"} & checked.seen
    assert "<script" not in made
    assert made.count("&lt;script&gt;") >= 8
    assert "default-src 'none'" in made
    assert not re.search(r"https?://", made)


def test_no_meaning_is_in_colour_alone() -> None:
    assert len(set(MARKS.values())) == len(MARKS) - 2, "synced is proven, and incomplete is failed"
    made = page(facts(state="stale", lag_seconds=90_000.0, checks=3, failed_checks={"id_is_unique": "ERROR"}), {}, NOW)
    for words in ("1 proven, 1 unknown, 1 failed, 1 replayed", "2026-03-30 12:00: failed", "1 stale", "2 of 3 passed"):
        assert words in made, words
    assert "chat/rows: it was synced 25 h ago, and is to be 24 h old at most; check id_is_unique failed" in made
    assert "Records set aside: 1,200" in made


@pytest.mark.parametrize(
    ("failed", "said"),
    [({}, "synced"), ({"sync_is_complete": "WARN"}, "in doubt"), ({"a": "WARN", "b": "ERROR"}, "check failed")],
)
def test_only_an_asset_whose_every_check_passed_is_counted_as_synced(failed: dict[str, str], said: str) -> None:
    made = page(facts(state="synced", checks=3, failed_checks=failed), {}, NOW)
    [counted] = re.findall(r"<ul class=sums><li><svg.*?</svg>(.*?)</li></ul>", made)
    [shown] = re.findall(r"<span class=state><svg.*?</svg>(.*?)</span>", made)
    assert (counted, shown) == (f"1 {said}", said)


def test_rows_of_a_day_are_those_of_syncs_that_loaded() -> None:
    [one] = facts()[0].resources
    days = dict(one.rows_by_day(NOW.date()))
    assert len(days) == DAYS
    assert [days[(NOW - timedelta(days=back)).date()] for back in (3, 2, 1, 0)] == [10, 10, 0, 10]
    assert "at most 10 a day" in bars(list(days.items()))


def test_an_asset_without_a_sync_and_a_project_without_an_asset_have_a_page() -> None:
    never = [ApiFacts("chat", resources=[ResourceFacts("rows", AssetStatus("chat/rows"))])]
    assert "never synced" in page(never, {}, NOW)
    assert "Tables from APIs" in page([], {}, NOW)


def test_a_page_of_other_apis_than_the_projects_says_so(stored_instance: Any, open_database: None) -> None:
    done = CliRunner().invoke(main, ["report"])
    assert "so these are the demo's" in done.output
    made = Path(done.output.partition(": ")[0]).read_text(encoding="utf-8")
    assert "so these are the demo&#x27;s" in made
    chosen = CliRunner().invoke(main, ["report", "messaging"])
    assert "the demo's" not in chosen.output


def test_the_verb_writes_what_the_destination_and_dagster_know(
    known_sandbox: Any, stored_instance: Any, open_database: None, tmp_path: Path
) -> None:
    known_sandbox.fault(Fault(api="generic_rest", status=401))
    for api in ("messaging", "generic_rest"):
        CliRunner().invoke(main, ["sync", api])
    done = CliRunner().invoke(main, ["report", "messaging", "generic_rest", "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    assert "page.html: the state of 2 assets as of now." in done.output
    made = (tmp_path / "page.html").read_text(encoding="utf-8")
    for words in (
        "1 failed",
        "1 synced",
        "answered 401",
        "Rows loaded, 30 days",
        "The slowest",
        "messaging/<wbr>messages",
    ):
        assert words in made, words
    assert not any(secret in made for name, secret in known_sandbox.environment().items() if "URL" not in name)
    assert list(tmp_path.glob("*.partial")) == []


def test_a_destination_that_cannot_be_asked_leaves_what_dagster_knows(
    known_sandbox: Any, stored_instance: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "no" / "such" / "folder.duckdb"))
    done = CliRunner().invoke(main, ["report", "messaging", "-o", str(tmp_path / "page.html")])
    assert done.exit_code == 0, done.output
    made = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "What its destination knows is missing here" in made
    assert "never synced" in made


def test_a_place_that_cannot_be_written_is_told(known_sandbox: Any, stored_instance: Any, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["report", "messaging", "-o", str(tmp_path / "no" / "page.html")])
    assert done.exit_code == 1
    assert "cannot be written" in done.output


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("https://user:secret@data.example.com/report.html?token=x", "https://data.example.com/report.html"),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_an_asset_links_to_the_page_where_its_place_is_known(
    monkeypatch: pytest.MonkeyPatch, told: str, shown: str | None
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_REPORT_URL", told)
    described = describe({"client": {"base_url": "https://api.example.com"}, "resources": ["rows"]}, "chat")
    [spec] = [spec for one in build_assets(described) if isinstance(one, AssetsDefinition) for spec in one.specs]
    found = spec.metadata.get("messaging_assets/report")
    assert (found.value if found else None) == shown
