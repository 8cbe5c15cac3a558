"""The command line: one file a verb.

Imports every room, late; touches the terminal.
"""

from messaging_assets.cli.program import main

__all__ = ["main"]
