"""What the new-data sensor remembers from tick to tick, and what follows from it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_LONGEST_PAUSE = 3600.0


@dataclass(frozen=True)
class LastSync:
    """The last materialization of a resource's asset; both empty where there was none."""

    identity: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Requested:
    """How a resource and its children were last requested.

    Args:
        fingerprint: what the API showed then; None where it was not compared.
        moment: when that was, in epoch seconds.
        synced: the materialization that each requested asset had then; another one means that it was synced since.
        tries: how often the request was repeated.
    """

    fingerprint: str | None = None
    moment: float = 0.0
    synced: dict[str, str] = field(default_factory=dict)
    tries: int = 0

    def outstanding(self, syncs: Mapping[str, LastSync]) -> list[str]:
        """The resources that were requested and not materialized since."""
        return [name for name, then in self.synced.items() if name in syncs and syncs[name].identity == then]

    def is_due(self, minimum_interval: float) -> bool:
        """Whether what is outstanding may be requested again: after one interval (seconds), then two, then four."""
        return time.time() >= self.moment + min(minimum_interval * 2.0 ** min(self.tries, 20), _LONGEST_PAUSE)

    def next(
        self, family: list[str], shown: str | None, syncs: Mapping[str, LastSync], minimum_interval: float
    ) -> tuple[list[str], Requested]:
        """What to request now.

        Args:
            family: the resource and its children.
            shown: the fingerprint; None where the API shows nothing that the last sync did not know.
            syncs: the last materializations by resource.
            minimum_interval: seconds.

        Returns:
            The resources to request, and what to remember if they are.
        """
        names, tries = family, 0
        if shown in (None, self.fingerprint):
            names = [name for name in family if name not in self.synced and not syncs[name].identity]
            if not names and self.is_due(minimum_interval):
                names, tries = self.outstanding(syncs), self.tries + 1
        then = {name: syncs[name].identity for name in names}
        return names, Requested(shown or self.fingerprint, time.time(), {**self.synced, **then}, tries)


@dataclass
class Cursor:
    """The sensor's cursor: nothing that the API sent can be read from it.

    Args:
        number: counts the run requests, so that a list that changes to and fro gets a run key of its own each
            time. It begins with the time, because a cursor that was reset must not repeat earlier keys.
        resources: by name, those that have no parent.
    """

    number: int = field(default_factory=lambda: int(time.time()))
    resources: dict[str, Requested] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> Cursor:
        """The cursor; an empty one, under which everything counts as new, for a text that is none."""
        try:
            kept = json.loads(text or "")
            return cls(int(kept["number"]), {name: Requested(**one) for name, one in kept["resources"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()

    def written(self) -> str:
        """The cursor as text."""
        return json.dumps(asdict(self), sort_keys=True)
