"""Why a sync stopped, named by what to do next.

    SyncFailure                  one sentence: what happened, where, what to do
    |-- MendDescription          change the API file (or ask the vendor what changed); trying again cannot help
    |-- LoadRefused              mend what the destination refuses; trying the same rows again cannot help
    |-- MendSettings             change the named setting of dlt; trying again cannot help
    |-- SetSecret                set the named variable; trying again cannot help
    |-- CheckCredentials         the API refused who we are; trying again cannot help
    |-- UnusableFolder           mend the disk or folder where this project keeps its own; trying again cannot help
    |-- TryAgainLater            the API or the network was not able to answer; Dagster tries again
    `-- ReadIncomplete           rows are known to be missing; Dagster tries again
        |-- LoadDiffers          the table has other rows than were written; Dagster tries again
        |-- PagesRepeat          correct the paginator in the API file; trying again cannot help
        |-- TooManySetAside      correct columns or steps in the API file; trying again cannot help
        `-- CapReached           raise the cap in the API file; trying again cannot help

No message ever holds a secret or a record's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar


class SyncFailure(Exception):
    """Base of every failure of a sync; its text is one sentence for the person who is woken by it.

    `metadata` is the receipt of what came before it failed, for the run's page.
    """

    retryable: ClassVar[bool] = False
    metadata: Mapping[str, Any] = MappingProxyType({})


class MendDescription(SyncFailure):
    """The API answers otherwise than the API file says."""


class MendSettings(SyncFailure):
    """dlt is set up in a way in which rows could be lost."""


class LoadRefused(SyncFailure):
    """The destination refused rows for good; their package is put away."""


class SetSecret(SyncFailure):
    """A secret that the API file asks for is set in neither place."""


class UnusableFolder(SyncFailure):
    """The folder where this project keeps its own cannot be made, written, or trusted."""


class CheckCredentials(SyncFailure):
    """The API or its token server refused the credentials."""


class TryAgainLater(SyncFailure):
    """The API was busy, broken or out of reach for longer than the file allows.

    Args:
        message: the sentence.
        wait_seconds: how long the API asked to be left alone, where it said so.
    """

    retryable: ClassVar[bool] = True

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class ReadIncomplete(SyncFailure):
    """The read ended, but rows that the API has are known to be missing from it."""

    retryable: ClassVar[bool] = True


class LoadDiffers(ReadIncomplete):
    """A load is over, and the table does not have the rows that were written."""


class PagesRepeat(ReadIncomplete):
    """The API answers with pages that it gave before, and would do so again."""

    retryable: ClassVar[bool] = False


class TooManySetAside(ReadIncomplete):
    """More of the records cannot be loaded than the file allows; none of them are, and the rejected ones are kept."""

    retryable: ClassVar[bool] = False


class CapReached(ReadIncomplete):
    """The list goes on behind the cap that the file itself sets."""

    retryable: ClassVar[bool] = False


def sync_failure(error: BaseException | None) -> SyncFailure | None:
    """Our own failure inside whatever dlt wrapped around it; None where there is none."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, SyncFailure):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None
