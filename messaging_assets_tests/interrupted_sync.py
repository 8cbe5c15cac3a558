"""One sync in a process of its own, which a test may kill; shared by the tests of interruptions and of writers."""

from __future__ import annotations

import faulthandler
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from messaging_assets_tests.open_database import kept_open, let_go

_IMPORTED: list[str] = []


class Process:
    """Work in a forked process, so that it starts warm and a kill hurts nobody else."""

    def __init__(self, work: Callable[[], Any]) -> None:
        let_go()
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._work(work, reading, writing)
        os.close(writing)
        self._answer = reading

    def wait(self) -> tuple[int, Any]:
        """How it ended (0, or the signal that killed it), and its result where it came to one."""
        with os.fdopen(self._answer, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return ended, pickle.loads(answer) if ended == 0 else None

    def kill(self) -> None:
        """End it as `kill -9` does, if it has not ended yet."""
        os.kill(self.pid, signal.SIGKILL)

    @staticmethod
    def _work(work: Callable[[], Any], reading: int, writing: int) -> None:
        status = 1
        # A crash of a library says on which line.
        faulthandler.enable()
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(work(), pipe)
            status = 0
        except BaseException:  # noqa: BLE001 - nothing leaves a forked process but its words
            traceback.print_exc()
        finally:
            os._exit(status)


def in_a_process(work: Callable[[], Any]) -> tuple[int, Any]:
    """Do the work in a forked process; how it ended, and its result."""
    return Process(work).wait()


def undisputed(work: Callable[[], Any]) -> Any:
    """Do the work with DuckDB's file kept open, where no other process opens it meanwhile."""
    with pytest.MonkeyPatch.context() as patch, kept_open(patch):
        return work()


def import_all() -> None:
    """Import in this process what a sync imports, so that each fork is quick; needs the sandbox's addresses."""
    if not _IMPORTED:
        with TemporaryDirectory() as elsewhere:
            _, _IMPORTED[:] = in_a_process(lambda: _modules_of_a_sync(elsewhere))
        for name in _IMPORTED:
            with suppress(ImportError, AttributeError):
                import_module(name)


def _modules_of_a_sync(home: str) -> list[str]:
    # In a folder of its own, so that the test that comes first finds no rows of this sync.
    os.environ["MESSAGING_ASSETS_HOME"] = home
    sync()
    return list(sys.modules)


def sync(
    page_size: int = 500,
    endpoint: dict[str, Any] | None = None,
    partition_key: str | None = None,
    config: dict[str, Any] | None = None,
    **resource: Any,
) -> dict[str, Any]:
    """One sync of messaging/messages with a Dagster instance of its own: outcome, error, metadata and keys."""
    from dagster import DagsterInstance, materialize

    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.assets.resource_asset import build_assets
    from messaging_assets.cli.status import reason_of
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets.seams.dagster_dlt import DagsterDltResource

    settle_environment().make()
    auth = {"type": "api_key", "name": "api_key", "location": "query"}
    asked = {
        "path": "v1/messages",
        "data_selector": "data",
        "paginator": {"type": "offset", "limit": page_size},
        "error_handler": {"max_retries": 0},
        **(endpoint or {}),
    }
    own = {"name": "messages", "primary_key": "id", "write_disposition": "merge", "endpoint": asked, **resource}
    api = ApiDescription.model_validate(
        {"name": "messaging", "client": {"base_url": "http://sandbox.invalid", "auth": auth}, "resources": [own]}
    )
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            build_assets(api),
            instance=instance,
            resources={"dlt": DagsterDltResource(), "messaging_credentials": build_credentials(api)},
            partition_key=partition_key,
            run_config={"ops": {"messaging__messages": {"config": config}}} if config else None,
            raise_on_error=False,
        )
        events = [event.materialization for event in result.get_asset_materialization_events()]
        failures = [reason_of(event) for event in result.get_step_failure_events()]
        attempts = sum(event.is_step_start or event.is_step_restarted for event in result.all_events)
    metadata = {name: value.value for name, value in events[0].metadata.items()} if events else {}
    rows = table_rows()
    return {
        "green": result.success,
        "error": (failures or [""])[0],
        "attempts": attempts,
        "ids": [row[0] for row in rows],
        "rows": rows,
        "metadata": metadata,
    }


def table_rows() -> list[tuple[str, ...]]:
    """What is in the table now, in order; the name of the error where it cannot be read."""
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.destination.pipelines import loaded_dataset
    from messaging_assets.foundation.folders import settle_environment

    resource = {"name": "messages", "endpoint": "v1/messages"}
    api = ApiDescription.model_validate(
        {"name": "messaging", "client": {"base_url": "http://sandbox.invalid"}, "resources": [resource]}
    )
    dataset = loaded_dataset(api, api.resources_in_full["messages"], settle_environment())
    try:
        with dataset.sql_client as client:
            return sorted(
                tuple(row) for row in client.execute_sql("SELECT id, message_id, content FROM messages") or []
            )
    except Exception as error:  # noqa: BLE001 - no table yet, or somebody holds the file: the test says which it wants
        return [(type(error).__name__,)]
