"""The rows of a window of time that is read again: the earlier ones go, and no row is in two windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlt.pipeline.pipeline import Pipeline

from messaging_assets.api_description import Resource
from messaging_assets.failures import MendDescription, ReadIncomplete
from messaging_assets.partitions import Window
from messaging_assets.receipt import Verdict
from messaging_assets.vanished_rows import count_rows, delete_rows, rows_of_loads, rows_of_other_loads


def replace_window(
    pipeline: Pipeline,
    resource: Resource,
    asset: str,
    window: Window,
    load_ids: Sequence[str],
    verdict: Verdict,
    set_aside: int,
) -> dict[str, Any]:
    """Take out the window's rows that this run did not bring, unless a merge had better keep them.

    Args:
        pipeline: the resource's pipeline.
        resource: what the window is of.
        asset: the asset's name in errors.
        window: from start up to, but without, end, by the window's column.
        load_ids: the loads of this run.
        verdict: how complete the read was.
        set_aside: records that came and were not written.

    Returns:
        Metadata: what went, or why nothing did; a verdict, where the rows themselves make it worse.

    Raises:
        MendDescription: more came than the window, and an appended table would have these rows twice.
        ReadIncomplete: a read in doubt brought fewer rows than an appended table has of the window. What came is
            taken back in either case.
    """
    is_append = resource.disposition == "append"
    with pipeline.sql_client() as client:
        naming = pipeline.default_schema.naming
        name = naming.normalize_path(window.column)
        column = str(client.escape_column_name(name))
        table = pipeline.default_schema.tables.get(naming.normalize_table_identifier(resource.name))
        known = table["columns"] if table else {}
        if not known.get(name, {}).get("data_type"):
            # No row ever came, so there is none to replace.
            return {}
        # A date is a day of the window's own time zone.
        is_date = known.get(name, {}).get("data_type") == "date"
        bounds = (window.start.date(), window.end.date()) if is_date else (window.start, window.end)
        outside = rows_of_loads(client, load_ids, f"({column} < %s OR {column} > %s)")
        beyond = count_rows(client, resource.name, outside, (*bounds, *load_ids))
        # An API whose end is inclusive sends the first rows of the next window too.
        late = rows_of_loads(client, load_ids, f"{column} = %s")
        at_end = count_rows(client, resource.name, late, (bounds[1], *load_ids))
        words = (
            f"{beyond} of its rows lie outside the window from {window.start.isoformat()} to "
            f"{window.end.isoformat()}: the API does not keep to start_param and end_param, or looks at another time "
            f"than {window.column}"
        )
        if is_append and beyond:
            delete_rows(client, resource.name, rows_of_loads(client, load_ids), load_ids)
            raise MendDescription(
                f"{asset}: {words}; correct partitions, with end_is_inclusive: true for an API that also sends what "
                "lies at the end."
            )
        if is_append and at_end:
            delete_rows(client, resource.name, late, (bounds[1], *load_ids))
        within = f"{column} >= %s AND {column} < %s"
        earlier = rows_of_other_loads(client, load_ids, within), (*bounds, *load_ids)
        if is_append and verdict >= Verdict.UNKNOWN:
            came = count_rows(client, resource.name, rows_of_loads(client, load_ids, within), (*bounds, *load_ids))
            before = count_rows(client, resource.name, *earlier)
            if came < before:
                delete_rows(client, resource.name, rows_of_loads(client, load_ids), load_ids)
                raise ReadIncomplete(
                    f"{asset}: the read is in doubt, and brought {came} rows of a window of which the table has "
                    f"{before}; they stay, run it again."
                )
        found: dict[str, Any] = {"rows_outside_window": at_end + beyond} if at_end + beyond else {}
        if beyond:
            verdict = Verdict.UNKNOWN
            found |= {"verdict": verdict.words, "verdict_reason": words}
        if is_append or (verdict < Verdict.UNKNOWN and not set_aside):
            found["rows_deleted"] = delete_rows(client, resource.name, *earlier)
        else:
            why = "a record was set aside" if verdict < Verdict.UNKNOWN else f"the read is {verdict.words}"
            found["deletes"] = f"none of the window's earlier rows, because {why}"
    return {f"messaging_assets/{name}": value for name, value in found.items()}
