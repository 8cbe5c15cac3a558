"""Singer reads the benchmark's API into DuckDB: tap-rest-api-msdk, piped into target-duckdb.

    python singer_sync.py URL LIMIT DATABASE

Run by the Python of its own virtual environment, whose programs lie beside it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    """Sync once and print the seconds."""
    url, limit, database = sys.argv[1:]
    programs, folder = Path(sys.executable).parent, Path(database).parent
    tap, target = folder / "tap.json", folder / "target.json"
    stream = {"name": "rows", "path": "/rows", "records_path": "$.data[*]", "primary_keys": ["id"]}
    paging = {
        "pagination_request_style": "simple_offset_paginator",
        "pagination_response_style": "offset",
        "offset_records_jsonpath": "$.data",
        "pagination_initial_offset": 0,
        "pagination_page_size": int(limit),
        "pagination_limit_per_page_param": "limit",
        "pagination_next_page_param": "offset",
    }
    tap.write_text(json.dumps({"api_url": url, "streams": [stream], **paging}))
    target.write_text(json.dumps({"path": database, "default_target_schema": "bench"}))
    started = time.perf_counter()
    with (folder / "state.json").open("wb") as state:
        source = subprocess.Popen([programs / "tap-rest-api-msdk", "--config", tap], stdout=subprocess.PIPE)
        sink = subprocess.Popen([programs / "target-duckdb", "--config", target], stdin=source.stdout, stdout=state)
        source.stdout.close()
        codes = sink.wait(), source.wait()
    if any(codes):
        raise SystemExit(f"target and tap ended with {codes}")
    print(json.dumps({"seconds": time.perf_counter() - started, "facts": {}}))


if __name__ == "__main__":
    main()
