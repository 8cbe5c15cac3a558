"""`messaging-assets sync`: the job of an API, run here and now, its checks included."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from messaging_assets.cli.chosen_api import joined
from messaging_assets.foundation.dagster_home import opened_instance, settle_dagster_home
from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets.foundation.redaction import one_line
from messaging_assets.seams.foreign_words import words_of_error

if TYPE_CHECKING:
    from dagster import DagsterEvent, LoggerDefinition

    from messaging_assets.description.api import ApiDescription


@click.command(name="sync", cls=JsonCommand, short_help="Sync an API now, checks included.")
@click.argument("api")
@click.option("--only", multiple=True, callback=joined, metavar="A,B", help="These resources only.")
@click.option("--read-from", metavar="VALUE", help="Read rows from here on once more, such as 2026-11-20 or -7d.")
@click.option("--full-refresh", is_flag=True, help="Read everything anew, drop the tables, and load them.")
@click.option("--forget-state", is_flag=True, help="Read everything anew into the tables as they are.")
@click.option("--keep-mark", is_flag=True, help="Go on from the marks whatever speaks against them.")
@click.option("--allow-many-deletes", is_flag=True, help="Let any share of the rows go at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the assets as one JSON object.")
@click.option("--verbose", is_flag=True, help="Show Dagster's log.")
def command(api: str, only: str | None, as_json: bool, verbose: bool, **asked: Any) -> None:
    r"""Run the job of an API in this process: read every list, load it, answer its checks.

    API is its name, or the path of its file. The run is in Dagster's history, where `dev` and `status` find it;
    resources that are read in windows of time are started in the Dagster UI. How far it has come is told on standard
    error. Exit status 1 if an asset failed, or a check with ERROR.

    \b
    messaging-assets sync chat
    messaging-assets sync apis/chat.yaml --only users,channels
    messaging-assets sync chat --only messages --read-from -7d
    """
    from messaging_assets.cli.chosen_api import chosen_api
    from messaging_assets.cli.status import print_statuses
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets.orchestration.asset_status import read_statuses

    description = chosen_api(api)
    names = _chosen(description, only)
    settle_dagster_home(settle_environment())
    wanted = {name: value for name, value in asked.items() if value not in (None, False)}
    is_done = _run(description, verbose, _configs(description, names, wanted, is_every=not only))
    statuses = [one for one in read_statuses([description]) if one.asset.rpartition("/")[2] in names]
    is_right = is_done and not any(status.is_wrong for status in statuses)
    if as_json:
        assets = [{**asdict(status), "is_wrong": status.is_wrong} for status in statuses]
        print_json({"is_right": is_right, "assets": assets})
    else:
        print_statuses(statuses, {})
    raise SystemExit(0 if is_right else 1)


def _chosen(description: ApiDescription, only: str | None) -> list[str]:
    """The resources to sync.

    Raises:
        click.UsageError: there is no such resource, or none that is read as a whole.
    """
    names = [name.strip() for name in only.split(",") if name.strip()] if only else list(description.unpartitioned)
    wrong = [name for name in names if name not in description.unpartitioned]
    in_windows = _in_windows(description)
    if unread := [name for name in (wrong if only or names else in_windows) if name in in_windows]:
        told = f"{description.name}.{unread[0]} is read in windows of time, each a partition in Dagster"
        raise click.UsageError(f"{told}; start them in its UI (messaging-assets dev)")
    if wrong or not names:
        which = f"'{wrong[0]}'" if wrong else "resource"
        known = ", ".join(description.unpartitioned) or "none"
        raise click.UsageError(f"{description.name} has no {which} that is read as a whole; there are: {known}")
    return names


def _in_windows(description: ApiDescription) -> list[str]:
    """The selected resources that are not read as a whole, by name."""
    return [name for name in description.resources_in_full if name not in description.unpartitioned]


def _configs(
    description: ApiDescription, names: list[str], wanted: dict[str, Any], is_every: bool
) -> dict[str, dict[str, Any]]:
    """What the run asks of each resource; of all of them, those without a mark are read as always."""
    from messaging_assets.loading.marks.read_from import why_not_from

    marked = [name for name in names if why_not_from(description.resources_in_full[name]) is None]
    others = set(names).difference(marked) if is_every and marked and "read_from" in wanted else set()
    if others:
        click.echo(f"read_from is for a mark; read as always: {', '.join(sorted(others))}", err=True)
    as_always = {word: value for word, value in wanted.items() if word != "read_from"}
    return {name: as_always if name in others else wanted for name in names}


def _run(description: ApiDescription, verbose: bool, configs: dict[str, dict[str, Any]]) -> bool:
    from dagster import Definitions

    from messaging_assets.assets.translator import asset_key
    from messaging_assets.cli.signals import ended_by_signals
    from messaging_assets.destination.names import pipeline_name
    from messaging_assets.loading.undisturbed import made_for_good
    from messaging_assets.orchestration.api_definitions import definitions_for
    from messaging_assets.orchestration.automation.jobs import job_name, of_this_process

    with made_for_good():
        definitions = definitions_for(description)
        if not verbose:
            definitions = Definitions.merge(definitions, Definitions(loggers={"console": _console(description.name)}))
        job = definitions.resolve_job_def(job_name(description.name))
    left = ", ".join(_in_windows(description) if list(configs) == list(description.unpartitioned) else [])
    click.echo(f"running {job.name}{left and f', without windows of {left}'}", err=True)
    with opened_instance() as instance, _own_output(), ended_by_signals():
        run_id = str(uuid4())
        try:
            return job.execute_in_process(
                instance=instance,
                asset_selection=[asset_key(description, name) for name in configs],
                run_config={
                    "loggers": {"console": {"config": {"log_level": "DEBUG"} if verbose else {}}},
                    "ops": {
                        pipeline_name(description.name, name): {"config": config}
                        for name, config in configs.items()
                        if config
                    },
                },
                raise_on_error=False,
                run_id=run_id,
                tags=of_this_process(),
            ).success
        except BaseException:
            # Between its steps nobody of Dagster's notes an interruption.
            if (run := instance.get_run_by_id(run_id)) and not run.is_finished:
                instance.report_run_canceled(run)
            raise


@contextmanager
def _own_output() -> Iterator[None]:
    """Give the process its output back, which Dagster turns to a file for the run and, on a full disk, leaves there."""
    kept = {place: os.dup(place) for place in (1, 2)}
    try:
        yield
    finally:
        for place, copy in kept.items():
            os.dup2(copy, place)
            os.close(copy)


class _Lines(logging.Logger):
    """Shows, of all that a run logs, what the person who waits for it wants to know, on standard error.

    Args:
        api: the API's name, with which its own lines begin.
    """

    def __init__(self, api: str) -> None:
        super().__init__(f"{api}_sync")
        self._api = api

    def handle(self, record: logging.LogRecord) -> None:
        """Show a line of the package's own, or why a step failed."""
        meta = getattr(record, "dagster_meta", {})
        event, line = meta.get("dagster_event"), str(meta.get("orig_message"))
        if event is not None:
            _show_failure(event)
        elif record.levelno >= logging.WARNING or line.startswith(f"{self._api}."):
            click.echo(one_line(line), err=True)


def _show_failure(event: DagsterEvent) -> None:
    from messaging_assets.cli.status import named
    from messaging_assets.orchestration.asset_status import reason_of

    if event.is_step_failure:
        colour, reason, then = "red", reason_of(event), ""
    elif event.is_step_up_for_retry:
        data = event.step_retry_data
        reason = words_of_error(data.error.cause or data.error)
        colour, then = "yellow", f" Trying again in {data.seconds_to_wait or 0:.0f} s."
    else:
        return
    asset = str(event.step_key).replace("__", "/", 1)
    line = named(asset, (reason or "failed").splitlines()[0])
    click.secho(f"{one_line(line)}{then}", fg=colour, err=True)


def _console(api: str) -> LoggerDefinition:
    from dagster import logger

    return logger(lambda _: _Lines(api))
