"""The destination that the settings name: whether it answers, and whether tables can be made there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from messaging_assets.cli.health.machine import cannot_be_written
from messaging_assets.cli.health.symptom import Symptom
from messaging_assets.foundation.folders import ProjectFolders

_SETTINGS = "see that it runs, and what DESTINATION__{}__... or .dlt/secrets.toml say of address, user and password"


def destination(folders: ProjectFolders) -> Iterator[Symptom]:
    """Connect to the destination, whatever it is, and write nothing."""
    import dlt

    from messaging_assets.destination.pipelines import destination_profile
    from messaging_assets.seams.destinations.dlt_duckdb import DatabaseHeld
    from messaging_assets.seams.dlt_settings import own_settings

    profile = destination_profile(folders)
    if driver := profile.missing_driver():
        yield Symptom("destination", "wrong", driver.rstrip("."), "install it, and run doctor again")
        return
    try:
        with own_settings():
            dataset = dlt.dataset(profile.destination, "doctor", profile.new_schema("doctor"))
            if profile.is_files:
                yield from _files(profile.words, dataset.destination_client)
                return
            client: Any = dataset.sql_client
            # Whoever holds the file may do so for long, and that is what to tell.
            client.longest_wait = 1.0
            if profile.kind == "duckdb" and (found := _file_to_be(profile.words, client.credentials.database)):
                yield found
                return
            with client:
                client.execute_sql("SELECT 1")
                place = f" at {client.credentials.database}" if profile.kind == "duckdb" else ""
                yield Symptom("destination", "good", f"{profile.words} answers{place}")
                if profile.kind == "postgres":
                    from messaging_assets.cli.health import postgres

                    yield from postgres.sessions(client, profile)
                    yield from postgres.clock(client)
                    yield from postgres.rights(client)
                    yield from postgres.locks(client)
    except DatabaseHeld as held:
        yield Symptom("destination", "warning", held.what, "end that process, or let a sync wait for it")
    except Exception as error:  # noqa: BLE001 - whatever a driver raises; its words may hold the address' secrets
        from messaging_assets.destination.duckdb_file import lacking_extension
        from messaging_assets.destination.unreadable_settings import unreadable_setting

        extension = lacking_extension(error, "")
        closed = (
            f"the DuckDB file cannot be opened ({_kind(error)})",
            "see whether DuckDB wrote it, and no newer release",
        )
        shut = f"{profile.words} cannot be reached, or does not let this user in ({_kind(error)})"
        told = closed if profile.kind == "duckdb" else (shut, _SETTINGS.format(profile.name.upper()))
        what, mend = (extension.what, extension.next_step) if extension else unreadable_setting(error) or told
        yield Symptom("destination", "wrong", what, mend)


def _file_to_be(words: str, file: str) -> Symptom | None:
    """What to say of a DuckDB file that is not there yet; None where it is, or lies in memory."""
    if file == ":memory:":
        what = f"{words} is in memory, so no table outlives its process"
        return Symptom("destination", "wrong", what, "name a file in DESTINATION__DUCKDB__CREDENTIALS")
    if Path(file).exists():
        return None
    folder = Path(file).absolute().parent
    if not folder.is_dir():
        return Symptom("destination", "wrong", f"there is no folder {folder} for its file", "make it")
    if not os.access(folder, os.W_OK):
        return cannot_be_written("destination", folder)
    return Symptom("destination", "good", f"{words} at {file}; nothing is loaded yet")


def _files(words: str, client: Any) -> Iterator[Symptom]:
    if client.is_local_filesystem:
        folder = Path(client.bucket_path).absolute()
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if not os.access(there, os.W_OK):
            yield cannot_be_written("destination", there)
        else:
            yield Symptom("destination", "good", f"{words} at {folder}")
        return
    client.fs_client.exists(client.bucket_path)
    yield Symptom("destination", "good", f"{words} answers; whether files can be written there, a sync tells")


def _kind(error: BaseException) -> str:
    """The name of the driver's own error, which dlt wraps."""
    while (cause := error.__cause__ or getattr(error, "dbapi_exception", None)) is not None and cause is not error:
        error = cause
    return type(error).__name__
