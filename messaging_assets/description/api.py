"""The shape of an API file: what one REST API is, in dlt's words wherever dlt has one.

Every model mirrors the file and is frozen; translation into dlt's own dict happens in `loading/passes/api_reader.py`.
The words come from dlt's rest_api source
(https://dlthub.com/docs/dlt-ecosystem/verified-sources/rest_api/basic); what is ours says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, field_validator, model_validator

from messaging_assets.description.authentication import Auth, Described, Host, WebAddress
from messaging_assets.description.automation import Schedule, Sensor
from messaging_assets.description.endpoint import Endpoint, ErrorHandler, ErrorInBody, ResponseAction
from messaging_assets.description.incremental import Incremental
from messaging_assets.description.pagination import Paginator
from messaging_assets.description.resource import (
    Checkpoint,
    Checks,
    Resource,
    ResourceDefaults,
    Retention,
    laid_over,
)
from messaging_assets.description.table import Column, SchemaContract
from messaging_assets.description.ways.named_secrets import with_secrets_in_auth

__all__ = [
    "ApiDescription",
    "Checkpoint",
    "Checks",
    "Client",
    "Column",
    "Endpoint",
    "ErrorHandler",
    "ErrorInBody",
    "Incremental",
    "Resource",
    "ResourceDefaults",
    "ResponseAction",
    "Retention",
    "SchemaContract",
    "Setting",
    "Timeout",
]


KeyPart = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Timeout(Described):
    """Time limits of one request, in seconds."""

    connect: float = Field(10, gt=0)
    """Seconds to a connection, at most."""
    read: float = Field(60, gt=0)
    """Seconds of silence between two bytes, at most."""
    total: float = Field(300, gt=0)
    """Seconds from the connection to the last byte of the answer, at most."""


class Client(Described):
    """Where the API is and how to talk to it."""

    base_url: WebAddress
    """The API's address, without parameters; no other origin is asked, tokens and `allowed_hosts` aside."""
    allowed_hosts: list[Host] = Field(default_factory=list)
    """Further hosts of the API, which get its secrets too: `eu.example.com`, or all below one, `*.example.com`."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Sent with each request; no secrets."""
    auth: Auth | None = None
    """How requests are authenticated; a word such as `bearer` where nothing more is to be said."""
    paginator: Paginator | None = None
    """How pages go on, for endpoints that do not say."""
    timeout: Timeout = Field(default_factory=Timeout)
    """Time limits of a request."""
    requests_per_second: float | None = Field(None, gt=0)
    """The API's budget, for all its assets on this machine together, or on all machines (docs/scale.md)."""
    max_in_flight: int = Field(8, ge=1, le=64)
    """Requests at once, at most: countable pages, lists, windows, resources; it begins at 2 and finds its level."""
    maximum_bytes: int = Field(256_000_000, ge=1)
    """Bytes of one answer, decompressed, at most; a larger one is red."""
    ca_file: str | None = None
    """A file of trusted certificates, for an API inside the house."""


class Setting(Described):
    """What differs from one user or account to the next, and is no secret; a value alone is its default."""

    default: str | int | float | bool | None = None
    """Its value where neither the environment nor an account has one."""
    description: str | None = None
    """One sentence, for whoever sets it."""

    @model_validator(mode="before")
    @classmethod
    def _default_alone(cls, value: Any) -> Any:
        return value if isinstance(value, (dict, Setting)) else {"default": value}


@dataclass(frozen=True)
class Tenancy:
    """Which of a file's accounts an API is.

    Args:
        api: the name that the API has without accounts.
        account: this account's name.
        dataset: the dataset that the API has without accounts.
        datasets: those of all accounts by their names, in the file's order.
        is_first: whether it is the first whose description is right, which brings what is there once for all.
    """

    api: str
    account: str
    dataset: str
    datasets: Mapping[str, str]
    is_first: bool = True


