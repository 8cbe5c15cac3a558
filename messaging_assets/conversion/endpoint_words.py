"""Words of an endpoint that every kind of source makes, without what an API file has by default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from messaging_assets.description.endpoint import RETRIED_STATUSES

# Rows of a page, where a source does not say how many.
USUAL_PAGE = 100
# So many an API file takes.
MOST_RETRIES = 20
_USUAL = {"offset_param": "offset", "limit_param": "limit", "page_param": "page", "cursor_param": "cursor"}


def unusual(words: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a paginator that say something else than its defaults."""
    return {word: one for word, one in words.items() if one is not None and _USUAL.get(word) != one}


def retry_too(words: dict[str, Any], codes: Iterable[int]) -> None:
    """Let an error handler ask again after these statuses, too."""
    words["retry_on_status_codes"] = sorted({*words.get("retry_on_status_codes", RETRIED_STATUSES), *codes})


def add_handler(endpoint: dict[str, Any], words: Mapping[str, Any]) -> None:
    """Give an endpoint its error handler, where that says anything."""
    usual = {"retry_on_status_codes": sorted(RETRIED_STATUSES)}
    if said := {word: one for word, one in words.items() if usual.get(word) != one}:
        endpoint["error_handler"] = said
