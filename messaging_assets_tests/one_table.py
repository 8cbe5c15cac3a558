"""One resource, synced whole from the sandbox into its destination, as often and in as many ways as a test wants."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from dlt.dataset import Dataset
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.pipeline import Pipeline

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.destination.pipelines import build_pipeline, loaded_dataset
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading.replay.replay import Replayed, replay
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.one_step import Done, History, alone, in_dagster

API, RESOURCE = "generic_rest", "resource_name"
# An integer that Python itself refuses to write; the API does not.
HUGE = "5,000 digits"


class OneTable:
    """The asset `generic_rest/resource_name` with rows and a description of the test's own.

    Args:
        sandbox: serves the rows.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.history = sandbox, History()
        self.described: dict[str, Any] = {"primary_key": "id", "write_disposition": "merge"}
        self.page_size = 100

    def describe(self, **resource: Any) -> ApiDescription:
        """The API with one resource, whose settings stay for later syncs."""
        self.described.update(resource)
        # Pages lie side by side, so that a test can tell a row's page.
        paginator = {"type": "offset", "limit": self.page_size, "overlap": 0}
        endpoint = {
            "path": "v1/resource",
            "data_selector": "data",
            "paginator": paginator,
            # A failure is what a test asked for: nothing is tried again.
            "error_handler": {"max_retries": 0},
        }
        return ApiDescription.model_validate(
            {
                "name": API,
                "client": {
                    "base_url": "http://sandbox.invalid",
                    "auth": {"type": "api_key", "name": "api_key", "location": "query"},
                },
                "resources": [{"name": RESOURCE, "endpoint": endpoint, **self.described}],
            }
        )

    def sync(self, rows: Sequence[Any] | None = None, **resource: Any) -> Done:
        """Let the API have these rows, whatever they are, and sync them."""
        if rows is not None:
            self.serve(rows)
        settle_environment()
        return alone(self.describe(**resource), RESOURCE, self.history)

    def run(self, rows: Sequence[Any] | None = None, **resource: Any) -> Done:
        """The same in a run of Dagster's, for what Dagster makes of a sync."""
        if rows is not None:
            self.serve(rows)
        settle_environment()
        return in_dagster(self.describe(**resource))

    def check(self, **resource: Any) -> Done:
        """Answer the checks alone."""
        settle_environment()
        return alone(self.describe(**resource), RESOURCE, self.history, checks_only=True)

    def serve(self, rows: Sequence[Any]) -> None:
        """Let the API have these rows, as Python's own json writes them: NaN and lone surrogates too."""

        def page(payload: Any, request: Any) -> bytes:
            start = request.offset or 0
            data = list(rows)[start : start + self.page_size]
            return json.dumps({"data": data}).replace(f'"{HUGE}"', "1" * 5_000).encode()

        self.sandbox.faults.clear()
        self.sandbox.fault(Fault(api=API, rewrite=page))

    def rows(
        self, query: str = f"SELECT * FROM {RESOURCE} ORDER BY id", *, own_only: bool = True
    ) -> list[dict[str, Any]]:
        """Rows of a query in the destination, dlt's own columns left out."""
        with self.sql() as client, client.execute_query(query) as cursor:
            names = list(cursor._get_columns())
            return [
                {
                    name: value
                    for name, value in zip(names, row, strict=True)
                    if not (own_only and name.startswith("_dlt"))
                }
                for row in cursor.fetchall()
            ]

    def rejected(self) -> list[dict[str, Any]]:
        """The rows of the rejected table."""
        return self.rows(f"SELECT * FROM {RESOURCE}__rejected ORDER BY page, reason")

    def execute(self, statement: str) -> None:
        """Change the destination by hand."""
        with self.sql() as client:
            client.execute_sql(statement)

    def columns(self) -> dict[str, str]:
        """Column name -> data type as the destination has them."""
        found = self.rows(
            "SELECT column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = '{API}' AND table_name = '{RESOURCE}'"
        )
        return {row["column_name"]: row["data_type"] for row in found if not row["column_name"].startswith("_dlt")}

    def sql(self) -> Any:
        """dlt's own SQL client of the destination."""
        return self.pipeline().sql_client()

    def pipeline(self) -> Pipeline:
        """The resource's own pipeline."""
        description = self.describe()
        return build_pipeline(description, description.resources_in_full[RESOURCE], settle_environment())

    def dataset(self) -> Dataset:
        """The dataset that the checks ask."""
        description = self.describe()
        return loaded_dataset(description, description.resources_in_full[RESOURCE], settle_environment())

    def table_exists(self) -> bool:
        """Whether the destination has the table."""
        try:
            self.execute(f"SELECT 1 FROM {RESOURCE} WHERE 1 = 0")
        except DatabaseUndefinedRelation:
            return False
        return True

    def resource(self) -> Resource:
        """The resource as it is described now."""
        return self.describe().resources_in_full[RESOURCE]


def replayed(table: OneTable, **resource: Any) -> Replayed:
    """Mend the file, and replay what was set aside."""
    return replay(table.describe(**resource), RESOURCE, settle_environment().make())
