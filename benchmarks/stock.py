"""The stock stack as its documentation writes it: rest_api_source, @dlt_assets, DagsterDltResource, default loader.

BENCH_URL is the API, BENCH_DATABASE the DuckDB file, BENCH_LIMIT the rows a page, BENCH_RESOURCES the resources' names.
"""

import os
import warnings

import dlt
from dagster import AssetExecutionContext, Definitions, define_asset_job
from dlt.sources.rest_api import rest_api_source

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    try:
        from dagster_embedded_elt.dlt import DagsterDltResource, dlt_assets
    except ModuleNotFoundError:
        from dagster_dlt import DagsterDltResource, dlt_assets

_NAMES = os.environ.get("BENCH_RESOURCES", "rows").split(",")
_PAGINATOR = {"type": "offset", "limit": int(os.environ.get("BENCH_LIMIT", "100"))}

_source = rest_api_source(
    {
        "client": {"base_url": os.environ.get("BENCH_URL", "http://127.0.0.1:1")},
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [
            {"name": name, "endpoint": {"path": "/rows", "data_selector": "data", "paginator": _PAGINATOR}}
            for name in _NAMES
        ],
    }
)
_pipeline = dlt.pipeline(
    "bench", destination=dlt.destinations.duckdb(os.environ.get("BENCH_DATABASE")), dataset_name="bench"
)


@dlt_assets(dlt_source=_source, dlt_pipeline=_pipeline, name="bench", group_name="bench")
def bench_assets(context: AssetExecutionContext, dlt: DagsterDltResource):
    """Every resource of the API."""
    yield from dlt.run(context=context)


defs = Definitions(
    assets=[bench_assets],
    resources={"dlt": DagsterDltResource()},
    jobs=[define_asset_job("bench_sync", selection=[bench_assets])],
)
