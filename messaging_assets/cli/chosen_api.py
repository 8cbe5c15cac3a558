"""The APIs that a command is told: each by its name in the project, or by its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription, Resource
    from messaging_assets.files.api_files import DescriptionFiles, InvalidDescription


def joined(_context: click.Context, _option: click.Parameter, values: Sequence[str]) -> str | None:
    """What an option of several names was given, with commas between, however often it came; None where it did not."""
    return ",".join(values) or None


def chosen_apis(names_or_files: Sequence[str]) -> DescriptionFiles:
    """Some APIs, in the order in which they are told, the broken ones apart.

    Args:
        names_or_files: of each its name in the project, or the path of any API file; without any, every API of the
            project. A name is the stem of a file in the folders of API files, or that of a component. One with accounts
            is all of them.

    Raises:
        click.UsageError: there is no such API or file, or none at all.
    """
    from messaging_assets.files.api_files import (
        DescriptionFiles,
        api_folders,
        names_of,
        project_files,
        read_apis,
        why_the_shipped,
    )
    from messaging_assets.files.described import shown_path
    from messaging_assets.files.rules.mistakes import suggestion

    are_files = [Path(one).suffix in (".yaml", ".yml") for one in names_or_files]
    # The project's other files need not be read, nor be there, for one that is named by its path.
    every = DescriptionFiles() if names_or_files and all(are_files) else project_files()
    if not names_or_files:
        if not every.descriptions and not every.broken:
            raise click.UsageError(
                "there is no API here, neither a file in apis/ nor a component; go to a project, or set "
                "MESSAGING_ASSETS_APIS"
            )
        return every
    by_name = {description.name: description for description in every.descriptions}
    chosen: dict[str, ApiDescription] = {}
    broken: dict[str, InvalidDescription] = {}
    for told, is_file in zip(names_or_files, are_files, strict=True):
        if is_file and not Path(told).is_file():
            raise click.UsageError(
                f"there is no file {told}; write the path to it, or the API's name, {Path(told).stem}"
            )
        if is_file:
            for name in names_of(told):
                found = read_apis(told, name)
                chosen |= {one.name: one for one in found.descriptions}
                broken |= found.broken
        elif told in by_name:
            chosen[told] = by_name[told]
        elif told in every.broken:
            broken[told] = every.broken[told]
        elif accounts := {one.name: one for one in every.descriptions if _is_account(one, told)}:
            chosen |= accounts
        else:
            # A folder that cannot be read is what hides them all.
            why = "".join(f"\n{error}" for error in every.broken.values())
            # An asset is called by its API and its list, with a slash in Dagster and a dot in sentences.
            api = told.replace(".", "/").partition("/")[0]
            near = api if api in by_name else suggestion(told, by_name)
            hint = f"; did you mean {near}?" if near else ""
            where = " or ".join(map(shown_path, api_folders())) or "this project"
            known = ", ".join(by_name) or "none"
            instead = f"; {clause}" if (clause := why_the_shipped()) else ""
            raise click.UsageError(f"there is no API '{told}' in {where}; there are: {known}{instead}{hint}{why}")
    return DescriptionFiles(list(chosen.values()), broken)


def _is_account(description: ApiDescription, file: str) -> bool:
    is_of_file = description.file is not None and Path(description.file).stem == file
    return is_of_file and description.name.startswith(f"{file}_")


def chosen_api(name_or_file: str) -> ApiDescription:
    """The description of one API; see `chosen_apis`.

    Raises:
        click.UsageError: there is no such API, or the file is that of several.
        click.ClickException: its file is wrong; the text has all its mistakes.
    """
    files = chosen_apis([name_or_file])
    for error in files.broken.values():
        raise click.ClickException(str(error))
    if len(files.descriptions) > 1:
        names = " and ".join(description.name for description in files.descriptions)
        raise click.UsageError(f"{name_or_file} is the file of {names}; name one of them")
    return files.descriptions[0]


def chosen_resource(description: ApiDescription, name: str) -> Resource:
    """A resource of an API.

    Raises:
        click.UsageError: there is no such resource.
    """
    if name not in description.resources_with_unselected:
        known = ", ".join(description.resources_with_unselected)
        raise click.UsageError(f"{description.name} has no resource '{name}'; there are: {known}")
    return description.resources_with_unselected[name]
