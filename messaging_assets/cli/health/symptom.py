"""What a look at one thing finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Symptom:
    """One thing that was looked at.

    Args:
        about: what was looked at, in one or two words.
        level: `good`, `note`, `warning` or `wrong`.
        what: what was found.
        mend: what to do; empty where all is well.
    """

    about: str
    level: str
    what: str
    mend: str = ""
