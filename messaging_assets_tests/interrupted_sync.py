"""One sync as a process of its own may do it; shared by the tests of interruptions and of writers."""

from __future__ import annotations

from typing import Any

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def sync(
    page_size: int = 500,
    endpoint: dict[str, Any] | None = None,
    partition_key: str | None = None,
    partition_range: tuple[str, str] | None = None,
    config: dict[str, Any] | None = None,
    **resource: Any,
) -> dict[str, Any]:
    """One sync of messaging/messages with a Dagster instance of its own: outcome, error, metadata and keys."""
    from dagster import DagsterInstance, materialize

    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.assets.resource_asset import build_assets
    from messaging_assets.description.api import ApiDescription
    from messaging_assets.foundation.folders import settle_environment
    from messaging_assets.orchestration.asset_status import reason_of
    from messaging_assets.seams.dagster_dlt import DagsterDltResource

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
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            build_assets(api),
            instance=instance,
            resources={"dlt": DagsterDltResource(), "messaging_credentials": build_credentials(api)},
            partition_key=partition_key,
            tags=dict(zip(_RANGE, partition_range, strict=True)) if partition_range else None,
            run_config={"ops": {"messaging__messages": {"config": config}}} if config else None,
            raise_on_error=False,
        )
        events = [event.materialization for event in result.get_asset_materialization_events()]
        failures = [reason_of(event) for event in result.get_step_failure_events()]
        attempts = sum(event.is_step_start or event.is_step_restarted for event in result.all_events)
    metadata = {name: value.value for name, value in events[0].metadata.items()} if events else {}
    rows = table_rows()
    return {
        "green": result.success,
        "error": (failures or [""])[0],
        "attempts": attempts,
        "ids": [row[0] for row in rows],
        "rows": rows,
        "metadata": metadata,
        "partition_rows": {one.partition: one.metadata["dagster/partition_row_count"].value for one in events}
        if partition_key or partition_range
        else {},
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
