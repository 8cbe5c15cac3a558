"""`messaging-assets convert`: from a file of another tool to an API file, and a line for all that is left to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from messaging_assets.cli.written.api_file import chosen_name, refuse_existing, write
from messaging_assets.foundation.failures import counted
from messaging_assets.foundation.printed_json import JsonCommand, print_json

if TYPE_CHECKING:
    from messaging_assets.conversion.outcome import Converted

_TOLD = "Comments say what could not be carried, and what the source does not say; finish it, then delete them."


@dataclass(frozen=True)
class Remaining:
    """One thing that a person has to finish.

    Args:
        resource: whose it is; empty for the API itself.
        path: where in the written file; empty where the resource is not in it.
        line: of the written file; None where it is not in it.
        words: what it is.
        kind: a `loss`, a `question`, or a `setting` that has no value yet.
    """

    resource: str
    path: str
    line: int | None
    words: str
    kind: str


@click.command(name="convert", cls=JsonCommand, short_help="Make an API file from a file of another tool.")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "output", type=click.Path(dir_okay=False, path_type=Path), help="The file; else printed.")
@click.option("--name", help="The API's name; else that of the output file, or of the source.")
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A value that the source asks its users for, no secret, such as workspace=acme; may come more often.",
)
@click.option("--address", metavar="URL", help="Of a manifest with lists on several hosts: the host of this file.")
@click.option("--force", is_flag=True, help="Write over an output file that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print what was carried, and what was not, as one JSON object.")
def command(
    source: Path,
    output: Path | None,
    name: str | None,
    settings: tuple[str, ...],
    address: str | None,
    force: bool,
    as_json: bool,
) -> None:
    r"""Write an API file from what another tool has: a low-code manifest, a tap's config, a dictionary, a spec.

    That is an Airbyte manifest, a config of tap-rest-api-msdk, a dlt rest_api dictionary or a Sling API spec. The
    dictionary is JSON, or a Python file, which is read and not run.

    Prints a line for each thing that could not be carried, with the place in the written file where to finish it. A
    list whose pages nobody describes is a question. No secret is copied; the file says which variables to set.

    \b
    messaging-assets convert manifest.yaml --to apis/chat.yaml
    messaging-assets convert manifest.yaml --setting workspace=acme --to apis/chat.yaml
    messaging-assets convert pipeline.py --to apis/chat.yaml
    """
    refuse_existing(output, force, "--to")
    converted = convert_file(source, chosen_name(name, output), _given(settings), address)
    text = text_of(converted)
    if output:
        text = write(output, text, "--to")
    remaining = list(_remaining(converted, text))
    if as_json:
        print_json(
            {
                "api": converted.name,
                "file": str(output) if output else None,
                "source": converted.source,
                "description": converted.raw,
                "remaining": [asdict(one) for one in remaining],
            }
        )
        return
    if not output:
        click.echo(text, nl=False)
    _tell(converted, output, remaining)


def convert_file(source: Path, name: str | None, settings: Mapping[str, str], address: str | None = None) -> Converted:
    """What becomes of a file of another tool; it is a good description.

    Args:
        source: the file.
        name: the API's name; else the source's.
        settings: values that the source asks its users for.
        address: whose lists are wanted, of a manifest with lists on several hosts.

    Raises:
        click.ClickException: nothing in it can become a resource.
        click.UsageError: a secret was given as a setting.
    """
    from messaging_assets.conversion.outcome import Converted
    from messaging_assets.conversion.reading import KINDS, UnreadableConfig, read_source
    from messaging_assets.conversion.repair import make_valid
    from messaging_assets.conversion.secret_fields import literal_secrets
    from messaging_assets.conversion.texts import Settings
    from messaging_assets.discovery.found import api_name

    try:
        read = read_source(source)
    except UnreadableConfig as problem:
        raise click.ClickException(str(problem)) from None
    converted = Converted(
        name or api_name(_name_of(read.value) or source.stem),
        f"{source.name}, {KINDS[read.kind]}",
        Settings(settings),
        folder=source.resolve().parent,
        address=address,
    )
    converted.secrets.update(literal_secrets(read.value))
    for doubt in read.doubts:
        converted.lose(doubt, "client")
    try:
        _ways()[read.kind](read.value, converted)
    except Exception as error:  # noqa: BLE001 - a stranger's file may have any shape
        shape = f"{source.name}, {KINDS[read.kind]}, has a shape that is not known here ({type(error).__name__})."
        raise click.ClickException(shape) from None
    if secret := next((one for one in settings if converted.settings.is_secret(one)), None):
        raise click.UsageError(f"{secret} is a secret, which no file holds; the file says which variable to set")
    if strange := [one for one in settings if one not in converted.settings.asked]:
        known = ", ".join(sorted(converted.settings.asked)) or "none"
        raise click.UsageError(f"{source.name} asks for no setting {', '.join(strange)}; it asks for: {known}")
    converted.share()
    left = make_valid(converted)
    if not any(one.is_carried for one in converted.drafts):
        why = "\n".join(f"- {one.name}: {loss.words}" for one in converted.drafts for loss in one.losses[-1:])
        told = f"nothing in {source.name} could become a resource"
        raise click.ClickException(f"{told}:\n{why}" if why else f"{told}, as it has none.")
    if left:
        raise click.ClickException("\n".join(["what was carried makes no API file:", *(one.message for one in left)]))
    return converted


def text_of(converted: Converted) -> str:
    """The text of the API file."""
    from messaging_assets.discovery.file_text import file_text

    return file_text(converted.found, "Written by messaging-assets convert", _TOLD)


def _ways() -> Mapping[str, Callable[[Mapping[str, Any], Converted], None]]:
    from messaging_assets.conversion.api_spec import from_spec
    from messaging_assets.conversion.dlt_config import from_dlt
    from messaging_assets.conversion.manifest.streams import from_manifest
    from messaging_assets.conversion.tap_config import from_tap

    return {"manifest": from_manifest, "tap": from_tap, "dlt": from_dlt, "spec": from_spec}


def _name_of(source: Mapping[str, Any]) -> str | None:
    name = source.get("name")
    return name if isinstance(name, str) else None


def _given(settings: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.partition("=") for one in settings]
    if wrong := [name for name, equals, _ in pairs if not (name and equals)]:
        raise click.UsageError(f"--setting is NAME=VALUE, unlike {wrong[0] or 'what is empty'}")
    return {name: value for name, _, value in pairs}


def _remaining(converted: Converted, text: str) -> list[Remaining]:
    """What a person has to finish, in the order of the written file."""
    from messaging_assets.conversion.outcome import existing
    from messaging_assets.files.yaml_lines import read_yaml
    from messaging_assets.foundation.redaction import Redaction, one_line

    lines, redaction = read_yaml(text).lines, Redaction(converted.secrets)
    remaining: list[Remaining] = []

    def add(resource: str, path: str, line: int | None, words: str, kind: str) -> None:
        remaining.append(Remaining(resource, path, line, one_line(redaction(words)), kind))

    raw = converted.raw
    for loss in converted.losses:
        place = existing(raw, loss.place)
        add("", ".".join(place or loss.place), lines.get(place), loss.words, loss.kind)
    index = -1
    for draft in converted.drafts:
        if not draft.is_carried:
            add(draft.name, "", None, "; ".join(loss.words for loss in draft.losses), "loss")
            continue
        index += 1
        finished = draft.finished
        for loss in draft.losses:
            there = existing(finished, loss.place)
            add(
                draft.name,
                ".".join(("resources", draft.name, *loss.place)),
                lines.get(("resources", index, *there), lines.get(("resources", index))),
                loss.words,
                loss.kind,
            )
    return sorted(remaining, key=lambda one: (one.line is None, one.line or 0))


def _tell(converted: Converted, output: Path | None, remaining: list[Remaining]) -> None:
    from messaging_assets.foundation.redaction import one_line

    file = os.path.relpath(output) if output else f"{converted.name}.yaml"
    for one in remaining:
        where = f"{file}:{one.line}: {one.path}" if one.line else f"not in the file: {one.resource}"
        question = "question: " if one.kind == "question" else ""
        end = "" if one.words.endswith((".", "?")) else "."
        click.echo(f"{where}: {question}{one.words}{end}", err=True)
    for name, value in converted.settings.used.items():
        click.echo(f"taken: {name}={one_line(str(value))}, as the source has it; see --setting.", err=True)
    carried = [one for one in converted.drafts if one.is_carried]
    lossy = sum(any(loss.kind == "loss" for loss in one.losses) for one in carried)
    asked = sum(any(loss.kind == "question" for loss in one.losses) for one in carried)
    counts = {"with a loss": lossy, "with a question": asked, "not carried": len(converted.drafts) - len(carried)}
    resources = counted(len(carried), "resource")
    click.echo(", ".join([resources, *(f"{number} {what}" for what, number in counts.items() if number)]), err=True)
    if output:
        click.echo(f"Wrote {file}. Next: messaging-assets check {file}", err=True)
