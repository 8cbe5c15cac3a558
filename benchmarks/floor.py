"""The floor: what a person would write by hand for this one API, with nothing checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import requests

_TYPES = {
    "id": pa.string(),
    "channel_id": pa.int64(),
    "sender": pa.string(),
    "content": pa.string(),
    "priority": pa.int64(),
    "score": pa.float64(),
    "delivered": pa.bool_(),
    "sent_at": pa.string(),
    "edited_at": pa.string(),
    "reactions": pa.string(),
}


def run(url: str, database: Path, limit: int) -> int:
    """Read all pages one after another into a DuckDB table; returns the rows.

    Args:
        url: the API's address.
        database: the DuckDB file to make.
        limit: rows a page.
    """
    session, rows, offset = requests.Session(), [], 0
    while True:
        answer = session.get(f"{url}/rows", params={"offset": offset, "limit": limit})
        page: list[dict[str, Any]] = orjson.loads(answer.content)["data"]
        if not page:
            break
        rows += page
        offset += len(page)
    for row in rows:
        row["reactions"] = orjson.dumps(row["reactions"]).decode()
    table = pa.Table.from_pylist(rows, schema=pa.schema(list(_TYPES.items())))
    with duckdb.connect(str(database)) as connection:
        connection.register("incoming", table)
        connection.execute(
            "CREATE TABLE rows AS SELECT * REPLACE (sent_at::TIMESTAMPTZ AS sent_at, "
            "edited_at::TIMESTAMPTZ AS edited_at, reactions::JSON AS reactions) FROM incoming"
        )
    return table.num_rows
