"""The benchmark's API as an API file, and one sync of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from benchmarks.server import COLUMNS, DAYS, FIRST, PARENTS

API = "bench"
_MUST_HAVE = ("id", "channel_id", "sent_at")


def description(url: str, limit: int, **choices: Any) -> dict[str, Any]:
    """The API in the shape of an API file.

    Args:
        url: the API's address.
        limit: rows a page.
        choices: `declared` (columns are in the file), `in_flight`, `disposition`, `nested`, `total`, `incremental`,
            `resources` (names), `path` (else /rows), `timed` (rows of some days, read in windows of that length),
            `children` (the rows are those of 200 parents), `side_by_side` (how they are read), `endpoint` (in place of
            the first resource's) and `most_bytes` (of an answer).
    """
    columns = {name: {**column, "nullable": name not in _MUST_HAVE} for name, column in COLUMNS.items()}
    endpoint: dict[str, Any] = {"data_selector": "data", "paginator": {"type": "offset", "limit": limit}}
    if choices.get("total"):
        endpoint["total"] = choices["total"]
    if choices.get("incremental"):
        endpoint["incremental"] = {"cursor_path": "id", "start_param": "since", "initial_value": "msg_000000000"}
    defaults: dict[str, Any] = {
        "primary_key": "id",
        "write_disposition": choices.get("disposition", "merge"),
        "endpoint": endpoint,
    }
    if choices.get("declared", True):
        defaults["columns"] = columns
    if choices.get("nested"):
        defaults["nested"] = choices["nested"]
        defaults.get("columns", {}).pop("reactions", None)
    client: dict[str, Any] = {"base_url": url}
    if choices.get("in_flight"):
        client["max_in_flight"] = choices["in_flight"]
    names = choices.get("resources") or ["rows"]
    resources: list[dict[str, Any]] = [
        {"name": name, "endpoint": {"path": choices.get("path", "/rows")}} for name in names
    ]
    if choices.get("timed"):
        until = (FIRST + timedelta(days=DAYS)).isoformat()
        cursor = {"cursor_path": "sent_at", "initial_value": FIRST.isoformat(), "end_value": until}
        own = {"start_param": "since", "end_param": "until", "step": choices["timed"]}
        tokens = {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}
        resources[0]["endpoint"] = {"path": "/timed", "incremental": cursor | own, "paginator": tokens}
    if choices.get("children"):
        resources[0] |= {
            "endpoint": {"path": "/parents/{resources.parents.id}/rows"},
            "parallelized": choices.get("side_by_side", True),
        }
        all_of_them = {"type": "offset", "limit": PARENTS}
        parents = {"path": "/parents", "paginator": all_of_them}
        resources.append({"name": "parents", "selected": False, "columns": {}, "endpoint": parents})
    if choices.get("endpoint"):
        resources[0]["endpoint"], defaults["endpoint"] = choices["endpoint"], {}
    if choices.get("most_bytes"):
        client |= {"maximum_bytes": choices["most_bytes"], "timeout": {"read": 300, "total": 1_800}}
    return {"client": client, "resource_defaults": defaults, "resources": resources}


def definitions(url: str, limit: int, choices: dict[str, Any]) -> Any:
    """Dagster's definitions of the API; dlt's settings are made first, because it reads them on import."""
    from messaging_assets.foundation.folders import settle_environment

    settle_environment()
    from messaging_assets.orchestration.api_definitions import definitions_for

    return definitions_for(description(url, limit, **choices), name=API)
