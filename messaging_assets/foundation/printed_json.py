"""One JSON document on standard output for whoever asks a verb for --json, where the verb fails too."""

from __future__ import annotations

import errno
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from messaging_assets.foundation.failures import UnusableFolder
from messaging_assets.foundation.private_files import SEE_STORAGE, unusable

_IS_PRINTED = "messaging_assets.json_is_printed"
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


class JsonCommand(click.Command):
    """A verb that answers --json with {"is_right": false, "error": ...} where it cannot begin, or fails midway.

    A file of dlt's settings that does not parse stops any verb in one sentence. The error also stands on standard
    error, and the exit status is that of the verb without --json.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the words of the command; what is wrong with them is told as JSON too."""
        with _failures_told("--json" in args):
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; what stops it is told as JSON too."""
        with _failures_told(bool(ctx.params.get("as_json")), ctx):
            return super().invoke(ctx)


def print_json(value: Any, indent: int | None = 2) -> None:
    """Print a verb's JSON document: letters of any language as they are, so that people can read them.

    Args:
        value: the document; what JSON has no word for becomes text.
        indent: spaces a level; None for one line.
    """
    encoding = sys.stdout.encoding or "utf-8"

    def shown(found: re.Match[str]) -> str:
        # What a terminal would obey, or cannot write, is escaped: the same to whoever parses it.
        is_plain = found[0].isprintable() and found[0].encode(encoding, "ignore")
        return found[0] if is_plain else json.dumps(found[0])[1:-1]

    click.echo(_NOT_ASCII.sub(shown, json.dumps(value, indent=indent, ensure_ascii=False, default=str)))
    if context := click.get_current_context(silent=True):
        context.meta[_IS_PRINTED] = True


@contextmanager
def _failures_told(is_asked: bool, context: click.Context | None = None) -> Iterator[None]:
    try:
        with _settings_read(), disk_told():
            yield
    except click.ClickException as error:
        if is_asked and not (context and context.meta.get(_IS_PRINTED)):
            print_json({"is_right": False, "error": error.format_message()})
        raise


@contextmanager
def disk_told() -> Iterator[None]:
    """Tell in one sentence that the disk, or a folder of the project, does not let a verb work."""
    try:
        yield
    except UnusableFolder as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        # Whoever reads what is printed may go away; click knows that.
        if error.errno in (None, errno.EPIPE):
            raise
        raise click.ClickException(str(unusable(Path(str(error.filename or "the disk")), error))) from None
    except Exception as error:
        # By its name, as below; SQLite's words are short and hold no value of a row.
        kind = type(error)
        if kind.__name__ != "OperationalError" or kind.__module__.partition(".")[0] not in ("sqlalchemy", "sqlite3"):
            raise
        words = str(error).split("\n")[0].rpartition(") ")[2]
        raise click.ClickException(f"Dagster's storage cannot be used ({words}); {SEE_STORAGE}.") from None


@contextmanager
def _settings_read() -> Iterator[None]:
    """Tell in one sentence that dlt cannot begin, which it does when something is first looked up in its settings."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception:
        _tell_what_stops_dlt()
        raise


def _tell_what_stops_dlt() -> None:
    """Look for the reason of a failure in dlt's own settings, by which it may do nothing at all."""
    from messaging_assets.destination.unreadable_settings import refuse_what_stops_dlt
    from messaging_assets.foundation.failures import MendSettings

    try:
        refuse_what_stops_dlt()
    except MendSettings as told:
        raise click.ClickException(str(told)) from None
