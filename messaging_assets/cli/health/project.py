"""The project: settings that stop every sync, the API files, and which secrets each account has."""

from __future__ import annotations

import os
from collections.abc import Iterator

from messaging_assets.cli.health.symptom import Symptom
from messaging_assets.foundation.failures import counted


def settings() -> Iterator[Symptom]:
    """Variables that stop every sync, and where the settings that matter stand."""
    from messaging_assets.destination.unreadable_settings import refuse_what_stops_dlt
    from messaging_assets.orchestration.executors import chosen_executor
    from messaging_assets.seams.dlt_settings import REFUSED

    for name, default in REFUSED.items():
        if os.environ.get(name, default).lower() != default.lower():
            what = f"the environment variable {name} changes what dlt writes, so every sync is refused"
            yield Symptom("settings", "wrong", what, f"unset {name}")
    refuse_what_stops_dlt()
    chosen_executor()


def refresh_tokens() -> Iterator[Symptom]:
    """Whether refresh tokens are shared, and can be."""
    from messaging_assets.foundation.redaction import Redaction
    from messaging_assets.http.ways.shared_token import shared_store

    if shared_store(Redaction()) is not None:
        yield Symptom("refresh tokens", "good", "they are shared with other machines, in a PostgreSQL database")


def api_files() -> Iterator[Symptom]:
    """Whether each API file is right, and whether the secrets of each account are set."""
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.description.authentication import secrets_of
    from messaging_assets.description.names import variable
    from messaging_assets.files.api_files import api_folders, no_api_file, project_files, why_the_shipped

    files = project_files()
    if not files.descriptions and not files.broken:
        what = no_api_file(api_folders())
        yield Symptom("API files", "warning", what, "make one with messaging-assets discover, or copy _template.yaml")
    if instead := why_the_shipped():
        yield Symptom("API files", "note", instead, "make one with messaging-assets discover, or copy _template.yaml")
    for name, error in files.broken.items():
        first = str(error).splitlines()[0]
        yield Symptom(f"API {name}", "wrong", f"its file is wrong: {first}", "messaging-assets validate")
    for description in files.descriptions:
        credentials = build_credentials(description)
        resources = description.resources_with_unselected.values()
        names = dict.fromkeys(secrets_of(description.auth_of(resource) for resource in resources))
        missing = [name for name in names if not credentials.look_up(description.name, name)]
        about, number = f"API {description.name}", len(description.resources_in_full)
        lists = counted(number, "resource")
        if missing:
            variables = " and ".join(variable(description.name, name) for name in missing)
            what = f"{lists}; no {' and no '.join(missing)} is set"
            yield Symptom(about, "warning", what, f"set {variables}")
        else:
            what = f"{lists}; {'every secret is set' if names else 'it needs no secret'}"
            yield Symptom(about, "good", what)
