from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from messaging_assets.cli.program import VERBS, main
from messaging_assets.cli.validate import worst_case
from messaging_assets.description.api import ErrorHandler
from messaging_assets.foundation.folders import SHIPPED_APIS
from messaging_assets_tests.programs import environment, messaging_assets

GOOD = """\
client: {base_url: "https://api.example.com", auth: {type: api_key, name: api_key, location: query}}
resource_defaults: {primary_key: id, write_disposition: merge}
resources:
  - {name: messages, endpoint: {path: /messages}, columns: {id: {data_type: text, nullable: false}}}
schedule: {cron: "30 6 * * *", timezone: Europe/Berlin}
"""
BAD = """\
client: {base_url: "https://api.example.com"}
resources:
  - name: messages
    endpoint: {path: /messages, data_selctor: data}
"""


@pytest.fixture
def files(clean_room: Path) -> Path:
    folder = clean_room / "apis"
    folder.mkdir()
    (folder / "chat.yaml").write_text(GOOD)
    return folder


def main_help() -> str:
    """The verbs' lines, each unwrapped."""
    return " ".join(CliRunner().invoke(main, ["--help"]).output.split())


def validate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["validate", *map(str, arguments)])


def test_help_needs_neither_dagster_nor_dlt() -> None:
    code = (
        "import sys; from messaging_assets.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(sorted({'dagster', 'dlt', 'pydantic', 'rich', 'uvicorn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(verb in done.stdout for verb in VERBS)


def test_help_shows_each_example_on_a_line_of_its_own() -> None:
    lines = [line.split("  ") for line in CliRunner().invoke(main, ["--help"]).output.splitlines()]
    assert ["", "messaging-assets demo"] in [line[:2] for line in lines]
    assert ["", "messaging-assets dev"] in [line[:2] for line in lines]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb: str) -> None:
    shown = CliRunner().invoke(main, [verb, "--help"])
    assert shown.exit_code == 0
    assert "\\b" not in shown.output
    assert f"\n  messaging-assets {verb}" in shown.output, "an example on a line of its own"
    assert "--json" in shown.output
    assert VERBS[verb][1].partition(",")[0] in main_help()
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    assert all(option.help or isinstance(option, click.Argument) for option in command.params if option.name != "help")


def test_an_unknown_verb_is_answered_with_those_there_are() -> None:
    shown = CliRunner().invoke(main, ["valdate"])
    assert shown.exit_code == 2
    assert f"there is no 'valdate'; the verbs are {', '.join(VERBS)}; did you mean validate?" in shown.output


def test_a_good_file_is_described(files: Path) -> None:
    shown = validate(files / "chat.yaml")
    assert shown.exit_code == 0
    assert "good, 1 resource\n" in shown.output
    assert (
        "retry worst case of messages, Dagster's own retries included: at most 16 requests a page, 98 s" in shown.output
    )
    assert "30 6 * * * (Europe/Berlin): every day at 06:30" in shown.output
    assert "not set: CHAT__API_KEY" in shown.output


def test_a_folder_without_a_file_is_a_wrong_folder(clean_room: Path) -> None:
    (clean_room / "empty").mkdir()
    shown = validate(clean_room / "empty")
    assert shown.exit_code == 2
    assert "there is no API file in" in shown.output


@pytest.mark.parametrize(
    ("name", "told"),
    [("chat.json", "JSON is YAML too, so name it .yaml"), ("chat/api.yaml", "folders in it are not looked into")],
)
def test_a_file_that_is_not_looked_at_is_named_where_there_is_no_other(clean_room: Path, name: str, told: str) -> None:
    file = clean_room / "apis" / name
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    assert f"there is apis/{name}: {told}" in validate(clean_room / "apis").output


def test_a_secret_that_is_set_is_neither_missed_nor_shown(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "hush-hush")
    shown = validate(files)
    assert shown.exit_code == 0
    assert "not set" not in shown.output
    assert "hush-hush" not in shown.output


def test_every_mistake_has_its_file_and_line_and_gives_status_1(files: Path) -> None:
    (files / "broken.yaml").write_text(BAD)
    shown = validate(files)
    assert shown.exit_code == 1
    assert "broken.yaml:4: resources.messages.endpoint.data_selctor: unknown key" in shown.output
    assert "did you mean data_selector?" in shown.output
    assert "1 good, 1 mistake\n" in shown.output


UNDECLARED = """\
client: {base_url: "https://api.example.com"}
resource_defaults:
  write_disposition: merge
resources:
  - name: channels
    endpoint: {path: /channels}
    primary_key: idd
    columns: {id: {data_type: text}, ts: {data_type: timestamp}}
  - name: messages
    endpoint:
      path: "/channels/{resources.channels.id}/messages"
      incremental: {cursor_path: $.edited.at, initial_value: 0, start_param: since}
    include_from_parent: [id]
    primary_key: [_channels_id, ID]
    columns: {id: {data_type: text}}
"""


