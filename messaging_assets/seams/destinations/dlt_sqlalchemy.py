"""Columns of SQLAlchemy's databases that keep what dlt's own types would lose there.

dlt lets anyone register what it shall know of a dialect. MySQL and MariaDB get texts of any length under a binary
collation, where the usual one takes abc for ABC and e for é; SQLite gets decimals as text, where it has doubles only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

# Since dlt 1.30: dlt's own way to be told more of a dialect.
from dlt.destinations.impl.sqlalchemy.dialect import (
    MysqlDialectCapabilities,
    register_dialect_capabilities,
)

# Since dlt 1.30: the types that dlt gives columns there, of which some are replaced.
from dlt.destinations.impl.sqlalchemy.type_mapper import MysqlVariantTypeMapper, SqlalchemyTypeMapper
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.ext.compiler import compiles

try:
    # Since dlt 1.31: what dlt knows of SQLite.
    from dlt.destinations.impl.sqlalchemy.dialect import SqliteDialectCapabilities
except ImportError:
    # Since dlt 1.30: it knows no more of SQLite than of any dialect.
    from dlt.destinations.impl.sqlalchemy.dialect import DialectCapabilities

    SqliteDialectCapabilities = DialectCapabilities  # type: ignore[assignment,misc]


class ExactText(sa.types.UserDefinedType[str]):
    """A text that is equal to no other: neither by case nor accent, nor by blanks at its end.

    Args:
        length: characters at most; None for any number.
    """

    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        self.length = length


@compiles(ExactText, "mysql")
@compiles(ExactText, "mariadb")
def _exact_text(type_: ExactText, compiler: Any, **_: Any) -> str:
    # What the server is shows when it is connected: an address of mysql may lead to MariaDB.
    collation = "utf8mb4_nopad_bin" if compiler.dialect.is_mariadb else "utf8mb4_0900_bin"
    kind = f"VARCHAR({type_.length})" if type_.length else "LONGTEXT"
    return f"{kind} CHARACTER SET utf8mb4 COLLATE {collation}"


class DecimalAsText(sa.types.TypeDecorator[Decimal]):
    """A decimal with all its digits, as text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        """See TypeDecorator."""
        return None if value is None else format(Decimal(value), "f")

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        """See TypeDecorator."""
        return None if value is None else Decimal(value)


class _MysqlTypes(MysqlVariantTypeMapper):
    def db_type_from_text_type(self, column: Any, table: Any) -> Any:
        return ExactText(getattr(super().db_type_from_text_type(column, table), "length", None))

    def db_type_from_binary_type(self, column: Any, table: Any) -> Any:
        return super().db_type_from_binary_type(column, table) if column.get("precision") else LONGBLOB()


class _SqliteTypes(SqlalchemyTypeMapper):
    def db_type_from_decimal_type(self, column: Any, table: Any) -> Any:
        return DecimalAsText()

    def db_type_from_wei_type(self, column: Any, table: Any) -> Any:
        return DecimalAsText()


class _Mysql(MysqlDialectCapabilities):
    def adjust_capabilities(self, caps: Any, dialect: Any) -> None:
        super().adjust_capabilities(caps, dialect)
        caps.wei_precision = (65, 0)

    def type_mapper_class(self) -> Any:
        return _MysqlTypes


class _Sqlite(SqliteDialectCapabilities):
    def type_mapper_class(self) -> Any:
        return _SqliteTypes


def register() -> None:
    """Let dlt make these columns from now on."""
    for name, dialect in (("mysql", _Mysql), ("mariadb", _Mysql), ("sqlite", _Sqlite)):
        register_dialect_capabilities(name, dialect)
