"""The code location: whatever is in `defs/`."""

from pathlib import Path

from dagster import Definitions, definitions, in_process_executor, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """All that `defs/` holds, run in one process: a DuckDB file has one writer at a time."""
    found = load_from_defs_folder(path_within_project=Path(__file__).parent)
    return Definitions.merge(found, Definitions(executor=in_process_executor))
