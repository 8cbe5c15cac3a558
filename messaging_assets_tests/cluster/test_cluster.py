"""Two workers of Celery without a shared disk: the five APIs, windows side by side, and a worker that is killed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterRun, DagsterRunStatus

from messaging_assets.sandbox import Fault
from messaging_assets.sandbox.data import TABLES
from messaging_assets_tests.cluster.deployment import PER_SECOND, Deployment, deployed, is_over, plain
from messaging_assets_tests.programs import CHECKOUT

pytestmark = [pytest.mark.cluster, pytest.mark.xdist_group("cluster")]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("cluster")) as one:
        one.start_worker("one")
        one.start_worker("two")
        yield one


def _days(cluster: Deployment, count: int) -> list[str]:
    """Days of which the API has messages, and the rest of them before."""
    last = date.fromisoformat(max(row["timestamp"] for row in cluster.sandbox.rows("messaging", "messages"))[:10])
    return [str(last - timedelta(days=back)) for back in reversed(range(count))]


def _of_days(cluster: Deployment, days: list[str]) -> list[dict[str, Any]]:
    rows = cluster.sandbox.rows("messaging", "messages")
    return plain([row for row in rows if row["timestamp"][:10] in days])


def _worker(cluster: Deployment, run: DagsterRun) -> int:
    """The process group of the worker that has a run."""
    with cluster.instance() as instance:
        [pid] = [
            int(found[1])
            for one in instance.all_logs(run.run_id)
            if (found := re.match(r"Started process for run \(pid: (\d+)\)", one.message))
        ][-1:]
    return os.getpgid(pid)


def test_the_five_apis_are_synced_row_by_row(cluster: Deployment) -> None:
    for api in sorted({api for api, _ in TABLES}):
        cluster.launch(f"{api}_sync")
    runs = cluster.wait_for(lambda runs: is_over(runs, 5))

    assert cluster.failures(runs) == []
    for api, resource in TABLES:
        assert cluster.rows(api, resource) == plain(cluster.sandbox.rows(api, resource)), (api, resource)


def test_a_worker_that_is_killed_is_found_dead_and_its_run_is_run_again(cluster: Deployment) -> None:
    days = _days(cluster, 1)
    before = {run.run_id for run in cluster.wait_for(lambda runs: True)}
    cluster.sandbox.forget()
    cluster.sandbox.fault(Fault(api="messaging", times=1, latency=120))
    cluster.backfill("history_append", days)
    [run] = [
        run
        for run in cluster.wait_for(lambda runs: bool(cluster.sandbox.requests))
        if run.status == DagsterRunStatus.STARTED
    ]
    dying = _worker(cluster, run)
    [name] = [name for name, worker in cluster.workers.items() if worker.pid == dying]
    cluster.kill_worker(name)
    mine = cluster.wait_for(lambda runs: is_over([one for one in runs if one.run_id not in before], 2))
    cluster.start_worker(f"{name} again")

    ended = {one.run_id: one.status for one in mine if one.run_id not in before}
    assert ended.pop(run.run_id) == DagsterRunStatus.FAILURE
    assert list(ended.values()) == [DagsterRunStatus.SUCCESS]
    with cluster.instance() as instance:
        told = [one.message for one in instance.all_logs(run.run_id)]
    assert any("the run worker unexpectedly stops" in line for line in told), told
    assert cluster.rows("history_append", "messages") == _of_days(cluster, days)


def test_a_run_that_is_cancelled_ends_so_and_is_not_run_again(cluster: Deployment) -> None:
    before = {run.run_id for run in cluster.wait_for(lambda runs: True)}
    cluster.sandbox.forget()
    cluster.sandbox.fault(Fault(api="messaging", times=1, latency=120))
    cancelled = cluster.launch("messaging_sync")
    cluster.wait_for(lambda runs: bool(cluster.sandbox.requests))
    cluster.cancel(cancelled)
    cluster.wait_for(lambda runs: is_over([one for one in runs if one.run_id not in before], 1))
    # Retries of runs are started behind the first ones of later runs.
    cluster.launch("generic_rest_sync")
    runs = cluster.wait_for(lambda runs: is_over([one for one in runs if one.run_id not in before], 2))

    ended = {one.run_id: one.status for one in runs if one.run_id not in before}
    assert ended.pop(cancelled) == DagsterRunStatus.CANCELED
    assert list(ended.values()) == [DagsterRunStatus.SUCCESS]


@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_windows_are_read_by_both_workers_with_one_budget_and_every_row_is_there_once(
    cluster: Deployment, disposition: str
) -> None:
    days = _days(cluster, 8)
    before = {run.run_id for run in cluster.wait_for(lambda runs: True)}
    cluster.sandbox.forget()
    cluster.sandbox.fault(Fault(api="messaging", after=4, times=1, status=429, headers={"Retry-After": "3"}))
    cluster.backfill(f"history_{disposition}", days)
    every = cluster.wait_for(lambda runs: is_over([one for one in runs if one.run_id not in before], len(days)))
    runs = [run for run in every if run.run_id not in before]

    assert cluster.failures(runs) == []
    assert cluster.rows(f"history_{disposition}", "messages") == _of_days(cluster, days)
    asked = cluster.sandbox.asked("messaging", "messages")
    # A round trip to the database is part of what this clock sees, so that single turns may look early.
    assert asked[-1].at - asked[0].at > (len(asked) - 2) / PER_SECOND
    [refused] = [request for request in asked if request.status == 429]
    held = [request for request in asked if 0 < request.at - refused.at < 2.9]
    # The other worker may have been about to ask.
    assert len(held) <= 1
    assert {_worker(cluster, run) for run in runs} == {one.pid for one in cluster.workers.values()}


def test_each_step_is_a_task_where_the_executor_is_celery_and_a_dead_workers_goes_to_another(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "scale.md").read_text()
    written = page.split("```yaml dagster.yaml\n")[1].split("```")[0]
    settings = f"{written}storage: {{postgres: {{postgres_url: {{env: DAGSTER_POSTGRES_URL}}}}}}\n"
    with deployed(tmp_path, dagster_yaml=settings, MESSAGING_ASSETS_EXECUTOR="celery") as cluster:
        cluster.start_worker("one")
        for api in sorted({api for api, _ in TABLES}):
            cluster.launch(f"{api}_sync")
        cluster.wait_for(lambda runs: is_over(runs, 5))
        cluster.sandbox.forget()
        cluster.sandbox.fault(Fault(api="messaging", times=1, latency=120))
        days = _days(cluster, 1)
        cluster.backfill("history_append", days)
        cluster.wait_for(lambda runs: bool(cluster.sandbox.requests))
        cluster.kill_worker("one")
        cluster.start_worker("two")
        runs = cluster.wait_for(lambda runs: is_over(runs, 6))

        assert cluster.failures(runs) == []
        for api, resource in TABLES:
            assert cluster.rows(api, resource) == plain(cluster.sandbox.rows(api, resource)), (api, resource)
        assert cluster.rows("history_append", "messages") == _of_days(cluster, days)


def test_redis_hands_out_the_tasks_as_well_as_rabbitmq(tmp_path: Path) -> None:
    with deployed(tmp_path, "redis") as cluster:
        cluster.start_worker("one")
        cluster.start_worker("two")
        days = _days(cluster, 4)
        for api in sorted({api for api, _ in TABLES}):
            cluster.launch(f"{api}_sync")
        cluster.backfill("history_merge", days)
        runs = cluster.wait_for(lambda runs: is_over(runs, 5 + len(days)))

        assert cluster.failures(runs) == []
        for api, resource in TABLES:
            assert cluster.rows(api, resource) == plain(cluster.sandbox.rows(api, resource)), (api, resource)
        assert cluster.rows("history_merge", "messages") == _of_days(cluster, days)
        assert {_worker(cluster, run) for run in runs} == {one.pid for one in cluster.workers.values()}
