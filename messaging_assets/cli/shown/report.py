"""`messaging-assets report`: how all assets are, as one page of HTML."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import click

from messaging_assets.foundation.failures import counted
from messaging_assets.foundation.printed_json import JsonCommand, print_json


@click.command(name="report", cls=JsonCommand, short_help="Write one page of HTML that shows how all assets are.")
@click.argument("apis", nargs=-1, metavar="[APIS]...")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Where the page is written.")
@click.option("--json", "as_json", is_flag=True, help="Print where it is as one JSON object.")
def command(apis: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    r"""Write how the assets are as a page that any browser opens, a phone's too: no server, no script.

    It tells state, freshness, next tick, verdicts and rows of the last 30 days, reasons of records set aside, and which
    assets are slowest. APIS are names of APIs or paths of their files; without them all that the project has. Reads
    Dagster's history and the table sync_history; asks no API. Without -o it is .messaging_assets/report.html.

    \b
    messaging-assets report
    messaging-assets report team_messaging -o /srv/www/data.html
    """
    from messaging_assets.cli.chosen_api import chosen_apis
    from messaging_assets.cli.shown.report_facts import gathered
    from messaging_assets.cli.shown.report_page import page
    from messaging_assets.files.api_files import why_the_shipped
    from messaging_assets.foundation.dagster_home import settle_dagster_home
    from messaging_assets.foundation.folders import settle_environment

    files = chosen_apis(apis)
    folders = settle_environment().make()
    settle_dagster_home(folders)
    now = datetime.now(timezone.utc)
    found = gathered(files.descriptions, folders, now)
    broken = {name: str(error) for name, error in files.broken.items()}
    instead = None if apis else why_the_shipped()
    place = output or folders.state / "report.html"
    try:
        # Whoever opens it meanwhile has the old page or the new one.
        partial = place.with_name(f"{place.name}.partial")
        partial.write_text(page(found, broken, now, instead), encoding="utf-8")
        partial.replace(place)
    except OSError as error:
        raise click.ClickException(f"{place} cannot be written ({error.strerror}); name another with -o") from None
    is_right = not broken and not any(one.status.is_wrong for api in found for one in api.resources)
    if as_json:
        print_json({"page": str(place.absolute()), "is_right": is_right})
    else:
        assets = counted(sum(len(api.resources) for api in found), "asset")
        click.echo(f"{place.absolute()}: the state of {assets} as of now.")
        if instead:
            click.echo(instead)
