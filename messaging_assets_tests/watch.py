"""A new-data sensor under test: its API, its cursor kept as the daemon keeps it, its ticks."""

from __future__ import annotations

from typing import Any

from dagster import AssetKey, AssetMaterialization, DagsterInstance, RunRequest, build_sensor_context
from dagster._core.definitions.sensor_definition import SensorExecutionData

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.description.api import ApiDescription
from messaging_assets.orchestration.api_definitions import definitions_for

OFFSET = {"type": "offset", "limit": 100}


def described(api: str, resources: list[dict[str, Any]], **changes: Any) -> ApiDescription:
    key = {"type": "api_key", "name": "api_key", "location": "query"}
    return ApiDescription.model_validate(
        {
            "name": api,
            "client": {"base_url": "http://sandbox.invalid", "auth": key},
            "resource_defaults": {
                "primary_key": "id",
                "write_disposition": "merge",
                "endpoint": {"data_selector": "data", "paginator": OFFSET},
            },
            "resources": resources,
            "sensor": {"minimum_interval": 30},
            **changes,
        }
    )


def one_resource(changes: dict[str, Any] | None = None, **more: Any) -> ApiDescription:
    endpoint = {"path": "v1/messages", **(changes or {})}
    return described("messaging", [{"name": "messages", "endpoint": endpoint}], **more)


def team_chat(*more: dict[str, Any], **changes: Any) -> ApiDescription:
    lists = [{"name": name, "endpoint": f"v1/{name}"} for name in ("users", "channels", "messages")]
    client = {"base_url": "http://sandbox.invalid", "auth": {"type": "oauth2"}}
    return described("team_messaging", [*lists, *more], client=client, **changes)


class Watch:
    """A sensor, its cursor kept as the daemon keeps it."""

    def __init__(self, description: ApiDescription, instance: DagsterInstance) -> None:
        self.api, self.instance = description.name, instance
        self.cursor: str | None = None
        self.description, self.definitions = description, definitions_for(description)
        self.repository = self.definitions.get_repository_def()
        self.sensor = self.repository.get_sensor_def(f"{self.api}_new_data")

    def tick(self) -> SensorExecutionData:
        key = credentials_key(self.api)
        context = build_sensor_context(
            self.instance,
            self.cursor,
            repository_def=self.repository,
            sensor_name=self.sensor.name,
            resources={key: build_credentials(self.description)},
        )
        with context:
            outcome = self.sensor.evaluate_tick(context)
        assert (outcome.cursor != self.cursor) == bool(outcome.run_requests), "the cursor moves with a run request"
        self.cursor = outcome.cursor
        return outcome

    def request(self) -> RunRequest:
        """The one run that a tick requests."""
        [request] = self.tick().run_requests or []
        return request

    def requested(self) -> set[str]:
        """The resources that a tick requests."""
        outcome = self.tick()
        assert len(outcome.run_requests or []) <= 1
        return {key.path[1] for request in outcome.run_requests or [] for key in request.asset_selection or []}

    def skipped(self) -> str:
        """Why a tick requests nothing."""
        outcome = self.tick()
        assert not outcome.run_requests
        return str(outcome.skip_message)

    def materialized(self, *resources: str, **metadata: Any) -> None:
        """Let the resources look as their sync leaves them."""
        named = {f"messaging_assets/{name}": value for name, value in metadata.items()}
        for resource in resources:
            event = AssetMaterialization(AssetKey([self.api, resource]), metadata=named)
            self.instance.report_runless_asset_event(event)
