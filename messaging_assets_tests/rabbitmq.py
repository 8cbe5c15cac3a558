"""A private RabbitMQ node with its management API: loopback only, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from requests.auth import HTTPBasicAuth

# Debian's /usr/sbin/rabbitmq-server insists on its own user and folders; the script behind it does not.
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PATH = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin{os.pathsep}/usr/bin"
DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--") if shutil.which("setpriv") else ()
USER, PASSWORD = "guest", "guest"
ODD_VHOST = "a/b c ü"
VHOSTS = ("/", "orders", ODD_VHOST, "empty")
START_SECONDS = 120

_CONFIGURATION = """
{listeners}
management.tcp.ip = 127.0.0.1
management.tcp.port = {port}
loopback_users.guest = true
disk_free_limit.absolute = 1KB
"""


def missing() -> str | None:
    """Why no node can be started here; None where one can."""
    if not SERVER.is_file():
        return f"rabbitmq-server is not installed ({SERVER})"
    if shutil.which("epmd", path=_PATH) is None or shutil.which("erl", path=_PATH) is None:
        return "rabbitmq-server is here, but Erlang's epmd and erl are not in the path"
    return None


class Management:
    """RabbitMQ's management API, asked directly, as the administrator or another user."""

    def __init__(self, base_url: str, user: str = USER, password: str = PASSWORD) -> None:
        self.base_url, self.user, self.password = base_url, user, password
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = HTTPBasicAuth(user.encode(), password.encode())

    def call(self, method: str, *parts: str, body: Any = None, **params: str) -> requests.Response:
        """One request below /api; the parts of the path are encoded."""
        url = "/".join([self.base_url, "api", *(quote(part, safe="") for part in parts)])
        answer = self._session.request(method, url, json=body, params=params, timeout=30)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {url}: {answer.status_code} {answer.text[:500]}")
        return answer

    def rows(self, *parts: str, **params: str) -> list[dict[str, Any]]:
        """A whole list in one answer, as this API gives it where nobody asks for pages."""
        answer: list[dict[str, Any]] = self.call("GET", *parts, **params).json()
        return answer

    def wait_for_statistics(self) -> None:
        """Wait until the broker knows the figures of every queue and node; it collects them every five seconds."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            rows = [*self.rows("queues"), *self.rows("nodes")]
            if all("messages_details" in row or "mem_used_details" in row for row in rows):
                return
            time.sleep(0.5)
        raise RuntimeError("RabbitMQ collected no statistics.")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


@contextmanager
def running_node(folder: Path, broker_port: int | None = None) -> Iterator[Management]:
    """Start a node below `folder`, and stop all of it at the end.

    Args:
        folder: an empty one.
        broker_port: where it takes messages; None for a node that takes none, and has definitions that are known.
    """
    http_port, names_port, node_port = _free_ports(3)
    environment = _environment(folder, http_port, names_port, node_port, broker_port)
    with ExitStack() as stack:
        # In the foreground, so that it ends with the node: the node itself would leave it behind as a daemon.
        names = ["epmd", "-port", str(names_port), "-address", "127.0.0.1"]
        stack.enter_context(_process(names, environment, folder / "epmd.txt"))
        server = stack.enter_context(_process([str(SERVER)], environment, folder / "server.txt"))
        api = Management(f"http://127.0.0.1:{http_port}")
        stack.callback(api.close)
        _wait_until_it_answers(api, server, folder / "server.txt")
        if broker_port is None:
            api.call("POST", "definitions", body=definitions())
        yield api


def definitions() -> dict[str, Any]:
    """Hundreds of things in four virtual hosts, with slashes, spaces and umlauts in their names."""
    queues = [
        {
            "vhost": vhost,
            "name": f"{'Räume /' if number % 3 == 0 else 'jobs'} {number:03d}",
            "durable": True,
            "auto_delete": number % 7 == 0,
            "arguments": {"x-max-length": number, "x-max-length-bytes": 2**62 + number} if number % 4 == 0 else {},
        }
        for vhost, count in (("/", 57), ("orders", 530), (ODD_VHOST, 120))
        for number in range(count)
    ]
    kinds = ("topic", "direct", "fanout", "headers")
    exchanges = [
        {
            "vhost": vhost,
            "name": f"Ereignisse/{number} ß",
            "type": kinds[number % 4],
            "durable": True,
            "auto_delete": False,
            "internal": number % 5 == 0,
            "arguments": {},
        }
        for vhost in ("orders", ODD_VHOST)
        for number in range(110)
    ]
    # Two bindings of one queue to one exchange differ in their properties_key alone.
    bindings = [
        {
            "vhost": queue["vhost"],
            "source": f"Ereignisse/{number % 110} ß",
            "destination": queue["name"],
            "destination_type": "queue",
            "routing_key": f"schlüssel.{turn}/# ~",
            "arguments": {"x-match": "any", "n": turn} if number % 5 == 0 else {},
        }
        for number, queue in enumerate(queues)
        if queue["vhost"] != "/"
        for turn in range(2)
    ]
    users = [
        {"name": f"user/{number} ö", "password": f"password {number}", "tags": ["monitoring"] * (number % 2)}
        for number in range(150)
    ]
    allowed = {"configure": ".*", "write": "^jobs", "read": ".*"}
    permissions = [
        {"user": user["name"], "vhost": VHOSTS[number % 3], **allowed} for number, user in enumerate(users)
    ] + [{"user": USER, "vhost": vhost, **allowed} for vhost in VHOSTS]
    return {
        "vhosts": [{"name": vhost} for vhost in VHOSTS],
        "users": users,
        "permissions": permissions,
        "queues": queues,
        "exchanges": exchanges,
        "bindings": bindings,
    }


def _environment(
    folder: Path, http_port: int, names_port: int, node_port: int, broker_port: int | None
) -> dict[str, str]:
    """Everything that the node would otherwise look for in /etc, /var and the home folder."""
    for name in ("home", "mnesia", "log", "no_configuration"):
        (folder / name).mkdir()
    listeners = f"listeners.tcp.local = 127.0.0.1:{broker_port}" if broker_port else "listeners.tcp = none"
    (folder / "rabbitmq.conf").write_text(_CONFIGURATION.format(port=http_port, listeners=listeners))
    (folder / "enabled_plugins").write_text("[rabbitmq_management].")
    return {
        "PATH": _PATH,
        "LANG": "C.UTF-8",
        "HOME": str(folder / "home"),
        "ERL_EPMD_PORT": str(names_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"node{node_port}@localhost",
        "RABBITMQ_DIST_PORT": str(node_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_CONF_ENV_FILE": str(folder / "no_configuration" / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "no_configuration"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "no_configuration" / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }


@contextmanager
def _process(command: list[str], environment: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process group of its own that is gone when the block is left, and when this process is killed in it."""
    with output.open("wb") as written:
        process = subprocess.Popen(
            [*DIES_WITH_US, *command],
            env=environment,
            cwd=output.parent,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        # At once: what it would save in an orderly end goes with its folder.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_it_answers(api: Management, server: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            api.call("GET", "overview")
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"RabbitMQ did not start; it wrote: {output.read_text(errors='replace')[-2000:]}")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
