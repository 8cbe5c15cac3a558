"""What Dagster works out again and again, though it never changes within a process.

It marks the databases of a new instance with the last of its ninety migrations, and alembic imports them all for that;
that is a tenth of a small sync's time.
"""

from __future__ import annotations

from typing import Any


def remember_migrations() -> None:
    """Let alembic read Dagster's migrations once."""
    from alembic.script import ScriptDirectory

    read, known = ScriptDirectory.from_config, dict[str, Any]()

    def from_config(config: Any) -> Any:
        place = config.get_main_option("script_location")
        if place not in known:
            known[place] = read(config)
        return known[place]

    ScriptDirectory.from_config = from_config  # type: ignore[method-assign]
