from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import click
import pytest
import requests
import yaml
from click.testing import CliRunner
from dagster import DagsterInstance, DagsterRunStatus
from filelock import FileLock

from messaging_assets.cli import dev as development
from messaging_assets.foundation.dagster_home import DAGSTER_YAML, settle_dagster_home
from messaging_assets.foundation.folders import SHIPPED_APIS, project_folders
from messaging_assets_tests.programs import environment, run
from messaging_assets_tests.running_dagster import (
    free_port,
    materialize_all,
    running_development,
    wait_until_shown,
)

OWN = "client: {base_url: 'https://api.example.com'}\nresources: [list]\n"
SHIPPED = ["generic_rest", "message_broker", "messaging", "monitoring", "team_messaging"]


@pytest.mark.newest
@pytest.mark.minutes
def test_materialize_all_works_at_once_its_history_stays_and_a_new_file_is_seen(clean_room: Path) -> None:
    home = clean_room / "messaging_assets"
    with running_development(clean_room) as address:
        materialize_all(address)
        (home / "apis").mkdir()
        (home / "apis" / "own.yaml").write_text(OWN)
        wait_until_shown(address, [["own", "list"]])
        (home / "apis" / "own.yaml").write_text(OWN.replace("list", "users"))
        wait_until_shown(address, [["own", "users"]])
    assert "own.yaml changed, so the code location was loaded anew.\n" in (clean_room / "dev.log").read_text()
    state = home / ".messaging_assets"
    with DagsterInstance.from_config(str(state / "dagster")) as instance:
        assert [run.status for run in instance.get_runs()] == [DagsterRunStatus.SUCCESS]
    assert (state / "warehouse.duckdb").exists()
    assert list((clean_room / "home").iterdir()) == []


def test_the_sandbox_plays_all_shipped_apis_of_which_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert development._apis_to_play() == SHIPPED
    monkeypatch.setenv("MONITORING__BASE_URL", "https://monitoring.example.com")
    assert development._apis_to_play() == [api for api in SHIPPED if api != "monitoring"]


def test_the_sandbox_leaves_an_api_alone_whose_secret_is_in_the_file(clean_room: Path) -> None:
    folder = clean_room / "project" / ".dlt"
    folder.mkdir()
    (folder / "secrets.toml").write_text('[sources.team_messaging]\nclient_id = "me"\n')
    assert development._apis_to_play() == [api for api in SHIPPED if api != "team_messaging"]


