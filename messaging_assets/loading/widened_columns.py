"""A column of whole numbers that becomes one of doubles in the destination, because broken ones come.

dlt never changes a column's type. Every whole number up to 2**53 is a double too, so nothing changes but the type.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from dlt import Pipeline

from messaging_assets.seams.dlt_names import DatabaseException, DatabaseUndefinedRelation

_EXACT_UP_TO = 2**53
# Where ALTER COLUMN ... TYPE DOUBLE PRECISION was tried.
_ABLE = ("duckdb", "postgres")
_logger = logging.getLogger(__name__)


def widen_to_double(pipeline: Pipeline, schema_name: str, table: str, column: str) -> bool:
    """Make a column of whole numbers one of doubles, in the table and where dlt stages its rows.

    Args:
        pipeline: the resource's pipeline.
        schema_name: the name of its dlt schema.
        table: the table's name in the destination.
        column: the column's name there.

    Returns:
        False where the destination cannot, or where a number in the table is too large to be kept exactly.
    """
    destination = pipeline.destination
    if destination is None or destination.to_name(destination.destination_type) not in _ABLE:
        return False
    with pipeline.sql_client(schema_name) as client:
        quoted, alter = client.escape_column_name(column), "ALTER TABLE {} ALTER COLUMN {} TYPE DOUBLE PRECISION"
        try:
            name = client.make_qualified_table_name(table)
            least, largest = (client.execute_sql(f"SELECT MIN({quoted}), MAX({quoted}) FROM {name}") or [(0, 0)])[0]
            if max(-(least or 0), largest or 0) > _EXACT_UP_TO:
                return False
            client.execute_sql(alter.format(name, quoted))
        except DatabaseUndefinedRelation:
            return True  # the table is made with the type that its schema has then
        except DatabaseException as error:
            # A view or an index needs the column as it is.
            _logger.warning("column %s of %s stays a whole number: %s", column, table, type(error).__name__)
            return False
        with client.with_staging_dataset(), suppress(DatabaseUndefinedRelation):
            client.execute_sql(alter.format(client.make_qualified_table_name(table), quoted))
    return True
