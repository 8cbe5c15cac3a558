"""Where this project keeps its own things, so that two checkouts never share state.

Everything lives below one folder, `.messaging_assets/` in the project's home: the DuckDB file, dlt's working
files and Dagster's storage. The home is `MESSAGING_ASSETS_HOME`, else the project of `dg` around the working directory,
else the checkout this package runs from, else the working directory.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from messaging_assets.foundation.dg_project import dg_project
from messaging_assets.foundation.private_files import make_private, refuse_few_open_files, write_private

DATABASE_STEM = "warehouse"
PACKAGE = Path(__file__).resolve().parent.parent
SHIPPED_APIS = PACKAGE / "apis"


@dataclass(frozen=True)
class ProjectFolders:
    """The folders below a project's home.

    Args:
        home: the project's home.
        window: the name of a window's own working folder, where windows of one resource are synced side by side; empty
            for the project's folders as they are.
    """

    home: Path
    window: str = ""

    @property
    def state(self) -> Path:
        """The private folder of everything that is not source."""
        return self.home / ".messaging_assets"

    @property
    def database(self) -> Path:
        """The DuckDB file, unless dlt's configuration names another destination."""
        return self.state / f"{DATABASE_STEM}.duckdb"

    @property
    def pipelines(self) -> Path:
        """dlt's working files; those of a window in a folder of their own."""
        return self.windows / self.window if self.window else self.state / "pipelines"

    @property
    def windows(self) -> Path:
        """The working folders of windows."""
        return self.state / "windows"

    @property
    def of_project(self) -> ProjectFolders:
        """The same without a window's own folder."""
        return replace(self, window="")

    def of_window(self, name: str) -> ProjectFolders:
        """The same with a working folder for one window.

        Raises:
            UnusableFolder: it cannot be made, or belongs to somebody else.
        """
        own = replace(self, window=name)
        for folder in (own.windows, own.pipelines):
            make_private(folder)
        return own

    @property
    def dagster(self) -> Path:
        """Dagster's storage: runs, events, schedules."""
        return self.state / "dagster"

    @property
    def locks(self) -> Path:
        """Locks that keep one resource from being synced twice at once."""
        return self.state / "locks"

    @property
    def failed_loads(self) -> Path:
        """Packages that the destination refused for good."""
        return self.state / "failed_loads"

    @property
    def pace(self) -> Path:
        """The gates that hold an API's budget across steps."""
        return self.state / "pace"

    def make(self) -> ProjectFolders:
        """Create the folders, readable by their user alone and out of git's sight.

        Raises:
            UnusableFolder: one of them cannot be made, or belongs to somebody else, or too few files may be open.
        """
        refuse_few_open_files()
        make_private(self.state)
        is_new = not self.pipelines.exists()
        for folder in (self.pipelines, self.dagster, self.pace, self.locks):
            make_private(folder)
        if is_new:
            write_private(self.state / ".gitignore", "*\n")
        return self


def checkout() -> Path | None:
    """The folder that this package was cloned into; None where it is installed."""
    folder = PACKAGE.parent
    return folder if (folder / "workspace.yaml").is_file() and (folder / "pyproject.toml").is_file() else None


def project_folders() -> ProjectFolders:
    """The folders of the project that this process works for."""
    named = os.environ.get("MESSAGING_ASSETS_HOME")
    if named:
        return ProjectFolders(Path(named).resolve())
    project = dg_project()
    if project is not None:
        return ProjectFolders(project.root)
    return ProjectFolders(checkout() or Path.cwd())


def settle_environment() -> ProjectFolders:
    """Point dlt at this project and switch telemetry off, for this process and its children.

    Whatever the environment already says wins; what correctness depends on is in `seams/dlt_settings.py`.
    """
    folders = project_folders()
    os.environ.setdefault("DLT_PROJECT_DIR", str(folders.home))
    switch_telemetry_off()
    # Arrow's own allocator keeps what it freed: 65 MB more at the peak of a sync, which takes no less time.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    return folders


def switch_telemetry_off() -> None:
    """Let dlt and Dagster report nothing, unless the environment says otherwise; dlt asks once, when it begins."""
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
