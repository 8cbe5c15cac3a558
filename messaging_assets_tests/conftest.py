"""The clean room: each test has an empty environment, folders of its own and no way out of loopback."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import sys
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Slow machines are no failures, and a run that found nothing must find nothing again.
settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")

# A sync writes some forty small files and asks the disk to keep most of them; memory is asked for nothing.
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Dagster and dlt stay; looking through them for garbage again and again takes a fifteenth of the time.
gc.set_threshold(50_000, 10, 10)

KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR")
TELEMETRY_OFF = {"DAGSTER_DISABLE_TELEMETRY": "1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
# What a step prints is kept by two processes that Dagster starts for it; no test reads that.
DAGSTER_YAML = """
telemetry: {enabled: false}
compute_logs: {module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}
"""
# Every test has a destination of its own, which is asked for nothing but what the test is about.
PROBE_OFF = {"MESSAGING_ASSETS_PROBE": "false"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="let every case of the fault suite be a whole sync")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all but some cases of a sampled test to `make soak`, and begin with the tests that take minutes."""
    for left in beyond_the_sample(items):
        left.add_marker(pytest.mark.soak)
    # No worker idles while another ends with one of them.
    items.sort(key=lambda item: item.get_closest_marker("minutes") is None)


def beyond_the_sample(items: list[pytest.Item]) -> list[pytest.Item]:
    """The cases of tests that are marked `sampled` which the default run leaves out.

    Which ones stay follows from their names: the same in each run and each worker, now the first and now another. So
    all tests together have each database, disposition and kind of error.
    """
    tests: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled") and not item.get_closest_marker("soak"):
            tests.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left = []
    for cases in tests.values():
        [count] = cases[0].get_closest_marker("sampled").args or [1]  # type: ignore[union-attr]
        left += sorted(cases, key=lambda case: zlib.crc32(case.nodeid.encode()))[count:]
    return left


class OutsideConnection(RuntimeError):
    """A test tried to leave the machine. No OSError, so that no retry takes it for weather."""


def is_loopback(host: str | None) -> bool:
    """Whether `host`, a name or an address, can only mean this machine."""
    if not host or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def known_answers() -> None:
    """dlt, Dagster and the sandbox work out once a process what never changes in it."""
    from messaging_assets.seams.dagster_storage import remember_storage
    from messaging_assets.seams.dlt_lookups import shorten_lookups
    from messaging_assets_tests.known_answers import remember_rows

    shorten_lookups()
    remember_storage()
    remember_rows()


@pytest.fixture(autouse=True)
def outside_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuse connections and look-ups outside loopback, and fail the test even if its code swallowed that.

    Yields the hosts that were asked for; a test that provokes an attempt clears the list.
    """
    attempts = only_loopback(monkeypatch)
    yield attempts
    if attempts:
        pytest.fail(f"The test tried to leave loopback: {', '.join(attempts)}.")


def only_loopback(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse connections and look-ups outside loopback; the list will have the hosts that were asked for.

    Names below `.invalid` (RFC 6761) fail to resolve as they do everywhere.
    """
    attempts: list[str] = []
    look_up = socket.getaddrinfo

    def refuse(host: object) -> OutsideConnection:
        attempts.append(str(host))
        return OutsideConnection(f"A test may only talk to loopback, not to {host}; use the sandbox.")

    def guard(method: Any) -> Any:
        def guarded(sock: socket.socket, address: Any) -> Any:
            if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
                raise refuse(address[0])
            return method(sock, address)

        return guarded

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not is_loopback(name):
            raise refuse(name)
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guard(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    return attempts


@pytest.fixture(autouse=True)
def clean_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside_connections: list[str]) -> Iterator[Path]:
    """Empty the environment, give dlt, Dagster and the project folders below `tmp_path`, and go there."""
    for name in [name for name in os.environ if not name.startswith("PYTEST_") and name not in KEPT_VARIABLES]:
        monkeypatch.delenv(name)
    # Programs of this very installation come first: tests start `dagster`, `dg` and `messaging-assets`.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    folders = {
        "HOME": tmp_path / "home",
        "DLT_PROJECT_DIR": tmp_path / "project",
        "DLT_DATA_DIR": tmp_path / "dlt",
        "DAGSTER_HOME": tmp_path / "dagster",
        "MESSAGING_ASSETS_HOME": tmp_path / "messaging_assets",
    }
    for name, folder in folders.items():
        folder.mkdir()
        monkeypatch.setenv(name, str(folder))
    for name, value in {**TELEMETRY_OFF, **PROBE_OFF}.items():
        monkeypatch.setenv(name, value)
    # The variable stops the upload only; this file also stops the records below the home folder.
    (folders["DAGSTER_HOME"] / "dagster.yaml").write_text(DAGSTER_YAML)
    monkeypatch.chdir(tmp_path)
    forget_dlt_contexts(monkeypatch, tmp_path / "dlt")
    yield tmp_path
    forget_dlt_contexts(monkeypatch, tmp_path / "dlt")
    # What a test made for good goes with it.
    gc.unfreeze()


