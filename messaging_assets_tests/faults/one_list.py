"""One list of a sandboxed API, synced over a real socket into a DuckDB file, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from dlt.common.storages.load_package import LoadPackageStateInjectableContext

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.assets.failure_sentence import as_failure
from messaging_assets.assets.metadata.hidden_metadata import without_secrets
from messaging_assets.assets.metadata.receipt_metadata import receipt_metadata
from messaging_assets.assets.sync import sync
from messaging_assets.assets.sync_config import SyncConfig
from messaging_assets.assets.translator import ApiTranslator
from messaging_assets.description.api import ApiDescription
from messaging_assets.description.parents import ancestry
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import ProjectFolders, project_folders, settle_environment
from messaging_assets.foundation.redaction import Redaction
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession
from messaging_assets.loading.marks.target import ReadTarget
from messaging_assets.loading.passes.read_pass import PassOptions, ReadPass
from messaging_assets.reading.receipt import Receipt
from messaging_assets.sandbox import Fault, Request, Sandbox
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets.seams.dlt_contexts import entered
from messaging_assets_tests.one_step import context

API, RESOURCE = "messaging", "messages"
OFFSETS = {"type": "offset", "limit": 100}
AT_ONCE = {"retry_on_status_codes": [429, 500, 502, 503, 504], "max_retries": 3, "backoff_factor": 0}


@dataclass
class Outcome:
    """What one sync left behind.

    Attributes:
        failure: why it is red; None when it is green.
        receipt: the metadata of ours, without its namespace.
        table: rows of the table, ordered by id.
        rejected: rows of the rejected table.
        requests: what the API was asked, in order of arrival.
    """

    failure: SyncFailure | None
    receipt: dict[str, Any]
    table: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    @property
    def green(self) -> bool:
        """Whether the asset materialized."""
        return self.failure is None

    @property
    def verdict(self) -> str:
        """The receipt's verdict."""
        return str(self.receipt["verdict"])

    @property
    def reason(self) -> str:
        """The verdict's reason."""
        return str(self.receipt["verdict_reason"])

    @property
    def sentence(self) -> str:
        """What the person reads who is woken by it; empty when green."""
        return str(self.failure or "")

    @property
    def ids(self) -> list[Any]:
        """The keys in the table."""
        return [row["id"] for row in self.table]

    @property
    def asked(self) -> list[int | None]:
        """The offsets that were asked for."""
        return [request.offset for request in self.requests]


class OneList:
    """The list `messages` of the API `messaging`, whose rows and description are the test's own.

    Args:
        sandbox: serves the rows; its settings and faults are the test's too.
        is_whole: whether `outcome` is that of a whole sync.
    """

    api, name = API, RESOURCE

    def __init__(self, sandbox: Sandbox, is_whole: bool = True) -> None:
        self.sandbox, self.is_whole = sandbox, is_whole
        self.client: dict[str, Any] = {
            "auth": {"type": "api_key", "name": "api_key", "location": "query"},
            "max_in_flight": 1,
        }
        self.secrets: dict[str, Any] = {"api_key": sandbox.keys.get(self.api)}
        self.resource: dict[str, Any] = {"primary_key": "id", "write_disposition": "merge"}
        self.endpoint: dict[str, Any] = {"path": "messages", "data_selector": "data", "error_handler": dict(AT_ONCE)}
        sandbox.empty(self.api, self.name)
        self.has(250)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The API's rows, live: what a test does to this list is what the API has."""
        return self.sandbox.rows(self.api, self.name)

    def has(self, rows: int | list[dict[str, Any]]) -> None:
        """Let the API have these rows, or so many."""
        self.rows[:] = [made(number) for number in range(rows)] if isinstance(rows, int) else rows

    def fault(self, **fault: Any) -> None:
        """Let something go wrong with the list's requests; see Fault."""
        self.sandbox.fault(Fault(api=self.api, **fault))

    def describe(self, paginator: Mapping[str, Any] | None = OFFSETS, **endpoint: Any) -> ApiDescription:
        """The API as its file would have it."""
        whole = {**self.endpoint, **endpoint} | ({"paginator": dict(paginator)} if paginator is not None else {})
        client = {"base_url": f"{self.sandbox.url}/{self.api}/v1", **self.client}
        return ApiDescription.model_validate(
            {"name": self.api, "client": client, "resources": [{"name": self.name, "endpoint": whole, **self.resource}]}
        )

    def sync(self, paginator: Mapping[str, Any] | None = OFFSETS, **endpoint: Any) -> Outcome:
        """Sync the list with this paginator and these settings of its endpoint."""
        return self.run(self.describe(paginator, **endpoint), self.name)

    def outcome(self, paginator: Mapping[str, Any] | None = OFFSETS, **endpoint: Any) -> Outcome:
        """What comes of the list, which is only read; with `--whole` it is synced.

        What an answer means is decided while the list is read, so a load proves nothing more.
        """
        return self.came(self.describe(paginator, **endpoint), self.name)

    def came(self, description: ApiDescription, name: str) -> Outcome:
        """The same of a resource of a description."""
        return (self.run if self.is_whole else self.read)(description, name)

    def read(self, description: ApiDescription, name: str) -> Outcome:
        """Read a resource as a sync does, over the same sockets, and load nothing."""
        self.sandbox.forget()
        failure, receipt, came = read_alone(description, name, self.secrets)
        return Outcome(
            failure,
            receipt,
            table=sorted((row for row in came if not (failure or "is_cut" in row)), key=_key),
            rejected=[row for row in came if "is_cut" in row],
            requests=self._requests(),
        )

    def _requests(self) -> list[Request]:
        return [request for request in self.sandbox.requests if request.resource != "token"]

    def run(self, description: ApiDescription, name: str) -> Outcome:
        """Sync a resource of a description."""
        self.sandbox.forget()
        failure: SyncFailure | None = None
        try:
            metadata = synced(description, name, self.secrets)
        except SyncFailure as caught:
            failure, metadata = caught, caught.metadata
        loaded, rejected = tables(project_folders(), description.name, name)
        return Outcome(
            failure,
            _own(metadata),
            table=loaded,
            rejected=rejected,
            requests=self._requests(),
        )


