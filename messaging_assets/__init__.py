"""REST APIs, described in one file each, as checked and scheduled Dagster assets.

The way from a file to a table. No module imports one further down, but for its types; a test reads this drawing.

    apis/<api>.yaml                   one file = one API

    failures.py                       why a sync stops, named by what to do next
    dg_project.py, project_folders.py, dagster_home.py    where this project keeps its own things
    json_paths.py, cron_words.py      paths in answers; cron lines in words

    The shape of a file
    authentication_description.py, paginator_description.py, table_description.py
    partition_description.py, automation_description.py, api_description.py
    parents.py                        children, whose path needs another resource's record

    Reading files, every mistake with file and line
    description_problems.py, description_secrets.py, description_names.py, description_yaml.py
    description_consistency.py, description_shape.py, description_parents.py
    component_files.py, description_files.py    where API files are
    file_schema.py                    the same shape for editors

    sensitive_columns.py              whose values are shown nowhere

    credentials.py                    secrets and address, looked up at run time

    Asking the API
    record_keys.py                    what tells records apart
    beside_list.py, failure_words.py  what an answer says beside its list; that it failed
    http/                             secrets, retries, pace, pages read ahead, redaction
    receipt.py, judgement.py          what came, and whether that was everything
    watched_counts.py, row_totals.py, signs_of_more.py    what an answer counts; that it is not all
    seen_keys.py, selection.py, places.py, cursor_marks.py, reading.py    one list, page by page
    guarded_paginator.py, counted_pages.py, linked_pages.py, pagination.py    to the next page

    From records to a table
    nested_values.py, column_values.py, table_columns.py    values of one column
    table_keys.py, records.py         two keys that are one in the table; typed batches, bad records aside
    processing_steps.py               rows that a step leaves out are counted
    dlt_source.py                     description -> dlt's rest_api config and source
    progress.py, page_reader.py, passes.py    one read from the first page to the last, in parts
    waiting_duckdb.py, destination.py, loaded_table.py    where tables are; writers that wait
    partitions.py, child_tables.py, vanished_rows.py, window_rows.py    windows of time; what is gone upstream
    unfinished.py, sync_lock.py       what an interruption left; one sync at a time
    housekeeping.py                   what is past its retention; tables that nobody describes

    In Dagster
    embedded_elt.py                   the one door to dagster-embedded-elt
    column_schema.py, translator.py, table_preview.py    a resource as an asset
    checks.py, sync_config.py, sync.py, assets.py    the op of a resource: sync, judge, check
    jobs.py, schedules.py             when it is synced
    fingerprint.py, sensor_cursor.py, sensors.py, alerts.py    news from the API; news for people
    api_definitions.py                one API -> Definitions (`definitions_for`)
    scaffolder.py, rest_api.py        the same as a component of a Dagster project (`RestApi`)
    code_location.py                  all files -> Definitions; a broken one takes nobody down
    definitions.py                    the front door, imported by no one

    The command line
    printed_json.py                   one JSON document for whoever asks for it, failures included
    sandbox/                          an API to try everything on
    discovery/                        from a live API or an OpenAPI document to a file
    verbs/, validation.py, development.py, demo.py    what it can do
    cli.py                            its verbs
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from messaging_assets.api_definitions import definitions_for
    from messaging_assets.api_description import ApiDescription
    from messaging_assets.rest_api import RestApi

__all__ = ["ApiDescription", "RestApi", "definitions_for"]


def __getattr__(name: str) -> Any:
    """Import Dagster and dlt only for those who build definitions; `--help` needs neither."""
    from importlib import import_module

    rooms = {"definitions_for": "api_definitions", "ApiDescription": "api_description", "RestApi": "rest_api"}
    if name not in rooms:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{rooms[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
