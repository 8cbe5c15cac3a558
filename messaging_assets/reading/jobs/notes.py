"""The jobs that a sync began, kept on disk until its rows are in the table, so that a second one goes on with them.

A note counts while the destination agrees: where another sync was loaded since, its rows are newer than the job's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from messaging_assets.foundation.private_files import read_private, write_private
from messaging_assets.foundation.redaction import redacted

Place = Sequence[str | None]
_GIVEN_UP = "given up"


@dataclass
class KeptJob:
    """A job of the API.

    Args:
        resource: whose rows it brings.
        made_at: when it was asked for, in seconds since 1970.
        key: by which the API knows the request again, where it takes one.
        poll: the address at which it is looked at; empty while it is not known to be there.
        values: what placeholders of its addresses stand for, by path.
        not_before: when it may be looked at first, in seconds since 1970.
        is_seen: whether the API knew it when it was looked at.
        is_ours: whether this process asked for it.
        is_there: whether the answer that began it named its files, or was one, so that it is not looked at.
    """

    resource: str
    made_at: float
    key: str = ""
    poll: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    not_before: float = 0.0
    is_seen: bool = False
    is_ours: bool = False
    is_there: bool = False


class JobNotes:
    """What is known of the jobs of one resource, by the digest of the request that began each.

    Args:
        file: where they are kept; None where nobody goes on with them.
        version: changes with the description and the window; None where nobody can tell whether it did.
        place: where the destination's ledger stands, see `SyncLedger.place`.
        agrees: whether nothing was loaded since another sync took its place.
        seconds: for how long a job is gone on with.

    Attributes:
        began: when the sync began that asked for the first of them; a range that ends now ends there.
        given_up: those that no sync goes on with, to be deleted.
    """

    def __init__(
        self,
        file: Path | None = None,
        version: str | None = None,
        place: Place = (),
        agrees: Callable[[Place], bool] = lambda place: True,
        seconds: float = 0.0,
    ) -> None:
        self._file, self._version, self._place = file, version, place
        self.began = datetime.now(timezone.utc)
        self._jobs: dict[str, KeptJob] = {}
        self.given_up: list[KeptJob] = []
        try:
            kept = json.loads(read_private(file)) if file else {"jobs": {}}
            jobs = {digest: KeptJob(**{**one, "is_ours": False}) for digest, one in kept["jobs"].items()}
            good = {
                digest: one
                for digest, one in jobs.items()
                if not digest.startswith(_GIVEN_UP) and 0 <= time.time() - one.made_at < seconds
            }
            is_good = bool(good) and kept["version"] == version and version is not None and agrees(kept["place"])
            self._jobs = good if is_good else {}
            self.given_up = [one for digest, one in jobs.items() if digest not in self._jobs]
            self.began = datetime.fromisoformat(kept["began"]) if is_good else self.began
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass

    def of(self, digest: str) -> KeptJob | None:
        """The job that this request began; None where there is none."""
        return self._jobs.get(digest)

    @property
    def are_kept(self) -> bool:
        """Whether a sync may go on with a job of one before it."""
        return self._file is not None

    @property
    def all(self) -> list[KeptJob]:
        """Every job, those that were given up too."""
        return [*self._jobs.values(), *self.given_up]

    def keep(self, digest: str, job: KeptJob) -> None:
        """Keep a job, unless a secret stands in what an API says of it."""
        self._jobs[digest] = job
        self._write()

    def give_up(self, digest: str) -> None:
        """Go on with this job no more."""
        if (job := self._jobs.pop(digest, None)) is not None:
            self.given_up.append(job)
            self._write()

    def begin_anew(self) -> None:
        """Go on with no job, because the list is read once more."""
        self.given_up, self._jobs = self.all, {}
        self.began = datetime.now(timezone.utc)
        self._write()

    def forget(self) -> None:
        """The rows are in the table, and the jobs are over."""
        self._jobs, self.given_up = {}, []
        if self._file is not None:
            self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        if self._file is None:
            return
        # One that was given up is kept for its deletion alone.
        jobs = self._jobs | {f"{_GIVEN_UP} {number}": one for number, one in enumerate(self.given_up)}
        kept = {digest: _as_kept(one) for digest, one in jobs.items() if not _holds_secret(one)}
        named = {"version": self._version, "place": list(self._place), "began": self.began.isoformat()}
        partial = self._file.with_suffix(".partial")
        write_private(partial, json.dumps({**named, "jobs": kept}))
        partial.replace(self._file)


def _as_kept(job: KeptJob) -> dict[str, Any]:
    """A job without addresses of files, which may let anybody in, and which another look brings anew."""
    values = {path: texts for path, texts in job.values.items() if not any("://" in text for text in texts)}
    return {**asdict(job), "values": values}


def _holds_secret(job: KeptJob) -> bool:
    text = json.dumps(asdict(job), ensure_ascii=False)
    return redacted(text) != text
