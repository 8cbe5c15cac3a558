"""The code location: whatever is in `defs/`."""

import os
from pathlib import Path

from dagster import Definitions, definitions, in_process_executor, load_from_defs_folder

# Where tables are; dbt's profile asks for it too, and may be read before the API's component is.
os.environ.setdefault("MESSAGING_ASSETS_HOME", str(Path(__file__).resolve().parents[2]))


@definitions
def defs() -> Definitions:
    """All that `defs/` holds, run in one process: a DuckDB file has one writer at a time."""
    found = load_from_defs_folder(path_within_project=Path(__file__).parent)
    return Definitions.merge(found, Definitions(executor=in_process_executor))