def test_the_sandbox_plays_no_file_of_the_users(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = clean_room / "apis"
    own.mkdir()
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", str(own))
    assert development._apis_to_play() == []
    shipped = SHIPPED_APIS
    monkeypatch.setenv("MESSAGING_ASSETS_APIS", f"{own}{os.pathsep}{shipped}")
    assert development._apis_to_play() == SHIPPED


def test_the_sandbox_process_ends_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    with development._sandbox(["messaging"], 0) as variables:
        assert set(variables) == {"MESSAGING__BASE_URL", "MESSAGING__API_KEY"}
        query = {"api_key": variables["MESSAGING__API_KEY"]}
        assert requests.get(f"{variables['MESSAGING__BASE_URL']}/v1/messages", query, timeout=5).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(variables["MESSAGING__BASE_URL"], timeout=5)
    with development._sandbox([], 0) as variables:
        assert variables == {}


CHILD = """\
import subprocess, sys, time
from pathlib import Path
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
Path("grandchild").write_text(str(grandchild.pid))
"""
PARENT = """\
import sys
from messaging_assets.cli.dev import _run_until_told
sys.exit(_run_until_told([sys.executable, "child.py"], {}))
"""


@pytest.mark.sampled
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_that_was_started(number: signal.Signals, clean_room: Path) -> None:
    process, grandchild = start_family(clean_room, then="time.sleep(60)")
    process.send_signal(number)
    assert process.wait(timeout=120) == 0
    assert is_gone(grandchild)


def test_a_command_that_fails_gives_its_status_and_leaves_nothing_behind(clean_room: Path) -> None:
    process, grandchild = start_family(clean_room, then="sys.exit(3)")
    assert process.wait(timeout=120) == 3
    assert is_gone(grandchild)


def start_family(room: Path, then: str) -> tuple[subprocess.Popen[bytes], int]:
    """A process that runs a command, which starts one of its own; returns the first, and the last one's id."""
    file = room / "grandchild"
    (room / "child.py").write_text(CHILD + then)
    process = subprocess.Popen([sys.executable, "-c", PARENT], env=environment(), cwd=room, preexec_fn=take_signals)
    while not (file.exists() and file.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    return process, int(file.read_text())


def take_signals() -> None:
    """Be a process that a shell started, whatever pytest's own holds back or ignores."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or is only kept until its parent has read its status."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def test_dagsters_folder_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    home = settle_dagster_home(project_folders())
    assert home == project_folders().dagster
    assert os.environ["DAGSTER_HOME"] == str(home)
    assert (home / "dagster.yaml").read_text() == DAGSTER_YAML
    with DagsterInstance.get() as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 4
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.delenv("DAGSTER_HOME")
    settle_dagster_home(project_folders())
    assert yaml.safe_load((home / "dagster.yaml").read_text()) == {"telemetry": {"enabled": False}}


@pytest.mark.parametrize("name", ["why?", "[work]"])
def test_a_home_in_which_dagster_finds_nothing_is_told(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (home := clean_room / name).mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with pytest.raises(click.UsageError, match=r"for the [?\[] in its path; let DAGSTER_HOME name a folder without"):
        settle_dagster_home(project_folders())


def test_git_passes_over_the_projects_own_folder_until_somebody_wants_it_to_see_it() -> None:
    ignored = project_folders().make().state / ".gitignore"
    assert ignored.read_text() == "*\n"
    ignored.unlink()
    project_folders().make()
    assert not ignored.exists()


def test_a_dagster_home_that_is_set_wins_and_is_left_as_it_is(clean_room: Path) -> None:
    before = (clean_room / "dagster" / "dagster.yaml").read_text()
    assert settle_dagster_home(project_folders()) == clean_room / "dagster"
    assert (clean_room / "dagster" / "dagster.yaml").read_text() == before
    assert not project_folders().dagster.exists()


def test_whoever_begins_with_an_empty_dagster_home_waits_for_who_makes_its_databases(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home := clean_room / "empty").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with FileLock(home / ".storage.lock", thread_local=False):
        other = Thread(target=settle_dagster_home, args=[project_folders()])
        other.start()
        other.join(0.3)
        assert not (home / "history").exists()
    other.join()
    assert (home / "history" / "runs" / "index.db").exists()
    assert (home / "schedules" / "schedules.db").exists()


def test_a_port_that_is_taken_is_told_and_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(development, "_run_until_told", lambda *_: pytest.fail("it was started"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = CliRunner().invoke(development.dev, ["--port", str(port), "--no-sandbox"])
    assert done.exit_code == 1
    assert done.output == (
        f"Error: 127.0.0.1:{port} cannot be used (Address already in use); choose another --port, or --host.\n"
    )
    assert development._free_port("127.0.0.1") != port


def test_a_second_one_on_the_same_history_is_refused_and_a_later_one_is_not(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(development, "_run_until_told", lambda *command: started.append(command) or 0)
    arguments = ["--port", str(free_port()), "--no-sandbox"]
    with FileLock(clean_room / "dagster" / ".dev.lock"):
        done = CliRunner().invoke(development.dev, arguments)
    assert (done.exit_code, started) == (1, [])
    assert f"messaging-assets dev runs on {clean_room / 'dagster'} already; end it first" in done.output
    assert CliRunner().invoke(development.dev, arguments).exit_code == 0
    assert len(started) == 1


@pytest.mark.sampled
@pytest.mark.parametrize(("option", "played"), [("--no-sandbox", []), ("--sandbox", SHIPPED)])
def test_the_addresses_are_one_json_object_where_a_program_asks_for_them(
    option: str, played: list[str], clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is started is a program that writes into standard output too, which is to reach the errors."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    port = str(free_port())
    arguments = ["dev", "--json", option, "--port", port, "--grow-every", "0"]
    program = (
        "import sys\n"
        "from messaging_assets.cli import dev, main\n"
        "run = dev._run_until_told\n"
        "echo = [sys.executable, '-c', 'import sys; print(sys.argv[1:])']\n"
        "dev._run_until_told = lambda command, *more: run([*echo, *command], *more)\n"
        f"main({arguments!r})\n"
    )
    done = run(sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["address"] == f"http://127.0.0.1:{port}"
    assert told["sandbox"] == played
    assert f"'dagster', 'dev', '--host', '127.0.0.1', '--port', '{port}'" in done.stderr


@pytest.mark.parametrize(
    ("before", "hosts"),
    [
        ({}, "localhost,127.0.0.1"),
        ({"NO_PROXY": "intern.example.com"}, "intern.example.com,localhost,127.0.0.1"),
        ({"no_proxy": "a.example.com", "NO_PROXY": "b.example.com"}, "a.example.com,localhost,127.0.0.1"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_is_asked_for_what_this_machine_answers(before: dict[str, str], hosts: str) -> None:
    assert development.past_proxies(before) == {"no_proxy": hosts, "NO_PROXY": hosts}
