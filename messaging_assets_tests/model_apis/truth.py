"""What the table must hold, by what the API had in each sync and what the sync said of it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from typing import Any

from messaging_assets_tests.model_apis import moments
from messaging_assets_tests.model_apis.traits import BESIDE, JSON, Traits

SURE = ("proven", "read to the end")
Row = dict[str, Any]


def check_read(one: Traits, api: Any, came: list[Row], verdict: str | None) -> None:
    """Hold what a read brought against the API; of one that moved, only a proven read says that nothing is missing."""
    if verdict not in (SURE[:1] if api.moves else SURE):
        return
    now = {version(one, row) for row in came}
    missing = [row for row in api.throughout if expected(one, row) not in now]
    assert not missing, f"{verdict}, and rows are missing: {missing}"


def check(one: Traits, seen: list[list[Row]], before: list[Row], table: list[Row], verdict: str | None) -> None:
    """Hold a table against the API.

    Args:
        one: the API's traits.
        seen: what it had in each sync so far.
        before: the table before this sync.
        table: the table after it.
        verdict: what a green sync said; None for a red one.
    """
    now, then = [version(one, row) for row in table], [version(one, row) for row in before]
    if one["disposition"] != "append" and one["is_keyed"]:
        twice = [key for key, times in Counter(row["id"] for row in table).items() if times > 1]
        assert not twice, f"rows came twice: {twice}"
    ever = {expected(one, row) for rows in seen for row in rows}
    assert {*now} <= ever, f"rows that the API never had: {[row for row in now if row not in ever]}"
    has = [expected(one, row) for row in seen[-1]]
    if verdict is None:
        if one["disposition"] == "merge":
            assert {row["id"] for row in before} <= {row["id"] for row in table}, "a red sync took rows away"
        elif one["disposition"] == "replace":
            assert Counter(now) == Counter(then), "a red sync changed a table that is replaced"
        else:
            assert not Counter(then) - Counter(now), "a red sync took rows away"
        return
    if verdict not in SURE:
        return
    missing = [row for row in has if row not in now]
    assert not missing, f"{verdict}, and rows are missing: {missing}"
    if one["disposition"] == "replace" or (one["deletes"] == "remove" and verdict == "proven"):
        assert Counter(now) == Counter(has), f"more than the API has: {Counter(now) - Counter(has)}"
    elif one["disposition"] == "merge":
        gone = {row["id"] for row in before} - {row["id"] for row in table}
        assert not gone or one["deletes"] == "remove", f"rows went: {gone}"
    elif one["range"] != "all":
        assert max(Counter(now).values(), default=1) == 1, f"twice: {Counter(now).most_common(1)}"


def expected(one: Traits, row: Row) -> str:
    """A row of the API, comparable."""
    home = {"of": row["of"], "kind": row["kind"], "answered": BESIDE if one["has_beside"] else None}
    if one["format"] in ("csv", "tsv", "xml") and row["tags"] is not None:
        row = {**row, "tags": json.dumps(row["tags"])}
    at = (
        row["at"]
        if one["stamp"] in ("epoch_ms",)
        else row["at"] // 1000
        if one["stamp"] == "epoch_seconds"
        else row["at"]
    )
    return _text({**{n: row[n] for n in ("id", "name", "amount", "is_on", "tags")}, "at": at, **home})


def version(one: Traits, row: Row) -> str:
    """A row of the table, comparable."""
    at = row["at"]
    if isinstance(at, datetime):
        whole = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
        at = round(whole.timestamp() * 1000)
    elif isinstance(at, str):
        at = moments.read(at, None)
    tags = row.get("tags")
    if isinstance(tags, str) and one["format"] in (*JSON, "ndjson"):
        tags = json.loads(tags)
    own = {name: row.get(name) for name in ("id", "name", "amount", "is_on")}
    return _text(
        {
            **own,
            "tags": tags,
            "at": at,
            "of": row.get("_parents_id"),
            "kind": row.get("_kind"),
            "answered": row.get("answered"),
        }
    )


def _text(row: Row) -> str:
    amount = None if row["amount"] is None else float(row["amount"])
    return json.dumps({**row, "amount": amount}, sort_keys=True)
