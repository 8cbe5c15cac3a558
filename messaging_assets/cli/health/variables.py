"""Variables of the environment that look like ours, and that nobody reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from difflib import get_close_matches

from messaging_assets.cli.health.symptom import Symptom

_ALERT = ("FORMAT", "MAIL_FROM", "MAIL_TO", "QUIET_SECONDS", "SMTP", "WEBHOOK")
_OTHERS = ("APIS", "DAGSTER_URL", "EXECUTOR", "GATE", "HOME", "PROBE", "REPORT_URL", "TOKENS", "TOKENS_KEY")
OURS = frozenset(f"MESSAGING_ASSETS_{name}" for name in (*(f"ALERT_{one}" for one in _ALERT), *_OTHERS))
# dlt's, without which rows go into DuckDB.
_CHOICE = "DESTINATION_TYPE"


def unread() -> Iterator[Symptom]:
    """Variables whose name is misspelled, so that what they set does not hold."""
    for name in sorted(os.environ.keys() - OURS - {_CHOICE}):
        meant = get_close_matches(name.upper(), [*OURS, _CHOICE], 1, 0.9)
        if not meant and not name.upper().startswith("MESSAGING_ASSET"):
            continue
        mend = f"set {meant[0]}, if that is meant" if meant else "unset it"
        yield Symptom("settings", "warning", f"the variable {name} is read by nobody", mend)
