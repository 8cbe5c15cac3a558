"""Programs of this installation, run the way a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
# The definitions of a project in the layout of `dg`.
DG_DEFINITIONS = """\
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""


def environment(**more: str) -> dict[str, str]:
    """The clean room's environment, with this checkout importable where it is not installed."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), **more}


def run(
    *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and return what it printed, standard error apart."""
    return subprocess.run(
        command, env=env or environment(), cwd=cwd, timeout=timeout, capture_output=True, text=True, check=False
    )


def messaging_assets(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a verb of the command line."""
    return run(sys.executable, "-m", "messaging_assets.cli", *arguments, **options)  # type: ignore[arg-type]
