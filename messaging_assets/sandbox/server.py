"""The Python interface of the sandbox: what it plays, served from a thread until it is stopped."""

from __future__ import annotations

from types import TracebackType

from messaging_assets.sandbox.application import Application
from messaging_assets.sandbox.played_apis import PlayedApis
from messaging_assets.sandbox.serving import Serving


class Sandbox(PlayedApis):
    """A server that plays the five APIs until it is stopped; a context manager.

    Args:
        seed: the same number gives the same rows.
        port: a free one when 0; once started, kept over stop() and start().
    """

    def __init__(self, seed: int = 7, port: int = 0) -> None:
        super().__init__(seed, port)
        self._application = Application(self)
        self._running: Serving | None = None

    def start(self) -> Sandbox:
        """Serve from a thread of its own; returns once the sandbox accepts connections.

        Raises:
            OSError: the port is taken.
        """
        self._running = Serving(self._application, self.port)
        self.port = self._running.port
        return self

    def stop(self) -> None:
        """Close the port and all connections; slow answers are cut off.

        Raises:
            RuntimeError: the sandbox itself failed while it served, for instance in a fault's `rewrite`.
        """
        if self._running:
            self._running.end()
            self._running = None
        if self.errors:
            error = self.errors.pop()
            raise RuntimeError("The sandbox failed while it answered; the first error below says where.") from error

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            self.stop()
        except RuntimeError:
            if error is None:  # else the test's own failure is the one to show
                raise
