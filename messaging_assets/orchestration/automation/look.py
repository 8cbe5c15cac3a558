"""The looks of one tick: a request for each resource, side by side and within the time that a tick has."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import Any

from dagster import AssetKey, AssetMaterialization, DagsterInstance

from messaging_assets.assets.credentials import ApiCredentials
from messaging_assets.assets.translator import asset_key
from messaging_assets.description.api import ApiDescription, Client, Timeout
from messaging_assets.foundation.failures import SyncFailure, TryAgainLater
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.orchestration.automation.fingerprint import LAST_CURSOR, Probe, is_incremental
from messaging_assets.orchestration.automation.sensor_cursor import LastSync

# Seconds of a tick in which answers are waited for; Dagster itself ends a tick after 60.
LOOKING_TIME = 25.0
_ANSWER_TIME = 10.0
_SYNCS_LOOKED_BACK = 100
_logger = logging.getLogger(__name__)


def last_syncs(instance: DagsterInstance, description: ApiDescription) -> dict[str, LastSync]:
    """The last sync of each resource, as its materialization tells of it.

    Args:
        instance: where the materializations are.
        description: the API.
    """
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


def look(
    description: ApiDescription,
    credentials: ApiCredentials,
    roots: Iterable[str],
    syncs: Mapping[str, LastSync],
) -> tuple[dict[str, str | None], list[str]]:
    """Ask resources for what is new, side by side.

    Args:
        description: the API.
        credentials: its secrets and address.
        roots: the resources.
        syncs: the last sync of each.

    Returns:
        Fingerprints by resource, and a sentence for each that could not be looked at.
    """
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
