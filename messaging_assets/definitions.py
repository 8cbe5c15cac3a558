"""The front door: every API file becomes assets, checks, jobs, schedules and sensors.

Dagster loads this module (`workspace.yaml`, or `dagster dev -m messaging_assets.definitions`); nothing else
imports it.
"""

from messaging_assets.loading.undisturbed import made_for_good

with made_for_good():
    from messaging_assets.destination.unreadable_settings import refuse_what_stops_dlt
    from messaging_assets.foundation.folders import settle_environment

    settle_environment()
    refuse_what_stops_dlt()

    from dagster import in_process_executor

    # dlt reads its settings on import.
    from messaging_assets.orchestration.code_location import location_of_this_process

    # Steps start in no time there.
    defs = location_of_this_process(in_process_executor)
