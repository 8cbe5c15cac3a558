"""What the report tells: Dagster's history of each asset, and what the destinations keep of its syncs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from messaging_assets.foundation.redaction import Redaction, one_line
from messaging_assets.orchestration.asset_status import AssetStatus, read_statuses

if TYPE_CHECKING:
    from messaging_assets.description.api import ApiDescription, Resource
    from messaging_assets.foundation.folders import ProjectFolders
    from messaging_assets.tables.notes.sync_history import HistoryRow
    from messaging_assets.tables.table_rows import TableRows

# Days that the page looks back.
DAYS = 30
_COLUMNS = (
    "sync_id",
    "api",
    "resource",
    "state",
    "ended_at",
    "verdict",
    "reason",
    "rows_loaded",
    "requests",
    "retries",
    "seconds",
)
# Seconds that the page waits for a DuckDB file that a sync holds.
_LONGEST_WAIT = 20.0


@dataclass
class ResourceFacts:
    """What is known of one asset.

    Args:
        name: the resource's name.
        status: what Dagster remembers of it.
        description: what the file says of it.
        fresh_hours: hours after which it is stale, if the file says so.
        syncs: its past syncs, oldest first.
        reasons: how many records are set aside, by reason.
    """

    name: str
    status: AssetStatus
    description: str = ""
    fresh_hours: float | None = None
    syncs: list[HistoryRow] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)

    def rows_by_day(self, today: date) -> list[tuple[date, int]]:
        """Rows loaded on each of the last days, today's last."""
        days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
        loaded: Counter[date] = Counter()
        for one in self.syncs:
            loaded[one.ended_at.date()] += one.rows_loaded if one.state != "failed" else 0
        return [(day, loaded[day]) for day in days]

    @property
    def seconds(self) -> float | None:
        """How long a sync of it takes, in the middle of those that loaded."""
        found = [one.seconds for one in self.syncs if one.state == "synced"]
        return median(found) if found else None


@dataclass
class ApiFacts:
    """What is known of one API.

    Args:
        name: its name.
        description: what the file says of it.
        resources: its assets.
        trouble: why its destination could not be asked.
    """

    name: str
    description: str = ""
    resources: list[ResourceFacts] = field(default_factory=list)
    trouble: str | None = None


def gathered(descriptions: Sequence[ApiDescription], folders: ProjectFolders, now: datetime) -> list[ApiFacts]:
    """What is known of some APIs.

    Args:
        descriptions: the APIs.
        folders: where the default DuckDB file is.
        now: when the page is made.
    """
    # In the order of the APIs and their resources.
    statuses = iter(read_statuses(descriptions))
    return [_api(description, statuses, folders, now) for description in descriptions]


def _api(
    description: ApiDescription, statuses: Iterator[AssetStatus], folders: ProjectFolders, now: datetime
) -> ApiFacts:
    from messaging_assets.assets.credentials import build_credentials
    from messaging_assets.assets.failure_sentence import as_failure

    redaction = Redaction(build_credentials(description).all_secrets(description))
    facts = ApiFacts(description.name, description.description or "")
    for resource in description.resources_in_full.values():
        status = next(statuses)
        status.reason = one_line(redaction(status.reason)) if status.reason else None
        hours = resource.freshness.fail_after if resource.freshness else None
        facts.resources.append(ResourceFacts(resource.name, status, resource.description or "", hours))
    try:
        _ask_destination(description, folders, facts, redaction, now - timedelta(days=DAYS))
    except Exception as error:  # noqa: BLE001 - the page tells what Dagster knows all the same
        facts.trouble = str(as_failure(description.name, error, redaction))
    return facts


def _ask_destination(
    description: ApiDescription, folders: ProjectFolders, facts: ApiFacts, redaction: Redaction, since: datetime
) -> None:
    from messaging_assets.destination.pipelines import destination_profile, keeps_rows_by_sql, loaded_dataset
    from messaging_assets.seams.dlt_settings import own_settings
    from messaging_assets.tables.table_rows import dataset_rows

    if not keeps_rows_by_sql():
        facts.trouble = "the destination is files, which have no history of syncs"
        return
    resources = description.resources_in_full
    if not resources:
        return
    dataset = loaded_dataset(description, next(iter(resources.values())), folders)
    with own_settings(), dataset_rows(dataset, destination_profile(folders).longest_name, _LONGEST_WAIT) as rows:
        past = _past(rows, description.name, since, redaction)
        for one in facts.resources:
            one.syncs = [sync for sync in past if sync.resource == one.name]
            one.reasons = _reasons(rows, resources[one.name], redaction)


def _past(rows: TableRows, api: str, since: datetime, redaction: Redaction) -> list[HistoryRow]:
    from messaging_assets.description.names import HISTORY
    from messaging_assets.tables.notes.moments import utc_of
    from messaging_assets.tables.notes.sync_history import OF_API, HistoryRow

    if not rows.is_there(HISTORY):
        return []
    listed = ", ".join(map(rows.column, _COLUMNS))
    ended = rows.column("ended_at")
    query = f"SELECT {listed} FROM {rows.qualified(HISTORY)} WHERE {OF_API} AND {ended} > %s ORDER BY {ended}"
    found = rows.select(query, (api, since))
    named = (dict(zip(_COLUMNS, row, strict=True)) for row in found)
    return [
        HistoryRow(**{**one, "reason": one_line(redaction(one["reason"] or "")), "ended_at": utc_of(one["ended_at"])})
        for one in named
    ]


def _reasons(rows: TableRows, resource: Resource, redaction: Redaction) -> Counter[str]:
    from messaging_assets.loading.replay.set_aside import SetAsideRows

    aside = SetAsideRows(rows, resource)
    counted: Counter[str] = Counter()
    if aside.is_there:
        for one in aside.by_reason():
            counted[one_line(redaction(one.reason))] += one.records
    return counted
