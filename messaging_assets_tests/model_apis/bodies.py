"""Rows in the formats that answers are written in."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from typing import Any
from xml.sax.saxutils import escape

FIELDS = ["id", "at", "name", "amount", "is_on", "tags"]
_TYPES = {
    "json": "application/json",
    "lists": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "xml": "application/xml",
}


def body_of(rows: list[dict[str, Any]], said: dict[str, Any], traits: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """A page, with what the API says beside it where its format has room; and its headers."""
    kind = traits["format"]
    if kind == "json":
        text = json.dumps({"data": rows, **said})
    elif kind == "lists":
        text = json.dumps({"data": [[row[name] for name in FIELDS] for row in rows], **said})
    elif kind == "ndjson":
        text = "".join(json.dumps(row) + "\n" for row in rows)
    elif kind == "xml":
        text = _xml(rows, said)
    else:
        text = _table(rows, "\t" if kind == "tsv" else ",")
    body = text.encode()
    headers = {"Content-Type": _TYPES.get(kind, "text/tab-separated-values")}
    if traits["packed"] == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("rows", body)
        return out.getvalue(), headers
    if traits["packed"]:
        of_encoding = {"Content-Encoding": "gzip"} if traits["packed"] == "encoding" else {}
        return gzip.compress(body, 1), {**headers, **of_encoding}
    return body, headers


def _plain(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return json.dumps(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _table(rows: list[dict[str, Any]], delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(FIELDS)
    writer.writerows([[_plain(row[name]) for name in FIELDS] for row in rows])
    return out.getvalue()


def _xml(rows: list[dict[str, Any]], said: dict[str, Any]) -> str:
    shown = "".join(
        "<row>" + "".join(f"<{name}>{escape(_plain(value))}</{name}>" for name, value in row.items()) + "</row>"
        for row in rows
    )
    return f"<answer>{''.join(f'<{k}>{_plain(v)}</{k}>' for k, v in said.items())}<rows>{shown}</rows></answer>"