def synced(description: ApiDescription, name: str, secrets: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Sync a resource of a description; its metadata.

    Raises:
        SyncFailure: it is red.
    """
    resource = description.resources_in_full[name]
    credentials, dlt_resource = build_credentials(description, secrets), DagsterDltResource()
    translator = ApiTranslator(description, resource)
    done = sync(context(), description, resource, credentials, dlt_resource, translator, SyncConfig())
    done.acknowledge()
    return done.metadata


def _own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as plain values, without our namespace."""
    return {name.removeprefix("messaging_assets/"): getattr(value, "value", value) for name, value in metadata.items()}


def _as_rows(item: Any) -> list[dict[str, Any]]:
    """Rows of what a sync hands to dlt: Arrow tables, or single records."""
    return item.to_pylist() if hasattr(item, "to_pylist") else [item]


def _key(row: Mapping[str, Any]) -> str:
    return json.dumps(row.get("id"), default=str)


class _NoPackages:
    """Stands where dlt keeps load packages; a read that is not loaded needs none."""

    def get_load_package_state(self, load_id: str) -> dict[str, Any]:
        """What is known of a package."""
        return {}


def read_alone(
    description: ApiDescription, name: str, secrets: Mapping[str, Any] | None
) -> tuple[SyncFailure | None, dict[str, Any], list[dict[str, Any]]]:
    """Read a resource once as a sync does, and load nothing: why it failed, its receipt, and what it would load."""
    settle_environment()
    resource, asset = description.resources_in_full[name], f"{description.name}.{name}"
    credentials, redaction = build_credentials(description, secrets), Redaction()
    redaction.add(*credentials.all_secrets(description))
    receipt, came, caught = Receipt(), list[dict[str, Any]](), None
    with TemporaryDirectory() as home, redaction.on_loggers():
        folders = ProjectFolders(Path(home)).make()
        try:
            base_url = credentials.base_url_for(description)
            makes = Authenticators(description, credentials, redaction)
            auths = {one.name: makes.of(one) for one in ancestry(description, resource)}
            with ApiSession(base_url, description.client, folders.pace / description.name) as session:
                target = ReadTarget(description, resource, session, auths, base_url)
                # As a refresh, which asks no table what it has; there is none.
                source = ReadPass(target, PassOptions(is_whole=True), receipt, {}, lambda line: None).source()
                build_pipeline(description, resource, folders).activate()
                packages: Any = _NoPackages()
                with entered(LoadPackageStateInjectableContext(packages, "read alone")):
                    for item in source:
                        came.extend(_as_rows(item))
        except Exception as error:  # noqa: BLE001 - told as a sync tells it
            caught = error
    failure = as_failure(asset, caught, redaction) if caught else None
    return failure, _own(without_secrets(receipt_metadata(receipt), redaction)), came


def made(number: int) -> dict[str, Any]:
    """A small row."""
    return {"id": f"row_{number:05d}", "number": number}


def ids(*numbers: int) -> list[str]:
    """The keys of rows from one number up to another, or of the first so many."""
    return [made(number)["id"] for number in range(*numbers)]


def shown(payload: Any, request: Request) -> Any:
    """A `rewrite` that changes nothing."""
    return payload


def tables(folders: ProjectFolders, dataset: str, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The table and the rejected table, each empty where it does not exist."""
    if not folders.database.exists():
        return [], []
    with duckdb.connect(str(folders.database), read_only=True) as database:
        return _rows(database, dataset, name), _rows(database, dataset, f"{name}__rejected")


def _rows(database: Any, dataset: str, table: str) -> list[dict[str, Any]]:
    try:
        found = database.execute(f'SELECT * FROM "{dataset}"."{table}"')
    except duckdb.CatalogException:
        return []
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return sorted(rows, key=_key)
