"""Retrievers that wait for an export -> `job`."""

from __future__ import annotations

from typing import Any

from messaging_assets.conversion.manifest.parts import Part
from messaging_assets.conversion.manifest.requests import address_of
from messaging_assets.conversion.manifest.scope import Scope
from messaging_assets.discovery.found import without_nothing
from messaging_assets.foundation.json_paths import quoted_path

_PLACE = ("endpoint", "job")
_MINUTE = 60


def name_job(scope: Scope, retriever: Part) -> None:
    """Say where a job's answer has the addresses of its files, which the stream's texts take."""
    extractor = retriever.part("download_target_extractor") or retriever.part("urls_extractor")
    path = extractor["field_path"] if extractor is not None and not extractor.is_custom else None
    if path:
        scope.draft.endpoint["job"] = {"download": f"{{job.{quoted_path(*map(str, path))}}}"}


def add_job(scope: Scope, retriever: Part, base: str) -> None:
    """Say how the job is waited for, in the stream's resource; a job that no word says gives the stream up.

    Args:
        scope: of the stream.
        retriever: of a job.
        base: of the address where the job is created.
    """
    status, mapping = retriever.part("status_extractor"), retriever.part("status_mapping")
    if status is None or status.is_custom or mapping is None or not retriever.part("polling_requester"):
        scope.draft.give_up("how far its job is, is said by custom code, or by nothing; write job by hand")
        return
    words: dict[str, Any] = {
        "poll": _address(scope, retriever.part("polling_requester"), base),
        "status_path": quoted_path(*map(str, status["field_path"] or [])),
        "done": _listed(mapping["completed"]) + _listed(mapping["skipped"]),
        "failed": [*dict.fromkeys([*_listed(mapping["failed"]), *_listed(mapping["timeout"])])],
        "download": _address(scope, retriever.part("download_requester"), base),
        "delete": _address(scope, retriever.part("delete_requester"), base),
    }
    minutes = scope.written(retriever["polling_job_timeout"], retriever, *_PLACE)
    if isinstance(minutes, int) and not isinstance(minutes, bool):
        words["timeout"] = minutes * _MINUTE
    scope.draft.endpoint["job"] = without_nothing(words)
    for word in ("download_target_requester", "download_paginator"):
        part = retriever.part(word)
        if part is not None and part.kind != "NoPagination":
            scope.draft.lose(f"its {word} is left out, as a job's files are whole and named by the job", *_PLACE)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _address(scope: Scope, requester: Part | None, base: str) -> str | None:
    """Where a step of the job asks, as `job` has it; a file's own address stands alone."""
    if requester is None:
        return None
    own, path = address_of(scope, requester)
    if path.lstrip("/").startswith("{job."):
        return path.lstrip("/")
    if own.rstrip("/") != base.rstrip("/"):
        scope.draft.give_up("its job is created and looked at on two addresses; write job by hand")
    return "/" + path.lstrip("/")
