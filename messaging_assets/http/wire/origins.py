"""Which server a request is for, and what to write in the file where it may be another one than the API's."""

from __future__ import annotations

from messaging_assets.description.ways.origins import PORTS, NoAddress, Origin, is_among, origin

__all__ = ["NoAddress", "Origin", "is_among", "or_allow", "origin"]


def or_allow(there: Origin, base: Origin) -> str:
    """Words behind a next step: to name the host. Empty where the scheme is another one than the API's."""
    if there[0] != base[0]:
        return ""
    host = there[1] if there[2] == PORTS[there[0]] else f"{there[1]}:{there[2]}"
    return f", or name {host} in client.allowed_hosts, if it is the API's and may have its secrets"
