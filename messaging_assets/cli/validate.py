"""`messaging-assets validate`: all that can be known about API files without asking an API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.foundation.failures import counted
from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription, ErrorHandler, Resource
    from messaging_assets.description.automation import Schedule
    from messaging_assets.files.rules.mistakes import Mistake, Problem

_WINDOWS = {"hourly": 3_600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 28 * 86_400}


@click.command(cls=JsonCommand, short_help="Check API files offline, by file and line.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path), metavar="[FILES]...")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of an API file, for editors.")
def validate(files: tuple[Path, ...], as_json: bool, schema: bool) -> None:
    r"""Check API files: shape, names, retries at their worst, secrets that are not set. Asks no API.

    FILES are files or folders; without them all that the project has: its API files and components, else the shipped.
    Exit status 1 if a file is wrong. What is told and is no mistake of the file: a secret that is not set, and what is
    legal and seldom meant, such as a key that is none of the declared columns.

    \b
    messaging-assets validate apis/chat.yaml
    messaging-assets validate --schema > api_file.schema.json
    """
    if schema:
        from messaging_assets.files.json_schema import file_schema

        print_json(file_schema())
        return
    from messaging_assets.files.api_files import why_the_shipped
    from messaging_assets.loading.undisturbed import made_for_good

    with made_for_good():
        found, broken = _read(files)
    if as_json:
        problems = [asdict(problem) for problem in broken]
        print_json({"valid": not broken, "files": found, "problems": problems})
    else:
        _print(found, broken)
        if not files and (instead := why_the_shipped()):
            click.echo(instead)
    raise SystemExit(1 if broken else 0)


def _read(files: Iterable[Path]) -> tuple[list[dict[str, Any]], list[Problem]]:
    """What there is to know about each good file, and the mistakes of the others.

    Raises:
        UsageError: there is no file at all, so that a wrong folder does not pass for a good one.
    """
    from messaging_assets.files.api_files import (
        api_folders,
        names_of,
        no_api_file,
        project_files,
        read_apis,
        read_folders,
    )

    found: list[dict[str, Any]] = []
    broken: list[Problem] = []
    chosen = list(files)
    for file, name in [(one, name) for one in chosen if not one.is_dir() for name in names_of(one)]:
        in_file = read_apis(file, name)
        found += [_about(description) for description in in_file.descriptions]
        broken += [problem for error in in_file.broken.values() for problem in error.problems]
    in_folders = read_folders([folder for folder in chosen if folder.is_dir()]) if chosen else project_files()
    found += [_about(description) for description in in_folders.descriptions]
    broken += [problem for error in in_folders.broken.values() for problem in error.problems]
    if not found and not broken:
        raise click.UsageError(f"{no_api_file(chosen or api_folders())}; name a file or another folder.")
    return found, broken


def _about(description: ApiDescription) -> dict[str, Any]:
    from messaging_assets.description.automation import cron_in_words

    schedule = description.schedule
    return {
        "api": description.name,
        "file": description.file,
        "resources": {
            name: worst_case(resource.endpoint.error_handler)
            for name, resource in description.resources_in_full.items()
        },
        "schedule": schedule
        and {"cron": schedule.cron, "timezone": schedule.timezone, "words": cron_in_words(schedule.cron)},
        "secrets_not_set": _secrets_not_set(description),
        "remarks": [asdict(remark) for remark in _remarks(description)],
    }


def _remarks(description: ApiDescription) -> list[Problem]:
    """What is legal in a good file, and seldom meant."""
    from messaging_assets.files.rules.consistency import undeclared_columns
    from messaging_assets.files.rules.mistakes import problems_of
    from messaging_assets.files.yaml_lines import read_yaml
    from messaging_assets.foundation.regular_files import LARGEST_API_FILE, read_regular

    file = str(description.file)
    document = read_yaml(read_regular(file, LARGEST_API_FILE).decode("utf-8-sig"))
    remarks = [*undeclared_columns(document.value), *_slow_retries(description), *_readable_secrets(description)]
    remarks += [*_unsent_parts(description), *_idle_deletes(description)]
    return problems_of(remarks, document.value, os.path.relpath(file), document.lines)


def _slow_retries(description: ApiDescription) -> Iterator[Mistake]:
    """A remark where the retries of a resource can take longer than it is to the next sync by schedule."""
    from messaging_assets.files.rules.mistakes import Mistake

    for place, written in enumerate(description.resources):
        resource = description.resources_in_full.get(written.name)
        interval = _interval(description.schedule, resource) if description.schedule and resource else None
        if resource and interval and (waits := worst_case(resource.endpoint.error_handler)["seconds"]) > interval:
            words = f"its retries can take {_duration(waits)}, and the next sync is due after {_duration(interval)}"
            yield Mistake(
                ("resources", place), f"{words}; give it fewer max_retries, or a schedule that ticks less often"
            )


def _readable_secrets(description: ApiDescription) -> Iterator[Mistake]:
    """A remark where secrets and rows would travel so that others can read them."""
    from urllib.parse import urlsplit

    from messaging_assets.files.rules.mistakes import Mistake

    address = urlsplit(description.client.base_url)
    is_near = address.hostname in ("localhost", "::1") or str(address.hostname).startswith("127.")
    auths = [description.auth_of(resource) for resource in description.resources_in_full.values()]
    if address.scheme == "http" and any(auths) and not is_near:
        words = "is plain http, so secrets and rows travel readable; write https"
        yield Mistake(("client", "base_url"), words)


def _unsent_parts(description: ApiDescription) -> Iterator[Mistake]:
    """A remark where a signature is over something that the API is never told."""
    from messaging_assets.description.authentication import HmacAuth, ways_of
    from messaging_assets.files.rules.mistakes import Mistake

    auths: dict[Any, Any] = {("client",): description.client.auth}
    auths["resource_defaults", "endpoint"] = description.resource_defaults.endpoint.auth
    auths |= {("resources", at, "endpoint"): one.endpoint.auth for at, one in enumerate(description.resources)}
    told = list[HmacAuth]()
    for place, way in [(place, way) for place, auth in auths.items() for way in ways_of(auth)]:
        # A resource has its own ways beside those of all.
        if isinstance(way, HmacAuth) and way.unsent and way not in told:
            told.append(way)
            words = f"signs {' and '.join(way.unsent)}, which no header and no parameter sends; send it, written alike"
            yield Mistake((*place, "auth"), words)


def _idle_deletes(description: ApiDescription) -> Iterator[Mistake]:
    """A remark where rows that are gone shall go after a proven read, and nothing can prove one."""
    from messaging_assets.description.pagination import AutoPaginator, OffsetPaginator
    from messaging_assets.files.rules.mistakes import Mistake

    for place, written in enumerate(description.resources):
        resource = description.resources_in_full.get(written.name)
        if resource is None or resource.deletes == "ignore" or resource.endpoint.job:
            continue
        paginator = resource.endpoint.paginator or description.client.paginator or AutoPaginator(type="auto")
        offset = paginator if isinstance(paginator, OffsetPaginator) else None
        path = paginator.rows_total_path or (offset and offset.total_path)
        is_exact = resource.endpoint.total == "exact"
        if (is_exact and (path or offset)) or (offset and offset.overlap):
            continue
        steps = [] if is_exact else ["write total: exact"]
        if not path:
            steps.append("name where the API counts its rows as rows_total_path")
        what = f"takes rows out after a proven read alone (deletes: {resource.deletes}), and nothing can prove one"
        yield Mistake(("resources", place), f"{what}; {', and '.join(steps)}{', or an overlap' if offset else ''}")


def _interval(schedule: Schedule, resource: Resource) -> float:
    """Seconds between two syncs of a resource by schedule, where two ticks are nearest."""
    from itertools import islice, pairwise

    from messaging_assets.seams.dagster_inside import cron_string_iterator

    if resource.partitions:
        return _WINDOWS[resource.partitions.type]
    ticks = [tick.timestamp() for tick in islice(cron_string_iterator(0, schedule.cron, schedule.timezone), 50)]
    return min(later - tick for tick, later in pairwise(ticks))


def worst_case(handler: ErrorHandler) -> dict[str, float]:
    """What a page that never answers costs: both layers of retries together.

    Returns:
        `requests` for that page; `seconds` of waiting between them; `seconds_if_asked_to_wait`, where the API asks
        for the longest wait each time. The time an answer itself may take (client.timeout) comes on top.
    """
    tries = handler.max_retries + 1
    waits = [min(handler.backoff_factor * 2**retry * 1.25, handler.maximum_wait) for retry in range(tries - 1)]
    # Dagster waits (2^n - 1) times the factor before its n-th repeat, give or take one factor.
    between_syncs = sum(handler.backoff_factor * 2**retry for retry in range(1, tries))
    return {
        "requests": tries**2,
        "seconds": round(tries * sum(waits) + between_syncs, 1),
        "seconds_if_asked_to_wait": round(tries * (tries - 1) * handler.maximum_wait + between_syncs, 1),
    }


def _secrets_not_set(description: ApiDescription) -> list[str]:
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.description.authentication import secrets_of
    from messaging_assets.description.names import variable

    credentials = build_credentials(description)
    auths = [description.auth_of(resource) for resource in description.resources_in_full.values()]
    names = secrets_of(auths)
    return [variable(description.name, name) for name in names if not credentials.sendable(description.name, name)]


def _print(found: list[dict[str, Any]], broken: list[Problem]) -> None:
    from messaging_assets.files.rules.mistakes import Problem

    for one in found:
        click.echo(f"{os.path.relpath(one['file'])}: good, {counted(len(one['resources']), 'resource')}")
        for worst in {tuple(worst.items()): worst for worst in one["resources"].values()}.values():
            names = ", ".join(name for name, own in one["resources"].items() if own == worst)
            click.echo(f"    retry worst case of {names}, Dagster's own retries included: {_in_words(worst)}")
        if one["schedule"]:
            words = f": {one['schedule']['words']}" if one["schedule"]["words"] else ""
            click.echo(f"    schedule {one['schedule']['cron']} ({one['schedule']['timezone']}){words}")
        if one["secrets_not_set"]:
            click.echo(f"    not set: {', '.join(one['secrets_not_set'])}")
        for remark in one["remarks"]:
            click.echo(f"    remark: {Problem(**remark)}")
    for problem in broken:
        click.echo(str(problem))
    remarks = sum(len(one["remarks"]) for one in found)
    told = f", {counted(remarks, 'remark')}" if remarks else ""
    click.echo(f"{len(found)} good, {counted(len(broken), 'mistake')}{told}")


def _in_words(worst: dict[str, float]) -> str:
    return (
        f"at most {worst['requests']} requests a page, {_duration(worst['seconds'])} of waiting "
        f"({_duration(worst['seconds_if_asked_to_wait'])} if the API asks for the longest each time)"
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