def forget_dlt_contexts(monkeypatch: pytest.MonkeyPatch, global_folder: Path) -> None:
    """Make dlt read configuration and secrets anew, and hold no active pipeline of another test."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.plugins import PluginContext
    from dlt.common.runtime import run_context

    # For root this is /var/dlt, whatever HOME says, and a config.toml there would be read.
    monkeypatch.setattr(run_context, "global_dir", lambda: str(global_folder))
    # Plugins come with the installation, and all of it is looked through for them.
    plugins = Container()[PluginContext]
    Container.reset_main_thread()
    Container()[PluginContext] = plugins


@pytest.fixture
def sandbox() -> Iterator[Any]:
    """The sandbox, serving all five APIs on a free loopback port; the environment does not know it yet."""
    from messaging_assets.sandbox import Sandbox

    with Sandbox(seed=7) as running:
        yield running


@pytest.fixture
def known_sandbox(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The sandbox, with its addresses and secrets in the environment, as `make dev` has them."""
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    return sandbox


@pytest.fixture
def dagster_instance(clean_room: Path) -> Iterator[Any]:
    """A Dagster instance that keeps its history in memory."""
    from dagster import DagsterInstance

    with DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def stored_instance(clean_room: Path) -> Iterator[Any]:
    """A Dagster instance that keeps its history in DAGSTER_HOME, where commands of this test find it too."""
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        yield instance


@pytest.fixture
def open_database(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """DuckDB files stay open between the connections of the test; no other process can read them meanwhile."""
    from messaging_assets_tests.open_database import kept_open

    with kept_open(monkeypatch):
        yield


@pytest.fixture
def one_table(known_sandbox: Any, open_database: None) -> Any:
    """One resource whose rows and description are the test's own, synced whole."""
    from messaging_assets_tests.one_table import OneTable

    return OneTable(known_sandbox)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server on loopback, started once a session; see `new_database`."""
    yield from a_server("postgres", "psycopg2", "postgresql")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Any]:
    """A Redis server on loopback, started once a session; see `new_database`."""
    yield from a_server("redis", "redis", "redis-server")


def a_server(kind: str, client: str, package: str) -> Iterator[Any]:
    """Start `kind`_server.py's server, and skip the test where its client or its Debian package is not installed."""
    pytest.importorskip(client, reason=f"{client} is not installed; `pip install messaging_assets[{kind}]`")
    server = import_module(f"messaging_assets_tests.{kind}_server")
    if (programs := server.installed()) is None:
        pytest.skip(f"there is no {kind} server; on Debian it is the package {package}")
    with server.running(programs) as running:
        yield running


@pytest.fixture
def postgres_destination(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The destination is a database of the test's own on PostgreSQL."""
    monkeypatch.setenv("DESTINATION_TYPE", "postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres.new_database())


@pytest.fixture
def postgres_table(one_table: Any, postgres_destination: None) -> Any:
    """The one table, in a database of its own on PostgreSQL."""
    return one_table


@pytest.fixture(params=["duckdb", "postgres"])
def table(request: pytest.FixtureRequest) -> Any:
    """The same on DuckDB, and on PostgreSQL."""
    return request.getfixturevalue("one_table" if request.param == "duckdb" else "postgres_table")
