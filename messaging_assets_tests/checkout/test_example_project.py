"""The example project, by the commands of its page, in environments that have dbt (`make test-project`)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from messaging_assets_tests.programs import CHECKOUT, run

PAGE = (CHECKOUT / "docs" / "example-project.md").read_text(encoding="utf-8")
EXAMPLE = CHECKOUT / "examples" / "project"
# Both ends of the range of Dagster, each with dagster-dbt of its release.
DAGSTERS = ("pinned", "newest")
API_FILE = Path("src", "team_data", "defs", "team_messaging", "team_messaging.yaml")
# Some channels have no topic.
NO_TOPIC = "      name: {data_type: text, nullable: false}\n      topic: {data_type: text, nullable: false}\n"
NOT_TAKEN = shutil.ignore_patterns("__pycache__", ".*", "target", "logs", "*.egg-info")


class Project:
    """A copy of the example, whose API the sandbox plays."""

    def __init__(self, folder: Path, dagster: str, sandbox: Any) -> None:
        shutil.copytree(EXAMPLE, folder, ignore=NOT_TAKEN)
        programs = CHECKOUT / f".venv-project-{dagster}" / "bin"
        # Where it lies must not be told by a variable, as nothing of a user's own does.
        told = ("MESSAGING_ASSETS_HOME", "DLT_PROJECT_DIR")
        own = {name: value for name, value in os.environ.items() if name not in told}
        path = f"{programs}{os.pathsep}{own['PATH']}"
        self.folder, self.environment = folder, {**own, **sandbox.environment(), "PATH": path, "PYTHONPATH": "src"}

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return run(*shlex.split(command), env=self.environment, cwd=self.folder, timeout=600)

    def is_parsed(self) -> None:
        """Let dbt's models, which a command has just parsed, not be parsed again by each further one."""
        dbt = self.folder / "src" / "team_data" / "defs" / "dbt" / "defs.yaml"
        dbt.write_text(f"{dbt.read_text()}  prepare_if_dev: false\n")

    def rows(self, query: str) -> list[Any]:
        with duckdb.connect(self.folder / ".messaging_assets" / "warehouse.duckdb", read_only=True) as warehouse:
            return warehouse.execute(query).fetchall()


@pytest.fixture(params=DAGSTERS)
def project(request: pytest.FixtureRequest, clean_room: Path, sandbox: Any) -> Project:
    return Project(clean_room / "example", request.param, sandbox)


@pytest.mark.project
def test_every_command_of_the_page_succeeds_and_every_row_arrives(project: Project, sandbox: Any) -> None:
    said = {}
    for command in re.findall(r"^(dg .+)$", PAGE, re.MULTILINE):
        done = project.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said[command.split()[1]] = done.stdout + done.stderr
        if len(said) == 1:
            project.is_parsed()

    assert "All definitions loaded successfully." in said["check"]
    assert {"team_messaging/channels", "messages_per_channel", "monthly_growth"} <= set(
        re.split(r"[\s│]+", said["list"])
    )
    assert (project.folder / "src" / "team_data" / "defs" / "billing" / "billing.yaml").is_file()
    messages = [row for row in sandbox.rows("team_messaging", "messages") if row["created_at"] < "2025-03"]
    channels = sandbox.rows("team_messaging", "channels")
    made = project.rows("SELECT count(*), sum(messages) FROM analytics.messages_per_channel")
    assert made == [(len(channels), len(messages))]
    assert sandbox.client[1] not in "".join(said.values())


@pytest.mark.project
def test_a_check_that_fails_lets_neither_dbt_nor_python_run(project: Project) -> None:
    [launch] = re.findall(r"^(dg launch .+messages_per_channel.+)$", PAGE, re.MULTILINE)
    file = project.folder / API_FILE
    file.write_text(file.read_text().replace("      name: {data_type: text, nullable: false}\n", NO_TOPIC))

    done = project.run(launch)

    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "team_messaging.channels: the check topic_is_not_null failed, so nothing downstream is run" in said
    assert "dbt build" not in said
    assert len(project.rows("SELECT id FROM team_messaging.channels")) == 40
    assert project.rows("SELECT * FROM information_schema.tables WHERE table_schema = 'analytics'") == []


def test_the_page_says_what_each_file_does(clean_room: Path) -> None:
    shutil.copytree(EXAMPLE, clean_room / "example", ignore=NOT_TAKEN)
    files = [path for path in (clean_room / "example").rglob("*") if path.is_file() and path.name != "__init__.py"]
    assert len(files) > 9
    assert [path.name for path in files if f"{path.name}`" not in PAGE] == []
