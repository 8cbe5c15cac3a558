"""`messaging-assets doctor`: whether this machine and project are fit for a sync, and what to do where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from messaging_assets.foundation.printed_json import JsonCommand, disk_told, print_json

if TYPE_CHECKING:
    from messaging_assets.cli.health.symptom import Symptom


@click.command(name="doctor", cls=JsonCommand, short_help="Look for what would keep a sync from working here.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def command(as_json: bool) -> None:
    r"""Look at what a sync needs, from settings, secrets and rights to clocks and the daemon; say what to do for each.

    Asks no API and loads nothing; it connects to the destination that the settings name, and asks PostgreSQL for this
    user's rights. It shows no secret, only which are set. Exit status 1 if something is wrong.

    \b
    messaging-assets doctor
    messaging-assets doctor --json
    """
    found = list(examine())
    is_right = not any(one.level == "wrong" for one in found)
    if as_json:
        print_json({"is_right": is_right, "found": [asdict(one) for one in found]})
    else:
        _print(found, is_right)
    raise SystemExit(0 if is_right else 1)


def examine() -> Iterator[Symptom]:
    """Look at everything, one thing after the other; what fails itself is told as a symptom."""
    from messaging_assets.cli.health import destination, machine, project, runs, variables
    from messaging_assets.foundation.dagster_home import settle_dagster_home
    from messaging_assets.foundation.folders import settle_environment

    folders = settle_environment().make()
    looks: tuple[tuple[str, Callable[[], Iterator[Symptom]]], ...] = (
        ("versions", machine.versions),
        ("folders", lambda: machine.folders_of(folders)),
        ("clock", lambda: machine.clock(folders)),
        ("locks", lambda: machine.locks(folders)),
        ("settings", project.settings),
        ("settings", variables.unread),
        ("refresh tokens", project.refresh_tokens),
        ("API files", project.api_files),
        ("destination", lambda: destination.destination(folders)),
        ("Dagster", lambda: runs.dagster(settle_dagster_home(folders))),
    )
    for about, look in looks:
        try:
            with disk_told():
                yield from look()
        except Exception as error:  # noqa: BLE001 - a doctor goes on to the next thing
            yield _of_error(about, error)


def _of_error(about: str, error: Exception) -> Symptom:
    """What kept something from being looked at, in words that are of a sentence of ours or a setting's name."""
    from messaging_assets.cli.health.symptom import Symptom
    from messaging_assets.destination.unreadable_settings import unreadable_setting
    from messaging_assets.foundation.failures import clause, sync_failure

    what, mend = f"it cannot be looked at ({type(error).__name__})", ""
    if isinstance(error, click.ClickException):
        what, _, mend = error.format_message().rstrip(".").partition("; ")
    elif (failure := sync_failure(error)) is not None:
        what, mend = clause(failure.where, failure.what, ""), failure.next_step
    elif (setting := unreadable_setting(error)) is not None:
        what, mend = setting
    return Symptom(about, "wrong", what, mend or "see what messaging-assets sync says; report this if it says no more")


def _print(found: list[Symptom], is_right: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.cli.tables import print_table, wide_console

    styles = {"good": "green", "note": "dim", "warning": "yellow", "wrong": "bold red"}
    table = Table("", "about", "what was found", "what to do")
    for one in found:
        table.add_row(
            Text(one.level, style=styles[one.level]), one.about, Text(one.what, overflow="fold"), Text(one.mend)
        )
    console = wide_console()
    print_table(console, table)
    if not is_right:
        console.print("Mend what is wrong, and run doctor again.", style="bold red")
    elif any(one.level == "warning" for one in found):
        console.print("Nothing is wrong, but a warning may keep a sync from working.", style="yellow")
    else:
        console.print("Nothing here keeps a sync from working.", style="green")
