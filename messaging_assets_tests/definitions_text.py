"""Everything that the shipped files become in Dagster, as text to read and compare.

Names are a contract: people and tools build on them. After a change that is meant:

    python -m messaging_assets_tests.definitions_text > messaging_assets_tests/snapshots/definitions.txt
"""

from __future__ import annotations

from collections.abc import Iterator

import click
from dagster import AssetKey, Definitions, SensorDefinition
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph


def definitions_text(definitions: Definitions) -> str:
    """All assets with their checks, jobs, schedules, sensors and resources, a line each, in order."""
    repository = definitions.get_repository_def()
    graph = repository.asset_graph
    lines = ["assets"]
    for key in sorted(graph.get_all_asset_keys()):
        lines += _asset(graph, key)
    lines.append("jobs")
    for job in sorted(repository.get_all_jobs(), key=lambda one: one.name):
        lines += [f"  {job.name}: {', '.join(sorted(node.name for node in job.nodes))}"] if job.nodes else []
    lines.append("schedules")
    for schedule in sorted(repository.schedule_defs, key=lambda one: one.name):
        words = f"{schedule.cron_schedule} {schedule.execution_timezone}, {schedule.default_status.value}"
        lines.append(f"  {schedule.name} ({words}) -> {schedule.job_name}")
    lines.append("sensors")
    lines += [_sensor(sensor) for sensor in sorted(repository.sensor_defs, key=lambda one: one.name)]
    lines.append("resources")
    for name, resource in sorted(repository.get_top_level_resources().items()):
        fields = sorted(getattr(resource.config_schema.config_type, "fields", {}))
        lines.append(f"  {name}: {', '.join(fields)}")
    return "\n".join(lines) + "\n"


def _asset(graph: AssetGraph, key: AssetKey) -> Iterator[str]:
    node = graph.get(key)
    retries = node.assets_def.op.retry_policy if node.is_materializable else None
    yield f"  {node.key.to_user_string()}" + (f" ({retries.max_retries} retries)" if retries else " (external)")
    for parent in sorted(node.parent_keys):
        yield f"    from {parent.to_user_string()}"
    for check in sorted(node.check_keys, key=lambda one: one.name):
        yield f"    check {check.name}"


def _sensor(sensor: SensorDefinition) -> str:
    targets = ", ".join(sorted(target.job_name for target in sensor.targets)) or "no job"
    words = f"every {sensor.minimum_interval_seconds} s, {sensor.default_status.value}"
    return f"  {sensor.name} ({words}) -> {targets}"


if __name__ == "__main__":
    from messaging_assets.orchestration.code_location import build_code_location

    click.echo(definitions_text(build_code_location()), nl=False)
