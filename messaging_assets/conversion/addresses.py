"""Addresses of a manifest's streams -> the one address of a file, its further hosts, and paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

from messaging_assets.conversion.outcome import UNKNOWN_ADDRESS, Converted, Draft


def settle_addresses(converted: Converted, bases: Mapping[str, str]) -> None:
    """Give the file one base for all: that of most streams, or their common origin.

    A list at another host is asked there where the manifest itself sends that host the same secrets; else it is left
    out for a file of its own.

    Args:
        converted: its resources have paths below their own bases, which are changed.
        bases: the base of each resource's address, by its name; empty where a record says it.
    """
    counted = Counter(base for base in bases.values() if base)
    most = counted.most_common(1)[0][0] if counted else UNKNOWN_ADDRESS
    if wanted := converted.address:
        most = next((base for base, _ in counted.most_common() if _origin(base) == _origin(wanted)), wanted)
    within = {base for base in counted if _origin(base) == _origin(most)}
    shared = most if len(within) < 2 else "://".join(_origin(most))
    converted.client["base_url"] = shared.rstrip("/") if shared.count("/") > 2 else shared
    for draft in (
        one for one in converted.drafts if one.is_carried and bases.get(one.name, shared) not in ("", shared)
    ):
        base = bases[draft.name]
        if _origin(base) == _origin(shared):
            _put_below(draft, base[len(shared.rstrip("/")) :].strip("/"))
        elif _is_allowed(converted, draft, bases, shared):
            _allow(converted, draft, base)
        else:
            told = f"it is at another address; convert once more into a file of its own, with --address {base}"
            draft.give_up(told)


def _put_below(draft: Draft, steps: str) -> None:
    if not steps:
        return
    draft.endpoint["path"] = f"/{steps}/{draft.endpoint['path'].lstrip('/')}"
    job = draft.endpoint.get("job", {})
    for word in ("poll", "download", "delete"):
        if str(job.get(word, "")).startswith("/"):
            job[word] = f"/{steps}{job[word]}"


def _is_allowed(converted: Converted, draft: Draft, bases: Mapping[str, str], shared: str) -> bool:
    """Whether the manifest itself sends the same secrets to the host of a stream as to that of the file."""
    base = bases[draft.name]
    of_file = [one for one in converted.drafts if _origin(bases.get(one.name, "")) == _origin(shared)]
    ways = {repr(one.endpoint.get("auth")) for one in (draft, *of_file)}
    # A login and a job have paths at the address of the file.
    is_at_file = "'session'" in repr(ways) or "job" in draft.endpoint
    is_known = "{" not in "".join(_origin(base)) and UNKNOWN_ADDRESS not in (base, shared)
    is_alike = len(ways) == 1 and _origin(base)[0] == _origin(shared)[0]
    return is_known and is_alike and not is_at_file and converted.address is None


def _allow(converted: Converted, draft: Draft, base: str) -> None:
    draft.endpoint["path"] = f"{base.rstrip('/')}/{draft.endpoint['path'].lstrip('/')}"
    converted.client["allowed_hosts"] = sorted({*converted.client.get("allowed_hosts", ()), _origin(base)[1]})
    told = "the manifest sends the same secrets to these hosts; are they the same owner's? If not, see --address"
    converted.lose(told, "client", "allowed_hosts", kind="question")


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc
