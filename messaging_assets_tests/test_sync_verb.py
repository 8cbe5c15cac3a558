from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dagster import AssetKey, DagsterInstance

from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets.verbs.sync import command

CHAT = """\
client: {base_url: "https://x.invalid", auth: {type: oauth2, token_url: "https://x.invalid/oauth/token"}}
resource_defaults:
  primary_key: id
  write_disposition: merge
  endpoint: {data_selector: data, paginator: {type: offset, limit: 500}, error_handler: {max_retries: 0}}
resources:
  - {name: users, endpoint: v1/users}
  - {name: channels, endpoint: v1/channels}
  - name: messages
    endpoint: v1/messages
    partitions: {type: daily, start: "2025-01-01", start_param: since, end_param: until, column: sent_at}
"""


@pytest.fixture
def file(clean_room: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT__BASE_URL", f"{sandbox.url}/team_messaging")
    monkeypatch.setenv("CHAT__TOKEN_URL", f"{sandbox.url}/team_messaging/oauth/token")
    monkeypatch.setenv("CHAT__CLIENT_ID", sandbox.client[0])
    monkeypatch.setenv("CHAT__CLIENT_SECRET", sandbox.client[1])
    (clean_room / "chat.yaml").write_text(CHAT)
    return clean_room / "chat.yaml"


def sync(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words])


def test_every_resource_is_loaded_and_checked_and_the_run_is_in_the_history(
    file: Path, dagster_instance: DagsterInstance
) -> None:
    shown = sync(file, "--json")
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert found["is_right"] is True
    assert {one["asset"]: (one["state"], one["rows"]) for one in found["assets"]} == {
        "chat/users": ("synced", 250),
        "chat/channels": ("synced", 40),
    }
    assert all(one["checks"] > 2 and one["failed_checks"] == {} for one in found["assets"])
    assert [run.job_name for run in dagster_instance.get_runs()] == ["chat_sync"]


def test_only_what_is_asked_for_is_synced(file: Path, dagster_instance: DagsterInstance) -> None:
    shown = sync(file, "--only", "channels")
    assert shown.exit_code == 0, shown.output
    assert "chat/channels" in shown.output
    assert "chat/users" not in shown.output
    assert dagster_instance.get_latest_materialization_event(AssetKey(["chat", "users"])) is None


def test_a_failure_is_told_in_its_sentence(file: Path, sandbox: Sandbox, dagster_instance: DagsterInstance) -> None:
    sandbox.fault(Fault(api="team_messaging", resource="users", status=404))
    shown = sync(file)
    assert shown.exit_code == 1
    assert "\nchat.users: GET" in shown.stdout
    assert "chat/users: " not in shown.output
    assert "answered 404" in shown.output
    assert "DEBUG" not in shown.output


@pytest.mark.parametrize(
    ("words", "message"), [("messages", "no 'messages' that is read"), (",", "no resource that is")]
)
def test_what_cannot_be_synced_as_a_whole_is_the_commands_mistake(
    file: Path, dagster_instance: DagsterInstance, words: str, message: str
) -> None:
    shown = sync(file, "--only", words)
    assert shown.exit_code == 2
    assert message in shown.output
    assert "there are: users, channels" in shown.output
