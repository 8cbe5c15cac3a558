from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from messaging_assets.cli.preview import command
from messaging_assets.foundation.folders import project_folders
from messaging_assets.sandbox import Fault, Sandbox

SENSITIVE = """\
client: {base_url: "https://x.invalid", auth: {type: api_key, name: api_key, location: query}}
resources:
  - name: messages
    primary_key: id
    write_disposition: merge
    endpoint: {path: v1/messages, data_selector: data, paginator: {type: offset, limit: 100}}
    columns: {content: {data_type: text, sensitive: true}, edited_at: {data_type: timestamp, sensitive: true}}
"""


def preview(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_rows_are_shown_and_nothing_is_loaded(known_sandbox: Sandbox) -> None:
    done = preview("messaging", "messages", "-n", 3)
    assert done.exit_code == 0, done.output
    assert all(f"msg_00000{number}" in done.output for number in (1, 2, 3))
    assert "msg_000004" not in done.output
    assert len(known_sandbox.requests) == 1
    assert not project_folders().database.exists()


def test_more_rows_than_a_page_has_are_read_over_its_end(known_sandbox: Sandbox) -> None:
    rows = json.loads(preview("messaging", "messages", "-n", 150, "--json").stdout)["rows"]
    assert [row["id"] for row in rows] == [row["id"] for row in known_sandbox.rows("messaging", "messages")[:150]]
    assert len(known_sandbox.requests) == 2


def test_columns_that_do_not_fit_are_named(known_sandbox: Sandbox) -> None:
    known_sandbox.rows("messaging", "messages")[0].update({f"a_rather_wide_column_{n}": "x" * 30 for n in range(9)})
    assert "Not shown for want of room (see --json): " in preview("messaging", "messages", "-n", 1).output


def test_sensitive_columns_are_masked_and_nulls_are_not(known_sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "messaging.yaml"
    file.write_text(SENSITIVE)
    for words in ((), ("--json",)):
        shown = preview(file, "messages", "-n", 2, *words).output
        for row in known_sandbox.rows("messaging", "messages")[:2]:
            assert row["id"] in shown
            assert row["content"] not in shown
        assert "***" in shown
    rows = json.loads(preview(file, "messages", "-n", 2, "--json").stdout)["rows"]
    assert {row["edited_at"] for row in rows} <= {None, "***"}


def test_what_a_terminal_would_obey_is_not_printed(known_sandbox: Sandbox) -> None:
    known_sandbox.rows("messaging", "messages")[0]["content"] = "\x1b[31m[bold]red[/bold]"
    shown = preview("messaging", "messages", "-n", 1).output
    assert "\x1b" not in shown
    assert "[bold]red[/bold]" in shown


def test_an_empty_list_is_said_to_be_empty(known_sandbox: Sandbox) -> None:
    known_sandbox.rows("messaging", "messages").clear()
    done = preview("messaging", "messages")
    assert done.exit_code == 0
    assert "messaging.messages is empty" in done.output


def test_a_failure_is_told_in_its_sentence_without_secrets(
    known_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING__API_KEY", "wrong-and-secret")
    done = preview("messaging", "messages")
    assert done.exit_code == 1
    assert "answered 401; check MESSAGING__API_KEY" in done.output
    assert "wrong-and-secret" not in done.output


def test_rows_before_a_failure_are_shown(known_sandbox: Sandbox) -> None:
    known_sandbox.fault(Fault(api="messaging", after=1, status=404))
    done = preview("messaging", "messages", "-n", 150)
    assert done.exit_code == 1
    assert "msg_000100" in done.output
    assert "answered 404" in done.output


def test_rows_before_a_failure_are_in_the_json_document_that_tells_it(known_sandbox: Sandbox) -> None:
    known_sandbox.fault(Fault(api="messaging", after=1, status=404))
    done = preview("messaging", "messages", "-n", 150, "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["is_right"], len(found["rows"])) == (1, False, 100)
    assert "answered 404" in found["error"]


def test_an_unknown_resource_is_the_commands_mistake(known_sandbox: Sandbox) -> None:
    done = preview("messaging", "users")
    assert done.exit_code == 2
    assert "messaging has no resource 'users'; there are: messages" in done.output


def test_json_says_of_each_failure_what_it_is(known_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(preview("messaging", "messages", "-n", 1, "--json").stdout)
    assert (found["api"], found["resource"], found["is_right"]) == ("messaging", "messages", True)
    assert "error" not in found

    def failure(*words: object) -> tuple[int, str]:
        done = preview(*words, "--json")
        found = json.loads(done.stdout)
        assert found["is_right"] is False
        return done.exit_code, found["error"]

    assert failure("messaging", "users") == (2, "messaging has no resource 'users'; there are: messages")
    monkeypatch.setenv("MESSAGING__API_KEY", "wrong-and-secret")
    status, words = failure("messaging", "messages")
    assert status == 1
    assert "answered 401; check MESSAGING__API_KEY" in words
    assert "wrong-and-secret" not in words
    monkeypatch.delenv("MESSAGING__API_KEY")
    assert "set MESSAGING__API_KEY in the environment" in failure("messaging", "messages")[1]


def test_json_has_letters_of_any_language_as_they_are(known_sandbox: Sandbox) -> None:
    known_sandbox.rows("messaging", "messages")[0]["content"] = "Grüße aus 日本"
    assert "Grüße aus 日本" in preview("messaging", "messages", "-n", 1, "--json").stdout