def test_a_key_or_cursor_that_is_no_declared_column_is_remarked_on_and_is_no_mistake(files: Path) -> None:
    (files / "chat.yaml").write_text(UNDECLARED)
    shown = validate(files)
    assert shown.exit_code == 0
    remarks = [line.partition("chat.yaml:")[2] for line in shown.output.splitlines() if "remark: " in line]
    key, cursor = remarks
    assert key == "7: resources.channels.primary_key: 'idd' is none of the declared columns; did you mean id?"
    assert cursor.startswith("12: resources.messages.endpoint.incremental.cursor_path: 'edited' is none of the")
    assert cursor.endswith("; declare it too, with its type")
    assert "1 good, 0 mistakes, 2 remarks\n" in shown.output
    [first, _] = json.loads(validate("--json", files).output)["files"][0]["remarks"]
    assert (first["line"], first["path"]) == (7, "resources.channels.primary_key")


@pytest.mark.parametrize("columns", ["{id: {data_type: text}, edited: {data_type: json}}", "{}"])
def test_declared_keys_and_cursors_and_files_without_columns_are_not_remarked_on(files: Path, columns: str) -> None:
    text = UNDECLARED.replace("idd", "id").replace("columns: {id: {data_type: text}}\n", f"columns: {columns}\n")
    (files / "chat.yaml").write_text(text)
    assert "remark" not in validate(files).output


@pytest.mark.parametrize(
    ("retries", "schedule", "windows", "interval"),
    [
        (3, "* * * * *", None, "60 s"),
        (3, "*/2 * * * *", None, None),
        (5, "*/5 * * * *", None, "5 min"),
        (12, "30 6 * * *", None, None),
        (12, "30 6 * * *", "hourly", "60 min"),
        (12, "* * * * *", "daily", None),
    ],
)
def test_retries_that_can_outlast_the_time_to_the_next_sync_are_remarked_on(
    files: Path, retries: int, schedule: str, windows: str | None, interval: str | None
) -> None:
    endpoint = f"endpoint: {{path: /messages, error_handler: {{max_retries: {retries}}}}}"
    if windows:
        times = "start: 2025-01-01, start_param: since, end_param: until, column: id"
        endpoint += f", partitions: {{type: {windows}, {times}}}"
    text = GOOD.replace("endpoint: {path: /messages}", endpoint)
    (files / "chat.yaml").write_text(
        text.replace("30 6 * * *", schedule).replace("data_type: text", "data_type: timestamp")
    )
    shown = validate(files)
    assert shown.exit_code == 0, shown.output
    assert ("chat.yaml:4: resources.messages: its retries can take" in shown.output) is (interval is not None)
    assert interval is None or f"the next sync is due after {interval}; give it fewer max_retries" in shown.output


def test_json_says_the_same(files: Path) -> None:
    (files / "broken.yaml").write_text(BAD)
    shown = validate("--json", files / "broken.yaml", files / "chat.yaml")
    assert shown.exit_code == 1
    found = json.loads(shown.output)
    assert found["valid"] is False
    assert [one["api"] for one in found["files"]] == ["chat"]
    assert found["files"][0]["secrets_not_set"] == ["CHAT__API_KEY"]
    assert found["files"][0]["schedule"]["words"] == "every day at 06:30"
    [problem] = found["problems"]
    assert problem["file"].endswith("broken.yaml")
    assert (problem["line"], problem["path"]) == (4, "resources.messages.endpoint.data_selctor")
    assert "did you mean" in problem["message"]


def test_without_files_those_of_the_variable_are_checked(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(files))
    assert "chat.yaml: good" in validate().output


def test_the_shipped_files_are_good() -> None:
    found = json.loads(validate("--json").output)
    assert found["problems"] == []
    assert len(found["files"]) == 5


@pytest.mark.parametrize("words", [["validate"], ["status"], ["check", "chat"]])
def test_that_there_is_no_folder_of_files_is_said_where_the_shipped_ones_stand_in(
    words: list[str], clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = clean_room / "messaging_assets" / "apis"
    told = CliRunner().invoke(main, words).output
    assert f"there is no folder {own}, so these are the demo's" in told
    own.mkdir()
    assert f"no API file is in {own}, so these are the demo's" in CliRunner().invoke(main, words).output
    beside = clean_room / "elsewhere"
    (beside / "apis").mkdir(parents=True)
    (beside / "apis" / "chat.yaml").touch()
    monkeypatch.chdir(beside)
    mend = f"set MESSAGING_ASSETS_HOME={beside} for those in {beside / 'apis'}"
    assert mend in CliRunner().invoke(main, words).output
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(SHIPPED_APIS))
    assert "demo's" not in CliRunner().invoke(main, words).output


