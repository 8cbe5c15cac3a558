from __future__ import annotations

import errno
import json
import os
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result
from dagster import AssetKey, DagsterInstance

from messaging_assets.cli import sync as sync_verb
from messaging_assets.cli.signals import ended_by_signals
from messaging_assets.cli.sync import command
from messaging_assets.sandbox import Fault, Sandbox

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
    file: Path, stored_instance: DagsterInstance
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
    assert [run.job_name for run in stored_instance.get_runs()] == ["chat_sync"]


def test_only_what_is_asked_for_is_synced(file: Path, stored_instance: DagsterInstance) -> None:
    shown = sync(file, "--only", "channels")
    assert shown.exit_code == 0, shown.output
    assert "chat/channels" in shown.output
    assert "chat/users" not in shown.output
    assert stored_instance.get_latest_materialization_event(AssetKey(["chat", "users"])) is None


def test_a_run_may_ask_for_more_than_what_is_new(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    file.write_text(CHAT.replace("v1/users}", "{path: v1/users, incremental: {cursor_path: created_at}}}"))
    for options, rows in (((), 250), (("--read-from", "2020-01-01"), 250), ((), 0)):
        shown = sync(file, "--only", "users", *options)
        assert shown.exit_code == 0, shown.output
        event = stored_instance.get_latest_materialization_event(AssetKey(["chat", "users"]))
        metadata = event.asset_materialization.metadata if event and event.asset_materialization else {}
        assert metadata["messaging_assets/rows_loaded"].value == rows, options
    every = sync(file, "--read-from", "2020-01-01")
    assert every.exit_code == 0
    assert "read as always: channels" in every.output
    assert "it has no mark" in sync(file, "--only", "channels", "--read-from", "2020-01-01").output
    refused = sync(file, "--only", "users", "--read-from", "-7d", "--full-refresh")
    assert refused.exit_code == 1
    assert "read_from cannot be: full_refresh and forget_state read everything" in refused.output
    # As of a variable of a shell that is not set.
    assert "it is empty" in sync(file, "--only", "users", "--read-from", "").output


def test_what_is_asked_for_twice_is_both(file: Path, stored_instance: DagsterInstance) -> None:
    shown = sync(file, "--only", "channels", "--only", "users")
    assert "chat/channels" in shown.stdout
    assert "chat/users" in shown.stdout


def test_a_failure_is_told_in_its_sentence(file: Path, sandbox: Sandbox, stored_instance: DagsterInstance) -> None:
    sandbox.fault(Fault(api="team_messaging", resource="users", status=404))
    shown = sync(file)
    assert shown.exit_code == 1
    assert "\nchat.users: GET" in shown.stdout
    assert "chat/users: " not in shown.output
    assert "answered 404" in shown.output
    assert "DEBUG" not in shown.output


def test_how_far_it_has_come_is_told_beside_the_answer(
    file: Path, stored_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging_assets.loading.progress.EVERY_SECONDS", 0.0)
    file.write_text(CHAT.replace("limit: 500", "limit: 100"))
    shown = sync(file, "--json")
    assert json.loads(shown.stdout)["is_right"] is True
    begin, *lines = shown.stderr.splitlines()
    assert begin == "running chat_sync, without windows of messages"
    assert any(
        re.match(r"chat\.users: 100 rows of 250, page 1 of about 3, [\d,]+ rows/s, about \d+ s left", line)
        for line in lines
    )
    assert {line.partition(":")[0] for line in lines} == {"chat.users", "chat.channels"}


def test_rows_of_all_parents_are_not_set_against_the_count_of_one_parents_list(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging_assets.loading.progress.EVERY_SECONDS", 0.0)
    del sandbox.rows("team_messaging", "channels")[2:]
    child = 'endpoint: {path: v1/users, params: {channel: "{resources.channels.id}"}}, include_from_parent: [id]'
    key = "primary_key: [_channels_id, id]"
    file.write_text(CHAT.replace("{name: users, endpoint: v1/users}", f"{{name: users, {key}, {child}}}"))
    shown = sync(file, "--only", "users")
    assert " 500 " in shown.stdout
    assert re.search(r"chat\.users: 500 rows, page \d, [\d,]+ rows/s\n", shown.stderr)


def test_a_failing_asset_is_told_at_once_and_again_when_it_is_given_up(
    file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    sandbox.fault(Fault(api="team_messaging", resource="users", status=503))
    file.write_text(CHAT.replace("max_retries: 0", "max_retries: 1, backoff_factor: 0.1"))
    shown = sync(file, "--json")
    assert json.loads(shown.stdout)["is_right"] is False
    _, first, last = shown.stderr.splitlines()
    assert re.fullmatch(r"chat\.users: GET .* answered 503 2 times; .*\. Trying again in \d s\.", first)
    assert last == first.partition(" Trying")[0]


def test_dagsters_own_log_is_shown_where_it_is_asked_for(file: Path, stored_instance: DagsterInstance) -> None:
    for words, is_shown in (((), False), (("--verbose",), True)):
        shown = sync(file, "--only", "channels", "--json", *words)
        assert json.loads(shown.stdout)["is_right"] is True
        assert ("RUN_SUCCESS" in shown.stderr) == is_shown


@pytest.mark.parametrize(("words", "message"), [("others", "no 'others' that is read"), (",", "no resource that is")])
def test_what_cannot_be_synced_as_a_whole_is_the_commands_mistake(
    file: Path, stored_instance: DagsterInstance, words: str, message: str
) -> None:
    shown = sync(file, "--only", words)
    assert shown.exit_code == 2
    assert message in shown.output
    assert "there are: users, channels" in shown.output


def test_what_is_read_in_windows_is_told_where_it_can_be_started(file: Path, stored_instance: DagsterInstance) -> None:
    told = "chat.messages is read in windows of time, each a partition in Dagster; start them in its UI"
    shown = sync(file, "--only", "users,messages")
    assert (shown.exit_code, told in shown.output) == (2, True)
    alone = CHAT.replace("  - {name: users, endpoint: v1/users}\n  - {name: channels, endpoint: v1/channels}\n", "")
    file.write_text(alone)
    shown = sync(file)
    assert (shown.exit_code, told in shown.output) == (2, True)


def test_a_run_that_does_not_turn_the_output_back_leaves_the_sentence_on_the_terminal(tmp_path: Path) -> None:
    """Dagster forgets to where the disk is full."""
    before = os.fstat(2)
    with (tmp_path / "elsewhere").open("w") as elsewhere, suppress(OSError), sync_verb._own_output():
        os.dup2(elsewhere.fileno(), 2)
        turned = os.path.samestat(os.fstat(2), before)
        raise OSError(errno.ENOSPC, "No space left on device")
    assert (turned, os.path.samestat(os.fstat(2), before)) == (False, True)


# A signal may come while a socket is opened or closed, which the process then leaves to its end.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_a_run_that_is_told_to_end_is_over_in_the_history(
    number: str, file: Path, sandbox: Sandbox, stored_instance: DagsterInstance
) -> None:
    def answer(payload: object, request: object) -> object:
        os.kill(os.getpid(), getattr(signal, number))
        time.sleep(2)
        return payload

    sandbox.fault(Fault(api="team_messaging", resource="users", rewrite=answer, times=1))
    before = signal.getsignal(getattr(signal, number))
    shown = sync(file)
    assert shown.exit_code == 1
    assert "its run was interrupted" in shown.output
    assert [run.is_finished for run in stored_instance.get_runs()] == [True]
    assert signal.getsignal(getattr(signal, number)) is before


def test_a_run_that_is_interrupted_before_its_first_step_is_over_in_the_history(
    file: Path, stored_instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = Mock(side_effect=KeyboardInterrupt)
    monkeypatch.setattr("dagster._core.execution.execute_in_process.ExecuteRunWithPlanIterable", interrupted)
    assert sync(file).exit_code == 1
    assert [run.status.value for run in stored_instance.get_runs()] == ["CANCELED"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_a_signal_that_comes_while_garbage_is_collected_comes_again() -> None:
    class Held:
        """Interrupts when nothing holds it any more."""

        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    held = [Held()]
    # Whoever takes it otherwise keeps it, as an earlier test's Dagster may.
    usual: dict[int, Any] = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    before = {number: signal.signal(number, of_python) for number, of_python in usual.items()}
    try:
        with ended_by_signals():
            held.clear()
            with pytest.raises(KeyboardInterrupt):
                time.sleep(60)
    finally:
        for number, own in before.items():
            signal.signal(number, own)


def test_a_sync_in_a_thread_leaves_signals_as_they_are(file: Path, stored_instance: DagsterInstance) -> None:
    with ThreadPoolExecutor(1) as threads:
        shown = threads.submit(sync, file).result()
    assert shown.exit_code == 0, shown.output
