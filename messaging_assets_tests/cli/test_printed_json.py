from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from messaging_assets.cli import dev
from messaging_assets.cli.program import VERBS, main
from messaging_assets.foundation.dagster_home import settle_dagster_home
from messaging_assets.foundation.folders import project_folders
from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets_tests.programs import environment, messaging_assets

# What stops each verb before it asks anything.
WRONG: dict[str, list[str]] = {
    "demo": ["--no-such-option"],
    "dev": ["--port", "99999"],
    "sandbox": ["--port", "99999"],
    "discover": ["--path", "/x"],
    "convert": ["nowhere.yaml"],
    "validate": ["nowhere.yaml"],
    "check": ["nowhere"],
    "preview": ["nowhere", "rows"],
    "rejected": ["nowhere", "rows"],
    "report": ["nowhere"],
    "sync": ["nowhere.yaml"],
    "doctor": ["--strange"],
    "status": ["nowhere"],
}


def printed(value: Any, encoding: str = "utf-8") -> str:
    command = click.Command("show", callback=lambda: print_json(value))
    return CliRunner(charset=encoding).invoke(command).stdout


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_cannot_begin_prints_one_json_document(verb: str, clean_room: Path) -> None:
    done = CliRunner().invoke(main, [verb, *WRONG[verb], "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 2
    assert told["is_right"] is False
    assert f"Error: {told['error']}" in done.stderr
    assert CliRunner().invoke(main, [verb, *WRONG[verb]]).stdout == ""


def test_a_verb_that_printed_its_document_and_fails_then_prints_no_second_one() -> None:
    def callback(as_json: bool) -> None:
        print_json({"rows": []})
        raise click.ClickException("too late")

    option = click.Option(["--json", "as_json"], is_flag=True)
    done = CliRunner().invoke(JsonCommand("verb", callback=callback, params=[option]), ["--json"])
    assert (json.loads(done.stdout), done.exit_code) == ({"rows": []}, 1)
    assert "too late" in done.stderr


@pytest.mark.sampled
@pytest.mark.parametrize("words", [["validate"], ["check", "messaging"], ["sync", "messaging"], ["dev"]], ids=str)
def test_a_file_of_secrets_that_does_not_parse_is_told_in_one_sentence(words: list[str], clean_room: Path) -> None:
    (clean_room / ".dlt").mkdir()
    (clean_room / ".dlt" / "secrets.toml").write_text('[sources.messaging]\napi_key = "abc123\n')
    done = messaging_assets(*words, "--json", env=environment(DLT_PROJECT_DIR=str(clean_room)))
    assert (done.returncode, json.loads(done.stdout)["error"]) == (
        1,
        ".dlt/secrets.toml, line 2: this is not TOML, so none of its settings is read; correct it there.",
    )
    assert done.stderr == f"Error: {json.loads(done.stdout)['error']}\n"


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (
            'slack_incoming_hook = "hook-77"',
            "dlt's setting runtime.slack_incoming_hook is a secret, and dlt takes none",
        ),
        ("request_timeout = 'soon'", "dlt's setting request_timeout is no float; correct it in .dlt/config.toml"),
        (
            "log_format = '{foo'",
            "dlt does not begin with its settings below [runtime] (ValueError); correct log_format",
        ),
        (
            "sentry_dsn = 'https://a@b.example/1'",
            "a Python package is not installed, and dlt's settings below [runtime]",
        ),
    ],
    ids=lambda words: words.split()[0],
)
def test_a_setting_with_which_dlt_does_not_begin_is_told_in_one_sentence(
    setting: str, told: str, clean_room: Path
) -> None:
    (clean_room / ".dlt").mkdir()
    (clean_room / ".dlt" / "config.toml").write_text(f"[runtime]\n{setting}\n")
    done = messaging_assets("sync", "messaging", env=environment(DLT_PROJECT_DIR=str(clean_room)))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {told}")
    assert len(done.stderr.splitlines()) == 1
    assert "hook-77" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run_launcher: [", "(line 2 is no YAML); correct it"),
        ("foo: s3cret", '(Received unexpected config entry "foo" at the root); correct it'),
        ("telemetry: {enabled: s3cret}", "at path root:telemetry:enabled); correct it"),
        ("storage: {postgres: {postgres_db: {password: s3cret}}}", "); "),
        ("event_log_storage: {module: dagster_nowhere, class: Log}", "install it: pip install dagster-nowhere"),
        ("run_coordinator: {module: dagster_nowhere, class: Queue}", "install it: pip install dagster-nowhere"),
        ("- s3cret", "dagster instance info shows more"),
    ],
)
def test_a_dagster_yaml_that_dagster_does_not_begin_with_is_told_in_a_sentence(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    home = clean_room / "dagster_home"
    home.mkdir()
    (home / "dagster.yaml").write_text(f"{text}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))

    done = CliRunner().invoke(main, ["status"])

    assert f"Error: Dagster does not begin with {home / 'dagster.yaml'} (" in done.output
    assert said in done.output
    assert "s3cret" not in done.output
    assert done.exit_code == 1


@pytest.mark.parametrize("words", [["doctor"], ["dev", "--no-sandbox"]], ids=str)
def test_what_takes_runs_is_told_where_it_cannot_begin(
    words: list[str], clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "run_launcher: {module: dagster_nowhere, class: Launcher}\n"
    (clean_room / "dagster" / "dagster.yaml").write_text(text)
    monkeypatch.setattr(dev, "_run_until_told", lambda *_: pytest.fail("it was started"))

    done = CliRunner().invoke(main, words)

    assert "(dagster_nowhere is not installed)" in done.output
    assert done.exit_code == 1


def test_databases_of_dagster_that_cannot_be_opened_are_told(clean_room: Path) -> None:
    (clean_room / "dagster" / "schedules" / "schedules.db").mkdir(parents=True)

    done = CliRunner().invoke(main, ["status"])

    assert "(unable to open database file); free some space on its disk, or see who owns its files" in done.output


def test_a_dagster_home_that_two_processes_made_at_once_is_told(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_room / "empty").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(clean_room / "empty"))
    home = settle_dagster_home(project_folders())
    with closing(sqlite3.connect(home / "schedules" / "schedules.db")) as database, database:
        database.execute("INSERT INTO alembic_version VALUES ('5771160a95ad')")

    done = CliRunner().invoke(main, ["status"])

    assert "(two processes made its storage at once); move the folders history and schedules away" in done.output


@pytest.mark.parametrize("words", [["status"], ["sync", "messaging"], ["dev"]], ids=str)
def test_a_dagster_home_that_is_no_folder_is_the_commands_mistake(
    words: list[str], clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(clean_room / "nowhere"))
    done = CliRunner().invoke(main, [*words, "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"].endswith("which is no folder; set it to the one that Dagster uses")


def test_a_dagster_home_that_is_no_whole_path_is_told_with_the_whole_one(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_room / "here").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", "here")
    done = CliRunner().invoke(main, ["status"])
    assert done.exit_code == 2
    assert done.stderr.endswith(f"which is not a whole path; set it to {clean_room / 'here'}\n")


def test_letters_of_any_language_are_printed_as_they_are() -> None:
    assert '"Grüße, 日本 😀"' in printed(["Grüße, 日本 😀"])


@pytest.mark.parametrize("text", ["\x9b31m", "\x7f", "\u202e", "\ud800", "\U000e0001", "\x1b", "\u2028"])
def test_what_a_terminal_would_obey_is_escaped_and_means_the_same(text: str) -> None:
    shown = printed([text])
    assert text not in shown
    assert json.loads(shown) == [text]


def test_what_an_output_cannot_write_is_escaped_and_means_the_same() -> None:
    shown = printed(["Grüße, 日本 😀"], "latin-1")
    assert "Grüße" in shown
    assert json.loads(shown) == ["Grüße, 日本 😀"]
