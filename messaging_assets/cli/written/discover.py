"""`messaging-assets discover`: from an address, or an OpenAPI document, to a complete API file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from messaging_assets.cli.chosen_api import joined
from messaging_assets.cli.written.api_file import chosen_name, refuse_existing, refuse_unwritable, write
from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from messaging_assets.discovery.found import FoundApi

_AUTH = "api_key:<header, query or cookie>:<name>, bearer, http_basic, http_digest, or oauth2:<token URL>"


@click.command(name="discover", cls=JsonCommand, short_help="Make an API file from an address or an OpenAPI document.")
@click.argument("address", required=False)
@click.option("--base-url", metavar="URL", help="The API's address; with --openapi it replaces the document's.")
@click.option("--path", "paths", multiple=True, metavar="PATH", help="A list below the address; may come more often.")
@click.option("--auth", metavar="WAY", help=f"How the API knows who asks: {_AUTH}.")
@click.option(
    "--openapi",
    "document",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="An OpenAPI 3.0, 3.1 or Swagger 2 document, JSON or YAML; the API itself is not asked.",
)
@click.option(
    "--schedule",
    metavar="CRON",
    help='When to sync, such as "0 6 * * *" (UTC); else hourly. It is off until switched on in the UI.',
)
@click.option(
    "--only",
    multiple=True,
    callback=joined,
    metavar="A,B",
    help="With --openapi: these resources only, and the parents they need.",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --openapi: a value that lists want, such as tenant=acme; may come more often.",
)
@click.option("--name", help="The API's name; else that of the output file, the title or the address.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; else printed.")
@click.option("--force", is_flag=True, help="Write over an output file that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as one JSON object.")
def command(
    address: str | None,
    base_url: str | None,
    paths: tuple[str, ...],
    auth: str | None,
    document: Path | None,
    schedule: str | None,
    only: str | None,
    params: tuple[str, ...],
    name: str | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    r"""Write a complete API file, with comments that say what was guessed from how many rows.

    From an address: asks the API at most 50 times a path, and finds the list. It tries ways of paging, and verifies
    that the second page begins where the first one ends. It guesses key, columns and cursors. Secrets come from the
    environment (<NAME>__API_KEY, __TOKEN, __USERNAME, ...), never from the command line.

    \b
    export CHAT__API_KEY=...
    messaging-assets discover https://api.example.com/v1/messages \
        --auth api_key:query:api_key --schedule "0 6 * * *" -o apis/chat.yaml
    messaging-assets discover --base-url https://chat.example.com --path /users --path /channels \
        --auth oauth2:https://chat.example.com/oauth/token --name chat
    messaging-assets discover --openapi openapi.yaml --only users,messages -o apis/chat.yaml
    messaging-assets discover --openapi openapi.yaml --param tenant=acme
    """
    if address is not None:
        if base_url or paths or document:
            raise click.UsageError("ADDRESS stands for --base-url and --path; leave it or them out")
        base_url, paths = _parts_of(address)
    name = chosen_name(name, output)
    refuse_existing(output, force, "--output")
    if output:
        refuse_unwritable(output)
    _check_schedule(schedule)
    found = found_api(name, base_url, paths, auth, document, only, params)
    found.schedule = schedule
    hand_over(found, output, as_json)


def _parts_of(address: str) -> tuple[str, tuple[str, ...]]:
    """The server's address and the path of a list, of one address that has both."""
    parts = urlsplit(address)
    if not parts.scheme and parts.path.endswith((".json", ".yaml", ".yml")):
        raise click.UsageError("ADDRESS is that of a list; write --openapi before a file")
    if parts.scheme not in ("http", "https") or not parts.netloc or "@" in parts.netloc:
        raise click.UsageError("ADDRESS is one such as https://api.example.com/v1/messages, without a user")
    if parts.query or parts.fragment:
        raise click.UsageError("ADDRESS ends before the question mark; what follows belongs into params of the file")
    return f"{parts.scheme}://{parts.netloc}", (parts.path,) if parts.path.strip("/") else ()


def _check_schedule(line: str | None) -> None:
    """Refuse what is no cron line before the API is asked for anything."""
    from pydantic import ValidationError

    from messaging_assets.description.automation import Schedule

    try:
        Schedule(cron=line or "0 * * * *")
    except ValidationError as error:
        raise click.UsageError(f"--schedule: {error.errors()[0]['ctx']['error']}") from None


def found_api(
    name: str | None,
    base_url: str | None,
    paths: Sequence[str],
    auth: str | None,
    document: Path | None,
    only: str | None,
    params: Sequence[str] = (),
) -> FoundApi:
    """What the options of this verb lead to.

    Raises:
        click.UsageError: the options contradict each other.
        click.ClickException: the API or the document does not give what is needed.
    """
    if document:
        if paths or auth:
            raise click.UsageError("--openapi reads paths and authentication from the document; leave both out")
        return _from_document(document, only, name, base_url, _given(params))
    if params:
        raise click.UsageError("--param goes with --openapi; else write parameters into --path: /users?tenant=acme")
    if not base_url or not paths or only:
        raise click.UsageError("give --base-url with --path (--only goes with --openapi), or --openapi")
    return _from_live_api(base_url, paths, auth, name)


