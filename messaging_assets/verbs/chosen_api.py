"""The API that a command is told: by the name of one of the API files, or by a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from messaging_assets.api_description import ApiDescription, Resource


def chosen_api(name_or_file: str) -> ApiDescription:
    """The description of an API.

    Args:
        name_or_file: the stem of a file in the folders of API files, or the path of any API file.

    Raises:
        click.UsageError: there is no such API.
        click.ClickException: its file is wrong; the text has all its mistakes.
    """
    from messaging_assets.description_files import InvalidDescription, api_folders, read_file, read_folders

    if Path(name_or_file).suffix in (".yaml", ".yml"):
        if not Path(name_or_file).is_file():
            raise click.UsageError(f"there is no file {name_or_file}")
        try:
            return read_file(name_or_file)
        except InvalidDescription as error:
            raise click.ClickException(str(error)) from None
    files = read_folders(api_folders())
    for description in files.descriptions:
        if description.name == name_or_file:
            return description
    if name_or_file in files.broken:
        raise click.ClickException(str(files.broken[name_or_file]))
    known = ", ".join(description.name for description in files.descriptions) or "none"
    raise click.UsageError(f"there is no API '{name_or_file}'; there are: {known}")


def chosen_resource(description: ApiDescription, name: str) -> Resource:
    """A resource of an API.

    Raises:
        click.UsageError: there is no such resource.
    """
    if name not in description.resources_with_unselected:
        known = ", ".join(description.resources_with_unselected)
        raise click.UsageError(f"{description.name} has no resource '{name}'; there are: {known}")
    return description.resources_with_unselected[name]


def wide_console() -> Console:
    """A console that does not cut tables where output has no width of its own, as in a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)
