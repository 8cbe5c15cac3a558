"""The files of deploy/ agree with each other and with the package; `make cluster` runs what they describe."""

from __future__ import annotations

import os
import re
import shutil
from typing import Any

import pytest
import yaml

from messaging_assets_tests.programs import CHECKOUT, run

DEPLOY = CHECKOUT / "deploy"
FILES = sorted(path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*.yaml"))


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", FILES)
def test_no_file_has_a_secret(name: str) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert re.findall(r"//\w+:(?!\$\{)\S+@", text) == []


def test_an_image_has_nothing_that_git_passes_over_such_as_secrets_and_tables() -> None:
    passed_over, left_out = (
        {line.strip("/") for line in (CHECKOUT / name).read_text(encoding="utf-8").splitlines() if line[:1] not in "#"}
        for name in (".gitignore", ".dockerignore")
    )
    assert ".git" in left_out
    assert {f"**/{name}" for name in passed_over} <= left_out


def test_a_container_of_the_project_shares_no_volume_and_knows_where_the_servers_are() -> None:
    compose = _read("compose.yaml")
    services = compose["services"]
    own = {name: one for name, one in services.items() if one.get("build")}
    assert set(own) == {"code", "webserver", "daemon", "worker"}
    for name, one in own.items():
        assert "volumes" not in one, name
        hosts = re.findall(r"@(\w+):", str(one["environment"]))
        assert set(hosts) == {"postgres", "broker"} <= set(services), name
    [server] = _read("workspace.yaml")["load_from"]
    assert (server["grpc_server"]["host"], str(server["grpc_server"]["port"])) == ("code", own["code"]["command"][-1])
    named = {volume.split(":")[0] for one in services.values() for volume in one.get("volumes", [])}
    assert {name for name in named if not name.startswith("./")} == set(compose["volumes"])
    assert all((DEPLOY / name).is_file() for name in named if name.startswith("./"))


def test_the_task_of_a_worker_that_is_gone_goes_to_another_and_its_run_is_started_again() -> None:
    worker, dagster = _read("celery.yaml")["execution"]["config"]["config_source"], _read("dagster.yaml")
    assert worker["task_acks_late"]
    assert worker["task_reject_on_worker_lost"]
    # With run_monitoring, Dagster ignores the worker that gets the task, and the run never ends.
    assert (dagster["run_monitoring"]["enabled"], dagster["run_retries"]["enabled"]) == (False, True)
    [timeout] = re.findall(r"consumer_timeout = (\d+)", (DEPLOY / "rabbitmq.conf").read_text(encoding="utf-8"))
    assert int(timeout) >= 24 * 3600 * 1000


def test_a_pod_that_is_gone_is_looked_for_within_a_minute_and_its_run_is_started_again() -> None:
    values = _read("helm-values.yaml")
    daemon = values["dagsterDaemon"]
    assert values["runLauncher"]["type"] in map(_with_first_capital, values["runLauncher"]["config"])
    assert daemon["runMonitoring"]["enabled"]
    assert daemon["runMonitoring"]["pollIntervalSeconds"] <= 60
    assert daemon["runRetries"]["enabled"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit() -> None:
    done = run("systemd-analyze", "verify", str(DEPLOY / "systemd" / "messaging-assets@.service"), env={**os.environ})
    assert (done.returncode, done.stderr) == (0, "")


def _with_first_capital(name: str) -> str:
    return name[:1].upper() + name[1:]
