"""PgBouncer before the tests' PostgreSQL server: loopback, a free port, the user that the server has too."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest

from messaging_assets_tests.postgres_server import unprivileged
from messaging_assets_tests.running_dagster import free_port


@contextmanager
def pooler(address: str, mode: str) -> Iterator[str]:
    """Start it before a database, and end it; yields the address to connect to.

    Args:
        address: of the database itself.
        mode: for how long a client has a connection: `session` or `transaction`.
    """
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        pytest.skip("there is no PgBouncer; on Debian it is the package pgbouncer")
    place, port = urlsplit(address), free_port()
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, _let_in(folder) as common:
        users, settings = Path(folder, "users.txt"), Path(folder, "pgbouncer.ini")
        users.write_text('"tests" "unasked"\n')
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={place.port} user=tests\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = any\nauth_file = {users}\npool_mode = {mode}\n"
            "ignore_startup_parameters = options\n"
        )
        with subprocess.Popen(
            [program, "-q", str(settings)], cwd=folder, stderr=subprocess.DEVNULL, **common
        ) as server:
            try:
                behind = f"postgresql://tests:unasked@127.0.0.1:{port}{place.path}"
                _wait_for(behind)
                yield behind
            finally:
                server.terminate()


@contextmanager
def _let_in(folder: str) -> Iterator[dict[str, Any]]:
    """How a program is started that refuses to run as root, once the folder is its user's."""
    if (user := unprivileged()) is None:
        yield {}
        return
    os.chown(folder, *pwd.getpwnam(user)[2:4])
    yield {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _wait_for(address: str) -> None:
    import psycopg2

    for _ in range(100):
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(address).close()
            return
        time.sleep(0.1)
    pytest.fail("PgBouncer did not start.")
