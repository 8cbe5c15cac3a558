"""The way of a new user: from the wheel in an empty folder to an asset that is loaded, checked and scheduled."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.conftest import TELEMETRY_OFF
from messaging_assets_tests.programs import CHECKOUT, run
from messaging_assets_tests.running_dagster import ask, free_port, serving

pytestmark = pytest.mark.xdist_group("wheel")

ASSETS = """{ assetNodes { assetKey { path } assetMaterializations(limit: 1) { runId }
  assetChecksOrError { ... on AssetChecks { checks { executionForLatestMaterialization { status } } } } } }"""
SCHEDULES = """{ repositoriesOrError { ... on RepositoryConnection {
  nodes { schedules { name cronSchedule scheduleState { status } } } } } }"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what it is built from, without asking any index."""
    pytest.importorskip("setuptools")
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(CHECKOUT / name, source)
    for name in ("messaging_assets", "messaging_assets_tests", "benchmarks", "docs", "examples"):
        shutil.copytree(CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-build-isolation", "--wheel-dir", str(source / "dist"), str(source))
    [built] = (source / "dist").glob("*.whl")
    return built


def pip(*arguments: str) -> None:
    """Run this installation's pip, away from every index."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    quiet = ("--disable-pip-version-check", "--no-input", "--quiet")
    command, *rest = [one for one in arguments if not one.startswith("--python=")]
    which = [one for one in arguments if one.startswith("--python=")]
    done = run(sys.executable, "-m", "pip", *which, command, "--no-deps", "--no-index", *quiet, *rest, env=own)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def programs(wheel: Path, clean_room: Path) -> Path:
    """Where the programs are of an environment in which the wheel is installed; what it needs is borrowed."""
    folder = clean_room / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(folder))
    [packages] = folder.glob("lib/python*/site-packages")
    # A line in a .pth file brings packages, and not the .pth file by which this checkout is installed among them.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip(f"--python={folder / 'bin' / 'python'}", "install", str(wheel))
    return folder / "bin"


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
    assert set(nodes) == {"chat/messages", "chat/endpoint/messages"}
    assert len(nodes["chat/messages"]["assetMaterializations"]) == 1
    checks = nodes["chat/messages"]["assetChecksOrError"]["checks"]
    assert {check["executionForLatestMaterialization"]["status"] for check in checks} == {"SUCCEEDED"}
    assert repository["schedules"] == [
        {"name": "chat_schedule", "cronSchedule": "0 6 * * *", "scheduleState": {"status": "RUNNING"}}
    ]
    assert sorted(path.name for path in folder.iterdir()) == [".messaging_assets", "apis"]
    assert not {".dagster", ".dlt", ".dg"} & {path.name for path in home.iterdir()}
