"""Tables that somebody made or changed by hand, so that no rows can be loaded into them: what it is, and what to do.

dlt believes its own notes of a table and does not look at it again. So what a database says then names neither cause
nor remedy. No advice here takes a row away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from dlt import Pipeline, Schema

from messaging_assets.destination.names import REJECTED
from messaging_assets.destination.profile import DestinationProfile
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.seams.dlt_names import C_DLT_LOAD_ID, DatabaseException, DatabaseUndefinedRelation
from messaging_assets.tables.table_rows import TableMissing, TableRows

_UNIQUE_REFUSED = re.compile(
    r"unique (constraint|index|key)|duplicate (key|entry)|primary key constraint", re.IGNORECASE
)
# What PostgreSQL says of a table that views are made of, and that is to be dropped.
NEEDED = "other objects depend on it"
_SYSTEM_COLUMN = re.compile(r'column name "?(\w+)"? conflicts with a system column name')
# Bits and digits of a number where a column says nothing of them.
_WIDTHS = {"bigint": 64, "double": 53}
# What destinations have under one another's names.
_LOOSE = frozenset(("json", "bool", "date", "time", "timestamp", "wei", "binary"))


def refuse_foreign_table(pipeline: Pipeline, schema_name: str, table: str, asset: str) -> None:
    """Stop before a request where a view, or a table with rows that no sync made, stands under a resource's name.

    dlt would add its columns to that table, and a full refresh would drop it. What is loaded into a view could go
    through it into another table.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of the resource's dlt schema.
        table: the resource's name.
        asset: the asset's name in the sentence.

    Raises:
        MendDescription: names the view or the table.
    """
    with _rows_of(pipeline, schema_name) as rows:
        names = [one for one in (table, table + REJECTED) if not _is_table(rows, one)]
        views = _views(rows.client) if names else set()
        for one in names:
            if rows.name_of(one).lower() in views:
                raise MendDescription(
                    f"{rows.qualified(one, quote=False)} is a view, so nothing is loaded into it",
                    "give the view another name, or the resource another table_name",
                    where=asset,
                )
        query = f"SELECT {rows.column(C_DLT_LOAD_ID)} FROM {rows.qualified(table)} WHERE 1 = 0"
        try:
            rows.select(query)
            return
        except DatabaseUndefinedRelation:
            return
        except DatabaseException:
            pass
    with _rows_of(pipeline, schema_name) as rows, suppress(DatabaseException):
        if not rows.select(f"SELECT COUNT(*) FROM {rows.qualified(table)}")[0][0]:
            return
        name, is_ours = rows.qualified(table, quote=False), False
        with suppress(DatabaseException):
            is_ours = rows.last_finished(schema_name) is not None
        column = rows.column_name(C_DLT_LOAD_ID)
        if is_ours:
            raise MendDescription(
                f"the table {name} has no column {column} any more",
                "add it again by hand, as a text that may be null, and run it again",
                where=asset,
            )
        raise MendDescription(
            f"the table {name} has rows and was not made by a sync, so nothing is loaded into it",
            "rename that table, or the resource in the file",
            where=asset,
        )


def refuse_taken_name(pipeline: Pipeline, schema_name: str, table: str, asset: str) -> None:
    """Stop before a resource's first request where its table has rows of another resource.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of the resource's dlt schema.
        table: the table's name in the file.
        asset: the asset's name in the sentence.

    Raises:
        MendDescription: names the table.
    """
    with _rows_of(pipeline, schema_name) as rows:
        if _owners(rows, table) - {schema_name}:
            raise MendDescription(
                f"the table {rows.qualified(table, quote=False)} has rows of another resource, so nothing is loaded "
                "into it",
                "drop that table if its rows are of no use, or give the resource another table_name",
                where=asset,
            )


def _owners(rows: TableRows, table: str) -> set[str]:
    """The dlt schemas that the oldest and the newest load of a table are of, as far as they are noted."""
    load, name = rows.column(C_DLT_LOAD_ID), rows.qualified(table)
    bounds = f"SELECT MIN({load}) FROM {name} UNION ALL SELECT MAX({load}) FROM {name}"
    where = f"{rows.column('load_id')} IN ({bounds})"
    query = f"SELECT {rows.column('schema_name')} FROM {rows.qualified('_dlt_loads')} WHERE {where}"
    with suppress(DatabaseException):
        return {str(owner) for (owner,) in rows.select(query)}
    return set()


@contextmanager
def _rows_of(pipeline: Pipeline, schema_name: str) -> Iterator[TableRows]:
    """The tables of a schema by the names that dlt gives them, whatever it has noted of them."""
    profile = DestinationProfile(pipeline.destination)
    with pipeline.sql_client() as client:
        yield TableRows(client, profile.new_schema(schema_name), profile.longest_name)


def refuse_unknown_rows(pipeline: Pipeline, schema_name: str, table: str, asset: str) -> None:
    """Stop before a request where nothing tells which of an API's rows a table has, so that an append would have them
    twice: the table has rows, and neither dlt nor a sync has noted a load of it.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of the resource's dlt schema.
        table: the resource's name.
        asset: the asset's name in the sentence.

    Raises:
        MendDescription: names the table.
    """
    with _rows_of(pipeline, schema_name) as rows:
        with suppress(DatabaseException):
            if rows.last_finished(schema_name) is not None:
                return
        try:
            if not rows.has_rows(table):
                return
        except (DatabaseException, TableMissing):
            return
        name = rows.qualified(table, quote=False)
    raise MendDescription(
        f"the table {name} has rows, and no note is left of what was loaded into it, so an append could double them",
        "put the tables _dlt_... back from a backup, or run it once with full_refresh, or with forget_state to append "
        "everything again",
        where=asset,
    )


def altered(pipeline: Pipeline, table: str, words: str) -> tuple[str, str] | None:
    """What was changed by hand in a resource's tables, and the next step; None where nothing is found.

    Args:
        pipeline: the resource's pipeline, with the schema that was loaded.
        table: the resource's name.
        words: what the destination said when it refused the rows.
    """
    if kept := _SYSTEM_COLUMN.search(words):
        field = kept[1]
        return (
            f"PostgreSQL keeps the column name {field} for itself",
            f"let steps give that field another name, such as {{rename: {{{field}: {field}_of_api}}}}",
        )
    # A question more may fail as the load did; its answer is only to say more of that.
    with suppress(Exception):
        client: Any = pipeline.destination_client()
        if hasattr(client, "get_storage_tables"):
            with client:
                return next(_changes(client, pipeline, table, words), None)
    return None


def _changes(client: Any, pipeline: Pipeline, table: str, words: str) -> Iterator[tuple[str, str]]:
    schema = pipeline.default_schema
    own = schema.naming.normalize_tables_path(table)
    if NEEDED in words and (above := _made_of(client.sql_client, own)):
        place = client.sql_client.make_qualified_table_name(own, quote=False)
        yield (
            f"the table {place} cannot be dropped while {', '.join(above)} are made of it",
            "drop those views by hand, run it again, and make again afterwards what no sync made",
        )
    # Those that have rows; the others are made with their first.
    names = [one for one in schema.data_table_names(seen_data_only=True) if one == own or one.startswith(f"{own}__")]
    # dlt makes the tables of its notes together, and looks for none of them again.
    notes = [schema.loads_table_name, schema.state_table_name]
    views = _views(client.sql_client)
    was_loaded = _was_loaded(client, schema, DestinationProfile(pipeline.destination))
    for name, columns in client.get_storage_tables([*notes, *names]):
        place = client.sql_client.make_qualified_table_name(name, quote=False)
        if name.lower() in views:
            yield (
                f"{place} is a view, into which no rows can be loaded",
                "give the view another name, and the table its own again",
            )
        elif not columns and was_loaded:
            yield f"the table {place} is not in the destination any more", _step_without(name in (own, *notes))
        elif columns and name in names:
            if client.sql_client.capabilities.sqlglot_dialect == "sqlite":
                # It has no widths, and dlt gives it some.
                columns = {one: {**column, "precision": None} for one, column in columns.items()}
            yield from _changed_columns(schema.tables[name]["columns"], columns, place)
    if _UNIQUE_REFUSED.search(words):
        place = client.sql_client.make_qualified_table_name(own, quote=False)
        yield (
            f"a unique index or constraint of the table {place} refuses the rows",
            "drop that index, which no sync made, or declare its columns as the primary_key, with merge",
        )


def _made_of(client: Any, table: str) -> list[str]:
    """The views that are made of a table in PostgreSQL, and those that are made of them."""
    made = "pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass"
    query = (
        f"WITH RECURSIVE above AS (SELECT r.ev_class FROM {made} WHERE d.refobjid = %s::regclass "
        f"UNION SELECT r.ev_class FROM above a JOIN {made} ON d.refobjid = a.ev_class) "
        "SELECT ev_class::regclass::text FROM above ORDER BY 1"
    )
    return [str(name) for (name,) in client.execute_sql(query, client.make_qualified_table_name(table)) or ()]


def _was_loaded(client: Any, schema: Schema, profile: DestinationProfile) -> bool:
    """Whether a load of a resource ever came to its end, so that its table was made."""
    rows = TableRows(client.sql_client, schema, profile.longest_name)
    try:
        return rows.last_finished(schema.name) is not None
    except DatabaseUndefinedRelation:
        return rows.is_there(schema.version_table_name)


def _step_without(is_own: bool) -> str:
    if is_own:
        return "put it back, or run it once with full_refresh, which makes it anew and reads everything"
    return "put it back with the columns that it had"


def _changed_columns(known: Mapping[str, Any], found: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    there = {name.lower(): column for name, column in found.items()}
    for name, column in known.items():
        if not (data_type := column.get("data_type")):
            continue
        other = there.get(name.lower())
        if other is None:
            again = f"run it once with full_refresh, or add it again by hand, as {data_type}, empty in its old rows"
            yield f"the table {place} has no column {name} any more", again
        elif _is_narrower(column, other):
            made = f"the column {name} of the table {place} was made {_type_of(other)}"
            yield f"{made}, which does not take what is loaded", f"make it {_type_of(column)} again"


def _is_narrower(column: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    wanted, has = column["data_type"], other.get("data_type")
    if wanted != has:
        return not {wanted, has} & _LOOSE and has is not None
    width = column.get("precision") or _WIDTHS.get(wanted)
    precision = other.get("precision")
    return precision is not None and wanted in ("bigint", "double", "text") and (width is None or precision < width)


def _type_of(column: Mapping[str, Any]) -> str:
    width = column.get("precision") or _WIDTHS.get(column["data_type"])
    return (
        f"{column['data_type']} of {width} {'characters' if column['data_type'] == 'text' else 'bits'}"
        if width
        else (str(column["data_type"]))
    )


def _is_table(rows: TableRows, table: str) -> bool:
    """Whether a name is surely none of a view; only DuckDB tells it of one name, and takes long to list all."""
    if rows.client.capabilities.sqlglot_dialect != "duckdb":
        return False
    try:
        # Only a table's rows have it.
        rows.select(f"SELECT rowid FROM {rows.qualified(table)} WHERE 1 = 0")
    except DatabaseUndefinedRelation:
        pass
    except DatabaseException:
        return False
    return True


def _views(sql_client: Any) -> set[str]:
    query = (
        "SELECT table_name FROM information_schema.tables WHERE LOWER(table_schema) = LOWER(%s) AND table_type = 'VIEW'"
    )
    with suppress(DatabaseException):
        return {str(name).lower() for (name,) in sql_client.execute_sql(query, sql_client.dataset_name) or ()}
    return set()
