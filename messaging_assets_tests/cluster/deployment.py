"""A deployment as deploy/ describes it, on this machine: each of its machines is a folder and a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psycopg2
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from messaging_assets.foundation.folders import SHIPPED_APIS
from messaging_assets.sandbox import Sandbox
from messaging_assets_tests import rabbitmq, redis_server
from messaging_assets_tests.postgres_server import installed, running
from messaging_assets_tests.programs import CHECKOUT, environment
from messaging_assets_tests.running_dagster import LAUNCH, NODES, ask, free_port, wait_until_it_answers

DEPLOY = CHECKOUT / "deploy"
BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
CANCEL = """mutation Cancel($ids: [String!]!) { terminateRuns(runIds: $ids, terminatePolicy: SAFE_TERMINATE) {
  ... on TerminateRunsResult { terminateRunResults { __typename } } } }"""
PER_SECOND = 8
# The messages of the sandbox, a day at a time.
HISTORY = """\
client:
  base_url: https://api.example.com
  auth: {type: api_key, name: api_key, location: query}
  requests_per_second: PER_SECOND
resources:
  - name: messages
    primary_key: id
    write_disposition: DISPOSITION
    endpoint:
      path: /v1/messages
      data_selector: data
      paginator: {type: offset, limit: 20}
    partitions:
      {type: daily, start: "2025-01-01", start_param: since, end_param: until, column: timestamp, partitions_per_run: 1}
    columns:
      timestamp: {data_type: timestamp}
