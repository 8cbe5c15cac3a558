"""The front door: every API file becomes assets, checks, jobs, schedules and sensors.

Dagster loads this module (`workspace.yaml`, or `dagster dev -m messaging_assets.definitions`); nothing else
imports it.
"""

from messaging_assets.destination.unreadable_settings import refuse_broken_files
from messaging_assets.foundation.folders import settle_environment

settle_environment()
refuse_broken_files()

from dagster import in_process_executor  # noqa: E402

from messaging_assets.orchestration.code_location import build_code_location  # noqa: E402 - dlt reads its settings on import

# Steps start in no time there.
defs = build_code_location(in_process_executor)
