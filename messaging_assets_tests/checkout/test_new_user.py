"""The way of a new user: from `pip install` of the wheel to an asset that is loaded, checked and scheduled."""

from __future__ import annotations

import os
import shutil
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from messaging_assets_tests.conftest import TELEMETRY_OFF
from messaging_assets_tests.first_click import press, sandbox_of
from messaging_assets_tests.programs import CHECKOUT, DG_DEFINITIONS, run
from messaging_assets_tests.running_dagster import ask, free_port, serving

pytestmark = pytest.mark.xdist_group("wheel")

QUIET = ("--disable-pip-version-check", "--no-input", "--quiet")
ASSETS = """{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId }
  assetChecksOrError { ... on AssetChecks { checks { executionForLatestMaterialization { status } } } } } }"""
SCHEDULES = """{ repositoriesOrError { ... on RepositoryConnection {
  nodes { schedules { name cronSchedule scheduleState { status } } } } } }"""


DG_PROJECT = """\
[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "team_data"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what it is built from, without asking any index."""
    pytest.importorskip("setuptools")
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(CHECKOUT / name, source)
    for name in ("messaging_assets", "messaging_assets_tests", "benchmarks", "docs", "examples"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    alone = ("--no-deps", "--no-index", "--no-build-isolation")
    pip("wheel", *alone, "-w", str(source / "dist"), str(source))
    [built] = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs are of an environment that has the wheel and what its metadata asks for, and nothing else.

    What it asks for is linked from this environment, release by release; `make test-project` installs it from an index.
    """
    folder = tmp_path_factory.mktemp("new_user") / "venv"
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    alone = ("--no-deps", "--no-index")
    pip(f"--python={python}", "install", *alone, str(wheel))
    [packages] = folder.glob("lib/python*/site-packages")
    [installed] = metadata.distributions(name="messaging_assets", path=[str(packages)])
    for name in sorted(_needed_by(installed)):
        _link(metadata.distribution(name), packages, python)
    # A release that pins itself against others, or one that is missing, would be told here.
    pip(f"--python={python}", "check")
    return python.parent


def pip(*arguments: str) -> None:
    """Run pip without settings of this machine, and without the checkout on its path, where it may be installed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHONPATH"))}
    done = run(sys.executable, "-m", "pip", *arguments, *QUIET, env=own)
    assert done.returncode == 0, done.stdout + done.stderr


def _needed_by(installed: metadata.Distribution) -> set[str]:
    """Names of all the distributions that one asks for, and that those ask for, with the extras they name."""
    needed, asked = set[str](), {("", ""): installed}
    while asked:
        (_, extra), distribution = asked.popitem()
        for requirement in map(Requirement, distribution.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                for more in ("", *requirement.extras):
                    key = f"{canonicalize_name(requirement.name)}[{more}]"
                    if key not in needed:
                        needed.add(key)
                        asked[requirement.name, more] = metadata.distribution(requirement.name)
    return {key.partition("[")[0] for key in needed}


def _link(distribution: metadata.Distribution, packages: Path, python: Path) -> None:
    """Let an environment have a distribution of this one: its folders and files, and its programs."""
    for name in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
        found = Path(str(distribution.locate_file(name)))
        if found.exists() and not (packages / name).exists():
            (packages / name).symlink_to(found)
    for program in distribution.entry_points.select(group="console_scripts"):
        module, _, function = program.value.partition(":")
        script = python.with_name(program.name)
        script.write_text(f"#!{python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n")
        script.chmod(0o755)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        entry_points = next(
            archive.read(name).decode() for name in archive.namelist() if name.endswith("entry_points.txt")
        )
    package = CHECKOUT / "messaging_assets"
    source = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert names == {str(path.relative_to(CHECKOUT)) for path in source}
    assert {path.suffix for path in source} == {".py", ".yaml", ".json", ".typed"}
    assert {"messaging_assets/py.typed", "messaging_assets/apis/_template.yaml"} <= names
    assert "messaging-assets = messaging_assets.cli:main" in entry_points
    assert "[dagster_dg_cli.registry_modules]\nmessaging_assets = messaging_assets" in entry_points


def test_four_commands_and_no_python_lead_to_a_loaded_checked_and_scheduled_asset(
    programs: Path, sandbox: Any, clean_room: Path
) -> None:
    """The first command is the installation."""
    folder, home = clean_room / "empty", clean_room / "home"
    folder.mkdir()
    own = {"PATH": f"{programs}{os.pathsep}{os.defpath}", "HOME": str(home), **TELEMETRY_OFF}
    own["CHAT__API_KEY"] = sandbox.keys["messaging"]

    def messaging_assets(*arguments: str) -> str:
        done = run(str(programs / "messaging-assets"), *arguments, env=own, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    address = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    messaging_assets("discover", *address, "--schedule", "0 6 * * *", "-o", "apis/chat.yaml")

    said = messaging_assets("sync", "chat")
    assert "chat/messages" in said
    assert " 2,500 " in said

    port = free_port()
    command = [str(programs / "messaging-assets"), "dev", "--port", str(port)]
    with serving(command, f"http://127.0.0.1:{port}", clean_room / "dev.log", env=own, cwd=folder) as ui:
        nodes = {"/".join(node["assetKey"]["path"]): node for node in ask(ui, ASSETS)["assetNodes"]}
        [repository] = ask(ui, SCHEDULES)["repositoriesOrError"]["nodes"]
    assert set(nodes) == {"chat/messages"}
    assert len(nodes["chat/messages"]["assetMaterializations"]) == 1
    checks = nodes["chat/messages"]["assetChecksOrError"]["checks"]
    assert {check["executionForLatestMaterialization"]["status"] for check in checks} == {"SUCCEEDED"}
    # It is there, and off until somebody switches it on.
    assert repository["schedules"] == [
        {"name": "chat_schedule", "cronSchedule": "0 6 * * *", "scheduleState": {"status": "STOPPED"}}
    ]
    assert sorted(path.name for path in folder.iterdir()) == [".messaging_assets", "apis"]
    assert not {".dagster", ".dlt", ".dg"} & {path.name for path in home.iterdir()}


@pytest.mark.soak
def test_materialize_all_is_right_twice_with_the_wheel_in_an_empty_folder(programs: Path, clean_room: Path) -> None:
    folder = clean_room / "empty"
    folder.mkdir()
    log = clean_room / "dev.log"
    with developing(programs, folder, log) as ui:
        press(ui, sandbox_of(log), folder / ".messaging_assets" / "warehouse.duckdb", 2)
    with DagsterInstance.from_config(str(folder / ".messaging_assets" / "dagster")) as instance:
        assert [run.status for run in instance.get_runs()] == [DagsterRunStatus.SUCCESS] * 2
    assert list((clean_room / "home").iterdir()) == []


@pytest.mark.soak
def test_materialize_all_is_right_in_a_project_of_dg(programs: Path, sandbox: Any, clean_room: Path) -> None:
    project = clean_room / "team_data"
    component = project / "team_data" / "defs" / "broker"
    component.mkdir(parents=True)
    (project / "pyproject.toml").write_text(DG_PROJECT)
    (project / "team_data" / "__init__.py").touch()
    (project / "team_data" / "definitions.py").write_text(DG_DEFINITIONS)
    (component / "defs.yaml").write_text("type: messaging_assets.RestApi\nattributes: {file: broker.yaml}\n")
    (component / "broker.yaml").write_text((CHECKOUT / "messaging_assets" / "apis" / "messaging.yaml").read_text())
    more = {"BROKER__BASE_URL": f"{sandbox.url}/messaging", "BROKER__API_KEY": sandbox.keys["messaging"]}
    with developing(programs, project, clean_room / "dev.log", **more) as ui:
        press(ui, sandbox.url, project / ".messaging_assets" / "warehouse.duckdb", 1, {"broker": "messaging"})


@contextmanager
def developing(programs: Path, folder: Path, log: Path, **more: str) -> Iterator[str]:
    """`messaging-assets dev` of the installed wheel in a folder."""
    own = {"PATH": f"{programs}{os.pathsep}{os.defpath}", "HOME": os.environ["HOME"], **TELEMETRY_OFF, **more}
    port = free_port()
    command = [str(programs / "messaging-assets"), "dev", "--port", str(port)]
    with serving(command, f"http://127.0.0.1:{port}", log, env=own, cwd=folder) as ui:
        yield ui