class ApiDescription(Described):
    """One REST API: one file, or one dict from Python."""

    name: str
    """The file's stem; the API's name everywhere."""
    file: str | None = None
    """Where it was read from, for links and errors."""
    description: str | None = None
    """One sentence, for the UI."""
    client: Client
    """Where the API is, and what holds for all its requests."""
    dataset: str | None = None
    """The dataset (schema) of its tables; else the API's name. Of an account: with `_<account>` behind it."""
    resource_defaults: ResourceDefaults = Field(default_factory=ResourceDefaults)
    """What each resource has unless it says otherwise: words of a resource, but `name`."""
    resources: list[Resource] = Field(min_length=1)
    """The lists of the API; a name alone is a resource whose path it is."""
    schedule: Schedule | None = None
    """When to sync."""
    sensor: Sensor | None = None
    """When to look for news."""
    group: str | None = Field(None, pattern=r"^[A-Za-z0-9_]+$")
    """The group of its assets in Dagster; else the API's name."""
    key_prefix: list[KeyPart] = Field(default_factory=list)
    """Parts of its assets' keys before `<api>/<resource>`; a text alone is one part."""
    lineage: Literal["endpoints"] | None = None
    """`endpoints`: an external asset `<api>/endpoint` stands for the API, upstream of its assets."""
    settings: dict[str, Setting] = Field(default_factory=dict)
    """What `{setting.<name>}` stands for anywhere in the file: `<API>__<NAME>` in the environment, else its default."""
    accounts: str | list[str] | dict[str, dict[str, str | int | float | bool] | None] | None = None
    """Tenants of the API, each an API of its own: names, names with their settings, or the file that holds either."""
    account_column: str | None = Field(None, pattern=r"^[a-z_][a-z0-9_]*$")
    """A column with the account's name: the tables of all accounts are one view each too, in the API's own dataset."""
    not_secret: list[str] = Field(default_factory=list)
    """Paths of values that look like secrets and are none, as an error writes them."""
    _lines: dict[str, int] = PrivateAttr(default_factory=dict)
    _tenancy: Tenancy | None = PrivateAttr(None)

    @field_validator("key_prefix", mode="before", json_schema_input_type=str | list[KeyPart])
    @classmethod
    def _part_alone(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("resources", mode="before", json_schema_input_type=list[str | Resource])
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        """dlt's short form: a string is a resource's name and path."""
        if not isinstance(value, list):
            return value
        return [{"name": one} if isinstance(one, str) else one for one in value]

    @model_validator(mode="before")
    @classmethod
    def _secrets_in_auth(cls, value: Any) -> Any:
        return with_secrets_in_auth(value) if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _endpoint_alone(self) -> ApiDescription:
        if self.lineage and any(resource.name == "endpoint" for resource in self.resources):
            raise ValueError("a resource named endpoint has the key of the API's own external asset; take lineage out")
        return self

    @property
    def dataset_name(self) -> str:
        """The dataset of its tables."""
        return self.dataset or self.name

    @cached_property
    def resources_in_full(self) -> dict[str, Resource]:
        """Every selected resource with the defaults laid under it, by name."""
        return {name: resource for name, resource in self.resources_with_unselected.items() if resource.is_loaded}

    @cached_property
    def resources_with_unselected(self) -> dict[str, Resource]:
        """Every resource with the defaults laid under it, by name, those too that only serve as parents."""
        merged = (laid_over(self.resource_defaults, resource) for resource in self.resources)
        return {resource.name: resource for resource in merged}

    def with_lines(self, lines: dict[str, int]) -> ApiDescription:
        """The same, knowing in which line of its file each resource begins."""
        self._lines.update(lines)
        return self

    def of_account(self, tenancy: Tenancy) -> ApiDescription:
        """The same, knowing which of its file's accounts it is."""
        self._tenancy = tenancy
        return self

    @property
    def tenancy(self) -> Tenancy | None:
        """Which account it is, where the tables of all accounts are to be seen as one; else None."""
        return self._tenancy if self.account_column else None

    def as_account(self, account: str | None) -> ApiDescription:
        """What another account of the same file, or all of them together, are called in Dagster and the destination."""
        one = self._tenancy
        assert one is not None
        name, dataset = (f"{one.api}_{account}", one.datasets[account]) if account else (one.api, one.dataset)
        return self.model_copy(update={"name": name, "dataset": dataset})

    def line_of(self, resource: Resource) -> int:
        """The line of the file in which a resource begins; the first one where that is not known."""
        return self._lines.get(resource.name, 1)

    def asset_of(self, resource: Resource) -> str:
        """What errors and logs call a resource's asset."""
        return f"{self.name}.{resource.name}"

    @property
    def unpartitioned(self) -> dict[str, Resource]:
        """The selected resources that are read as a whole, by name."""
        return {name: one for name, one in self.resources_in_full.items() if one.partitions is None}

    def auth_of(self, resource: Resource) -> Auth | None:
        """The endpoint's own way of authentication, else the client's."""
        return resource.endpoint.auth or self.client.auth
