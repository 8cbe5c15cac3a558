"""The API file that a verb writes: its name, its place, its text."""

from __future__ import annotations

import os
from pathlib import Path

import click


def refuse_existing(output: Path | None, force: bool, option: str) -> None:
    """Refuse to write over a file, unless that is asked for.

    Args:
        output: the file; None where it is printed.
        force: whether it may be written over.
        option: the option that names it.

    Raises:
        click.UsageError: it exists.
    """
    if output and output.exists() and not force:
        raise click.UsageError(f"{output} exists; choose another {option}, or write over it with --force")


def chosen_name(name: str | None, output: Path | None) -> str | None:
    """The API's name, which is the stem of its file; None where neither says it.

    Raises:
        click.UsageError: the file cannot be that of an API, or of the API of that name.
    """
    if output and output.suffix not in (".yaml", ".yml"):
        raise click.UsageError(f"an API file's name ends in .yaml, unlike {output.name}")
    if output and name and output.stem != name:
        raise click.UsageError(f"a file's stem is its API's name; write to {name}.yaml, or leave --name out")
    return output.stem if output else name


def write(output: Path, text: str, option: str) -> str:
    """Write the file, in a folder that is made for it, below a line for editors.

    Returns:
        the text as it is written.

    Raises:
        click.UsageError: it cannot be written.
    """
    from messaging_assets.files.json_schema import editor_line

    text = editor_line(output) + text
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise click.UsageError(f"{output} cannot be written ({problem.strerror}); choose another {option}") from None
    return text


def refuse_unwritable(output: Path) -> None:
    """Refuse a file that cannot be written before the API is asked for anything.

    Raises:
        click.UsageError: it cannot.
    """
    # The folder is made when there is something to put into it.
    folder = next(one for one in output.absolute().parents if one.exists())
    writable = output if output.exists() else folder
    if not folder.is_dir() or not os.access(writable, os.W_OK):
        raise click.UsageError(f"{output} cannot be written, because of {writable}; choose another --output")
