"""The sensor of an API, which looks for new data and asks for a sync of just the resources that have some.

A tick sends at most one request a resource (`orchestration/automation/fingerprint.py`). It compares what that shows
with what it showed when the resource was last requested. Where that is not known, as on the sensor's first tick, the
resource is requested: a run too many rather than news lost. For the same reason a requested resource that its run did
not materialize is requested again, at growing intervals. The cursor moves with a run request only.

Child resources cannot be asked in one request. They are requested together with the resource at the root of
their parents.
"""

import hashlib
from collections.abc import Mapping

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from messaging_assets.assets.credentials import ApiCredentials, credentials_key
from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription
from messaging_assets.description.parents import ancestry, is_child
from messaging_assets.orchestration.automation.jobs import job_name, unfinished_run, waiting_for
from messaging_assets.orchestration.automation.sensor_cursor import Cursor, Requested


def build_sensors(description: ApiDescription) -> list[SensorDefinition]:
    """The sensor `<api>_new_data` where the file has `sensor:`; switched on there or in the UI."""
    own = description.sensor
    if own is None or not description.unpartitioned:
        return []

    @sensor(
        name=f"{description.name}_new_data",
        job_name=job_name(description.name),
        minimum_interval_seconds=own.minimum_interval,
        required_resource_keys={credentials_key(description.name)},
        description=_words(description),
        default_status=DefaultSensorStatus.RUNNING if own.switched_on else DefaultSensorStatus.STOPPED,
    )
    def new_data(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        run = unfinished_run(context.instance, job_name(description.name))
        return SkipReason(waiting_for(run)) if run else _tick(context, description)

    return [new_data]


def _words(description: ApiDescription) -> str:
    text = f"Asks {description.name} with one request a resource for anything new and syncs what changed."
    families = _families(description)
    children = dict.fromkeys(name for root, names in families.items() for name in names if name != root)
    if children:
        text += f" {', '.join(children)}: synced when the list of their parents changes; schedule them for the rest."
    looked_at = {name for names in families.values() for name in names}
    if unseen := [name for name in description.unpartitioned if name not in looked_at]:
        text += (
            f" {', '.join(unseen)}: not looked at, one list for each value of the file, or an export; schedule them."
        )
    return text


def _families(description: ApiDescription) -> dict[str, list[str]]:
    """The selected resources by each one at a root of their parents, which may itself be unselected."""
    families: dict[str, list[str]] = {}
    for name, resource in description.unpartitioned.items():
        for root in ancestry(description, resource):
            # A look at a job would begin one.
            if not is_child(root) and root.endpoint.job is None:
                families.setdefault(root.name, []).append(name)
    return families


def _tick(context: SensorEvaluationContext, description: ApiDescription) -> SensorResult | SkipReason:
    # Imported late: definitions are loaded in less time and memory without what reads an API.
    from messaging_assets.orchestration.automation.look import last_syncs, look

    assert description.sensor is not None
    cursor, families = Cursor.read(context.cursor), _families(description)
    syncs = last_syncs(context.instance, description)
    credentials: ApiCredentials = getattr(context.resources, credentials_key(description.name))
    seen, troubles = look(description, credentials, families, syncs)
    wanted: dict[str, list[str]] = {}
    for root, shown in seen.items():
        known = cursor.resources.get(root, Requested())
        names, after = known.next(families[root], shown, syncs, description.sensor.minimum_interval)
        if names:
            wanted[root], cursor.resources[root] = names, after
        elif unsynced := known.outstanding(syncs):
            troubles.append(f"{', '.join(unsynced)}: not synced by the last run; requested again later.")
    if not wanted:
        count = f"{len(seen)} resource{'' if len(seen) == 1 else 's'}"
        return SkipReason(" ".join([f"Nothing new in {count} of {description.name}.", *troubles]))
    for trouble in troubles:
        context.log.warning(trouble)
    return _request(description, cursor, wanted, families)


def _request(
    description: ApiDescription, cursor: Cursor, wanted: Mapping[str, list[str]], families: Mapping[str, list[str]]
) -> SensorResult:
    cursor.number += 1
    cursor.resources = {root: one for root, one in cursor.resources.items() if root in families}
    shown = repr([(root, cursor.resources[root].fingerprint) for root in sorted(wanted)])
    run_key = f"{description.name}-{cursor.number}-{hashlib.sha256(shown.encode()).hexdigest()[:16]}"
    names = dict.fromkeys(name for names in wanted.values() for name in names)
    keys = [asset_key(description, name) for name in names]
    return SensorResult(run_requests=[RunRequest(run_key, asset_selection=keys)], cursor=cursor.written())
