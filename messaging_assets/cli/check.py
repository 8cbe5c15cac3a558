"""`messaging-assets check`: what a live API says about its file, from one or two requests a resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

import click

from messaging_assets.cli.chosen_api import joined
from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.destination.profile import DestinationProfile
    from messaging_assets.discovery.examined import Examined
    from messaging_assets.foundation.folders import ProjectFolders
    from messaging_assets.loading.probe import Probed


@click.command(name="check", cls=JsonCommand, short_help="Ask a live API whether its file is right; loads nothing.")
@click.argument("api")
@click.option("--only", multiple=True, callback=joined, metavar="A,B", help="These resources only.")
@click.option("--destination", "asks_destination", is_flag=True, help="Load edge values into the destination instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON object.")
def command(api: str, only: str | None, asks_destination: bool, as_json: bool) -> None:
    r"""Ask each resource of an API a few times, with the real secrets, and tell what is wrong and how to mend it.

    Looks at: reachable and authenticated; the list, key and declared columns; whether the second page differs from
    the first, and whether larger ones come; the API's own count, its clock and its rate limits. Loads nothing.
    API is its name, or the path of its file. Exit status 1 if a sync would fail or lose something.

    With --destination it asks the destination in place of the API. It loads a few rows of edge values into a table of
    their own, reads them back and drops the table. It tells what came back otherwise.

    \b
    messaging-assets check team_messaging
    messaging-assets check team_messaging --destination
    messaging-assets check apis/chat.yaml --only messages --json
    """
    from messaging_assets.cli.chosen_api import chosen_api, chosen_resource

    description = chosen_api(api)
    names = [name.strip() for name in only.split(",") if name.strip()] if only else list(description.resources_in_full)
    for name in names:
        chosen_resource(description, name)
    if asks_destination:
        raise SystemExit(ask_destination(description, names, as_json))
    examined = _examine(description, names)
    if as_json:
        found = [{**asdict(one), "is_wrong": one.is_wrong} for one in examined]
        is_right = not any(one.is_wrong for one in examined)
        print_json({"api": description.name, "is_right": is_right, "resources": found})
    else:
        _print(description, examined)
    raise SystemExit(1 if any(one.is_wrong for one in examined) else 0)


def _examine(description: ApiDescription, names: Sequence[str]) -> list[Examined]:
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.discovery.examination import examine
    from messaging_assets.discovery.first_pages import Reader
    from messaging_assets.discovery.page_sizes import try_larger
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets.foundation.redaction import Redaction

    settle_environment()
    redaction = Redaction()
    reader = Reader(description, build_credentials(description), redaction)
    examined = []
    with redaction.on_loggers():
        for name in names:
            resource = description.resources_with_unselected[name]
            one = examine(description, resource, reader.read(resource, pages=2))
            try_larger(description, resource, one, partial(reader.read, pages=1))
            one.findings = [
                replace(finding, what=redaction.short(finding.what, 2_000), mend=redaction.short(finding.mend, 2_000))
                for finding in one.findings
            ]
            examined.append(one)
    return examined


def _print(description: ApiDescription, examined: Sequence[Examined]) -> None:
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.cli.tables import print_table, wide_console

    console = wide_console()
    overview = Table("resource", "", "requests", "pages", "rows seen", "rows it has")
    for one in examined:
        state = Text("good", style="green") if one.is_paging_seen else Text("paging not seen", style="yellow")
        state = Text("wrong", style="bold red") if one.is_wrong else state
        total = "not said" if one.total is None else f"{one.total:,}"
        overview.add_row(one.resource, state, str(one.requests), str(one.pages), f"{one.rows:,}", total)
    print_table(console, overview)
    styles = {"wrong": "red", "warning": "yellow", "note": "dim"}
    # What has no room is broken, and never cut: it may be an address or a word of the file.
    whole = partial(Text, overflow="fold")
    findings = Table("resource", "", "about", "what was found", "what to do")
    for one in examined:
        for finding in one.findings:
            cells = (one.resource, finding.level, finding.about, finding.what, finding.mend)
            findings.add_row(*map(whole, cells), style=styles[finding.level])
    if findings.row_count:
        print_table(console, findings)
    wrong = sum(one.is_wrong for one in examined)
    unseen = sum(not one.is_paging_seen and not one.is_wrong for one in examined)
    words = f"{len(examined) - wrong - unseen} of {len(examined)} resources of {description.name} are right"
    words += f"; of {unseen} paging was not seen." if unseen else "."
    console.print(words, style="bold red" if wrong else "green")


def ask_destination(description: ApiDescription, names: Sequence[str], as_json: bool) -> int:
    """Load edge values into the destination, read them back, and tell what came of it.

    Args:
        description: the API, in whose dataset it is tried.
        names: the resources that are told of.
        as_json: whether the findings are one JSON object.

    Returns:
        The exit status: 1 if a sync would be refused.

    Raises:
        ClickException: the destination cannot be used; one sentence on what to do.
    """
    from messaging_assets.foundation.folders import settle_environment

    folders = settle_environment().make()
    profile, probed = _probed(description, folders)
    wrong = [words for name in names if (words := _refusal(description, name, probed, folders))]
    changed, refuses = (probed.words, probed.refused_words) if probed else ([], [])
    if as_json:
        found = {"destination": profile.words, "is_right": not wrong, "changes": changed, "refuses": refuses}
        print_json({"api": description.name, **found, "wrong": wrong})
        return 1 if wrong else 0
    if not changed:
        click.echo(f"{profile.words}: " + ("what was loaded came back as it went in." if probed else "plain files."))
    lines = [f"{profile.words} {words}, without a word." for words in changed]
    lines += [f"{profile.words} refuses, and says so: {words}." for words in refuses]
    click.echo("\n".join([*lines, *wrong, f"{len(names) - len(wrong)} of {len(names)} resources can be kept there."]))
    return 1 if wrong else 0


def _probed(description: ApiDescription, folders: ProjectFolders) -> tuple[DestinationProfile, Probed | None]:
    from messaging_assets.assets.failure_sentence import as_failure
    from messaging_assets.destination.pipelines import destination_profile
    from messaging_assets.foundation.failures import MendDescription
    from messaging_assets.loading.probe import probe

    try:
        profile = destination_profile(folders)
        if driver := profile.missing_driver():
            raise MendDescription(driver, where=description.name)
        return profile, None if profile.is_files else probe(description.name, profile)
    except Exception as error:  # noqa: BLE001 - whatever it was, it becomes one sentence below
        failure = as_failure(description.name, error)
    raise click.ClickException(str(failure))


def _refusal(description: ApiDescription, name: str, probed: Probed | None, folders: ProjectFolders) -> str | None:
    from messaging_assets.destination.pipelines import refuse_what_cannot_be_kept
    from messaging_assets.foundation.failures import MendDescription

    resource = description.resources_with_unselected[name]
    try:
        refuse_what_cannot_be_kept(description, resource, folders)
    except MendDescription as refused:
        return str(refused)
    words = probed.refusal(resource) if probed else None
    return f"{description.asset_of(resource)}: {words}" if words else None
