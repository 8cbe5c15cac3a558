"""What a pass reads: a resource, its parents, and the way to the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from requests.auth import AuthBase

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry, is_child
from messaging_assets.foundation.identity import identity_of
from messaging_assets.http.session import ApiSession
from messaging_assets.reading.jobs.jobs import Jobs


@dataclass(frozen=True)
class ReadTarget:
    """The resource that is read, and how its API is asked.

    Args:
        description: the API.
        resource: the resource with the file's defaults merged in.
        session: sends the requests.
        auths: what puts secrets onto requests, by resource name.
        base_url: the API's address.
        jobs: waits for the jobs that its requests begin; None where they begin none.
        asked_by: changes with whose secrets are sent.
    """

    description: ApiDescription
    resource: Resource
    session: ApiSession
    auths: dict[str, AuthBase | None] = field(default_factory=dict)
    base_url: str = ""
    jobs: Jobs | None = None
    asked_by: str = ""

    @property
    def now(self) -> datetime | None:
        """When a sync began that this one goes on with, where a range ends that ends now; None where none did."""
        return self.jobs.notes.began if self.jobs and self.jobs.notes.are_kept else None

    @property
    def asset(self) -> str:
        """The asset's name in errors."""
        return self.description.asset_of(self.resource)

    @cached_property
    def chain(self) -> list[Resource]:
        """The resource with its parents before it, and theirs before those."""
        return ancestry(self.description, self.resource)

    @property
    def is_child(self) -> bool:
        """Whether the resource is one list for each record of its parents, or for each value of the file."""
        return is_child(self.resource)

    @property
    def has_many_lists(self) -> bool:
        """Whether it is read list by list: one for each parent's record or value of the file, or for each window."""
        return self.is_child or self.resource.endpoint.has_step

    @property
    def version(self) -> str | None:
        """Changes with the description; None where nobody can tell whether it did, as with a closure."""
        return identity_of(self.description.client, self.chain, self.base_url).certain
