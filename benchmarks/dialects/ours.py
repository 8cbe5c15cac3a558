"""A manifest, converted and synced by this project from the loopback server that plays it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from messaging_assets.cli.written.convert import convert_file, text_of
from messaging_assets.conversion.outcome import Converted

SECRET = "s3cret-0123456789abcdef"
_SECONDS = 900


def converted_by(manifest: Path, name: str, config: Mapping[str, Any]) -> Converted:
    """What becomes of a manifest with the settings of the config that the peer reads it with."""
    asked = convert_file(manifest, name, {})
    values = dict(_flat(config, ""))
    given: dict[str, str] = {}
    for one in sorted(asked.settings.asked):
        found = next((value for path, value in values.items() if one in (path, path.rpartition(".")[2])), None)
        if found not in (None, "", SECRET) and not asked.settings.is_secret(one):
            given[one] = str(found)
    return convert_file(manifest, name, given)


def _flat(config: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
            # The choice of a way in is a field that all of its kinds have.
            continue
        yield f"{above}{name}", ",".join(map(str, value)) if isinstance(value, list) else value


def sync(converted: Converted, folder: Path, port: int) -> dict[str, dict[str, Any]]:
    """Sync the converted file; what the command says of each resource, by its name there.

    Args:
        converted: the API.
        folder: where the file, the table and all working files go.
        port: of the loopback server.
    """
    text = text_of(converted)
    api = converted.name
    (folder / "converted.yaml").write_text(text)
    raw = yaml.safe_load(text)
    address = str(raw["client"]["base_url"])
    variables: dict[str, str] = {}
    for name, one in (raw.get("settings") or {}).items():
        value = one.get("default") if isinstance(one, dict) else one
        if str(value).startswith("your-"):
            # The source hides it, so no option takes it.
            value = variables[f"{api.upper()}__{name.upper()}"] = SECRET
        address = address.replace(f"{{setting.{name}}}", str(value))
    file = folder / f"{api}.yaml"
    file.write_text(yaml.safe_dump(_at_server(_impatient(raw), port), sort_keys=False))
    variables |= dict.fromkeys(re.findall(rf"\b{api.upper()}__[A-Z0-9_]+", text.partition("\nclient:")[0]), SECRET)
    variables[f"{api.upper()}__BASE_URL"] = f"http://127.0.0.1:{port}{urlsplit(address).path}"
    variables[f"{api.upper()}__TOKEN_URL"] = f"http://127.0.0.1:{port}/oauth/token"
    homes = ("MESSAGING_ASSETS_HOME", "DAGSTER_HOME", "DLT_DATA_DIR", "DLT_PROJECT_DIR")
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environment = {**os.environ, **dict.fromkeys(homes, str(folder)), **variables}
    command = [str(Path(sys.executable).with_name("messaging-assets")), "sync", str(file), "--json"]
    with (folder / "sync.log").open("w") as log:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, timeout=_SECONDS, text=True
        )
    try:
        assets = json.loads(done.stdout)["assets"]
    except (ValueError, KeyError):
        return {}
    return {str(one["asset"]).rpartition("/")[2]: one for one in assets}


def _impatient(raw: dict[str, Any]) -> dict[str, Any]:
    """The file with nothing asked twice, since the server answers at once, and without a pace."""
    raw["client"].pop("requests_per_second", None)
    for one in _asking(raw):
        one["endpoint"].setdefault("error_handler", {})["max_retries"] = 0
    return raw


def _asking(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources that ask for something, which a union does not."""
    return [one for one in raw["resources"] if "endpoint" in one]


def _at_server(raw: dict[str, Any], port: int) -> dict[str, Any]:
    """The file with lists of further hosts on the server too, by its other name, so that no real one is asked."""
    if "allowed_hosts" in raw["client"]:
        raw["client"]["allowed_hosts"] = [f"localhost:{port}"]
    for one in _asking(raw):
        one["endpoint"]["path"] = re.sub(r"^https?://[^/]+", f"http://localhost:{port}", one["endpoint"]["path"])
    return raw
