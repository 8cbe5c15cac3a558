"""Texts of dlt, Dagster and databases that nothing but their words tells apart; a test provokes each of them."""

from __future__ import annotations

import re

# DuckDB: "NOT NULL constraint failed"; PostgreSQL: "violates not-null constraint"; dlt: "non-nullable column".
_NULL_REFUSED = re.compile(r"non-nullable|not[- ]null", re.IGNORECASE)


def is_null_refused(words: str) -> bool:
    """Whether a destination, or dlt, says that a column may not be null."""
    return bool(_NULL_REFUSED.search(words))
