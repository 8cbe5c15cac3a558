"""A live API, found out list by list over one session, with the secrets of the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from messaging_assets.assets.credentials import build_credentials
from messaging_assets.assets.failure_sentence import as_failure
from messaging_assets.description.api import ApiDescription
from messaging_assets.discovery.found import FoundApi, name_from_path, plain_name, without_nothing
from messaging_assets.discovery.live.one_list import counted, find_resource
from messaging_assets.discovery.live.probe import LiveApi
from messaging_assets.files.api_files import describe
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.foundation.redaction import Redaction, plain_address
from messaging_assets.http.authenticators import Authenticators
from messaging_assets.http.session import ApiSession


def find_api(name: str, base_url: str, paths: Sequence[str], auth: Mapping[str, Any] | None) -> FoundApi:
    """Ask an API about some of its lists.

    Args:
        name: what to call it; the names of its secrets follow from it.
        base_url: its address.
        paths: where its lists are.
        auth: how it authenticates, as an API file has it.

    Raises:
        SyncFailure: it could not be asked; the text holds no secret.
        InvalidDescription: name, address or way of authentication cannot be.
    """
    settle_environment()
    names = _names(paths)
    client = without_nothing({"base_url": base_url, "auth": dict(auth) if auth else None})
    resources = [{"name": one, "endpoint": {"path": path}} for one, path in zip(names, paths, strict=True)]
    description = describe({"client": client, "resources": resources}, name)
    redaction = Redaction()
    try:
        found, requests = _ask(description, base_url, dict(zip(names, paths, strict=True)), redaction)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is told in one sentence below
        failure = as_failure(name, error, redaction)
    else:
        rows = sum(one.rows for one in found)
        # A user's name may be a field's name too, and is no secret.
        names = [
            value
            for field in ("username", "client_id")
            if (value := build_credentials(description).look_up(name, field))
        ]
        for one in found:
            one.hide(redaction.without(*names))
        source = f"{plain_address(base_url)}, from {requests} requests and {counted(rows)}"
        return FoundApi(name, client, found, source)
    raise failure


def _ask(
    description: ApiDescription, base_url: str, paths: Mapping[str, str], redaction: Redaction
) -> tuple[list[Any], int]:
    first = next(iter(description.resources_in_full.values()))
    auth = Authenticators(description, build_credentials(description), redaction).of(first)
    found, requests = [], 0
    with ApiSession(base_url, description.client) as session, redaction.on_loggers():
        for name, path in paths.items():
            api = LiveApi(f"{description.name}.{name}", session, auth, base_url)
            found.append(find_resource(api, path, name))
            requests += api.receipt.requests
    return found, requests


def _names(paths: Sequence[str]) -> list[str]:
    """A name for each path; the whole path makes it where the last part alone would not tell two apart."""
    short = [name_from_path(path) for path in paths]
    return [name if short.count(name) == 1 else plain_name(path) for name, path in zip(short, paths, strict=True)]
