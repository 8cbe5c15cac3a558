"""Requests beside those for pages, as an API file says them.

An export that an API makes by and by: a request begins it, and its files are the pages. The first mark of a cursor.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator, model_validator

from messaging_assets.description.authentication import Described
from messaging_assets.description.names import JsonPath, compiled_or_refused
from messaging_assets.description.pagination import Paginator

# A path in the job's answers, the name of a header of theirs, or what the list itself is of.
OF_JOB = re.compile(r"\{(?:job\.([^{}]+)|header\.([A-Za-z0-9_-]+)|((?:resources|for_each)\.[^{}:!]+))\}")
# Under these headers a request carries what its job's addresses take of the list, as far as the paginator.
JOB_HEADER = "X-Messaging-Assets-Job-{}"


def _job_address(value: str) -> str:
    rest = OF_JOB.sub("", value)
    if "{" in rest or "}" in rest:
        raise ValueError(
            "takes {job.<path>}, what the job's answers have at that path, such as {job.id}, {header.<Name>}, "
            "{resources.<parent>.<field>} and {for_each.<name>} alone"
        )
    if "://" in rest:
        raise ValueError(
            "is a path below client.base_url, or one {job.<path>} that finds an address; leave the rest out"
        )
    for path in Job.paths_in(value):
        compiled_or_refused(path)
    return value


JobAddress = Annotated[str, AfterValidator(_job_address)]


class Job(Described):
    """An export: the endpoint's request begins it, the API makes it by and by, and its files are the pages.

    A sync that is interrupted goes on with the job that it began.
    """

    poll: JobAddress | None = None
    """Where it is looked at: `/exports/{job.id}`, or an address; else what `Location` names, else what begins it."""
    status_path: JsonPath | None = None
    """Where that answer says how far the job is; else its status does: 202 while it goes on, 200 when it is done."""
    done: list[str | bool | int] | None = Field(None, min_length=1)
    """The values at `status_path` that mean that the job is done, such as `[completed]`."""
    failed: list[str | bool | int] = Field(default_factory=list)
    """The values at `status_path` that mean that there will be no rows, such as `[failed, expired]`."""
    download: JobAddress | None = None
    """Where its files are: `/exports/{job.id}/file`, or their addresses, `{job.urls[*]}`; else where it is polled."""
    paginator: Paginator | None = None
    """How the download goes on page by page, where it is a list at the API; else each file is one page."""
    rows_total_path: JsonPath | None = None
    """Where the answer of a job that is done says how many rows it has."""
    has_more_path: JsonPath | None = None
    """Where that answer says whether rows are left out; null: no sign and no word of it is believed."""
    delete: JobAddress | None = None
    """What is deleted when the rows are in the table, such as `/exports/{job.id}`."""
    idempotency_header: str | None = Field(None, pattern=r"^[A-Za-z0-9-]{1,60}$")
    """The header that takes a key by which the API knows a repeated request, such as `Idempotency-Key`."""
    interval: float = Field(5, gt=0)
    """Seconds between two looks at it; more where `Retry-After` says so."""
    timeout: float = Field(3600, gt=0)
    """Seconds from the job's beginning to its end, at most; for so long it is gone on with, too."""

    @model_validator(mode="after")
    def _is_told(self) -> Job:
        if (self.status_path is None) != (self.done is None):
            raise ValueError(
                "status_path and done go together; write both: where the job says how far it is, and what means done"
            )
        if self.failed and self.status_path is None:
            raise ValueError("failed has values of status_path, the place in the answer that holds them; write both")
        return self

    @property
    def of_list(self) -> list[str]:
        """What its addresses take of the list, such as `resources.teams.id`."""
        every = (one for one in (self.poll, self.download, self.delete) if one)
        return list(dict.fromkeys(name for one in every for _, _, name in OF_JOB.findall(one) if name))

    @staticmethod
    def paths_in(address: str) -> list[str]:
        """The JSON paths whose values an address takes."""
        return [path for path, _, _ in OF_JOB.findall(address) if path]

    @staticmethod
    def headers_in(address: str) -> list[str]:
        """The names of headers whose values an address takes."""
        return [name for _, name, _ in OF_JOB.findall(address) if name]


class FirstMark(Described):
    """A request of its own whose answer has the cursor's first value, sent before the first page of the first read.

    A first read that is whole may have a change twice that way, and misses none.
    """

    path: str
    """Below `base_url`; asked by `GET`, with the endpoint's headers."""
    params: dict[str, Any] = Field(default_factory=dict)
    """Of the query."""
    cursor_path: JsonPath
    """Where its answer has the cursor."""
    starts_read: bool = False
    """Whether the first read begins there already, as of an API that lists only changes; else it is whole."""

    @field_validator("path", "params")
    @classmethod
    def _is_asked_once(cls, value: Any) -> Any:
        if re.search(r"\{[^{}]*\}", str(list(value.values()) if isinstance(value, dict) else value)):
            raise ValueError("is asked once, before the list, so nothing fills its braces; write what they stand for")
        if isinstance(value, str) and "://" in value:
            raise ValueError("is a path below client.base_url; leave the rest out")
        return value


def gives_changes_alone(first: FirstMark | None) -> bool:
    """Whether an API gives only what changes from its first mark on, so that no read brings back what was before."""
    return first is not None and first.starts_read
