"""The sensor of an API, which looks for new data and asks for a sync of just the resources that have some.

A tick sends at most one request a resource (`orchestration/automation/fingerprint.py`). It compares what that shows
with what it showed when the resource was last requested. Where that is not known, as on the sensor's first tick, the
resource is requested: a run too many rather than news lost. For the same reason a requested resource that its run did
not materialize is requested again, at growing intervals. The cursor moves with a run request only.

Child resources cannot be asked in one request. They are requested together with the resource at the root of
their parents.
"""

import hashlib
import logging
import random
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any

from dagster import (
    AssetKey,
    AssetMaterialization,
    DagsterInstance,
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
from messaging_assets.description.api import ApiDescription, Client, Timeout
from messaging_assets.description.parents import ancestry, is_child
from messaging_assets.foundation.failures import SyncFailure, TryAgainLater
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.orchestration.automation.fingerprint import LAST_CURSOR, Probe, is_incremental
from messaging_assets.orchestration.automation.jobs import job_name, unfinished_run, waiting_for
from messaging_assets.orchestration.automation.sensor_cursor import Cursor, LastSync, Requested

# Seconds of a tick in which answers are waited for; Dagster itself ends a tick after 60.
LOOKING_TIME = 25.0
_ANSWER_TIME = 10.0
_SYNCS_LOOKED_BACK = 100
_logger = logging.getLogger(__name__)


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
    assert description.sensor is not None
    cursor, families = Cursor.read(context.cursor), _families(description)
    syncs = _last_syncs(context.instance, description)
    credentials: ApiCredentials = getattr(context.resources, credentials_key(description.name))
    seen, troubles = _look(description, credentials, families, syncs)
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


def _last_syncs(instance: DagsterInstance, description: ApiDescription) -> dict[str, LastSync]:
    keys = {name: asset_key(description, name) for name in description.unpartitioned}
    events = instance.get_latest_materialization_events(keys.values())
    syncs = dict.fromkeys(keys, LastSync())
    for name, key in keys.items():
        event = events.get(key)
        if event and event.asset_materialization:
            metadata = _plain(event.asset_materialization)
            if LAST_CURSOR not in metadata and is_incremental(description.resources_in_full[name]):
                metadata[LAST_CURSOR] = _earlier_cursor(instance, key)
            syncs[name] = LastSync(f"{event.run_id} {event.timestamp}", metadata)
    return syncs


def _earlier_cursor(instance: DagsterInstance, key: AssetKey) -> Any:
    """The cursor of the last sync that got any row: one that got none has none to tell."""
    records = instance.fetch_materializations(key, limit=_SYNCS_LOOKED_BACK).records
    cursors = (_plain(one.asset_materialization).get(LAST_CURSOR) for one in records if one.asset_materialization)
    return next((cursor for cursor in cursors if cursor is not None), None)


def _plain(materialization: AssetMaterialization) -> dict[str, Any]:
    return {name: value.value for name, value in materialization.metadata.items()}


def _look(
    description: ApiDescription,
    credentials: ApiCredentials,
    roots: Iterable[str],
    syncs: Mapping[str, LastSync],
) -> tuple[dict[str, str | None], list[str]]:
    """Fingerprints by resource, and a sentence for each that could not be looked at."""
    redaction = Redaction()
    base_url = credentials.base_url_for(description)
    pace = settle_environment().make().pace / description.name
    auths = Authenticators(description, credentials, redaction)
    probes: list[Probe] = []
    troubles: list[str] = []
    with ApiSession(base_url, _hurried(description.client), pace) as session:
        for root in roots:
            resource = description.resources_with_unselected[root]
            last = syncs.get(root, LastSync()).metadata
            try:
                probes.append(Probe(description, resource, session, auths.of(resource), base_url, last))
            except SyncFailure as failure:
                troubles.append(str(failure))
        seen = _ask(probes, description.client.max_in_flight, troubles, redaction)
    return seen, [redaction(trouble) for trouble in sorted(troubles)]


def _ask(probes: list[Probe], at_once: int, troubles: list[str], redaction: Redaction) -> dict[str, str | None]:
    # In another order each time: where a slow API leaves no time for all, it is not always the same ones'.
    random.shuffle(probes)
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="new-data")
    # Before the first request leaves, and until the last has come back, which may be after the tick.
    redacting = ExitStack()
    redacting.enter_context(redaction.on_loggers())
    asked = {pool.submit(probe.fingerprint): probe for probe in probes}
    _close_when_done(redacting, list(asked))
    done, late = wait(asked, timeout=LOOKING_TIME)
    # Not waited for: what hangs ends by its own time limits, and the tick is over in time.
    pool.shutdown(wait=False, cancel_futures=True)
    troubles += [f"{asked[one].asset}: no answer within this tick; the next looks again." for one in late]
    seen: dict[str, str | None] = {}
    for future in done:
        failure = future.exception()
        if failure is None:
            seen[asked[future].resource.name] = future.result()
        else:
            troubles.append(_sentence(asked[future].asset, failure))
    return seen


def _close_when_done(stack: ExitStack, futures: list[Future[Any]]) -> None:
    def finish(_: Any = None) -> None:
        if all(future.done() for future in futures):
            stack.close()

    for future in futures:
        future.add_done_callback(finish)
    finish()


def _sentence(asset: str, failure: BaseException) -> str:
    if isinstance(failure, TryAgainLater) and failure.wait_seconds is not None:
        seconds = f"{failure.wait_seconds:.0f} s"
        return f"{asset}: the API asks to be left alone for {seconds}; a later tick looks again."
    if isinstance(failure, SyncFailure):
        return str(failure)
    _logger.debug("%s: the look for new data failed", asset, exc_info=failure)
    # A stranger's text may hold anything, so its name must do.
    return f"{asset}: looking for new data failed with {type(failure).__name__}; start a sync to see more."


def _hurried(client: Client) -> Client:
    """The client with time limits that suit a tick."""
    own = client.timeout
    limits = {name: min(getattr(own, name), _ANSWER_TIME) for name in ("connect", "read", "total")}
    return client.model_copy(update={"timeout": Timeout(**limits)})
