"""`messaging-assets`: the command line. Each verb lives in a module of its own, imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

# Verb -> where its command is, and its line in --help, which so needs no import of Dagster or dlt.
VERBS: Mapping[str, tuple[str, str]] = {
    "demo": (
        "messaging_assets.cli.demo:demo",
        "Run all five APIs against the built-in sandbox and count what is loaded.",
    ),
    "dev": ("messaging_assets.cli.dev:dev", "Open the Dagster UI, with the sandbox playing the shipped APIs."),
    "sandbox": ("messaging_assets.sandbox.__main__:main", "Serve the five APIs on loopback until interrupted."),
    "discover": (
        "messaging_assets.cli.written.discover:command",
        "Make an API file from an address or an OpenAPI document.",
    ),
    "convert": ("messaging_assets.cli.written.convert:command", "Make an API file from a file of another tool."),
    "validate": ("messaging_assets.cli.validate:validate", "Check API files offline, by file and line."),
    "check": ("messaging_assets.cli.check:command", "Ask a live API whether its file is right; loads nothing."),
    "preview": ("messaging_assets.cli.preview:command", "Show some rows of a resource; loads nothing."),
    "rejected": (
        "messaging_assets.cli.shown.rejected:command",
        "Show records that were set aside, and load them later.",
    ),
    "sync": ("messaging_assets.cli.sync:command", "Sync an API now, checks included."),
    "doctor": ("messaging_assets.cli.doctor:command", "Look for what would keep a sync from working here."),
    "report": (
        "messaging_assets.cli.shown.report:command",
        "Write one page of HTML that shows how all assets are.",
    ),
    "status": ("messaging_assets.cli.status:command", "Show each asset's last sync, checks and next tick."),
}


def _with_line_breaks(command: click.Command) -> click.Command:
    """Give click the backspace by which it leaves a paragraph's lines alone; a raw docstring has it in two letters."""
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    return command


class _Verbs(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all verbs, in the order of `--help`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of a verb; None where there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return _with_line_breaks(command)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; what the disk refuses is told in a sentence."""
        from messaging_assets.foundation.printed_json import disk_told

        with disk_told():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; one that does not exist is answered with those that do."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = get_close_matches(args[0].lower(), VERBS, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"there is no '{args[0]}'; the verbs are {', '.join(VERBS)}{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs with the words kept here."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, words) for verb, (_, words) in VERBS.items()])


@click.group(
    cls=_Verbs,
    subcommand_metavar="VERB [OPTIONS]",
    epilog="Exit status: 0 all is well, 1 something was found, 2 the command itself was wrong.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="messaging_assets", message="%(version)s")
def main() -> None:
    r"""REST APIs, described in one file each, as checked and scheduled Dagster assets.

    \b
    messaging-assets demo                      try it, nothing to set up
    messaging-assets dev                       the same in the Dagster UI
    messaging-assets discover --help           make a file for an API of your own
    messaging-assets validate apis/chat.yaml   check it
    """
    from messaging_assets.foundation.folders import settle_environment

    settle_environment()


_with_line_breaks(main)