"""
_ENDED = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)


class Deployment:
    """A code server, a webserver, a daemon and workers, each with a home of its own.

    Args:
        folder: where the homes are.
        sandbox: the APIs.
        settings: the environment that all of them have.
        dagster_yaml: Dagster's settings.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, settings: Mapping[str, str], dagster_yaml: str) -> None:
        self.folder, self.sandbox, self._settings, self._dagster_yaml = folder, sandbox, settings, dagster_yaml
        self.warehouse = settings["DESTINATION__POSTGRES__CREDENTIALS"]
        self.address, self._code_port = "", free_port()
        self._stack = ExitStack()
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start all but the workers."""
        python = [sys.executable, "-m"]
        code = ["dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(self._code_port)]
        server = self._process("code", [*python, *code, "-m", "messaging_assets.definitions"])
        _wait_for_port(self._code_port, server, self.folder / "code.log")
        workspace = self.folder / "workspace.yaml"
        text = (DEPLOY / "workspace.yaml").read_text()
        workspace.write_text(text.replace("host: code", "host: 127.0.0.1").replace("4000", str(self._code_port)))
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        where = ["-w", str(workspace)]
        webserver = ["dagster_webserver", *where, "-h", "127.0.0.1", "-p", str(port)]
        started = self._process("webserver", [*python, *webserver])
        wait_until_it_answers(self.address, started, self.folder / "webserver.log")
        self._process("daemon", [*python, "dagster._daemon", "run", *where])

    def start_worker(self, name: str) -> None:
        """Start one worker, which takes one run at a time."""
        command = [str(Path(sys.executable).parent / "dagster-celery"), "worker", "start", "-A", "dagster_celery.app"]
        command += ["-y", str(DEPLOY / "celery.yaml"), "-n", name, "--", "--concurrency", "1"]
        worker = self.workers[name] = self._process(name, [*command, "--loglevel", "info"])
        log = self.folder / f"{name}.log"
        while " ready." not in log.read_text():
            assert worker.poll() is None, log.read_text()
            time.sleep(0.1)

    def kill_worker(self, name: str) -> None:
        """End a worker as a power cut does."""
        os.killpg(self.workers.pop(name).pid, signal.SIGKILL)

    def stop(self) -> None:
        """End all of it."""
        self._stack.close()

    def instance(self) -> DagsterInstance:
        """Dagster's storage, as the webserver sees it."""
        os.environ["DAGSTER_POSTGRES_URL"] = self._settings["DAGSTER_POSTGRES_URL"]
        return DagsterInstance.from_config(str(self.folder / "webserver" / "dagster"))

    def launch(self, job: str) -> str:
        """Start a job; its run."""
        selector = {
            "repositoryLocationName": "messaging_assets",
            "repositoryName": ask(self.address, NODES)["assetNodes"][0]["repository"]["name"],
            "pipelineName": job,
        }
        params = {"mode": "default", "selector": selector}
        launched = ask(self.address, LAUNCH, params=params)["launchPipelineExecution"]
        assert "run" in launched, launched
        return str(launched["run"]["runId"])

    def cancel(self, run_id: str) -> None:
        """End a run, as the UI does."""
        [answer] = ask(self.address, CANCEL, ids=[run_id])["terminateRuns"]["terminateRunResults"]
        assert answer["__typename"] == "TerminateRunSuccess"

    def backfill(self, api: str, days: Sequence[str]) -> None:
        """Have some days read, a run for each."""
        asked = {"assetSelection": [{"path": [api, "messages"]}], "partitionNames": list(days)}
        launched = ask(self.address, BACKFILL, params=asked)["launchPartitionBackfill"]
        assert "backfillId" in launched, launched

    def wait_for(self, is_so: Callable[[Sequence[DagsterRun]], bool], seconds: float = 240) -> list[DagsterRun]:
        """All runs, when something is so of them."""
        latest = time.monotonic() + seconds
        with self.instance() as instance:
            while True:
                runs = list(instance.get_runs(RunsFilter()))
                if is_so(runs):
                    return runs
                assert time.monotonic() < latest, ([run.status for run in runs], self.logs())
                time.sleep(0.2)

    def failures(self, runs: Sequence[DagsterRun]) -> list[str]:
        """What runs that did not succeed say of it."""
        failed = [run for run in runs if run.status != DagsterRunStatus.SUCCESS]
        with self.instance() as instance:
            events = [one for run in failed for one in instance.all_logs(run.run_id)]
        return [one.message for one in events if one.dagster_event and one.dagster_event.is_failure] or list(
            map(str, failed)
        )

    def rows(self, api: str, resource: str) -> list[dict[str, Any]]:
        """What the warehouse has, without dlt's own columns, by key."""
        with psycopg2.connect(self.warehouse) as connection, connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{api}"."{resource}"')
            names = [column[0] for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        connection.close()
        return plain([{name: row[name] for name in names if not name.startswith("_dlt")} for row in rows])

    def logs(self) -> str:
        """The ends of what the processes wrote."""
        return "\n".join(f"{log.name}: {log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))

    def _process(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        home = self.folder / name
        (home / "dagster").mkdir(parents=True)
        (home / "dagster" / "dagster.yaml").write_text(self._dagster_yaml)
        own = {"HOME": str(home), "MESSAGING_ASSETS_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
        own["DLT_DATA_DIR"] = str(home / "dlt")
        # dagster-celery starts celery by its name.
        own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*rabbitmq.DIES_WITH_US, *command],
                env=environment(**self._settings, **own),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._stack.callback(_end, process)
        return process


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when a process takes connections; one that is asked before it does is not asked again for long."""
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)


def plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows by their key, with moments as moments, and without values that are null."""
    found = [{name: _plain(value) for name, value in row.items() if value is not None} for row in rows]
    return sorted(found, key=lambda row: str(row["id"]))


def _plain(value: Any) -> Any:
    if isinstance(value, str) and value[:2] == "20" and "T" in value:
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return value.astimezone(timezone.utc) if isinstance(value, datetime) else value


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _rabbitmq(folder: Path) -> Iterator[str]:
    assert rabbitmq.missing() is None, rabbitmq.missing()
    port, home = free_port(), folder / "rabbitmq"
    home.mkdir()
    with rabbitmq.running_node(home, port):
        yield f"pyamqp://{rabbitmq.USER}:{rabbitmq.PASSWORD}@127.0.0.1:{port}//"


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    found = redis_server.installed()
    assert found is not None, "install Redis; on Debian it is the package redis-server"
    with redis_server.running(found) as server:
        yield server.address


_BROKERS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {"rabbitmq": _rabbitmq, "redis": _redis}


@contextmanager
def deployed(
    folder: Path, broker: str = "rabbitmq", dagster_yaml: str | None = None, **more: str
) -> Iterator[Deployment]:
    """The servers, the APIs and the deployment without workers; all of it is gone afterwards.

    Args:
        folder: an empty one.
        broker: what hands out the tasks, `rabbitmq` or `redis`.
        dagster_yaml: Dagster's settings; None for those of deploy/.
        more: settings of all processes.
    """
    programs = installed()
    assert programs is not None, "install PostgreSQL; on Debian it is the package postgresql"
    apis = folder / "apis"
    apis.mkdir()
    settings: dict[str, str] = {}
    for disposition in ("append", "merge"):
        (apis / f"history_{disposition}.yaml").write_text(
            HISTORY.replace("DISPOSITION", disposition).replace("PER_SECOND", str(PER_SECOND))
        )
    with Sandbox(seed=7) as sandbox, running(programs) as postgres, _BROKERS[broker](folder) as tasks:
        for disposition in ("append", "merge"):
            name = f"HISTORY_{disposition.upper()}"
            settings[f"{name}__BASE_URL"] = sandbox.environment()["MESSAGING__BASE_URL"]
            settings[f"{name}__API_KEY"] = sandbox.keys["messaging"]
        dagster = postgres.new_database()
        settings |= {
            **sandbox.environment(),
            "CELERY_BROKER_URL": tasks,
            "DAGSTER_POSTGRES_URL": dagster,
            "DESTINATION_TYPE": "postgres",
            "DESTINATION__POSTGRES__CREDENTIALS": postgres.new_database(),
            "MESSAGING_ASSETS_APIS": f"{SHIPPED_APIS}{os.pathsep}{apis}",
            "MESSAGING_ASSETS_GATE": dagster,
            **more,
        }
        one = Deployment(folder, sandbox, settings, dagster_yaml or (DEPLOY / "dagster.yaml").read_text())
        try:
            one.start()
            yield one
        finally:
            one.stop()


def is_over(runs: Sequence[DagsterRun], count: int) -> bool:
    """Whether so many runs there are, and all have ended."""
    return len(runs) >= count and all(run.status in _ENDED for run in runs)
