"""Ways in which APIs of many vendors answer, each played for the file of examples/ that describes it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

Row = dict[str, Any]
Query = dict[str, str]
# What a dialect is given: the address of its API, the path below that, the query, the body, and the rows of that path.
Dialect = Callable[[str, str, Query, Any, list[Row]], Any]


def tickets(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """An export by time: a page begins with the rows of the moment at which the one before it ended."""
    start, size = int(query["start_time"]), 4
    page = sorted((row for row in rows if row["generated_at"] >= start), key=lambda row: row["generated_at"])
    is_last = len(page) <= size
    page = page[:size]
    end = page[-1]["generated_at"] if page else start
    following = f"{url}/{path}?start_time={end}"
    return {"tickets": page, "count": len(page), "end_of_stream": is_last, "end_time": end, "next_page": following}


def incidents(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """Offset and limit, `more` in place of a count."""
    rows = [row for row in rows if query.get("since", "") <= row["created_at"] < query.get("until", "~")]
    start, limit = int(query["offset"]), int(query["limit"])
    name = path.split("/")[-1]
    more = start + limit < len(rows)
    return {name: rows[start : start + limit], "offset": start, "limit": limit, "more": more, "total": None}


def logs(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """A search by POST, which goes on behind the sort values of the last record, and counts to a limit."""
    wanted = body["query"]["range"]["ts"]
    found = sorted((row for row in rows if wanted["gte"] <= row["ts"] < wanted["lt"]), key=lambda row: row["_id"])
    found = sorted(found, key=lambda row: row["ts"])
    after = body.get("search_after")
    page = [row for row in found if after is None or [row["ts"], row["_id"]] > after][: body["size"]]
    return {
        "timed_out": False,
        "hits": {
            "total": {"value": min(len(found), 1_000), "relation": "gte" if len(found) > 1_000 else "eq"},
            "hits": [
                {"_id": row["_id"], "_source": {k: v for k, v in row.items() if k != "_id"}}
                | {"sort": [row["ts"], row["_id"]]}
                for row in page
            ],
        },
    }


def metrics(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """Series with their labels inside, or with lists side by side; names as a list of texts; a refusal inside a 200."""
    if path == "series":
        return {"status": "success", "data": {"series": [_since(row, int(query["from"])) for row in rows]}}
    if path == "query":
        if query.get("query") != "up":
            return {"status": "error", "errorType": "bad_data", "error": "parse error"}
        return {"status": "success", "data": {"resultType": "vector", "result": rows}}
    return {"status": "success", "data": rows}


def _since(series: Row, start: int) -> Row:
    places = [place for place, at in enumerate(series["timestamps"]) if at >= start]
    return series | {name: [series[name][place] for place in places] for name in ("timestamps", "values")}


def graphql(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """One address for all; edges around the records, errors beside data."""
    if "{{" in body["query"] or body["query"].count("{") != body["query"].count("}"):
        return {"data": None, "errors": [{"message": "Syntax Error"}]}
    found = [row for row in rows if row["updatedAt"] >= body["variables"]["since"]]
    start = int(body["variables"].get("after") or 0)
    page = found[start : start + 3]
    info = {"hasNextPage": start + 3 < len(found), "endCursor": str(start + len(page)) if page else None}
    edges = [{"node": row, "cursor": "..."} for row in page]
    return {"data": {"issues": {"totalCount": len(found), "pageInfo": info, "edges": edges}}}


def hal(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """Records below `_embedded`, which an empty list leaves out; the next page's address below `_links`."""
    number = int(query.get("page", 0))
    page = [{**row, "_links": {"self": {"href": f"{url}/{path}/{row['id']}"}}} for row in rows[number * 3 :][:3]]
    links = {"self": {"href": f"{url}/{path}?page={number}"}}
    if (number + 1) * 3 < len(rows):
        links["next"] = {"href": f"{url}/{path}?page={number + 1}&size={query['size']}"}
    counts = {"size": 3, "totalElements": len(rows), "totalPages": -(-len(rows) // 3), "number": number}
    return {"_links": links, "page": counts} | ({"_embedded": {path: page}} if page else {})


def json_api(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """JSON:API: attributes and relationships inside each record, the last page without a next link."""
    found = [row for row in rows if row["updated_at"] >= query["filter[updated_since]"]]
    number = int(query.get("page[number]", 1))
    page = found[(number - 1) * 3 : number * 3]
    following = f"{url}/{path}?page[number]={number + 1}&filter[updated_since]={query['filter[updated_since]']}"
    return {
        "data": [
            {
                "id": row["id"],
                "type": path,
                "attributes": {"subject": row["subject"], "updated_at": row["updated_at"]},
                "relationships": {"assignee": {"data": row["assignee"] and {"type": "agents", "id": row["assignee"]}}},
                "links": {"self": f"{url}/{path}/{row['id']}"},
            }
            for row in page
        ],
        "links": {"next": following if number * 3 < len(found) else None},
        "meta": {"record_count": len(found)},
    }


def odata(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """OData: a filter in words, `@odata.nextLink` until the last page, `@odata.count` on the first one."""
    field, _, start, _, _, _, end = query["$filter"].split()
    found = [row for row in rows if start <= row[field] < end]
    skip = int(query.get("$skiptoken", 0))
    answer: Row = {"@odata.context": f"{url}/$metadata#{path}", "value": found[skip : skip + 3]}
    if "$count" in query and not skip:
        answer["@odata.count"] = len(found)
    if skip + 3 < len(found):
        answer["@odata.nextLink"] = f"{url}/{path}?$filter={query['$filter']}&$skiptoken={skip + 3}"
    return answer


def scim(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """SCIM: the first row is number 1, the count is exact, and a page may be shorter than was asked for."""
    start, count = int(query["startIndex"]), min(int(query["count"]), 3)
    page = rows[start - 1 : start - 1 + count]
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(rows),
        "startIndex": start,
        "itemsPerPage": len(page),
        "Resources": page,
    }


def exports(url: str, path: str, query: Query, body: Any, rows: list[Row]) -> Any:
    """A job by POST, whose files are lines in gzip; its name says which range of time it has."""
    if body is not None:
        return {"export": {"id": f"{body['from']}_{body['to']}", "state": "queued"}}
    _, _, name, *file = path.split("/")
    start, end = name.split("_")
    found = [row for row in rows if start <= row["archived_at"] < end]
    if file:
        return gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in found[int(file[0]) :: 2]))
    files = [{"url": f"{url}/{path}/{number}"} for number in range(2)]
    return {"export": {"id": name, "state": "finished", "messages": len(found), "files": files}}


_ALL = (tickets, incidents, logs, metrics, graphql, hal, json_api, odata, scim, exports)
DIALECTS: dict[str, Dialect] = {dialect.__name__: dialect for dialect in _ALL}


def moment(day: int, hour: int = 0) -> str:
    """A moment of March 2025, as most APIs write it."""
    return datetime(2025, 3, day, hour, tzinfo=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
