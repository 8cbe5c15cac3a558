"""How dlt reads values, paths and names, so that what is decided here is decided as dlt decides it."""

# Since dlt 1.28: JSON paths of API files mean here what they mean to dlt.
from dlt.common.jsonpath import compile_path, set_value_at_path

# Since dlt 1.28: the name that dlt gives a table or column by its default naming.
from dlt.common.normalizers.naming.snake_case import NamingConvention

# Since dlt 1.28: which texts dlt takes for moments when it infers a column's type.
from dlt.common.schema.detections import is_iso_timestamp

# Since dlt 1.28: the rarer shapes of ISO 8601.
from dlt.common.time import parse_iso_like_datetime

# Since dlt 1.28: which texts are true or false in dlt's paginators.
from dlt.common.utils import str2bool

# Since dlt 1.28: how an incremental tells rows at its mark apart; marks that earlier syncs kept hold these digests.
from dlt.extract.utils import digest_dedup_value, has_legacy_dedup_hashes, resolve_column_value

__all__ = [
    "NamingConvention",
    "compile_path",
    "digest_dedup_value",
    "has_legacy_dedup_hashes",
    "is_iso_timestamp",
    "parse_iso_like_datetime",
    "resolve_column_value",
    "set_value_at_path",
    "str2bool",
]
