"""A user's settings of dlt that cannot be read: in which file and line, or under which name, never the value."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from errno import EACCES
from pathlib import Path
from typing import Any

from messaging_assets.foundation.failures import MendSettings

_FILES = ("config.toml", "secrets.toml")
_MARK = "\ufeff"
_MARKED = "begins with a byte order mark (BOM)", "save it as UTF-8 without one"


def refuse_broken_files() -> None:
    """Stop where one of dlt's own files in the project is no TOML, or names a level of the log that is none.

    Raises:
        MendSettings: names file and line, or the setting.
    """
    levels = {"the environment": os.environ.get("RUNTIME__LOG_LEVEL")}
    folder = _folder()
    refuse_what_dlt_passes_over()
    for file in (folder / name for name in _FILES if (folder / name).exists()):
        # Imported late: most who come here have none of these files.
        import tomlkit
        from tomlkit.exceptions import ParseError, TOMLKitError

        where = f".dlt/{file.name}"
        try:
            text = file.read_text(encoding="utf-8")
            if text.startswith(_MARK):
                raise MendSettings(f"it {_MARKED[0]}", _MARKED[1], where=where)
            document: Any = tomlkit.parse(text)
            levels.setdefault(where, dict(document.get("runtime") or {}).get("log_level"))
            continue
        except ParseError as error:
            # Its own words quote what stands there, which may be a secret.
            where += f", line {error.line}"
        except OSError as error:
            raise MendSettings(*_closed("it", error), where=where) from None
        except (UnicodeDecodeError, TOMLKitError):
            pass
        raise MendSettings("this is not TOML, so none of its settings is read", "correct it there", where=where)
    # dlt fails on it with a trace, whatever it was to do.
    where, level = next(((where, level) for where, level in levels.items() if level is not None), ("", "INFO"))
    if str(level) not in ("CRITICAL", "FATAL", "ERROR", "WARN", "WARNING", "INFO", "DEBUG", "NOTSET"):
        words = "write one of DEBUG, INFO, WARNING, ERROR and CRITICAL, in capitals"
        raise MendSettings("runtime.log_level (RUNTIME__LOG_LEVEL) is no level of a log", words, where=where)


def _folder() -> Path:
    return Path(os.environ.get("DLT_PROJECT_DIR") or ".") / ".dlt"


def refuse_what_dlt_passes_over() -> None:
    """Stop where settings are there that dlt would not see, so that rows would go to another destination.

    Raises:
        MendSettings: names what is in their place.
    """
    folder = _folder()
    for path in (folder, *(folder / name for name in _FILES)):
        where, is_folder = path.relative_to(folder.parent).as_posix(), path == folder
        # A folder is what Docker makes of a file to mount that is not there, a broken link what Kubernetes leaves.
        if os.path.lexists(path) and not (path.is_dir() if is_folder else path.is_file()):
            what = f"it is no {'folder' if is_folder else 'file'}, so none of its settings is read"
            raise MendSettings(what, "put its settings there, or take it away", where=where)
        if is_folder and path.exists() and not os.access(path, os.R_OK | os.X_OK):
            raise MendSettings(*_closed("it", PermissionError(EACCES, os.strerror(EACCES))), where=where)


def _closed(what: str, error: OSError) -> tuple[str, str]:
    return f"{what} cannot be opened ({error.strerror})", "let the user of this process read it"


def refuse_what_stops_dlt() -> None:
    """Stop where dlt would not begin, whatever it was to do: a broken file, or a setting below `runtime`.

    Raises:
        MendSettings: names the file and line, or the setting.
    """
    refuse_broken_files()
    from messaging_assets.destination.profile import missing_module
    from messaging_assets.seams.dlt_settings import begin_dlt

    try:
        begin_dlt()
    except ImportError as error:
        missing, _, mend = missing_module(error).partition("; ")
        raise MendSettings(f"{missing}, and dlt's settings below [runtime] need it", mend) from None
    except Exception as error:  # noqa: BLE001 - of any kind, by a value that nobody checks before it is used
        what = f"dlt does not begin with its settings below [runtime] ({type(error).__name__})"
        mend = "correct log_format, slack_incoming_hook and their neighbours in .dlt/ or the environment (RUNTIME__...)"
        raise MendSettings(*(unreadable_setting(error) or (what, mend))) from None


@contextmanager
def telling_what_stops_dlt() -> Iterator[None]:
    """Say in a sentence why dlt did not begin, where that is why something failed; it begins when it is first asked.

    Raises:
        MendSettings: names the file and line, or the setting.
    """
    try:
        yield
    except Exception:
        try:
            refuse_what_stops_dlt()
        except MendSettings as told:
            raise told from None  # dlt's own error says where it was read, and quotes a broken file
        raise


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
            first, *others = list(_variables(error.traces)) or ["it in the environment"]
            mend = ", ".join([f"set {first}", *(f"__{one.rpartition('__')[2]}" for one in others)])
            return f"dlt's setting {', '.join(error.fields)} is missing", f"{mend}, or the same in .dlt/secrets.toml"
        # dlt's TomlProviderReadException, of a file in the user's home too; its words quote the file.
        if files := [path for path in getattr(error, "full_paths", ()) if Path(path).exists()]:
            return _of_files(files, str(error))
        error = error.__cause__ or error.__context__
    return None


def _of_files(files: Sequence[str], words: str) -> tuple[str, str]:
    for path in files:
        try:
            with Path(path).open("rb") as opened:
                # In an editor nothing of it is seen.
                if opened.read(3) == _MARK.encode():
                    return f"{path} {_MARKED[0]}", _MARKED[1]
        except OSError as error:
            return _closed(path, error)
    line = re.search(r"at line (\d+)", words)
    where = f"{' or '.join(files)}{f', line {line[1]}' if line else ''}"
    return f"{where} is not TOML, so none of its settings is read", "correct it there"


def _variables(traces: Mapping[str, Any]) -> Iterator[str]:
    """The variables of the environment that dlt looked for a destination's missing settings in, one each."""
    for looked_at in traces.values():
        # Of several kinds of credentials the first, which is the usual one.
        yield from _variables(getattr(looked_at[0], "traces", {}))
        keys = [str(getattr(one, "key", "")) for one in looked_at]
        yield from [key for key in keys if key.startswith("DESTINATION__")][:1]
