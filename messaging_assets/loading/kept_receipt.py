"""The receipt of a read that is over, kept on disk until Dagster has it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from messaging_assets.description.api import ApiDescription, Resource
from messaging_assets.description.parents import ancestry
from messaging_assets.description.windows import Window
from messaging_assets.destination.names import pipeline_name
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.identity import identity_of
from messaging_assets.foundation.private_files import read_private, write_private
from messaging_assets.foundation.redaction import address_digest
from messaging_assets.reading.receipt import Finding, ReadResult, Verdict

# A finished read that waited longer than this for its load is too old to pass for a sync.
_VALID_SECONDS = 3600.0
# What of an endpoint says which rows are asked for.
_ASKED = ("path", "method", "params", "json_body", "data", "data_selector", "job")


@dataclass(frozen=True)
class KeptReceipt:
    """The receipt of a read that is over.

    Args:
        load_ids: its loads; with the last of them its rows are complete.
        result: how complete the read was.
        metadata: what the materialization will show, as plain values.
        noted_before: where the destination's ledger stood, see `SyncLedger.place`.
        finished_before: the loads of other windows that were finished when the read began, where one may overtake it.
    """

    load_ids: list[str]
    result: ReadResult
    metadata: dict[str, Any]
    noted_before: list[str | None] = field(default_factory=list)
    finished_before: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What is stored."""
        result = self.result
        read = {
            "verdict": int(result.finding.verdict),
            "reason": result.finding.reason,
            "set_aside": result.rows_set_aside,
            "rows": result.rows_loaded,
            "left": sorted(result.left),
            "split": dict(result.split),
        }
        names = ("load_ids", "metadata", "noted_before", "finished_before")
        return {**{name: getattr(self, name) for name in names}, "read": read}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> KeptReceipt:
        """What `as_json` gave.

        Raises:
            KeyError: it is something else.
        """
        read = stored["read"]
        result = ReadResult(
            Finding(Verdict(read["verdict"]), read["reason"]),
            read["set_aside"],
            read["rows"],
            frozenset(read["left"]),
            read["split"],
        )
        before = stored["noted_before"], stored["finished_before"]
        return cls(stored["load_ids"], result, stored["metadata"], *before)


class ReceiptFile:
    """The receipt of a read that is over but perhaps not loaded yet, beside dlt's working files.

    Args:
        folder: where dlt's working files are.
        name: the resource's pipeline.
        version: changes with the resource's description, so that a receipt of another one is not used; None where
            nobody can tell whether that changed.
        asked: changes with what is asked for, and where; behind a plus, with the headers.
        address: changes with whom is asked.
    """

    def __init__(self, folder: Path, name: str, version: str | None, asked: str, address: str = "") -> None:
        self._file, self._version, self._asked = folder / f"{name}.receipt.json", version, asked
        self.address = address

    def write(self, receipt: KeptReceipt) -> None:
        """Keep a receipt until Dagster has it."""
        partial = self._file.with_suffix(".partial")
        named = {"version": self._version, "asked": self._asked}
        write_private(partial, json.dumps({"at": time.time(), **named, "receipt": receipt.as_json()}))
        partial.replace(self._file)

    def read(self, of_any_version: bool = False) -> KeptReceipt | None:
        """The receipt, if there is one that is still good; with `of_any_version` of anything that asks for the same."""
        try:
            kept = json.loads(read_private(self._file))
            # One of an earlier version does not say with which headers.
            is_asked = kept["asked"] in (self._asked, self._asked.partition("+")[0])
            is_good = time.time() - kept["at"] < _VALID_SECONDS and is_asked
            is_good &= of_any_version or (kept["version"] == self._version and self._version is not None)
            return KeptReceipt.from_json(kept["receipt"]) if is_good else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def is_there(self) -> bool:
        """Whether any receipt is kept, still good or not."""
        return self._file.exists()

    def forget(self) -> None:
        """The receipt is on its way to Dagster, or its rows will be read again."""
        self._file.unlink(missing_ok=True)


def receipt_file(
    description: ApiDescription, resource: Resource, window: Window | None, base_url: str, folders: ProjectFolders
) -> ReceiptFile:
    """Where the receipt of a read is kept: of this description, window and address.

    Args:
        description: the API.
        resource: the resource that is read.
        window: the window of time that is read, if it is one.
        base_url: the API's address.
        folders: where working files are.
    """
    chain = ancestry(description, resource)
    asked = [(one.name, *(getattr(one.endpoint, name) for name in _ASKED), one.for_each) for one in chain]
    headers = {one.name: one.endpoint.headers for one in chain if one.endpoint.headers} | description.client.headers
    where = (window.as_texts() if window else None, base_url)
    version = identity_of(description.client, chain, where).certain
    name = pipeline_name(description.name, resource.name)
    address = address_digest(base_url, description.client.base_url)
    digests = identity_of(asked, where).digest, identity_of(headers).digest
    return ReceiptFile(folders.pipelines, name, version, "+".join(digests), address)
