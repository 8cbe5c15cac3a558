"""A socket on loopback, and the thread that answers there."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    _loop: asyncio.AbstractEventLoop | None = None

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        """Tick ten times a second, as uvicorn does, but end as soon as `end` is called."""
        self._loop = asyncio.get_running_loop()
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)

    def end(self) -> None:
        """Stop serving; called from another thread."""
        self.should_exit = True
        if self._loop:
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._told.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End at once: uvicorn's own way waits for answers that a test made slow on purpose."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for task in list(self.server_state.tasks):
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


class Serving:
    """An application that is served; returns once it accepts connections.

    Args:
        application: an ASGI application.
        port: where; a free one when 0.

    Attributes:
        port: where it is served.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, application: Any, port: int) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            log_config=None,  # the logging of the process that embeds the sandbox is not ours to change
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=60,
        )
        server = self._server = _Server(config)
        thread = self._thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("The sandbox could not start; the error above says why.")
            time.sleep(0.001)

    def end(self) -> None:
        """Close the port and all connections; slow answers are cut off."""
        self._server.end()
        self._thread.join()
