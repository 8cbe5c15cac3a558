"""One sync of a resource at a time: the second waits, and is refused when it waited long enough.

The lock is the operating system's and dies with its process, so a killed run blocks nobody. On PostgreSQL, which
several machines may load into, there is one of the database too, which dies with its connection. There windows of one
resource are read side by side, on one machine and on several; they only load one after the other.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

from dlt import Pipeline
from filelock import FileLock, Timeout

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import pipeline_name
from messaging_assets.destination.pipelines import build_pipeline, destination_profile
from messaging_assets.destination.profile import DestinationProfile, refuse_pooler
from messaging_assets.foundation.failures import MendDescription, MendSettings, TryAgainLater
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import PRIVATE_FILE, read_private, unusable, write_private
from messaging_assets.seams.dlt_names import DatabaseException

LONGEST_WAIT = 600.0
# Seconds after which a machine that is gone without a word holds nothing any more: the server asks it four times.
_FIRST_ASKED, _ASKED_AGAIN, _TIMES_ASKED = 20, 10, 3
_ENDING = "'idle_session_timeout', 'statement_timeout', 'transaction_timeout'"
_logger = logging.getLogger(__name__)


def folders_to_sync(
    description: ApiDescription, resource: Resource, window: Window | None, folders: ProjectFolders
) -> ProjectFolders:
    """The folders of a sync: those of its window where windows can be synced side by side, else the project's.

    Args:
        description: the API.
        resource: the resource that is synced.
        window: the window of time that it reads, if it is one.
        folders: the project's.
    """
    if window is not None:
        with suppress(MendDescription, MendSettings):  # which the sync tells
            if destination_profile(folders).has_session_locks:
                return folders.of_window(f"{pipeline_name(description.name, resource.name)}.{window}")
    return folders


@contextmanager
def only_sync(description: ApiDescription, resource: Resource, folders: ProjectFolders) -> Iterator[None]:
    """Hold a resource, or the window of it whose folders these are, on this machine and in its database.

    Args:
        description: the API.
        resource: the resource that is synced.
        folders: where locks and working files are.

    Raises:
        TryAgainLater: another sync held it for longer than `LONGEST_WAIT`.
        UnusableFolder: a file of the lock cannot be opened.
    """
    asset = description.asset_of(resource)
    with only_sync_of(asset, folders.locks, folders.window or pipeline_name(description.name, resource.name)):
        # Made within the first lock, because that may empty the pipeline's folder.
        pipeline = build_pipeline(description, resource, folders)
        with only_sync_in_database(asset, pipeline, window=folders.window):
            yield
            if folders.window:
                # The destination has all that the next sync of the window needs.
                rmtree(pipeline.working_dir, ignore_errors=True)


@contextmanager
def only_sync_of(asset: str, folder: Path, name: str, longest_wait: float = LONGEST_WAIT) -> Iterator[None]:
    """Hold the resource for this process.

    Args:
        asset: the asset's name in log and error.
        folder: where the locks are.
        name: the resource's pipeline.
        longest_wait: seconds after which waiting ends.

    Raises:
        TryAgainLater: another process held it for all that time.
        UnusableFolder: its file cannot be opened.
    """
    holder = folder / f"{name}.pid"
    lock = FileLock(folder / f"{name}.lock", mode=PRIVATE_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _logger.warning("%s is being synced by %s; waiting for it", asset, _process(holder))
        _wait(lock, asset, holder, longest_wait)
    except OSError as error:
        raise unusable(folder / f"{name}.lock", error) from None
    try:
        write_private(holder, str(os.getpid()))
        yield
    finally:
        lock.release()


@contextmanager
def only_sync_in_database(
    asset: str, pipeline: Pipeline, longest_wait: float = LONGEST_WAIT, window: str = ""
) -> Iterator[None]:
    """Hold the resource for all machines, where the destination has locks of its own (PostgreSQL's advisory locks).

    Args:
        asset: the asset's name in log and error.
        pipeline: the resource's pipeline.
        longest_wait: seconds after which waiting ends.
        window: the name of the window that is held, beside others of the resource; empty for all of it.

    Raises:
        TryAgainLater: another connection held it for all that time.
        MendSettings: a pooler lends its connections, so that none can hold anything.
    """
    profile = DestinationProfile(pipeline.destination)
    if not profile.has_session_locks:
        yield
        return
    name = f"{pipeline.dataset_name}.{pipeline.pipeline_name}"
    with pipeline.sql_client() as client:
        refuse_pooler(profile, client, asset)
        _take(client, asset, name, longest_wait, mode="_shared" if window else "")
        if window:
            _take(client, asset, f"{pipeline.dataset_name}.{window}", longest_wait)
        yield


@contextmanager
def only_load(asset: str, pipeline: Pipeline) -> Iterator[None]:
    """Have the table of a resource whose windows are synced side by side, which is loaded by one at a time.

    Args:
        asset: the asset's name in log and error.
        pipeline: the resource's pipeline.

    Raises:
        TryAgainLater: others loaded it for longer than `LONGEST_WAIT`.
    """
    with pipeline.sql_client() as client:
        _take(client, asset, f"{pipeline.dataset_name}.{pipeline.pipeline_name} load", LONGEST_WAIT, is_told=False)
        yield


def take_in_database(client: Any, asset: str, name: str) -> None:
    """Have something for all machines until a connection to PostgreSQL ends.

    Args:
        client: the connection.
        asset: the asset's name in the error.
        name: what is had.

    Raises:
        TryAgainLater: others had it for longer than `LONGEST_WAIT`.
    """
    _take(client, asset, name, LONGEST_WAIT, is_told=False)


def _take(client: Any, asset: str, name: str, longest_wait: float, mode: str = "", is_told: bool = True) -> None:
    """Take a lock of the database, which its connection holds to its end."""
    for setting, value in (("idle", _FIRST_ASKED), ("interval", _ASKED_AGAIN), ("count", _TIMES_ASKED)):
        client.execute_sql(f"SET tcp_keepalives_{setting} = {value}")
    # Those that the server knows: they would end a wait, or the connection and its lock while the API is read.
    client.execute_sql(f"SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ({_ENDING})")
    lock = f"lock{mode}(hashtextextended(%s, 0))"
    if (client.execute_sql(f"SELECT pg_try_advisory_{lock}", name) or [(False,)])[0][0]:
        return
    if is_told:
        _logger.warning("%s is being synced over another connection to the database; waiting for it", asset)
    client.execute_sql(f"SET lock_timeout = {int(longest_wait * 1000)}")
    try:
        client.execute_sql(f"SELECT pg_advisory_{lock}", name)
        return
    except DatabaseException:
        pass
    raise TryAgainLater(
        f"another machine has been syncing it into this database for more than {longest_wait:.0f} s",
        "wait for it or end it, and run again",
        where=asset,
    )


def _wait(lock: FileLock, asset: str, holder: Path, longest_wait: float) -> None:
    try:
        lock.acquire(timeout=longest_wait)
        return
    except Timeout:
        process = _process(holder)
    raise TryAgainLater(
        f"{process} has been syncing it for more than {longest_wait:.0f} s",
        "wait for it or end it, and run again",
        where=asset,
    )


def _process(holder: Path) -> str:
    try:
        return f"process {int(read_private(holder))}"
    except (OSError, ValueError):
        return "another process"
