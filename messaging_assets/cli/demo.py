"""`messaging-assets demo`: the real jobs of the five shipped APIs against the sandbox, counted on both sides.

Its home is `.messaging_assets/demo`, with a DuckDB file (made afresh), run history and settings of its own. So it gives
the same table each time, and no page of the UI tells of rows that are in another file.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.cli.dev import only_one, past_proxies
from messaging_assets.files.described import shown_path
from messaging_assets.foundation.dagster_home import opened_instance, settle_dagster_home
from messaging_assets.foundation.folders import checkout, project_folders
from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from dagster import DagsterEvent, DagsterInstance, ExecuteInProcessResult
    from rich.console import Console

    from messaging_assets.sandbox import Sandbox

SEED = 7


@dataclass
class AssetCount:
    """What the demo found about one asset.

    Args:
        asset: the key's parts with a slash between them.
        rows_in_table: rows in DuckDB; None where there is no table.
        rows_the_api_has: rows in the sandbox, counted there and not taken from a receipt.
        requests: requests of the sync, repeated ones included.
        retries: requests that were repeated.
        seconds: duration of the step.
        checks_passed: checks that passed.
        checks: checks that there are.
        failure: why the asset was not materialized.
    """

    asset: str
    rows_the_api_has: int
    rows_in_table: int | None = None
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    checks_passed: int = 0
    checks: int = 0
    failure: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether it materialized, every check passed and every row is there."""
        counted = self.rows_in_table == self.rows_the_api_has
        return self.failure is None and counted and 0 < self.checks == self.checks_passed


@click.command(cls=JsonCommand, short_help="Run all five APIs against the built-in sandbox.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--verbose", is_flag=True, help="Show Dagster's log of each run.")
def demo(as_json: bool, verbose: bool) -> None:
    r"""Run the jobs of all five APIs against the built-in sandbox and count what was loaded.

    Exit status 0 only if every asset materialized, every check passed and every count is right, else 1.
    Nothing leaves the machine.

    \b
    messaging-assets demo
    messaging-assets demo --json
    """
    from messaging_assets.sandbox import Sandbox

    started = time.monotonic()
    home = project_folders().make().state / "demo"
    home.mkdir(mode=0o700, exist_ok=True)
    # Another one would take the tables away from under this one.
    with only_one(home, "demo"), Sandbox(seed=SEED) as sandbox:
        database = _settle(sandbox, home)
        counts = _run_all(sandbox, database, verbose)
    is_right = all(count.is_right for count in counts)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        rows = [{**asdict(count), "is_right": count.is_right} for count in counts]
        found = {"is_right": is_right, "seconds": seconds, "database": str(database), "assets": rows}
        print_json(found, indent=None)
    else:
        _print_table(counts, seconds, database)
    raise SystemExit(0 if is_right else 1)


def _settle(sandbox: Sandbox, home: Path) -> Path:
    """Point this process at the sandbox and at folders of the demo's own; whatever was set before is not used.

    Returns:
        The DuckDB file, which does not exist yet.
    """
    for name in ("MESSAGING_ASSETS_APIS", "MESSAGING_ASSETS_EXECUTOR", "DESTINATION_NAME", "DAGSTER_HOME"):
        os.environ.pop(name, None)
    os.environ.update(past_proxies(os.environ), **sandbox.environment())
    os.environ.update(MESSAGING_ASSETS_HOME=str(home), DLT_PROJECT_DIR=str(home))
    folders = project_folders()
    settle_dagster_home(folders)
    database = folders.database
    for leftover in folders.state.glob(f"{database.name}*"):
        leftover.unlink()
    os.environ.update(DESTINATION_TYPE="duckdb", DESTINATION__DUCKDB__CREDENTIALS=f"duckdb:///{database}")
    return database


def _run_all(sandbox: Sandbox, database: Path, verbose: bool) -> list[AssetCount]:
    from messaging_assets.orchestration.code_location import build_code_location
    from messaging_assets.sandbox import Fault
    from messaging_assets.sandbox.data import TABLES

    # One refused request, so that the column of retries shows that a refusal costs no row.
    sandbox.fault(Fault(api="messaging", resource="messages", status=429, headers={"Retry-After": "1"}, times=1))
    definitions = build_code_location()
    log = {"loggers": {"console": {"config": {"log_level": "INFO" if verbose else "CRITICAL"}}}}
    counts: list[AssetCount] = []
    with opened_instance() as instance:
        for api in dict.fromkeys(api for api, _ in TABLES):
            click.echo(f"running {api}_sync", err=True)
            job = definitions.resolve_job_def(f"{api}_sync")
            result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=log)
            if any(event.is_job_failure and _is_interrupted(event) for event in result.all_events):
                raise click.Abort
            for resource in [resource for table_api, resource in TABLES if table_api == api]:
                rows = len(sandbox.rows(api, resource))
                counts += [_count(api, resource, result, instance, rows)]
    _count_tables(counts, database)
    return counts


