"""A user's settings of dlt that cannot be read: in which file and line, or under which name, and never the value."""

from __future__ import annotations

import os
from pathlib import Path

from messaging_assets.foundation.failures import MendSettings

_FILES = ("config.toml", "secrets.toml")


def refuse_broken_files() -> None:
    """Stop where one of dlt's own files in the project is no TOML.

    Raises:
        MendSettings: names file and line.
    """
    folder = Path(os.environ.get("DLT_PROJECT_DIR") or ".") / ".dlt"
    for file in (folder / name for name in _FILES):
        if not file.is_file():
            continue
        # Imported late: most who come here have none of these files.
        import tomlkit
        from tomlkit.exceptions import ParseError, TOMLKitError

        where = f".dlt/{file.name}"
        try:
            tomlkit.parse(file.read_text(encoding="utf-8"))
            continue
        except ParseError as error:
            # Its own words quote what stands there, which may be a secret.
            where += f", line {error.line}"
        except (OSError, UnicodeDecodeError, TOMLKitError):
            pass
        raise MendSettings("this is not TOML, so none of its settings is read", "correct it there", where=where)


def unreadable_setting(error: BaseException | None) -> tuple[str, str] | None:
    """What is wrong with a setting that dlt could not take, and the next step; None where nothing is."""
    # Imported late: files are looked at before dlt reads its settings, which it does on import.
    from messaging_assets.seams.dlt_names import ConfigFieldMissingException, ConfigValueCannotBeCoercedException

    while error is not None:
        if isinstance(error, ConfigValueCannotBeCoercedException):
            kind = getattr(error.hint, "__name__", None) or str(error.hint)
            return f"dlt's setting {error.field_name} is no {kind}", "correct it in .dlt/config.toml or the environment"
        if isinstance(error, ConfigFieldMissingException):
            names = ", ".join(error.fields)
            return f"dlt's setting {names} is missing", "write it into .dlt/secrets.toml or the environment"
        error = error.__cause__ or error.__context__
    return None
