"""Why a sync stopped, named by what to do next.

    SyncFailure                  one sentence: what happened, where, what to do
    |-- MendDescription          change the API file (or ask the vendor what changed); trying again cannot help
    |-- LoadRefused              mend what the destination refuses; trying the same rows again cannot help
    |-- MendSettings             change the named setting of dlt; trying again cannot help
    |-- SetSecret                set the named variable; trying again cannot help
    |-- CheckCredentials         the API refused who we are; trying again cannot help
    |-- UnusableFolder           mend the disk or folder where this project keeps its own; trying again cannot help
    |-- TryAgainLater            the API or network could not answer; Dagster tries again, unless asked to wait longer
    `-- ReadIncomplete           rows are known to be missing; Dagster tries again
        |-- LoadDiffers          the table has other rows than were written; Dagster tries again
        |-- PagesRepeat          correct the paginator in the API file; trying again cannot help
        |-- TooManySetAside      correct columns or steps in the API file; trying again cannot help
        `-- CapReached           raise the cap in the API file; trying again cannot help

No message ever holds a secret or a record's content.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any


def counted(number: int, noun: str) -> str:
    """A number of things, in words: `1 resource`, `2 resources`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def clause(where: str, what: str, next_step: str) -> str:
    """A clause of the form `where: what; next step`; parts that are empty are left out."""
    said = "; ".join(filter(None, (what, next_step)))
    return f"{where}: {said}" if where else said


class SyncFailure(Exception):
    """Base of every failure of a sync; its text is one sentence for the person who is woken by it.

    Args:
        what: what happened, as a clause, or the whole sentence.
        next_step: what to do about it, as a clause.
        where: the asset, API or file that it is about.

    Attributes:
        retryable: whether another try of the step may mend it.
        metadata: the receipt of what came before it failed, for the run's page.
        more: a sentence behind the first, such as where something is kept.
        label: of a request that was given up, its name among the receipt's retries.
    """

    retryable: bool = False
    metadata: Mapping[str, Any] = MappingProxyType({})
    more: str = ""
    label: str = ""

    def __init__(self, what: str, next_step: str = "", *, where: str = "") -> None:
        self.say(where, what, next_step)

    def say(self, where: str, what: str, next_step: str) -> None:
        """Write the sentence."""
        self.where, self.what, self.next_step = where, what.removesuffix("."), next_step.removesuffix(".")
        sentence = f"{clause(self.where, self.what, self.next_step)}."
        self.args = (f"{sentence} {self.more}" if self.more else sentence,)

    def hidden(self, hide: Callable[[str], str]) -> SyncFailure:
        """A new exception of the same kind, without the traceback, whose frames hold requests with secrets.

        Args:
            hide: takes the secrets out of a text.
        """
        failure = copy(self)
        failure.more = hide(self.more)
        failure.say(hide(self.where), hide(self.what), hide(self.next_step))
        return failure

    def adding(self, sentence: str) -> SyncFailure:
        """The same failure with one more sentence behind its own."""
        failure = copy(self)
        failure.more = sentence
        failure.say(self.where, self.what, self.next_step)
        return failure


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

    Attributes:
        wait_seconds: how long the API asked to be left alone, where that is longer than the file allows.
    """

    retryable = True
    wait_seconds: float | None = None


class ReadIncomplete(SyncFailure):
    """The read ended, but rows that the API has are known to be missing from it."""

    retryable = True


class LoadDiffers(ReadIncomplete):
    """A load is over, and the table does not have the rows that were written."""


class PagesRepeat(ReadIncomplete):
    """The API answers with pages that it gave before, and would do so again."""

    retryable = False


class TooManySetAside(ReadIncomplete):
    """More of the records cannot be loaded than the file allows; none of them are, and the rejected ones are kept."""

    retryable = False


class CapReached(ReadIncomplete):
    """The list goes on behind the cap that the file itself sets."""

    retryable = False


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it came of, as Python or dlt keeps it, and so on; each once, should they go in a circle."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__ or getattr(error, "dbapi_exception", None)


def sync_failure(error: BaseException | None) -> SyncFailure | None:
    """Our own failure inside whatever dlt wrapped around it; None where there is none."""
    return next((one for one in causes(error) if isinstance(one, SyncFailure)), None)