def _from_live_api(base_url: str, paths: Sequence[str], auth: str | None, name: str | None) -> FoundApi:
    from messaging_assets.discovery.found import name_from_address
    from messaging_assets.discovery.live.live_api import find_api
    from messaging_assets.files.api_files import InvalidDescription
    from messaging_assets.foundation.failures import SyncFailure

    try:
        return find_api(name or name_from_address(base_url), base_url, paths, _auth(auth))
    except InvalidDescription as problem:
        raise click.UsageError(str(problem)) from None
    except SyncFailure as failure:
        caught = failure
    raise click.ClickException(f"{caught}{_advice(caught, auth)}")


def _auth(written: str | None) -> dict[str, Any] | None:
    """The way of authentication that --auth names, as an API file has it."""
    if written is None:
        return None
    kind, _, rest = written.partition(":")
    if kind in ("bearer", "http_basic", "http_digest") and not rest:
        return {"type": kind}
    if kind == "oauth2" and rest:
        return {"type": "oauth2", "token_url": rest}
    location, _, key_name = rest.partition(":")
    if kind == "api_key" and location in ("header", "query", "cookie") and key_name:
        return {"type": "api_key", "name": key_name, "location": location}
    raise click.UsageError(f"--auth is {_AUTH}")


def _given(params: Sequence[str]) -> dict[str, str]:
    """The values of --param by name."""
    pairs = [one.partition("=") for one in params]
    if wrong := [name for name, equals, _ in pairs if not (name and equals)]:
        raise click.UsageError(f"--param is NAME=VALUE, such as tenant=acme, unlike {', '.join(wrong)}")
    from messaging_assets.description.ways.secret_signs import look_of, names_secret

    if secret := [
        name for name, _, value in pairs if names_secret(name) or names_secret(name, value) or look_of(value)
    ]:
        shown = ", ".join(name for name in secret if not look_of(name))
        raise click.UsageError(
            f"--param takes no secret ({shown or 'its value looks like one'}): it would stand in the file and in the "
            "shell's history; it goes into the environment, under the name that the file says at its top"
        )
    return {name: value for name, _, value in pairs}


def _advice(failure: Exception, auth: str | None) -> str:
    from messaging_assets.foundation.failures import CheckCredentials

    return f" Say how with --auth: {_AUTH}." if isinstance(failure, CheckCredentials) and auth is None else ""


def _check_address(base_url: str) -> None:
    """Refuse what cannot be an API's address."""
    from messaging_assets.files.api_files import InvalidDescription, describe

    resource = {"name": "rows", "endpoint": {"path": "/rows"}}
    try:
        describe({"client": {"base_url": base_url}, "resources": [resource]}, "api")
    except InvalidDescription as problem:
        raise click.UsageError(str(problem)) from None


def _from_document(
    document: Path, only: str | None, name: str | None, base_url: str | None, given: dict[str, str]
) -> FoundApi:
    from messaging_assets.discovery.openapi.endpoints import find_in_document
    from messaging_assets.discovery.openapi.references import UnusableDocument

    if base_url:
        _check_address(base_url)
    wanted = [one.strip() for one in only.split(",") if one.strip()] if only else []
    try:
        return find_in_document(document, wanted, name, base_url, given)
    except UnusableDocument as failure:
        message = str(failure)
    raise click.ClickException(message)


def hand_over(found: FoundApi, output: Path | None, as_json: bool = False) -> None:
    """Write the API file, or print it, and say what is in it.

    Raises:
        click.UsageError: the file cannot be written.
        click.ClickException: what was found makes no good API file.
    """
    from messaging_assets.discovery.file_text import file_text
    from messaging_assets.files.api_files import InvalidDescription
    from messaging_assets.foundation.redaction import one_line

    try:
        found.unmapped = list(map(one_line, found.unmapped))
        text = file_text(found)
    except InvalidDescription as problem:
        raise click.ClickException(f"what was found makes no API file:\n{problem}") from None
    if output:
        write(output, text, "--output")
    if as_json:
        print_json(_as_json(found, output))
        return
    if not output:
        click.echo(text, nl=False)
    _summarize(found, output)


def _as_json(found: FoundApi, output: Path | None) -> dict[str, Any]:
    remarks = {
        one.name: {".".join(path): text for path, text in one.remarks.items() if text} for one in found.resources
    }
    return {
        "api": found.name,
        "file": str(output) if output else None,
        "source": found.source,
        "description": found.raw,
        "remarks": remarks,
        "doubts": {one.name: one.doubts for one in found.resources if one.doubts},
        "unmapped": found.unmapped,
    }


def _summarize(found: FoundApi, output: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from messaging_assets.cli.tables import print_table
    from messaging_assets.foundation.redaction import one_line

    table = Table("resource", "key", "paging", "columns", box=None, pad_edge=False)
    for one in found.resources:
        keys = one.raw.get("primary_key") or "none"
        paging = one.raw.get("endpoint", {}).get("paginator") or {}
        shown = keys if isinstance(keys, str) else ", ".join(keys)
        table.add_row(one.name, one_line(shown), paging.get("type", "not known"), str(len(one.raw.get("columns", {}))))
    console = Console(stderr=True, highlight=False)
    print_table(console, table)
    for one in found.resources:
        for doubt in one.doubts:
            console.print(f"careful: {one.name}: {one_line(doubt)}.", style="bold yellow", soft_wrap=True, markup=False)
    for left_out in found.unmapped:
        console.print(f"not mapped: {left_out}", soft_wrap=True, markup=False)
    if output:
        file = os.path.relpath(output)
        console.print(f"Wrote {file}. Next: messaging-assets check {file}", soft_wrap=True, markup=False)
