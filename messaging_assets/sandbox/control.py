"""The sandbox's own addresses, for a person with a browser and for tests that run it in another process.

GET  /                     what it serves
GET  /_control             counts, settings, and the environment that makes the product use it
GET  /_control/requests    the record of requests
POST /_control             a JSON object with any of
                           {"settings": {"page_cap": 50}, "faults": [{"status": 503, "times": 2}],
                            "clear_faults": true, "grow": {"messaging.messages": 50},
                            "revoke_tokens": true, "forget": true}
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import orjson

from messaging_assets.sandbox.data import TABLES
from messaging_assets.sandbox.faults import Fault
from messaging_assets.sandbox.played_apis import PlayedApis
from messaging_assets.sandbox.settings import Answer


def control(sandbox: PlayedApis, segments: list[str], method: str, body: bytes) -> Answer:
    """Return the answer to a request that is meant for the sandbox itself."""
    if segments == [""]:
        served = (f"{sandbox.url}/{table.api}/v1/{table.path}" for table in TABLES.values())
        rows = (len(sandbox.rows(api, resource)) for api, resource in TABLES)
        named = zip(TABLES, served, rows, strict=True)
        return Answer([{"api": k[0], "resource": k[1], "url": url, "rows": n} for k, url, n in named])
    if segments == ["_control", "requests"]:
        return Answer(list(sandbox.requests))
    if segments != ["_control"]:
        return Answer({"error": "there is nothing at this path"}, 404)
    if method == "POST":
        try:
            _change(sandbox, orjson.loads(body))
        except (ValueError, TypeError, AttributeError) as error:
            return Answer({"error": str(error)}, 400)
    return Answer(_state(sandbox))


def _state(sandbox: PlayedApis) -> dict[str, Any]:
    asked = Counter(f"{request.api}.{request.resource}" for request in list(sandbox.requests))
    return {
        "requests": sum(asked.values()),
        "asked": asked,
        "settings": asdict(sandbox.settings),
        "environment": sandbox.environment(),
    }


def _change(sandbox: PlayedApis, wanted: dict[str, Any]) -> None:
    unknown = set(wanted) - {"settings", "faults", "clear_faults", "grow", "revoke_tokens", "forget"}
    if unknown:
        raise ValueError(f"unknown words: {', '.join(sorted(unknown))}")
    for name, value in wanted.get("settings", {}).items():
        setattr(sandbox.settings, name, value)
    if wanted.get("clear_faults"):
        sandbox.faults.clear()
    for fault in wanted.get("faults", []):
        if "body" in fault:
            fault["body"] = fault["body"].encode()
        sandbox.fault(Fault(**fault))
    for name, number in wanted.get("grow", {}).items():
        api, _, resource = name.partition(".")
        sandbox.grow(api, resource, number)
    if wanted.get("revoke_tokens"):
        sandbox.revoke_tokens()
    if wanted.get("forget"):
        sandbox.forget()
