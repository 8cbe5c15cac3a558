"""One contender, run once in a process of its own; the last line it prints is its result as JSON.

    python -m benchmarks.contender ours|stock|floor URL LIMIT DATABASE CHOICES

The seconds are those of the sync of one asset, with everything imported before; the process's own start is measured
from outside.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    """Run the contender that the arguments name."""
    name, url, limit, database, choices = sys.argv[1:]
    prepared = _CONTENDERS[name](url, int(limit), database, json.loads(choices))
    started, cpu = time.perf_counter(), time.process_time()
    facts = prepared()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "facts": facts}, default=str))


def _floor(url: str, limit: int, database: str, choices: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    from benchmarks import floor

    return lambda: {"rows": floor.run(url, Path(database), limit)}


def _stock(url: str, limit: int, database: str, choices: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    os.environ.update(BENCH_URL=url, BENCH_LIMIT=str(limit), BENCH_DATABASE=database)
    from benchmarks import stock

    for module in ("dlt.common.libs.pyarrow", "dlt.destinations.impl.duckdb.duck"):
        import_module(module)
    return _run_of(stock.defs)


def _ours(url: str, limit: int, database: str, choices: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    from benchmarks import ours

    only_checks = choices.pop("only_checks", False)
    definitions = ours.definitions(url, limit, choices)
    # A first run imports what an asset's page does not need; by now the environment is settled.
    for module in ("messaging_assets.assets.sync", "messaging_assets.seams.destinations.dlt_duckdb"):
        import_module(module)
    return _run_of(definitions, only_checks)


def _run_of(definitions: Any, only_checks: bool = False) -> Callable[[], dict[str, Any]]:
    """A run of all assets in this process, on an instance that is there already."""
    from dagster import DagsterInstance

    job = definitions.resolve_implicit_global_asset_job_def()
    if only_checks:
        checks = {key for node in definitions.resolve_asset_graph().asset_nodes for key in node.check_keys}
        job = job.get_subset(asset_selection=set(), asset_check_selection=checks)
    instance = DagsterInstance.get()

    def run() -> dict[str, Any]:
        result = job.execute_in_process(instance=instance)
        facts: dict[str, Any] = {"checks": len(result.get_asset_check_evaluations())}
        for event in result.get_asset_materialization_events():
            found = event.materialization.metadata
            facts |= {name.split("/")[1]: value.value for name, value in found.items() if "messaging_assets/" in name}
        return facts

    return run


_CONTENDERS = {"ours": _ours, "stock": _stock, "floor": _floor}

if __name__ == "__main__":
    main()
