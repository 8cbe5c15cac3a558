"""A user's settings of dlt that cannot be read: in which file and line, or under which name, never the value."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from messaging_assets.foundation.failures import MendSettings

_FILES = ("config.toml", "secrets.toml")


def refuse_broken_files() -> None:
    """Stop where one of dlt's own files in the project is no TOML, or names a level of the log that is none.

    Raises:
        MendSettings: names file and line, or the setting.
    """
    levels = {"the environment": os.environ.get("RUNTIME__LOG_LEVEL")}
    folder = Path(os.environ.get("DLT_PROJECT_DIR") or ".") / ".dlt"
    for file in (folder / name for name in _FILES):
        if not file.is_file():
            continue
        # Imported late: most who come here have none of these files.
        import tomlkit
        from tomlkit.exceptions import ParseError, TOMLKitError

        where = f".dlt/{file.name}"
        try:
            document: Any = tomlkit.parse(file.read_text(encoding="utf-8"))
            levels.setdefault(where, dict(document.get("runtime") or {}).get("log_level"))
            continue
        except ParseError as error:
            # Its own words quote what stands there, which may be a secret.
            where += f", line {error.line}"
        except (OSError, UnicodeDecodeError, TOMLKitError):
            pass
        raise MendSettings("this is not TOML, so none of its settings is read", "correct it there", where=where)
    # dlt fails on it with a trace, whatever it was to do.
    where, level = next(((where, level) for where, level in levels.items() if level is not None), ("", "INFO"))
    if str(level) not in ("CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"):
        words = "write one of DEBUG, INFO, WARNING, ERROR and CRITICAL, in capitals"
        raise MendSettings("runtime.log_level (RUNTIME__LOG_LEVEL) is no level of a log", words, where=where)


def unreadable_setting(error: BaseException | None) -> tuple[str, str] | None:
    """What is wrong with a setting that dlt could not take, and the next step; None where nothing is."""
    # Imported late: files are looked at before dlt reads its settings, which it does on import.
    from messaging_assets.seams.dlt_names import (
        ConfigFieldMissingException,
        ConfigValueCannotBeCoercedException,
        ValueNotSecretException,
    )

    while error is not None:
        if isinstance(error, ValueNotSecretException):
            return f"dlt's setting {error.key} is a secret, and dlt takes none from .dlt/config.toml", (
                "move it into .dlt/secrets.toml or the environment"
            )
        if isinstance(error, ConfigValueCannotBeCoercedException):
            kind = getattr(error.hint, "__name__", None) or str(error.hint)
            return f"dlt's setting {error.field_name} is no {kind}", "correct it in .dlt/config.toml or the environment"
        if isinstance(error, ConfigFieldMissingException):
            names = ", ".join(error.fields)
            return f"dlt's setting {names} is missing", "write it into .dlt/secrets.toml or the environment"
        error = error.__cause__ or error.__context__
    return None
