"""How dlt reads values, paths and names, so that what is decided here is decided as dlt decides it."""

from collections.abc import Iterable
from typing import Any

# Since dlt 1.30: JSON paths of API files mean here what they mean to dlt.
from dlt.common.jsonpath import compile_path, set_value_at_path

# Since dlt 1.30: what tells two versions of a row apart in a table of versions (`scd2`).
from dlt.common.normalizers.json.helpers import get_row_hash

# Since dlt 1.30: the name that dlt gives a table or column by its default naming.
from dlt.common.normalizers.naming.snake_case import NamingConvention

# Since dlt 1.30: which texts dlt takes for moments when it infers a column's type.
from dlt.common.schema.detections import is_iso_timestamp

# Since dlt 1.30: the rarer shapes of ISO 8601.
from dlt.common.time import parse_iso_like_datetime

# Since dlt 1.30: which texts are true or false in dlt's paginators.
from dlt.common.utils import str2bool

# Since dlt 1.30: the fields by which an incremental tells rows at its mark apart.
from dlt.extract.utils import resolve_column_value

try:
    # Since dlt 1.31: the digests of such rows; marks that earlier syncs kept hold them.
    from dlt.extract.utils import digest_dedup_value, has_legacy_dedup_hashes
except ImportError:
    # Since dlt 1.30: it has one kind of digest, which later releases know as the legacy one.
    from dlt.common.json import json
    from dlt.common.utils import digest128

    def digest_dedup_value(value: Any, legacy: bool = False) -> str:
        """What tells a row at the mark from others."""
        return str(digest128(json.dumps(value, sort_keys=True)))

    def has_legacy_dedup_hashes(hashes: Iterable[str]) -> bool:
        """Whether digests are of the kind that is made here."""
        return True


__all__ = [
    "NamingConvention",
    "compile_path",
    "digest_dedup_value",
    "get_row_hash",
    "has_legacy_dedup_hashes",
    "is_iso_timestamp",
    "parse_iso_like_datetime",
    "resolve_column_value",
    "set_value_at_path",
    "str2bool",
]
