"""`messaging-assets status`: what Dagster's history says of each asset, and when it is synced next."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets.foundation.redaction import one_line

if TYPE_CHECKING:
    from messaging_assets.orchestration.asset_status import AssetStatus

# Characters of an asset's name that stay on one line where a terminal is narrow.
_LONGEST_NAME = 20


@click.command(name="status", cls=JsonCommand, short_help="Show each asset's last sync, verdict, checks and next tick.")
@click.argument("apis", nargs=-1, metavar="[APIS]...")
@click.option("--json", "as_json", is_flag=True, help="Print the assets as one JSON object.")
@click.option(
    *("--watch", "every"),
    type=click.FloatRange(min=1),
    is_flag=False,
    flag_value=5.0,
    metavar="[SECONDS]",
    help="Show them anew every so many seconds, else five, until Ctrl-C.",
)
def command(apis: tuple[str, ...], as_json: bool, every: float | None) -> None:
    r"""Tell what Dagster's history says of each asset: last sync, rows, verdict, lag, checks, next tick.

    APIS are names of APIs or paths of their files; without them all that the project has, its components included.
    Asks no API and reads no table. History is in DAGSTER_HOME, else in the project's .messaging_assets/dagster. Exit
    status 1 if a last run failed, an asset is stale by its `freshness`, a check failed with ERROR, or a file is broken.
    Each window has a last run of its own.

    \b
    messaging-assets status
    messaging-assets status team_messaging apis/chat.yaml --json
    messaging-assets status --watch
    """
    if every and as_json:
        raise click.UsageError("--watch shows a table; leave one of --watch and --json out")
    while True:
        is_right = _shown_once(apis, as_json, every)
        if every is None:
            raise SystemExit(0 if is_right else 1)
        try:
            time.sleep(every)
        except KeyboardInterrupt:
            raise SystemExit(0 if is_right else 1) from None


def _shown_once(apis: tuple[str, ...], as_json: bool, every: float | None) -> bool:
    """Show the assets as they are now, of files as they are now; whether all is well."""
    from messaging_assets.cli.chosen_api import chosen_apis
    from messaging_assets.files.api_files import why_the_shipped
    from messaging_assets.foundation.dagster_home import settle_dagster_home
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets.loading.undisturbed import made_for_good
    from messaging_assets.orchestration.asset_status import read_statuses

    # What is read is kept to the end, which does not hold of one look of many.
    with nullcontext() if every else made_for_good():
        files = chosen_apis(apis)
        settle_dagster_home(settle_environment())
        statuses = read_statuses(files.descriptions)
    broken = {name: str(error) for name, error in files.broken.items()}
    is_right = not broken and not any(status.is_wrong for status in statuses)
    if as_json:
        assets = [{**asdict(status), "is_wrong": status.is_wrong} for status in statuses]
        print_json({"is_right": is_right, "assets": assets, "broken_files": broken})
    else:
        if every:
            click.clear()  # of a terminal alone
            click.echo(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}, anew every {every:g} s; Ctrl-C ends it")
        print_statuses(statuses, broken)
        if not apis and (instead := why_the_shipped()):
            click.echo(instead)
    return is_right


def named(asset: str, reason: str) -> str:
    """A reason with the asset's name before it, where it does not begin with that, as most sentences do."""
    begins = re.match(rf"{re.escape(asset.replace('/', '.'))}\b", reason)
    return reason if begins else f"{asset}: {reason}"


def print_statuses(statuses: Sequence[AssetStatus], broken: Mapping[str, str]) -> None:
    """A table of them; below it why a run failed, which checks did, and what is wrong with files."""
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.cli.tables import print_table, wide_console
    from messaging_assets.reading.receipt import Verdict

    console = wide_console()
    # What has no room is broken, and never cut.
    whole = partial(Text, overflow="fold")
    columns = ["asset", "state", "lag", "rows", "verdict", "checks", "next tick"]
    has_room = console.width >= 120
    table = Table(*columns, *(["last run"] if has_room else []))
    # Then the others are broken first, whose words have spaces.
    table.columns[0].no_wrap = all(len(one.asset) <= _LONGEST_NAME for one in statuses)
    for one in statuses:
        passed = f"{one.checks - len(one.failed_checks)}/{one.checks}" if one.checks else ""
        rows = "" if one.rows is None else f"{one.rows:,}"
        lag = "" if one.lag_seconds is None else ago(one.lag_seconds)
        cells = [one.asset, one.state, lag, rows, one.verdict or "", passed, one.next_tick]
        if has_room:
            took = "" if one.last_run_seconds is None else f", {ago(one.last_run_seconds)}"
            cells.append(f"{one.last_run[:8]}{took}" if one.last_run else "")
        quiet = one.verdict == Verdict.UNKNOWN.words or one.failed_checks
        table.add_row(*map(whole, cells), style="red" if one.is_wrong else "yellow" if quiet else None)
    if statuses:
        print_table(console, table)
    for one in statuses:
        if one.reason:
            console.print(one_line(named(one.asset, one.reason)), style="red", soft_wrap=True, markup=False)
        for name, severity in one.failed_checks.items():
            found = one.found_by_checks.get(name, "")
            # An incomplete read's check has the sentence that stands above already.
            more = f": {found}" if found and not (one.reason and one.reason in found) else ""
            console.print(f"{one.asset}: check {name} failed ({severity}){more}", soft_wrap=True, markup=False)
    for text in broken.values():
        console.print(text, style="red", soft_wrap=True, markup=False)


def ago(seconds: float) -> str:
    """A duration in its largest whole unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
