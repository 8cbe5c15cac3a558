"""`messaging-assets rejected`: the records of a resource that were set aside: shown, counted, and replayed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets.foundation.redaction import one_line

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription, Resource
    from messaging_assets.foundation.redaction import Redaction
    from messaging_assets.loading.replay.replay import Replayed
    from messaging_assets.loading.replay.set_aside import Reason, SetAside

_LONGEST = 200


@click.command(name="rejected", cls=JsonCommand, short_help="Show records that were set aside, and load them later.")
@click.argument("api")
@click.argument("resource")
@click.option("-n", "limit", default=20, show_default=True, type=click.IntRange(0, 10_000), help="How many records.")
@click.option("--records", is_flag=True, help="Show what is in them, columns marked sensitive masked.")
@click.option("--replay", "is_replay", is_flag=True, help="Load those that fit by the file as it is now.")
@click.option("--json", "as_json", is_flag=True, help="Print them as one JSON object.")
def command(api: str, resource: str, limit: int, records: bool, is_replay: bool, as_json: bool) -> None:
    r"""Tell which records of a resource were set aside, why, and under which key; --replay loads those that fit now.

    API is its name, or the path of its file. Asks no API. A record that is replayed is loaded by the resource's own
    write_disposition and taken out of the rejected table, once however often that is begun; one that still does not fit
    stays, with its new reason. Exit status 1 if records are set aside when it is done.

    \b
    messaging-assets rejected chat messages
    messaging-assets rejected apis/chat.yaml messages --replay
    """
    from messaging_assets.cli.chosen_api import chosen_api, chosen_resource

    description = chosen_api(api)
    chosen = chosen_resource(description, resource)
    if not chosen.is_loaded:
        raise click.UsageError(f"{description.asset_of(chosen)} is read for its children only, and has no table")
    replayed, name, reasons, newest = _worked(description, chosen, limit, is_replay)
    left = sum(one.records for one in reasons)
    redaction = _redaction(description)
    shown = [redaction.within(_shown(description, chosen, one, records)) for one in newest]
    if as_json:
        told = {"replayed": asdict(replayed)} if replayed else {}
        found = {"api": description.name, "resource": chosen.name, "table": name, "is_right": not left, **told}
        print_json({**found, "records_set_aside": left, "reasons": [asdict(one) for one in reasons], "records": shown})
    else:
        if replayed:
            click.echo(_words(replayed))
        _print(description.asset_of(chosen), name, reasons, shown, left)
    raise SystemExit(1 if left else 0)


def _worked(description: ApiDescription, resource: Resource, limit: int, is_replay: bool) -> tuple[Any, ...]:
    """What was replayed, the rejected table's name, its reasons and some records.

    Raises:
        click.ClickException: the destination cannot be asked, or the records cannot be loaded alone.
    """
    from messaging_assets.assets.failure_sentence import as_failure
    from messaging_assets.foundation.folders import settle_environment

    folders = settle_environment().make()
    try:
        # Imported late: dlt takes a second.
        from messaging_assets.loading.replay.replay import replay
        from messaging_assets.loading.replay.set_aside import seen_set_aside

        replayed = replay(description, resource.name, folders) if is_replay else None
        return replayed, *seen_set_aside(description, resource, folders, limit)
    except Exception as error:  # noqa: BLE001 - whatever it was, it becomes one sentence below
        failure = as_failure(description.asset_of(resource), error)
    raise click.ClickException(str(failure))


def _redaction(description: ApiDescription) -> Redaction:
    """Takes out what an API may have echoed into its records."""
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.foundation.redaction import Redaction

    return Redaction(build_credentials(description).all_secrets(description))


def _shown(description: ApiDescription, resource: Resource, one: SetAside, with_record: bool) -> dict[str, Any]:
    from messaging_assets.description.parents import sensitive_columns

    record = one.shown(sensitive_columns(description, resource))
    # Without a whole record there is no key: nothing tells which part of the text is sensitive.
    key = {name: (record or {}).get(name) for name in resource.keys}
    shown = {"key": key, "reason": one.reason, "fields": one.fields, "page": one.page}
    shown |= {"set_aside_at": one.at, "times": one.times}
    return shown | ({"record": record} if with_record else {})


def _words(replayed: Replayed) -> str:
    words = f"{replayed.loaded} of {replayed.tried} records were loaded"
    if replayed.superseded:
        words += f", {replayed.superseded} taken out because the table has a later version of them"
    if replayed.older:
        words += f"; {replayed.older} of earlier syncs stay, because the last one read the whole list again"
    return "\n".join([f"{words}.", *(f"{count} stay: {reason}." for reason, count in replayed.left.items())])


def _print(asset: str, name: str, reasons: list[Reason], shown: list[dict[str, Any]], left: int) -> None:
    from rich.table import Table
    from rich.text import Text

    from messaging_assets.cli.tables import print_table, wide_console

    if not left:
        click.echo(f"{asset}: no record is set aside.")
        return
    console = wide_console()
    console.print(f"{asset}: {left} record{'s are' if left > 1 else ' is'} set aside, in {name}", markup=False)
    has_fields = any(one.fields for one in reasons)
    counted = Table("records", "times", "reason", *(["fields"] if has_fields else []), "last set aside")
    for one in reasons:
        why = (one.reason, *([one.fields or ""] if has_fields else []))
        texts = (f"{one.records:,}", f"{one.times:,}", *why, f"{one.last_at:%Y-%m-%d %H:%M}")
        counted.add_row(*(Text(one_line(text, _LONGEST)) for text in texts))
    print_table(console, counted)
    if not shown:
        return
    has_records = "record" in shown[0]
    listed = Table("key", "reason", "page", *(["record"] if has_records else []))
    for row in shown:
        key = ", ".join(f"{field}={value!r}" for field, value in row["key"].items()) or "none"
        cells = [key, row["reason"], row["page"], *([json.dumps(row["record"])] if has_records else [])]
        listed.add_row(*(Text(one_line(str(cell), _LONGEST), overflow="fold") for cell in cells))
    print_table(console, listed)
    if left > len(shown):
        click.echo(f"The {len(shown)} that were set aside last are shown; -n shows more.")
