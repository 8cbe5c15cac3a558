"""What the configured destination can keep, and how it wants it, whatever name it is configured by.

dlt's own destination and its capabilities are asked, so that `house`, whose type is postgres, and
`dlt.destinations.postgres` are PostgreSQL as `postgres` is. What cannot be kept is refused before the first request.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import dlt
from dlt import Schema

from messaging_assets.description.api import Resource
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.seams.destinations.dlt_filesystem import let_files_be_read
from messaging_assets.seams.dlt_contexts import entered
from messaging_assets.seams.dlt_names import AnyDestination, Destination, UnknownDestinationModule, types_of
from messaging_assets.seams.dlt_settings import made_once, own_settings

# Loaded from Parquet, a nested value would be the text of its JSON there: a JSON string, or refused.
_JSON_AS_VALUES = {"sqlalchemy": "typed-jsonl", "snowflake": "jsonl", "bigquery": "jsonl", "redshift": "insert_values"}
# Their SQL has no UPDATE of plain tables.
_WITHOUT_UPDATE = frozenset({"clickhouse", "athena", "dremio"})
# dlt leaves it open whether they have transactions; then what a merge deletes is committed before what it inserts.
_WITH_TRANSACTIONS = frozenset({"motherduck", "ducklake"})
# Where dlt gives a text column its length; a longer text would make the whole load fail.
_WITH_LENGTHS = frozenset({"postgres", "redshift", "snowflake", "mssql", "synapse", "bigquery"})
_MICROSECONDS = 6
_BITS = 64


class DestinationProfile:
    """A destination of dlt, by what matters here.

    Args:
        destination: dlt's destination.

    Attributes:
        kind: dlt's word for its type, such as postgres.
        name: the name that its settings are found by, such as house.
    """

    def __init__(self, destination: AnyDestination) -> None:
        self.destination = destination
        # Of a class that derives from one of dlt's, the latter.
        self.kind = next(types_of(destination), type(destination).__name__)
        self.name = destination.destination_name
        if self.is_files:
            let_files_be_read()

    @cached_property
    def capabilities(self) -> Any:
        """dlt's capabilities of the destination."""
        return self.destination.capabilities()

    @property
    def longest_name(self) -> int | None:
        """Characters of the longest name; dlt made the tables' names by it before it asked a connection for more."""
        limits = (self.capabilities.max_identifier_length, self.capabilities.max_column_identifier_length)
        return min((limit for limit in limits if limit), default=None)

    @property
    def words(self) -> str:
        """The destination in a sentence."""
        return self.kind if self.kind == self.name else f"{self.name} ({self.kind})"

    @property
    def is_files(self) -> bool:
        """Whether rows lie in files, from which none can be taken out by SQL."""
        return self.kind == "filesystem"

    @property
    def has_session_locks(self) -> bool:
        """Whether a connection can hold a lock of the database, for all machines (PostgreSQL's advisory locks)."""
        return self.kind == "postgres"

    @property
    def takes_json_as_values(self) -> bool:
        """Whether nested values must reach it as values: as text they would be the text of their JSON."""
        return self.kind in _JSON_AS_VALUES

    @property
    def loader_file_format(self) -> str | None:
        """The fastest file format that it loads exactly; None leaves it to dlt."""
        if self.kind == "postgres":
            # dlt's own would write CSV, in which an empty text becomes null and bytes fail to load.
            return "parquet" if getattr(self.destination, "loads_parquet", False) else "insert_values"
        supported = self.capabilities.supported_loader_file_formats or ()
        wanted = _JSON_AS_VALUES.get(self.kind, "parquet")
        return wanted if wanted in supported else None

    @property
    def merge_strategies(self) -> list[str]:
        """dlt's merge strategies that it can keep; without any, dlt would append what it should merge."""
        return self._selected(self.capabilities.supported_merge_strategies, self.capabilities.merge_strategies_selector)

    @property
    def replace_strategies(self) -> list[str]:
        """dlt's ways to replace a table there."""
        selector = self.capabilities.replace_strategies_selector
        return self._selected(self.capabilities.supported_replace_strategies, selector)

    def _selected(self, supported: Any, selector: Any) -> list[str]:
        table = {"table_format": self.capabilities.preferred_table_format}
        return list(selector(supported or [], table_schema=table) if selector else supported or [])

    def new_schema(self, name: str) -> Schema:
        """An empty dlt schema whose names are those that tables have there."""
        with own_settings(), entered(self.capabilities):
            return Schema(name)

    def client(self, dataset: str = "none") -> Any:
        """dlt's client of a dataset without tables, which connects to nothing yet.

        Raises:
            ImportError: the destination's driver is not installed.
        """
        return dlt.dataset(self.destination, dataset, self.new_schema("none")).destination_client

    def missing_driver(self) -> str | None:
        """What to install before it can be used; None where all is there, which is found out without connecting."""
        if self.kind == "duckdb":
            return None
        try:
            client = self.client()
            if self.kind == "sqlalchemy":
                _ = client.config.credentials.engine
        except ImportError as missing:
            return missing_module(missing)
        return None

    def refused_name(self, dataset: str) -> str | None:
        """Why a dataset cannot have its name there, and what to do; None where it can."""
        if self.kind in ("postgres", "redshift") and dataset.startswith("pg_"):
            return f"{self.words} keeps names that begin with pg_ for itself; write dataset: raw_{dataset} in the file."
        return None

    def refusal(self, resource: Resource) -> str | None:
        """Why the rows of a resource could not be kept right there, and what to do; None where they can."""
        if self.is_files and (resource.disposition == "merge" or resource.partitions is not None):
            return (
                "the destination is files, from which no row can be taken out, so nothing is merged or read in windows "
                "there; write append or replace, or load into a database (DESTINATION_TYPE)."
            )
        if resource.disposition == "merge":
            strategies = self.merge_strategies
            if not strategies:
                return (
                    f"{self.words} cannot merge into tables of this format, and dlt would append; write append or "
                    "replace, or load into another destination (DESTINATION_TYPE)."
                )
            strategy = getattr(resource.write_disposition, "strategy", None)
            if strategy not in (None, *strategies):
                return (
                    f"{self.words} cannot merge by the strategy {strategy}, only by {', '.join(strategies)}; write one "
                    "of these, or load into another destination (DESTINATION_TYPE)."
                )
        if resource.deletes == "mark" and self.kind in _WITHOUT_UPDATE:
            return f"{self.words} cannot change rows in place, so none can be marked as deleted; write deletes: remove."
        # dlt's writers cut a second at microseconds, or refuse what is finer.
        most = {
            "timestamp": (_MICROSECONDS, "digits of a second"),
            "decimal": (self.most_digits, "digits of a decimal"),
            "bigint": (_BITS, "bits of a whole number"),
        }
        for name, column in resource.columns.items():
            digits, words = most.get(column.data_type or "", (None, ""))
            if digits is not None and (column.precision or 0) > digits:
                return f"rows reach {self.words} with {digits} {words}; write precision: {digits} for {name}, or text."
        return None

    @property
    def keeps_to_lengths(self) -> bool:
        """Whether a text column with a `precision` takes no longer text."""
        return self.kind in _WITH_LENGTHS

    @property
    def most_digits(self) -> int:
        """Digits of the longest whole number that it keeps; Arrow, in which rows reach it, has no more than 76."""
        return min(int(self.capabilities.wei_precision[0]), 76)


