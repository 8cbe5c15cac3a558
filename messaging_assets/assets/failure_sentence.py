"""Whatever went wrong in a sync, as one of our own failures: a sentence that says what to do."""

from __future__ import annotations

import logging
import re

from messaging_assets.destination.duckdb_file import lacking_extension
from messaging_assets.destination.profile import missing_module
from messaging_assets.destination.unreadable_settings import unreadable_setting
from messaging_assets.foundation.failures import (
    LoadRefused,
    MendDescription,
    MendSettings,
    SyncFailure,
    TryAgainLater,
    causes,
    sync_failure,
)
from messaging_assets.foundation.redaction import Redaction, one_line
from messaging_assets.seams.dlt_names import DatabaseUndefinedRelation
from messaging_assets.seams.foreign_words import (
    are_too_many,
    is_null_refused,
    is_read_only,
    is_right_missing,
    is_too_large,
    refused_connection,
    time_limit,
    too_small_encoding,
)
from messaging_assets.tables.failed_loads import refused_for_good, with_names_of_columns

_LONGEST_WORDS = 300
# What is in quotes may be a record's value, which may hold quotes; databases like to quote what they refuse.
# The quote of "can't" begins nothing.
_QUOTED = re.compile(r"'(?!(?<=n')t\b).*'|\".*\"")
_OF_CODE = (TypeError, AttributeError, NameError, AssertionError, ImportError)


def as_failure(asset: str, error: Exception, redaction: Redaction | None = None) -> SyncFailure:
    """A new exception that says in one sentence what happened.

    Raise it outside of the except block: the original's traceback references requests that contain secrets.

    Args:
        asset: the asset's name in the sentence.
        error: what was caught.
        redaction: takes out the sync's secrets.

    Raises:
        BaseException: the interruption that it was raised behind, by what was being ended then.
    """
    if (interruption := _interruption(error)) is not None:
        raise interruption from None
    redaction = redaction or Redaction()
    failure = sync_failure(error) or foreign_failure(asset, redaction, error)
    # A sentence of ours has no line breaks; what a stranger put into it may have, and worse.
    return failure.hidden(lambda text: one_line(redaction(text)))


def foreign_failure(asset: str, redaction: Redaction, error: Exception) -> SyncFailure:
    """A failure of the destination, of the disk, or of code; its innermost cause says most.

    Args:
        asset: the asset's name in the sentence.
        redaction: takes out the sync's secrets.
        error: what was caught.
    """
    innermost: BaseException = error
    while (behind := _behind(innermost)) is not None:
        innermost = behind
    first_line = redaction.short(str(innermost).strip().split("\n")[0], _LONGEST_WORDS)
    words = _QUOTED.sub("'...'", with_names_of_columns(first_line, error)).rstrip(".")
    kind = type(innermost).__name__
    logging.getLogger(__name__).debug("%s failed", asset, exc_info=error)
    if (setting := unreadable_setting(error)) is not None:
        return MendSettings(*setting, where=asset)
    if (extension := lacking_extension(innermost, asset)) is not None:
        return extension
    if (missing := _import_error(error)) is not None and missing.name != "messaging_assets":
        return MendDescription(missing_module(missing), where=asset)
    if isinstance(innermost, _OF_CODE):
        return SyncFailure(
            f"it failed with {kind} ({words}), a defect of this package or of a function in the description",
            "mend or report it, with the log at DEBUG",
            where=asset,
        )
    if (told := _told_by_database(asset, kind, words, first_line)) is not None:
        return told
    if refused_for_good(error):
        return LoadRefused(
            f"the destination refused the rows for good with {kind} ({words})",
            "mend the cause and run it again, which reads them anew",
            where=asset,
        )
    return TryAgainLater(
        "its rows could not be loaded",
        f"mend the cause in the destination or on the disk, and run it again ({kind}: {words})",
        where=asset,
    )


def _told_by_database(asset: str, kind: str, words: str, first_line: str) -> SyncFailure | None:
    """What a database's words mean, where they are known; of `first_line` only what can be no record's is told."""
    if (why := refused_connection(first_line)) is not None:
        enough = "let it take more connections, of which a sync needs three, or fewer syncs run at once"
        step = enough if are_too_many(why) else "see whether it runs, and lets this user in from here"
        return TryAgainLater(f"the destination takes no connection ({why})", f"{step}; then run it again", where=asset)
    if is_null_refused(words):
        return MendDescription(
            "the table has a column that may not be null, such as a key that the file no longer names",
            f"name it again, or let the column be null there ({kind}: {words})",
            where=asset,
        )
    if is_read_only(words):
        return TryAgainLater(
            "the destination takes no writes now",
            f"see whether it is a standby, or set to be read-only, and run it again ({words})",
            where=asset,
        )
    if is_right_missing(words):
        return MendDescription(
            "the destination's user may not do what a sync does",
            f"let it write there, and make schemas and tables (CREATE on the database), and run it again ({words})",
            where=asset,
        )
    if (limit := time_limit(words)) is not None:
        mend = f"end what holds the table, or give this user more time (ALTER ROLE ... SET {limit}); then run it again"
        return TryAgainLater(f"the database ended a statement for its {limit}", mend, where=asset)
    if is_too_large(words):
        return LoadRefused(
            f"rows are larger than the database, or an index of the table, can keep ({words})",
            "let steps drop fields or put some into one, or drop the index; then run it again",
            where=asset,
        )
    if (encoding := too_small_encoding(first_line)) is not None:
        return LoadRefused(
            f"the database is in {encoding}, which has not every letter that came",
            "load into one whose encoding is UTF8, or let steps drop the field that holds them",
            where=asset,
        )
    return None


def _behind(error: BaseException) -> BaseException | None:
    """What an error came of; not that dlt found no table, which it was about to make when it failed."""
    is_handled = error.__cause__ is None and isinstance(error.__context__, DatabaseUndefinedRelation)
    return None if is_handled else error.__cause__ or error.__context__


def _interruption(error: BaseException | None) -> BaseException | None:
    """What ends a process or a run, where an error hides it; a generator is closed without an end of either."""
    return next((one for one in causes(error) if not isinstance(one, (Exception, GeneratorExit))), None)


def _import_error(error: BaseException | None) -> ImportError | None:
    """The outermost error of a package that is not installed; those within it are of what was tried in its place."""
    missing = (one for one in causes(error) if isinstance(one, ImportError))
    return next((one for one in missing if one.name or hasattr(one, "dependencies")), None)
