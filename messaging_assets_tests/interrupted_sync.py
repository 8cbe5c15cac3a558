"""One sync as a process of its own may do it; shared by the tests of interruptions and of writers."""

from __future__ import annotations

from typing import Any


def sync(
    page_size: int = 500,
    endpoint: dict[str, Any] | None = None,
    partition_key: str | None = None,
    partition_range: tuple[str, str] | None = None,
    config: dict[str, Any] | None = None,
    is_in_dagster: bool = False,
    **resource: Any,
) -> dict[str, Any]:
    """One sync of messaging/messages, in a run of Dagster's or without: outcome, error, metadata and keys."""
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets_tests.one_step import alone, in_dagster

    settle_environment().make()
    auth = {"type": "api_key", "name": "api_key", "location": "query"}
    asked = {
        "path": "v1/messages",
        "data_selector": "data",
        "paginator": {"type": "offset", "limit": page_size},
        "error_handler": {"max_retries": 0},
        **(endpoint or {}),
    }
    own = {"name": "messages", "primary_key": "id", "write_disposition": "merge", "endpoint": asked, **resource}
    api = ApiDescription.model_validate(
        {"name": "messaging", "client": {"base_url": "http://sandbox.invalid", "auth": auth}, "resources": [own]}
    )
    if is_in_dagster:
        done = in_dagster(api, config=config, partition_key=partition_key, partition_range=partition_range)
    else:
        done = alone(api, "messages", partition_key=partition_key, config=config)
    rows = table_rows()
    return {
        "green": done.green,
        "error": done.error,
        "tries": done.tries,
        "ids": [row[0] for row in rows],
        "rows": rows,
        "metadata": done.metadata,
        "partition_rows": done.partition_rows,
    }


def table_rows(only: str = "") -> list[tuple[str, ...]]:
    """What is in the table now, in order; the name of the error where it cannot be read.

    Args:
        only: a condition in SQL, with its WHERE; without one, every row.
    """
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.destination.pipelines import loaded_dataset
    from messaging_assets.foundation.folders import settle_environment

    resource = {"name": "messages", "endpoint": "v1/messages"}
    api = ApiDescription.model_validate(
        {"name": "messaging", "client": {"base_url": "http://sandbox.invalid"}, "resources": [resource]}
    )
    dataset = loaded_dataset(api, api.resources_in_full["messages"], settle_environment())
    try:
        with dataset.sql_client as client:
            return sorted(
                tuple(row) for row in client.execute_sql(f"SELECT id, message_id, content FROM messages {only}") or []
            )
    except Exception as error:  # noqa: BLE001 - no table yet, or somebody holds the file: the test says which it wants
        return [(type(error).__name__,)]
