"""`messaging-assets doctor`: what is fit is good, what is not is named with what to do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from messaging_assets.cli import main
from messaging_assets.foundation.folders import project_folders


def _doctor() -> tuple[int, dict[str, list[dict[str, Any]]]]:
    run = CliRunner().invoke(main, ["doctor", "--json"])
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(run.stdout)["found"]:
        found.setdefault(one["about"], []).append(one)
    return run.exit_code, found


@pytest.fixture
def apis(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = clean_room / "apis"
    folder.mkdir()
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(folder))
    (folder / "chat.yaml").write_text(
        "client: {base_url: 'https://api.example.com', auth: {type: api_key, name: api_key}}\nresources: [users]\n"
    )
    return folder


def test_a_machine_that_is_fit_is_called_so(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "key-of-the-chat")
    status, found = _doctor()
    assert status == 0
    assert {one["level"] for each in found.values() for one in each} <= {"good", "note"}
    assert found["API chat"][0]["what"] == "1 resources; every secret is set"
    assert "key-of-the-chat" not in json.dumps(found)


def test_a_secret_that_is_missing_is_named_by_its_variable(apis: Path) -> None:
    status, found = _doctor()
    assert status == 0
    assert found["API chat"][0]["level"] == "warning"
    assert found["API chat"][0]["mend"] == "set CHAT__API_KEY"


def test_a_broken_file_is_wrong(apis: Path) -> None:
    (apis / "chat.yaml").write_text("client: {}\n")
    status, found = _doctor()
    assert status == 1
    assert found["API chat"][0]["mend"] == "messaging-assets validate chat"


def test_a_project_without_a_file_is_told_how_to_make_one(apis: Path) -> None:
    (apis / "chat.yaml").unlink()
    assert "discover" in _doctor()[1]["API files"][0]["mend"]


def test_a_variable_by_which_every_sync_is_refused_is_wrong(apis: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_INTERVAL_TIMEZONE", "Europe/Berlin")
    status, found = _doctor()
    assert status == 1
    assert found["settings"][0]["mend"] == "unset DLT_INTERVAL_TIMEZONE"


def test_refresh_tokens_that_would_be_shared_without_a_key_are_wrong(
    apis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_TOKENS", "postgresql://loader:hush-hush@127.0.0.1:1/warehouse")
    status, found = _doctor()
    assert status == 1
    assert "MESSAGING_ASSETS_TOKENS_KEY holds no key" in found["refresh tokens"][0]["what"]
    assert "hush" not in str(found)


def test_a_destination_that_does_not_answer_is_wrong_and_its_address_stays_unsaid(
    apis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", "postgresql://loader:hush-hush@127.0.0.1:1/warehouse")
    status, found = _doctor()
    assert status == 1
    assert "does not answer" in found["destination"][0]["what"]
    assert "hush-hush" not in json.dumps(found)


def test_a_database_that_answers_is_good(apis: Path) -> None:
    duckdb.connect(str(project_folders().make().database)).close()
    assert _doctor()[1]["destination"][0]["what"] == "duckdb answers"


def test_a_clock_that_was_set_back_is_seen_by_the_files_of_the_project(apis: Path) -> None:
    path = project_folders().make().pipelines / "chat__users"
    path.mkdir()
    os.utime(path, (time.time() + 3600, time.time() + 3600))
    assert _doctor()[1]["clock"][0]["level"] == "warning"
