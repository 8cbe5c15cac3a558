"""REST APIs, described in one file each, as checked and scheduled Dagster assets.

The way from a file to a table. No module imports one further down, but for its types; a test reads this drawing.

    apis/<api>.yaml                   one file = one API

    secret_signs.py                   how a secret is known, by its name or its look
    failures.py                       why a sync stops, named by what to do next
    private_files.py, dg_project.py, project_folders.py, dagster_home.py    where this project keeps its own things
    json_paths.py, cron_words.py      paths in answers; cron lines in words
    regular_files.py                  files of a reasonable size
    moments.py, relative_times.py     moments as APIs write them, and such as a month ago
    field_names.py                    fields that can be no column, and how they are shown

    The shape of a file
    authentication_description.py, paginator_description.py, table_description.py, step_description.py
    partition_description.py, automation_description.py, api_description.py
    parents.py                        children, whose path needs another resource's record
    identity.py                       whether two descriptions are one, in any process

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
    held_records.py                   many records in what is taken for one
    cursor_order.py, cursor_reach.py, list_cursor.py, cursor_marks.py    what is newer than before
    list_shapes.py                    plain values and objects under their keys, as records
    seen_keys.py, selection.py, places.py, reading.py    one list, page by page
    end_flag.py                       a flag that is true at the end
    guarded_paginator.py, counted_pages.py, linked_pages.py, pagination.py    to the next page

    From records to a table
    hard_deletes.py                   which rows the API itself calls deleted
    nested_values.py, column_values.py, undeclared_types.py    values of one column
    changed_columns.py, table_columns.py    the columns of a table
    written_rows.py                   how many rows a load was given
    window_column.py                  the time that places a row in a window
    table_keys.py, records.py         two keys that are one in the table; typed batches, bad records aside
    processing_steps.py, record_steps.py    steps of Python and of the file; what they leave out is counted
    dlt_settings.py                   what no configuration of dlt may change
    dlt_source.py                     description -> dlt's rest_api config and source
    destination_profile.py            what the destination can keep, and how it wants it
    widened_columns.py, empty_table.py    columns that become doubles; the table of an empty list
    set_aside_share.py                when too few records can be loaded
    progress.py, page_reader.py, passes.py    one read from the first page to the last, in parts
    waiting_duckdb.py, sqlalchemy_types.py, destination.py    where tables are; writers that wait
    table_rows.py, loaded_table.py    all SQL of ours on them
    taking_away.py                    when a read may take rows out of a table
    partitions.py, child_tables.py, sync_ledger.py, vanished_rows.py, window_rows.py    windows; what is gone upstream
    reconciliation.py                 every load is held against the table
    failed_loads.py                   packages that no try can load, put away
    destination_probe.py              what comes back from it otherwise than it went in
    unfinished.py, sync_lock.py       what an interruption left; one sync at a time
    housekeeping.py                   what is past its retention; tables that nobody describes

    In Dagster
    embedded_elt.py                   the one door to dagster-embedded-elt
    column_schema.py, translator.py, table_preview.py    a resource as an asset
    hidden_metadata.py                what Dagster keeps, without secrets
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
