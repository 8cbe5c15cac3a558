"""`python -m messaging_assets.sandbox`: the sandbox as a command, until it is interrupted."""

from __future__ import annotations

import signal
import threading

import click

from messaging_assets.foundation.printed_json import JsonCommand, print_json
from messaging_assets.sandbox.data import TABLES
from messaging_assets.sandbox.server import Sandbox


@click.command(cls=JsonCommand)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes a free one.")
@click.option("--seed", default=7, show_default=True, help="The same number gives the same rows.")
@click.option("--grow-every", type=float, metavar="SECONDS", help="Append newer rows this often.")
@click.option("--json", "as_json", is_flag=True, help="Print address and environment as one JSON object.")
def main(port: int, seed: int, grow_every: float | None, as_json: bool) -> None:
    r"""Serve the five APIs, print the address as one line, and run until SIGINT or SIGTERM.

    \b
    messaging-assets sandbox
    messaging-assets sandbox --port 0 --grow-every 60 --json
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    sandbox = Sandbox(seed=seed, port=port)
    try:
        sandbox.start()
    except OSError as error:
        reason = error.strerror or error
        raise click.ClickException(f"Port {port} cannot be used ({reason}); choose another with --port.") from None
    if as_json:
        print_json({"address": sandbox.url, "environment": sandbox.environment()}, indent=None)
    else:
        click.echo(sandbox.url)
    while not ended.wait(grow_every):
        for (api, resource), table in TABLES.items():
            sandbox.grow(api, resource, max(1, table.size // 200))
    sandbox.stop()


if __name__ == "__main__":
    main(prog_name="python -m messaging_assets.sandbox")
