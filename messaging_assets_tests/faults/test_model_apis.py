"""Random APIs and the files that describe them: what came is what the API had, or the sync says so.

A list is read alone, which is fast, or synced twice with changes in between. `make model` tries thousands of each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, event, given, note, settings
from hypothesis import strategies as st

from messaging_assets.answers.formats import texts
from messaging_assets.description.api import ApiDescription
from messaging_assets.files.described import described
from messaging_assets.files.yaml_lines import read_yaml
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import project_folders
from messaging_assets.http.wire import transport
from messaging_assets.http.wire.spool import SPOOLED_FROM
from messaging_assets.reading.cursors import marks
from messaging_assets_tests.conftest import forget_dlt_contexts
from messaging_assets_tests.faults.one_list import read_alone, synced, tables
from messaging_assets_tests.model_apis import moments, truth
from messaging_assets_tests.model_apis.api import KEY, ModelApi, served
from messaging_assets_tests.model_apis.api_file import file_of
from messaging_assets_tests.model_apis.histories import changed, faults, first_rows, moves
from messaging_assets_tests.model_apis.traits import traits
from messaging_assets_tests.open_database import let_go

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES") or 0)
SECRETS: dict[str, dict[str, str]] = {
    "none": {},
    "bearer": {"token": KEY},
    "api_key": {"api_key": KEY},
    "http_basic": {"username": "user", "password": KEY},
    "oauth2": {"client_id": "me", "client_secret": KEY},
}
NUMBERS = count()
PART_ROWS = texts.PART_ROWS
# What a test shows is shrunk, and no line of it explained: that takes minutes.
HOW: dict[str, Any] = {
    "derandomize": not EXAMPLES,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.generate, Phase.shrink],
    "report_multiple_bugs": False,
}


@pytest.fixture
def server(open_database: None) -> Iterator[Any]:
    with served() as running:
        yield running


@settings(max_examples=EXAMPLES or 20, **HOW)
@given(one=traits(), data=st.data())
def test_a_list_that_is_read_is_what_the_api_had_or_the_read_says_so(
    one: Any, data: st.DataObject, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_once(one, data, server, monkeypatch)


@settings(max_examples=EXAMPLES or 8, **HOW)
@given(one=traits(), data=st.data())
def test_a_table_is_what_the_api_had_or_the_sync_says_so(
    one: Any, data: st.DataObject, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_twice(one, data, server, tmp_path, monkeypatch)


def read_once(one: Any, data: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an API of these traits be, read it, and hold what came against it."""
    api, description = set_up(one, data, server, monkeypatch)
    wrong, moving = data.draw(faults(one), "faults"), data.draw(moves(one), "moves")
    api.begin(wrong, moving)
    monkeypatch.setattr(marks, "datetime", clock(0))
    failure, receipt, came = read_alone(description, "rows", SECRETS[one["auth"]])
    verdict = told(failure, receipt["verdict"], receipt["verdict_reason"], api=api)
    assert_green_without_faults(one, api, failure)
    truth.check_read(one, api, [row for row in came if "is_cut" not in row], verdict)


def sync_twice(one: Any, data: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an API of these traits be, sync it twice, and hold the table against it after each sync."""
    fresh(tmp_path, monkeypatch)
    api, description = set_up(one, data, server, monkeypatch)
    table, wrong = list[Any](), set[str]()
    seen: list[list[Any]] = []
    for number in range(2):
        if number:
            data.draw(changed(api), "changes")
        api.begin(data.draw(faults(one), "faults"))
        wrong |= {*api.faults.values()}
        before, failure = table, None
        monkeypatch.setattr(marks, "datetime", clock(number))
        metadata: Mapping[str, Any]
        try:
            metadata = synced(description, "rows", SECRETS[one["auth"]])
        except SyncFailure as caught:
            failure, metadata = caught, caught.metadata
        said = {name: metadata.get(f"messaging_assets/{name}") for name in ("verdict", "verdict_reason")}
        words, reason = (getattr(one, "value", one) for one in said.values())
        verdict = told(failure, words, reason, api=api)
        table, rejected = tables(project_folders(), "model", "rows")
        assert_green_without_faults(one, api, failure)
        assert not rejected or "error" in wrong
        seen.append([dict(row) for row in api.rows])
        truth.check(one, seen, before, table, verdict)


def set_up(one: Any, data: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[ModelApi, ApiDescription]:
    """An API of these traits, and the description in the file that was written of it."""
    api = server.api = ModelApi(one, data.draw(first_rows(one), "rows"))
    api.url = server.url
    monkeypatch.setattr(transport, "SPOOLED_FROM", 0 if one["is_long"] else SPOOLED_FROM)
    monkeypatch.setattr(texts, "PART_ROWS", 2 if one["is_long"] else PART_ROWS)
    text = yaml.safe_dump(file_of(one, server.url), sort_keys=False)
    note(text)
    found = described(read_yaml(text), "model", None)
    assert not found.broken, found.broken
    [description] = found.descriptions
    return api, description


def clock(number: int) -> SimpleNamespace:
    """The time of a sync, for its marks."""
    return SimpleNamespace(now=lambda zone: moments.moment(moments.SYNCED[number]))


def told(failure: SyncFailure | None, verdict: Any, reason: Any, *, api: ModelApi) -> str | None:
    """The verdict of what is green; None for what is red."""
    words = None if failure else str(verdict)
    event(words or "red")
    note("\n".join([f"{words or 'red'}: {failure or reason}", *api.asked]))
    return words


def assert_green_without_faults(one: Any, api: ModelApi, failure: SyncFailure | None) -> None:
    # Of a range that cannot be cut further, more than the API gives at once is not to be had.
    if not api.faults and not api.moves and one["range"] != "most":
        assert failure is None, f"nothing was wrong, and it is red: {failure}"


def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that no sync has written in."""
    let_go()
    home = tmp_path / f"home{next(NUMBERS)}"
    home.mkdir()
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", str(home))
    monkeypatch.setenv("DLT_DATA_DIR", str(home))
    forget_dlt_contexts(monkeypatch, home)
