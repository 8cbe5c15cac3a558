"""The pages of the Dagster UI that a person looks at, filled by one real run; pictures of them for the eye."""

from __future__ import annotations

import shutil
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

from messaging_assets_tests.programs import CHECKOUT, environment
from messaging_assets_tests.ui.browser import Browser, browser

PICTURES = CHECKOUT / ".messaging_assets" / "pictures"
SECRETS = ("sandbox-key-", "sandbox-client")

pytestmark = [
    pytest.mark.ui,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs chromium and chromedriver (apt-get install chromium chromium-driver)",
    ),
]

NODES = "{ assetNodes { assetKey { path } isMaterializable opNames jobNames repository { name } } }"
LAUNCH = """mutation Launch($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def test_every_page_shows_what_a_person_looks_for(clean_room: Path) -> None:
    with _development(clean_room) as address, browser(clean_room / "profile") as window:
        _materialize_all(address)
        for page in (_graph, _asset, _checks, _resources, _automation, _run):
            text = page(window, address)
            assert not [secret for secret in SECRETS if secret in text]


@contextmanager
def _development(room: Path) -> Iterator[str]:
    """`messaging-assets dev` on a free port; it and all it started are gone afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "messaging_assets.cli", "dev", "--port", str(port), "--grow-every", "0"]
    own = environment()
    del own["DAGSTER_HOME"]
    with (room / "dev.log").open("w") as log:
        process = subprocess.Popen(command, env=own, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_it_answers(address, process, room / "dev.log")
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=60)
    assert status == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)


def _wait_until_it_answers(address: str, process: subprocess.Popen[Any], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(f"{address}/server_info", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.3)
    raise AssertionError(f"{address} does not answer:\n{log.read_text()}")


def _ask(address: str, query: str, **variables: Any) -> Any:
    answer = requests.post(f"{address}/graphql", json={"query": query, "variables": variables}, timeout=60).json()
    assert "errors" not in answer, answer
    return answer["data"]


def _materialize_all(address: str) -> None:
    """What the button "Materialize all" does."""
    nodes = [node for node in _ask(address, NODES)["assetNodes"] if node["isMaterializable"]]
    assert len(nodes) == 7
    selector = {
        "repositoryLocationName": "messaging_assets",
        "repositoryName": nodes[0]["repository"]["name"],
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": node["assetKey"]["path"]} for node in nodes],
    }
    launched = _ask(address, LAUNCH, params={"mode": "default", "selector": selector})["launchPipelineExecution"]
    run = launched["run"]["runId"]
    for _ in range(400):
        status = _ask(address, STATUS, id=run)["runOrError"]["status"]
        if status not in ("QUEUED", "NOT_STARTED", "STARTING", "STARTED"):
            break
        time.sleep(0.3)
    assert status == "SUCCESS"


def _graph(window: Browser, address: str) -> str:
    text = window.open(f"{address}/asset-groups", "team_messaging", "messaging", "Materialize all (7)")
    window.picture(PICTURES / "graph.png")
    one_api = f"{address}/locations/messaging_assets/asset-groups/team_messaging/lineage"
    text += window.open(one_api, "users", "channels", "6 / 6 Passed", "Materialized", "DuckDB", "dlt")
    window.picture(PICTURES / "graph_of_one_api.png")
    return text


def _asset(window: Browser, address: str) -> str:
    asset = f"{address}/assets/messaging/messages"
    text = window.open(f"{asset}?view=overview", "Every message", "2,500", "API file", "messaging_new_data")
    window.picture(PICTURES / "asset.png")
    text += window.open(
        f"{asset}?view=events", "messaging_assets/verdict", "read to the end", "messaging_assets/requests"
    )
    window.picture(PICTURES / "asset_events.png")
    text += window.open(f"{address}/assets/messaging/endpoint/messages", "/v1/messages")
    window.picture(PICTURES / "endpoint.png")
    return text


def _checks(window: Browser, address: str) -> str:
    checks = f"{address}/assets/messaging/messages?view=checks"
    text = window.open(checks, "id_is_unique", "id_is_not_null", "Succeeded")
    text += window.open(f"{checks}&checkDetail=sync_is_complete", "Every row the API had was read", "read to the end")
    window.picture(PICTURES / "checks.png")
    return text


def _resources(window: Browser, address: str) -> str:
    resources = f"{address}/locations/messaging_assets/resources"
    text = window.open(resources, "messaging_credentials", "team_messaging_credentials")
    window.picture(PICTURES / "resources.png")
    text += window.open(f"{resources}/messaging_credentials", "From MESSAGING__API_KEY in the environment")
    window.picture(PICTURES / "resource.png")
    return text


def _automation(window: Browser, address: str) -> str:
    text = window.open(f"{address}/automation", "messaging_schedule", "messaging_new_data", "Every 15 minutes")
    window.picture(PICTURES / "automation.png")
    location = f"{address}/locations/messaging_assets"
    text += window.open(f"{location}/sensors/messaging_new_data", "Asks messaging")
    window.picture(PICTURES / "sensor.png")
    text += window.open(f"{location}/jobs/team_messaging_sync", "Syncs every resource", "users", "channels")
    window.picture(PICTURES / "job.png")
    return text


def _run(window: Browser, address: str) -> str:
    text = window.open(f"{address}/runs", "Success")
    window.picture(PICTURES / "runs.png")
    return text