def _count(api: str, resource: str, result: ExecuteInProcessResult, instance: DagsterInstance, rows: int) -> AssetCount:
    """What Dagster's events say about one asset."""
    step = f"{api}__{resource}"
    count = AssetCount(f"{api}/{resource}", rows)
    for event in result.get_asset_materialization_events():
        if event.step_key == step:
            receipt: Mapping[str, Any] = event.materialization.metadata
            count.requests = int(receipt["messaging_assets/requests"].value)
            count.retries = int(receipt["messaging_assets/retries"].value)
    answers = [answer for answer in result.get_asset_check_evaluations() if answer.asset_key.path == [api, resource]]
    count.checks_passed, count.checks = sum(answer.passed for answer in answers), len(answers)
    for stats in instance.get_run_step_stats(result.run_id, [step]):
        if stats.start_time and stats.end_time:
            count.seconds = round(stats.end_time - stats.start_time, 2)
    if not any(event.step_key == step for event in result.get_asset_materialization_events()):
        count.failure = _failure(result, step)
    return count


def _is_interrupted(failed: DagsterEvent) -> bool:
    from messaging_assets.seams.dagster_inside import RunFailureReason

    return failed.job_failure_data.failure_reason is RunFailureReason.UNEXPECTED_TERMINATION


def _failure(result: ExecuteInProcessResult, step: str) -> str:
    from messaging_assets.orchestration.asset_status import reason_of

    for event in result.all_events:
        if event.step_key == step and event.is_step_failure:
            return reason_of(event) or event.step_failure_data.error_display_string
    return "its step did not run; see its run in the Dagster UI"


def _count_tables(counts: list[AssetCount], database: Path) -> None:
    import duckdb

    if not database.exists():
        return
    with duckdb.connect(str(database), read_only=True) as connection:
        for count in counts:
            api, resource = count.asset.split("/")
            try:
                found = connection.execute(f'SELECT count(*) FROM "{api}"."{resource}"').fetchone()
            except duckdb.CatalogException:
                continue
            count.rows_in_table = int(found[0]) if found else None


def _print_table(counts: list[AssetCount], seconds: float, database: Path) -> None:
    from rich.table import Table

    from messaging_assets.cli.tables import print_table, wide_console

    console = wide_console()
    table = Table()
    table.add_column("asset", overflow="fold")
    for name in ("rows in\ntable", "rows the\nAPI has", "requests", "retries", "seconds", "checks\npassed"):
        table.add_column(name, justify="right", vertical="bottom", no_wrap=True)
    for count in counts:
        table.add_row(*_cells(count), style=None if count.is_right else "red")
    print_table(console, table)
    for count in counts:
        if count.failure:
            console.print(f"{count.asset}: {count.failure}", style="red", soft_wrap=True, markup=False)
    _print_what_next(console, counts, seconds, database)


def _cells(count: AssetCount) -> tuple[str, ...]:
    return (
        count.asset,
        "none" if count.rows_in_table is None else f"{count.rows_in_table:,}",
        f"{count.rows_the_api_has:,}",
        str(count.requests),
        str(count.retries),
        f"{count.seconds:.1f}",
        f"{count.checks_passed}/{count.checks}",
    )


def _print_what_next(console: Console, counts: list[AssetCount], seconds: float, database: Path) -> None:
    right = sum(count.is_right for count in counts)
    words = f"{right} of {len(counts)} assets are complete and checked, in {seconds} s."
    console.print(words, style="green" if right == len(counts) else "bold red")
    shown, python = shown_path(database), shown_path(Path(sys.executable))
    query = f"import duckdb; duckdb.connect('{shown}').sql('FROM messaging.messages LIMIT 5').show()"
    console.print(f"\nThe tables are in {shown}. To look further:", soft_wrap=True, markup=False)
    console.print(f'  {python} -c "{query}"', soft_wrap=True, markup=False)
    home = shlex.quote(shown_path(database.parent.parent))
    dev = "make dev" if checkout() else "messaging-assets dev"
    words = f"  MESSAGING_ASSETS_HOME={home} {dev}    # these runs and tables in the Dagster UI"
    console.print(words, soft_wrap=True, markup=False)