def configured_profile() -> DestinationProfile:
    """What the destination that dlt's configuration names can keep.

    Raises:
        MendDescription: dlt knows no destination of that name.
    """
    profile: DestinationProfile = made_once("configured", lambda: DestinationProfile(configured_destination()))
    return profile


def configured_destination(**settings: Any) -> AnyDestination:
    """dlt's destination, as its configuration names it.

    Args:
        settings: what the destination's factory shall know beside its configuration.

    Raises:
        MendDescription: dlt knows no destination of that name.
    """
    named: str = destination_type()
    name: Any = dlt.config.get("destination_name")
    unknown = False
    try:
        destination: AnyDestination | None = Destination.from_reference(named, destination_name=name, **settings)
    except UnknownDestinationModule:
        unknown, destination = True, None
    except ImportError as missing:
        raise MendDescription(missing_module(missing)) from None
    if unknown or destination is None:
        raise MendDescription(
            f"DESTINATION_TYPE names '{named}', which is no destination of dlt; write one of its types, such as duckdb "
            f"or postgres, or give yours its type: DESTINATION__{named.upper()}__DESTINATION_TYPE."
        )
    return destination


def destination_type() -> str:
    """The destination as dlt's configuration has it, a type or a name: `destination_type` or DESTINATION_TYPE."""
    return str(dlt.config.get("destination_type") or "duckdb")


def keeps_transactions(profile: DestinationProfile) -> bool:
    """Whether dlt must be told that the destination has transactions."""
    return profile.kind in _WITH_TRANSACTIONS


def missing_module(error: ImportError) -> str:
    """A sentence on what to install; dlt's own words name it, other errors the module."""
    dependencies = getattr(error, "dependencies", ())
    within = error.__cause__ or error.__context__
    if isinstance(within, ImportError) and within.name and any("sqlalchemy" in one for one in dependencies):
        # dlt takes a driver that SQLAlchemy does not find for SQLAlchemy itself.
        error, dependencies = within, () if within.name != "sqlalchemy" else dependencies
    if dependencies:
        wanted = " ".join(f"'{one}'" for one in dependencies)
        return f"a Python package is not installed; install it: pip install {wanted}."
    module = (error.name or "").partition(".")[0]
    package = {"psycopg2": "messaging_assets[postgres]", "psycopg2cffi": "messaging_assets[postgres]"}.get(module)
    package = package or {"MySQLdb": "mysqlclient", "pyodbc": "pyodbc"}.get(module, module)
    return f"the Python module {module} is not installed; install it: pip install '{package}'."
