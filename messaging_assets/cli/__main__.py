"""`python -m messaging_assets.cli`."""

from messaging_assets.cli.program import main

main(prog_name="messaging-assets")
