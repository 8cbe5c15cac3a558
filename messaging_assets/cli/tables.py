"""Tables that verbs print: with lines around them in a terminal, and one plain line a record in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Cells of a pipe's column; one that is longer moves only its own line.
_WIDEST = 40


def wide_console() -> Console:
    """A console that does not cut words where output has no width of its own, as in a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


def print_table(console: Console, table: Table) -> None:
    """Print a table as its reader can use it: a person in a terminal, or a program behind a pipe.

    Args:
        console: where it goes.
        table: a cell or header that is a plain text may have rich's markup.
    """
    if console.is_terminal:
        console.print(table)
        return
    from rich.cells import cell_len
    from rich.text import Text

    def plain(cell: Any) -> str:
        return " ".join(str(Text.from_markup(cell) if isinstance(cell, str) else cell).split())

    columns = [[plain(cell) for cell in (one.header, *one.cells)] for one in table.columns]
    widths = [min(max(map(cell_len, cells)), _WIDEST) for cells in columns]
    for record in zip(*columns, strict=True):
        padded = []
        for cell, width, column in zip(record, widths, table.columns, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if column.justify == "right" else cell + space)
        console.print("  ".join(padded).rstrip(), soft_wrap=True, markup=False)
