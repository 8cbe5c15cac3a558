"""A Redis server of the tests' own: loopback, a free port, nothing on disk, a password."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from messaging_assets_tests.rabbitmq import DIES_WITH_US
from messaging_assets_tests.running_dagster import free_port

PASSWORD = "the-password"
_CONFIGURATION = """
bind 127.0.0.1
port {port}
save ""
appendonly no
user default on >{password} ~* &* +@all
user keeper on >keeper ~* &* +@all
"""


class RedisServer:
    """A running server.

    Args:
        port: where it listens.
    """

    def __init__(self, port: int) -> None:
        self.address = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
        self._keeper: Any = redis.Redis(port=port, username="keeper", password="keeper")

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            return bool(self._keeper.ping())
        except redis.RedisError:
            return False

    def new_database(self) -> str:
        """The address of its only database, emptied."""
        self._keeper.flushall()
        return self.address

    def allow_connections(self, address: str, are_allowed: bool) -> None:
        """Let users in, or shut them out and end every connection of theirs, as a server that goes away does."""
        self._keeper.acl_setuser("default", enabled=are_allowed)
        if not are_allowed:
            self._keeper.client_kill_filter(user="default")

    def close(self) -> None:
        """Let the keeper's connection go."""
        self._keeper.close()


def installed() -> str | None:
    """Where the server is; None where it is not installed."""
    return shutil.which("redis-server")


@contextmanager
def running(command: str) -> Iterator[RedisServer]:
    """Start a server and end it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "redis.conf"
        configuration.write_text(_CONFIGURATION.format(port=port, password=PASSWORD))
        process = subprocess.Popen(
            [*DIES_WITH_US, command, str(configuration)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        server = RedisServer(port)
        try:
            while not server.answers():
                assert process.poll() is None, "Redis did not start"
                time.sleep(0.02)
            yield server
        finally:
            server.close()
            process.terminate()
            process.wait(timeout=60)
