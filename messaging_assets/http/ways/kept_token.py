"""The refresh token that comes next, kept in a private file, because the one that was used is good no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from filelock import FileLock, Timeout

from messaging_assets.foundation.failures import TryAgainLater
from messaging_assets.foundation.folders import project_folders
from messaging_assets.foundation.private_files import PRIVATE_FILE, make_private, read_private, unusable, write_private

_LONGEST_WAIT = 120.0


class KeptToken:
    """Keeps what a token server handed out last; a token that the user sets anew begins a file of its own.

    Args:
        api: the API's name.
        first: the token that the user set.
    """

    def __init__(self, api: str, first: str) -> None:
        self._api, self._first = api, first
        self._name = f"{api}.{sha256(first.encode()).hexdigest()[:16]}"

    @contextmanager
    def held(self) -> Iterator[str]:
        """Hold the token, so that no other process uses it up meanwhile; yields it.

        Raises:
            TryAgainLater: another process held it for all that time.
            UnusableFolder: its file cannot be written, which is found out while the token is still good.
        """
        folder = project_folders().make().state / "tokens"
        make_private(folder)
        self._file = folder / self._name
        lock = FileLock(folder / f"{self._name}.lock", mode=PRIVATE_FILE)
        try:
            lock.acquire(timeout=_LONGEST_WAIT)
        except Timeout:
            raise TryAgainLater(
                f"another process has been asking for a token for more than {_LONGEST_WAIT:.0f} s",
                "wait for it or end it, and run again",
                where=self._api,
            ) from None
        except OSError as error:
            raise unusable(self._file, error) from None
        try:
            token = self._last()
            self.keep(token)
            yield token
        finally:
            lock.release()

    def keep(self, token: str) -> None:
        """Put a token into the place of the one before it, whole or not at all."""
        new = self._file.with_name(f"{self._name}.new")
        write_private(new, token)
        try:
            with new.open("rb") as written:
                os.fsync(written.fileno())
            new.replace(self._file)
        except OSError as error:
            raise unusable(self._file, error) from None

    def _last(self) -> str:
        try:
            return read_private(self._file) or self._first
        except FileNotFoundError:
            return self._first
        except (OSError, ValueError) as error:
            raise unusable(self._file, error if isinstance(error, OSError) else OSError(str(error))) from None
