"""`messaging-assets check --destination`: what the destination changes, and which lists it cannot keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from messaging_assets.foundation.printed_json import print_json

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.destination.profile import DestinationProfile
    from messaging_assets.foundation.folders import ProjectFolders
    from messaging_assets.loading.probe import Probed


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
