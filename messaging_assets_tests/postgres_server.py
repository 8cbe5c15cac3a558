"""A PostgreSQL server of the tests' own: loopback, a free port, a folder that goes away, an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

# Debian keeps the server's programs out of PATH, a folder for each version.
_FOLDERS = "usr/lib/postgresql/*/bin"
_PROGRAMS = ("initdb", "postgres", "pg_isready", "createdb")
_SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "shared_buffers": "16MB"}
_numbers = count(1)


class PostgresServer:
    """A running server.

    Args:
        programs: the folder of its programs.
        port: where it listens.
    """

    def __init__(self, programs: Path, port: int) -> None:
        self._programs, self._port = programs, port

    def new_database(self, like: str | None = None) -> str:
        """Make a database and return its address, as dlt wants it: with a password, which nobody asks for.

        Args:
            like: the address of a database to copy; None for an empty one.
        """
        name = f"test_{next(_numbers)}"
        command = [str(self._programs / "createdb"), "-h", "127.0.0.1", "-p", str(self._port), "-U", "tests", name]
        copied = ["-T", like.rsplit("/", 1)[1]] if like else []
        subprocess.run([*command, *copied], check=True, capture_output=True, timeout=60)
        return f"postgresql://tests:unasked@127.0.0.1:{self._port}/{name}"

    def allow_connections(self, address: str, are_allowed: bool) -> None:
        """Open a database, or shut it and end every connection to it, as a server that goes away does."""
        name = address.rsplit("/", 1)[1]
        statements = f"ALTER DATABASE {name} ALLOW_CONNECTIONS {are_allowed};"
        if not are_allowed:
            statements += f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';"
        command = [
            str(self._programs / "psql"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self._port),
            "-U",
            "tests",
            "-c",
            statements,
        ]
        subprocess.run([*command, "postgres"], check=True, capture_output=True, timeout=60)


def installed() -> Path | None:
    """Where a server's programs are, the newest's if there are several; None where there is none."""
    found = shutil.which("initdb")
    folders = [*([Path(found).resolve().parent] if found else []), *sorted(Path("/").glob(_FOLDERS))]
    return next((one for one in reversed(folders) if all((one / name).exists() for name in _PROGRAMS)), None)


@contextmanager
def running(programs: Path) -> Iterator[PostgresServer]:
    """Start a server and end it; data and settings are made anew."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        user = unprivileged()
        if user:
            os.chown(folder, *pwd.getpwnam(user)[2:4])
        data = Path(folder) / "data"
        common: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        initdb = [
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "tests",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(initdb, check=True, capture_output=True, timeout=120, cwd=folder, **common)
        port = _free_port()
        settings = [part for name, value in {**_SETTINGS, "port": port}.items() for part in ("-c", f"{name}={value}")]
        with (Path(folder) / "log").open("w") as log:
            server = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), *settings], cwd=folder, stdout=log, stderr=log, **common
            )
            try:
                _wait(programs, port, server)
                yield PostgresServer(programs, port)
            finally:
                server.send_signal(signal.SIGINT)  # its fast shutdown
                server.wait(timeout=60)


def unprivileged() -> str | None:
    """A user to run as where this one is root, which PostgreSQL refuses."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(programs: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    ready = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    for _ in range(600):
        if subprocess.run(ready, check=False, timeout=60).returncode == 0:
            return
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError("PostgreSQL did not start.")
