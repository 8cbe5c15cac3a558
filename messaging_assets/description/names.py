"""The names that dlt and the database can tell apart, and those they take for something of their own.

And the paths of names that find something in an answer.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from messaging_assets.foundation.json_paths import are_names, spelled_plainly

# What dlt's configuration, DuckDB or Postgres would take for something of their own. `warehouse` is the stem of
# the DuckDB file (`project_folders.DATABASE_STEM`), beside which a schema of that name is ambiguous.
RESERVED_STEMS = frozenset(
    {"destination", "runtime", "sources", "normalize", "load", "extract", "schema", "data_writer", "credentials"}
    | {"dlt", "pipeline", "workspace", "dagster", "messaging_assets"}
    | {"warehouse", "main", "temp", "memory", "system", "information_schema", "pg_catalog", "pg_toast", "public"}
)
# Python's client sends Latin-1, which servers read as they like.
HEADER_VALUE = re.compile(r"(?!\s)[\t\x20-\x7e\xa0-\xff]*(?<!\s)|")
PLAIN = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# Postgres cuts at 63; room is left for `__rejected`.
LONGEST = 50
# The table of an API's syncs, beside those of its resources.
HISTORY = "sync_history"
# What the table of records that were set aside has behind its resource's name, and its columns beside dlt's.
REJECTED = "__rejected"
REJECTED_COLUMNS = ("reason", "fields", "page", "rejected_at", "record", "is_cut", "steps")
# Where `deletes: mark` notes when a row was found to be gone.
DELETED_AT = "_deleted_at"
# What of an endpoint a request is made of.
PARTS_OF_REQUEST = ("path", "params", "json", "data", "headers")
# The same as the fields of its model.
FIELDS_OF_REQUEST = ("path", "params", "json_body", "data", "headers")
# Where a request says in its texts which page it asks for, behind doubled braces, which mean themselves.
PAGE_PLACE = re.compile(r"(?<!\{)((?:\{\{)*)\{paginator\.(offset|limit|page)\}")


def identifier(name: str) -> str:
    """The table or column that dlt makes of a name by its default naming, snake_case."""
    if PLAIN.fullmatch(name) and len(name) <= LONGEST:
        return name
    from messaging_assets.seams.dlt_values import NamingConvention

    return str(NamingConvention().normalize_path(name)) or name if name.strip() else name


def variable(api: str, name: str) -> str:
    """The environment variable of a secret, a setting or an address, such as MESSAGING__API_KEY."""
    return f"{api}__{name}".upper()


# RFC 6901, as OpenAPI and other tools write where something stands.
_POINTER = re.compile(r"/[\w$@-]+(?:/[\w$@-]+)*")


def compiled_or_refused(path: str) -> str:
    """The path, if it is one, as plain as it can be spelled.

    Raises:
        ValueError: it is none.
    """
    if _POINTER.fullmatch(path):
        raise ValueError(f"is a JSON pointer; write {path[1:].replace('/', '.')}, as a JSON path")
    # Names with dots between them need no parser, and none of what it takes to import it.
    if are_names(path):
        return path
    from messaging_assets.seams.dlt_values import compile_path

    path = spelled_plainly(path)
    try:
        compile_path(path)
    # The parser raises its own errors, and bare ones from deep inside it.
    except Exception:  # noqa: BLE001
        raise ValueError("is no JSON path; write one such as data, result.items or $") from None
    return path


JsonPath = Annotated[str, AfterValidator(compiled_or_refused)]
# What other tools call the last record of a page, and people who guess.
_LAST_RECORD = re.compile(r"(?:last_?(?:record|row|item|element|entry|object)s?)(?:\.(\w+)|\[.*)?", re.IGNORECASE)


def _not_of_last_record(path: Any) -> Any:
    found = _LAST_RECORD.fullmatch(path) if isinstance(path, str) else None
    if found:
        raise ValueError(
            f"takes no word for the last record; write data[-1].{found[1] or 'id'}, where data is the list's place, "
            f"or $.{path} where an answer has that beside its list"
        )
    return path


# Where the next page begins, a token or a field of the page's last record.
PathOfNext = Annotated[JsonPath, BeforeValidator(_not_of_last_record)]
