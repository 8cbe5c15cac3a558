"""PyAirbyte reads the benchmark's API into DuckDB; run by the Python of its own virtual environment.

python airbyte_sync.py URL LIMIT DATABASE
"""

import json
import sys
import time
from pathlib import Path


def manifest(url: str, limit: int) -> dict:
    """The API in Airbyte's declarative language."""
    properties = {
        "id": {"type": "string"},
        "channel_id": {"type": ["null", "integer"]},
        "sender": {"type": ["null", "string"]},
        "content": {"type": ["null", "string"]},
        "priority": {"type": ["null", "integer"]},
        "score": {"type": ["null", "number"]},
        "delivered": {"type": ["null", "boolean"]},
        "sent_at": {"type": ["null", "string"], "format": "date-time"},
        "edited_at": {"type": ["null", "string"], "format": "date-time"},
        "reactions": {"type": ["null", "array"]},
    }
    stream = {
        "type": "DeclarativeStream",
        "name": "rows",
        "primary_key": ["id"],
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": url, "path": "/rows", "http_method": "GET"},
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_size_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "limit",
                },
                "page_token_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "offset",
                },
                "pagination_strategy": {"type": "OffsetIncrement", "page_size": limit},
            },
        },
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": {"type": "object", "$schema": "http://json-schema.org/schema#", "properties": properties},
        },
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["rows"]},
        "streams": [stream],
        "spec": {
            "type": "Spec",
            "connection_specification": {
                "type": "object",
                "$schema": "http://json-schema.org/draft-07/schema#",
                "properties": {},
            },
        },
    }


def main() -> None:
    """Sync once and print the seconds."""
    import airbyte as ab
    from airbyte.caches import DuckDBCache

    url, limit, database = sys.argv[1:]
    source = ab.get_source("source-bench", source_manifest=manifest(url, int(limit)), config={})
    source.select_all_streams()
    cache = DuckDBCache(db_path=Path(database), schema_name="bench")
    started, cpu = time.perf_counter(), time.process_time()
    result = source.read(cache=cache)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "facts": {"rows": result.processed_records}}))


if __name__ == "__main__":
    main()
