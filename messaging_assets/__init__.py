"""REST APIs, described in one file each, as checked and scheduled Dagster assets.

The way from a file to a table; no module imports one further down:

    apis/<api>.yaml            one file = one API
    description_files.py       folder -> checked descriptions, errors with file and line
    api_description.py         the shape of a file (with authentication_, paginator_, automation_description)
    failures.py                why a sync stops, named by what to do next
    credentials.py             secrets and address, looked up at run time
    http/                      requests: secrets, retries, pace, pages read ahead, redaction
    receipt.py, reading.py     what came, what repeats, how it ended, the verdict
    pagination.py              from page to page without losing rows
    column_values.py, records.py   records -> typed batches; bad ones set aside
    dlt_source.py              description -> dlt source
    destination.py             where tables go (waiting_duckdb.py: writers that wait)
    loaded_table.py            questions to a loaded table
    translator.py, checks.py, sync.py, assets.py, jobs.py, schedules.py, sensors.py, alerts.py
    api_definitions.py         one API -> Definitions (`definitions_for`)
    definitions.py             the front door: all files -> Definitions
    cli.py, sandbox/           the command line; an API to try it on
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from messaging_assets.api_definitions import definitions_for
    from messaging_assets.api_description import ApiDescription

__all__ = ["ApiDescription", "definitions_for"]


def __getattr__(name: str) -> Any:
    """Import Dagster and dlt only for those who build definitions; `--help` needs neither."""
    from importlib import import_module

    rooms = {"definitions_for": "api_definitions", "ApiDescription": "api_description"}
    if name not in rooms:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{rooms[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
