"""`messaging-assets dev` as a person runs it, asked over Dagster's GraphQL as the UI asks it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from messaging_assets_tests.programs import environment

NODES = "{ assetNodes { assetKey { path } isMaterializable opNames jobNames repository { name } } }"
LAUNCH = """mutation Launch($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(command: list[str], address: str, log_file: Path, **more: Any) -> Iterator[str]:
    """A program that serves the UI at an address; told to end with the block, and it ends well."""
    with log_file.open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, **more)
        try:
            wait_until_it_answers(address, process, log_file)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=300)
    assert status == 0


@contextmanager
def running_development(room: Path) -> Iterator[str]:
    """`messaging-assets dev` on a free port; it and all it started are gone afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "messaging_assets.cli", "dev", "--port", str(port), "--grow-every", "0"]
    own = environment()
    del own["DAGSTER_HOME"]
    with serving(command, f"http://127.0.0.1:{port}", room / "dev.log", env=own) as address:
        yield address
    sandboxes = re.findall(r"^The sandbox plays .* at (http://\S+)$", (room / "dev.log").read_text(), re.MULTILINE)
    assert len(sandboxes) == 1
    for ended in (address, *sandboxes):
        with pytest.raises(requests.ConnectionError):
            requests.get(ended, timeout=5)


def wait_until_it_answers(address: str, process: subprocess.Popen[Any], log: Path | None = None) -> None:
    """Return when the UI that a process serves is there; fail with its log where it ends instead."""
    # Bounds for what hangs; a busy machine needs minutes.
    for _ in range(1_000):
        assert process.poll() is None, log and log.read_text()
        try:
            if requests.get(f"{address}/server_info", timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.3)
    raise AssertionError(f"{address} does not answer:\n{log and log.read_text()}")


def ask(address: str, query: str, **variables: Any) -> Any:
    """What Dagster answers to a question of GraphQL."""
    answer = requests.post(f"{address}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
    assert "errors" not in answer, answer
    return answer["data"]


def wait_until_shown(address: str, assets: list[list[str]]) -> None:
    """Return when just these assets can be materialized."""
    for _ in range(400):
        nodes = [node for node in ask(address, NODES)["assetNodes"] if node["isMaterializable"]]
        if (shown := [node["assetKey"]["path"] for node in nodes]) == assets:
            return
        time.sleep(0.3)
    raise AssertionError(f"{shown} can be materialized")


def materialize_all(address: str) -> None:
    """What the button "Materialize all" does."""
    nodes = [node for node in ask(address, NODES)["assetNodes"] if node["isMaterializable"]]
    assert len(nodes) == 7
    materialize(address, [node["assetKey"]["path"] for node in nodes])


def materialize(address: str, assets: list[list[str]], location: str = "messaging_assets", **tags: str) -> None:
    """One run of some assets, to its good end.

    Args:
        address: where the UI is.
        assets: the parts of their keys.
        location: the code location they are in.
        tags: the run's tags, without the `dagster/` they begin with.
    """
    selector = {
        "repositoryLocationName": location,
        "repositoryName": ask(address, NODES)["assetNodes"][0]["repository"]["name"],
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": path} for path in assets],
    }
    metadata = {"tags": [{"key": f"dagster/{name}", "value": value} for name, value in tags.items()]}
    params = {"mode": "default", "selector": selector, "executionMetadata": metadata}
    run = ask(address, LAUNCH, params=params)["launchPipelineExecution"]["run"]["runId"]
    for _ in range(400):
        status = ask(address, STATUS, id=run)["runOrError"]["status"]
        if status not in ("QUEUED", "NOT_STARTED", "STARTING", "STARTED"):
            break
        time.sleep(0.3)
    assert status == "SUCCESS"


def switch(instance: DagsterInstance, status: InstigatorStatus, name: str = "chat_schedule") -> None:
    """Switch the schedule on or off, as the UI does."""
    target = LoadableTargetOrigin(module_name="messaging_assets.definitions")
    repository = RemoteRepositoryOrigin(InProcessCodeLocationOrigin(target), "__repository__")
    origin = RemoteInstigatorOrigin(repository, name)
    data = ScheduleInstigatorData("0 6 * * *", None)
    instance.add_instigator_state(InstigatorState(origin, InstigatorType.SCHEDULE, status, data))
