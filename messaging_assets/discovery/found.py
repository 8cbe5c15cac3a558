"""What was found out about an API, with a remark on each guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from messaging_assets.description.names import RESERVED_STEMS, identifier
from messaging_assets.foundation.redaction import Redaction

# Below `name__rejected` in Postgres, which cuts names at 63 letters.
_LONGEST = 50
_PARTS_THAT_NAME_NOTHING = frozenset({"api", "www", "rest", "com", "org", "net", "io", "dev", "localhost", "app", "co"})


@dataclass
class FoundResource:
    """A list of the API, in the shape of an API file's resource.

    Args:
        raw: the resource as the file has it, `name` included.
        remarks: what was guessed and from what, by the path of the key that it stands above.
        rows: how many rows it was guessed from.
        doubts: why a sync of it may not bring every row, a sentence each.
    """

    raw: dict[str, Any]
    remarks: dict[tuple[str, ...], str] = field(default_factory=dict)
    rows: int = 0
    doubts: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The resource's name."""
        return str(self.raw["name"])

    def hide(self, redaction: Redaction) -> None:
        """Take out the secrets that the API echoed into what is about to be written."""
        self.raw, self.doubts = redaction.within(self.raw), redaction.within(self.doubts)
        self.remarks = {tuple(redaction.within(path)): redaction(text) for path, text in self.remarks.items()}


@dataclass
class FoundApi:
    """An API, in the shape of an API file.

    Args:
        name: the API's name, which is the file's stem.
        client: the file's `client`.
        resources: its lists.
        source: where all this comes from, as a clause.
        remarks: on the keys above the resources, by path.
        unmapped: what could not become part of the file, a sentence each.
        description: what the API is, in its own words.
        schedule: a cron line by which it is synced from the start; without it hourly, once that is switched on.
        defaults: the file's `resource_defaults`.
        settings: the file's `settings`.
    """

    name: str
    client: dict[str, Any]
    resources: list[FoundResource]
    source: str
    remarks: dict[tuple[str, ...], str] = field(default_factory=dict)
    unmapped: list[str] = field(default_factory=list)
    description: str | None = None
    schedule: str | None = None
    defaults: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def raw(self) -> dict[str, Any]:
        """The whole description, as `description_files.describe` takes it."""
        words = {
            "description": self.description or None,
            "settings": self.settings,
            "client": self.client,
            "resource_defaults": self.defaults,
            "resources": [one.raw for one in self.resources],
            "schedule": {"cron": self.schedule or "0 * * * *", "timezone": "UTC"},
        }
        return without_nothing(words)


def plain_name(text: str, otherwise: str = "api") -> str:
    """A name that an API or resource can have, made from any text."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    name = re.sub(r"^[0-9_]+", "", re.sub(r"_+", "_", identifier(words)))
    return name[:_LONGEST].strip("_") or otherwise


def api_name(text: str, otherwise: str = "api") -> str:
    """An API's name, made from any text; one that the project keeps for itself gets `_api` behind it."""
    name = plain_name(text, otherwise)
    return f"{name}_api" if name in RESERVED_STEMS else name


def name_from_address(address: str) -> str:
    """An API's name from its address: the part of the host that says most, such as `example` of api.example.com."""
    host = urlsplit(address).hostname or ""
    parts = [] if re.fullmatch(r"[0-9.:]+", host) else host.split(".")
    telling = [part for part in parts if part not in _PARTS_THAT_NAME_NOTHING] or ["api"]
    return api_name(max(telling, key=len))


def name_from_path(path: str) -> str:
    """A resource's name from its path: the last part that is no placeholder."""
    parts = [part for part in path.split("?")[0].split("/") if part and "{" not in part]
    return plain_name(parts[-1] if parts else "rows", "rows")


def about_sensitive(signs: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """A remark above each column that is taken for somebody's data or a secret, by why it is."""
    return {("columns", name): f"sensitive: guessed, as it looks like {sign}" for name, sign in signs.items()}


def without_nothing(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping without what is None or an empty mapping."""
    return {name: value for name, value in mapping.items() if value is not None and value != {}}