def test_a_file_that_is_not_there_is_the_commands_mistake(clean_room: Path) -> None:
    assert validate(clean_room / "nothing.yaml").exit_code == 2


def test_the_worst_case_is_the_product_of_both_layers() -> None:
    """Four tries of 2, 4 and 8 s (a quarter more with jitter), four times, and Dagster's 4, 8 and 16 s between."""
    assert worst_case(ErrorHandler()) == {
        "requests": 16,
        "seconds": 4 * 1.25 * (2 + 4 + 8) + 4 + 8 + 16,
        "seconds_if_asked_to_wait": 12 * 300 + 4 + 8 + 16,
    }
    assert worst_case(ErrorHandler(max_retries=0)) == {"requests": 1, "seconds": 0, "seconds_if_asked_to_wait": 0}


def test_the_schema_knows_every_word_and_no_code() -> None:
    schema = json.loads(validate("--schema").output)
    assert schema["additionalProperties"] is False
    assert {"client", "resources", "resource_defaults", "schedule", "sensor"} <= set(schema["properties"])
    assert not {"name", "file"} & set(schema["properties"])
    assert "processing_steps" not in json.dumps(schema)


def test_the_sandbox_verb_takes_the_sandboxs_options() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = messaging_assets("sandbox", "--port", port)
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr


@pytest.mark.parametrize(
    ("address", "is_remarked"),
    [("http://api.example.com", True), ("https://api.example.com", False), ("http://127.0.0.1:8080", False)],
)
def test_a_secret_over_plain_http_is_remarked_on(files: Path, address: str, is_remarked: bool) -> None:
    (files / "chat.yaml").write_text(GOOD.replace("https://api.example.com", address))

    shown = validate(files)

    assert shown.exit_code == 0
    words = "chat.yaml:1: client.base_url: is plain http, so secrets and rows travel readable; write https"
    assert (words in shown.output) == is_remarked


@pytest.mark.parametrize(("sent", "is_remarked"), [("{now:epoch_ms}", True), ("{now:epoch_seconds}", False)])
def test_a_time_that_is_signed_and_not_sent_is_remarked_on(files: Path, sent: str, is_remarked: bool) -> None:
    auth = f"{{type: hmac, text: '{{now:epoch_seconds}}', headers: {{X-T: '{sent}', X-S: '{{signature}}'}}}}"
    (files / "chat.yaml").write_text(f"client: {{base_url: https://api.example.com, auth: {auth}}}\nresources: [m]\n")
    words = "signs {now:epoch_seconds}, which no header and no parameter sends; send it, written alike"
    assert (f"client.auth: {words}" in validate(files).output) == is_remarked

    own = f"{{name: m, endpoint: {{auth: {auth}}}}}"
    (files / "chat.yaml").write_text(f"client: {{base_url: https://api.example.com}}\nresources: [{own}]\n")
    assert (f"resources.m.endpoint.auth: {words}" in validate(files).output) == is_remarked

    # Beside a header with a secret it is the client's still.
    both = f"client: {{base_url: https://api.example.com, auth: {auth}}}"
    own = "{name: m, endpoint: {headers: {K: '{secret.k}'}}}"
    (files / "chat.yaml").write_text(f"{both}\nresources: [{own}]\n")
    assert validate(files).output.count(words) == is_remarked


@pytest.mark.parametrize(
    ("endpoint", "step"),
    [
        ("{total: exact, paginator: single_page}", "name where the API counts its rows as rows_total_path"),
        ("{total: exact, paginator: {type: single_page, rows_total_path: count}}", None),
        ("{paginator: single_page}", "write total: exact, and name where the API counts its rows as rows_total_path"),
        ("{paginator: {type: offset, limit: 9}}", "write total: exact, or an overlap"),
        ("{paginator: {type: offset, limit: 9, overlap: 1}}", None),
        ("{total: exact, paginator: {type: offset, limit: 9}}", None),
        ("{total: exact, paginator: {type: offset, limit: 9, total_path: null}}", None),
    ],
)
def test_deletes_that_no_read_can_prove_are_remarked_on(files: Path, endpoint: str, step: str | None) -> None:
    one = f"{{name: m, primary_key: id, write_disposition: merge, deletes: mark, endpoint: {endpoint}}}"
    (files / "chat.yaml").write_text(f"client: {{base_url: https://api.example.com}}\nresources:\n- {one}\n")
    found = validate(files).output
    assert ("(deletes: mark), and nothing can prove one" in found) == (step is not None)
    assert f"nothing can prove one; {step}" in found or step is None
