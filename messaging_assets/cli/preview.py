"""`messaging-assets preview`: some rows of a resource as a table; nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription, Resource
    from messaging_assets.discovery.first_pages import FirstPages


@click.command(name="preview", cls=JsonCommand, short_help="Show some rows of a resource; loads nothing.")
@click.argument("api")
@click.argument("resource")
@click.option("-n", "rows", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many rows.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as one JSON object.")
def command(api: str, resource: str, rows: int, as_json: bool) -> None:
    r"""Ask an API for the first rows of a resource and show them, columns marked sensitive masked. Loads nothing.

    API is its name, or the path of its file. Exit status 1 if the API gave no rows that could be loaded.

    \b
    messaging-assets preview team_messaging users
    messaging-assets preview apis/chat.yaml messages -n 5 --json
    """
    from messaging_assets.cli.chosen_api import chosen_api, chosen_resource

    description = chosen_api(api)
    chosen = chosen_resource(description, resource)
    came = _read(description, chosen, rows)
    masked = _masked(description, chosen, came.rows)
    failure = str(came.failure) if came.failure is not None and len(came.rows) < rows else None
    if as_json:
        told = {"error": failure} if failure else {}
        found = {"api": description.name, "resource": chosen.name, "is_right": not failure, **told, "rows": masked}
        print_json(found)
    elif masked:
        _print(chosen, masked)
    if failure:
        raise click.ClickException(failure)
    if not masked:
        click.echo(f"{description.asset_of(chosen)} is empty.", err=True)


def _read(description: ApiDescription, resource: Resource, rows: int) -> FirstPages:
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.discovery.first_pages import Reader
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets.foundation.redaction import Redaction

    settle_environment()
    redaction = Redaction()
    with redaction.on_loggers():
        # As many pages as it takes: the reading stops with the last row that is wanted.
        credentials = build_credentials(description)
        redaction.add(*credentials.all_secrets(description))
        came = Reader(description, credentials, redaction).read(resource, pages=rows, rows=rows)
        came.rows = [redaction.within(row) for row in came.rows]
        return came


def _masked(description: ApiDescription, resource: Resource, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    from messaging_assets.description.parents import is_sensitive, sensitive_columns
    from messaging_assets.foundation.redaction import MASK

    sensitive = sensitive_columns(description, resource)
    return [
        {
            name: MASK if value is not None and is_sensitive(name, sensitive) else value
            for name, value in row.items()
            if not name.startswith("__path__")
        }
        for row in rows
    ]


def _print(resource: Resource, rows: Sequence[dict[str, Any]]) -> None:
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.assets.preview import cell as value_cell
    from messaging_assets.cli.tables import print_table, wide_console
    from messaging_assets.foundation.redaction import Redaction

    console = wide_console()
    cell = partial(value_cell, redaction=Redaction())  # the rows are without secrets already
    names = list(dict.fromkeys([*resource.keys, *(name for row in rows for name in row)]))
    cells = {name: [cell(row.get(name)) for row in rows] for name in names}
    shown: list[str] = []
    room = console.width - 1
    for name in names:
        room -= max(len(name), *map(len, cells[name])) + 3
        if room < 0 and shown:
            break
        shown.append(name)
    table = Table(*(escape(cell(name)) for name in shown))
    for place in range(len(rows)):
        table.add_row(*(Text(cells[name][place]) for name in shown))
    print_table(console, table)
    words = f"{len(rows)} row{'' if len(rows) == 1 else 's'} of {resource.name}; nothing was loaded."
    if left := names[len(shown) :]:
        words += f" Not shown for want of room (see --json): {', '.join(map(cell, left))}."
    console.print(words, soft_wrap=True, markup=False)
