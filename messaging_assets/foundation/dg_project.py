"""The Dagster project of `dg`'s own layout that this process works in, where it works in one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DgProject:
    """What `dg.toml`, or `[tool.dg]` in `pyproject.toml`, says of a project.

    Args:
        root: the folder of that file.
        settings: the keys of its `project`, `root_module` among them.
    """

    root: Path
    settings: Mapping[str, Any]

    @property
    def defs_module(self) -> str:
        """The module whose folder holds the components."""
        return str(self.settings.get("defs_module") or f"{self.settings['root_module']}.defs")

    @property
    def source(self) -> Path:
        """The folder from which its modules are imported."""
        source = self.root / "src"
        return source if source.is_dir() else self.root

    @property
    def defs_folder(self) -> Path:
        """The folder that holds the components; it need not be there."""
        return self.source.joinpath(*self.defs_module.split("."))

    @property
    def definitions_module(self) -> str | None:
        """The module of its code location; None where `dg` makes that of the folder of components."""
        if self.settings.get("autoload_defs"):
            return None
        return str(self.settings.get("code_location_target_module") or f"{self.settings['root_module']}.definitions")


def dg_project() -> DgProject | None:
    """The project around MESSAGING_ASSETS_HOME or the working directory; None too in the package's own checkout."""
    named = os.environ.get("MESSAGING_ASSETS_HOME")
    return (_project_around(Path(named).resolve()) if named else None) or _project_around(Path.cwd())


@cache
def _project_around(folder: Path) -> DgProject | None:
    # Imported late: most folders have no such file around them, and Dagster's reader of it takes its time.
    if not any((one / name).is_file() for one in (folder, *folder.parents) for name in ("dg.toml", "pyproject.toml")):
        return None
    from messaging_assets.seams.dg_config import detect_dg_config_file_format, discover_config_file, load_toml_as_dict

    try:
        file = discover_config_file(folder, lambda config: "root_module" in config.get("project", ()))
        config = load_toml_as_dict(file) if file else {}
    except (OSError, ValueError):  # whose file it is, tells it: dg, pip or an editor
        return None
    if file is None:
        return None
    settings = (config if detect_dg_config_file_format(file) == "root" else config["tool"]["dg"])["project"]
    return None if settings["root_module"] == "messaging_assets" else DgProject(file.parent, settings)
