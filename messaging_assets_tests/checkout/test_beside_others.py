"""What is installed beside Dagster's other packages, and that each pinned file is known by its hash."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from dagster_shared.utils.config import load_toml_as_dict

from messaging_assets_tests.programs import CHECKOUT, run

BESIDE = ("dagster-postgres", "dagster-celery", "dagster-dbt", "dagster-k8s")
# The release of Dagster, that of its libraries, and what else is asked for: both ends of the range.
SETS = {"pinned": ("1.13.1", "0.29.1", ["dagster-embedded-elt==0.29.1"]), "newest": ("1.13.27", "0.29.27", [])}


@pytest.fixture(scope="module", params=SETS)
def resolved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The releases that pip would install into an empty environment, by package, with no constraints."""
    core, libraries, more = SETS[request.param]
    project: dict[str, Any] = load_toml_as_dict(CHECKOUT / "pyproject.toml")["project"]
    wanted = [*project["dependencies"], f"dagster=={core}", *(f"{one}=={libraries}" for one in BESIDE), *more]
    report = tmp_path_factory.mktemp("pip") / "report.json"
    how = ("--disable-pip-version-check", "--no-input", "--quiet", "--dry-run", "--ignore-installed")
    pip = (sys.executable, "-m", "pip", "install", *how, "--report", str(report))
    # Before the test's clean room begins, because pip's own settings say where the index is.
    done = run(*pip, *wanted, env=os.environ, timeout=900)
    if done.returncode and "connection broken by" in done.stderr:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    found = [one["metadata"] for one in json.loads(report.read_text(encoding="utf-8"))["install"]]
    return {one["name"].lower().replace("_", "-"): one["version"] for one in found}


@pytest.mark.soak
def test_it_installs_beside_dagsters_other_packages_of_the_same_release(resolved: dict[str, str]) -> None:
    assert set(BESIDE) <= resolved.keys()
    assert resolved["dagster-dlt"] == resolved["dagster-dbt"]
    # From 2.1 on, postgresql:// means a driver that dagster-postgres does not bring.
    assert resolved["sqlalchemy"].startswith("2.0.")


def pins(path: Path) -> set[tuple[str, str]]:
    """The packages and releases that a file pins."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([A-Za-z0-9._-]+)(?:\[\w+\])?==([^\s;\\]+)", line) for line in lines]
    return {(re.sub(r"[-_.]+", "-", one[1]).lower(), one[2]) for one in found if one}


def test_each_pinned_release_has_hashes_and_no_host_is_named() -> None:
    hashed = CHECKOUT / "constraints-hashes.txt"
    text = hashed.read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=[A-Za-z])", text) if "==" in block]

    pinned = pins(CHECKOUT / "constraints.txt")
    names = {name for name, _ in pinned}
    # What other systems than Linux need stands in the hashed file alone.
    assert {(name, release) for name, release in pins(hashed) if name in names} == pinned, (
        "constraints-hashes.txt and constraints.txt differ; CONTRIBUTING.md says how to write the former anew"
    )
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="the sources came without their history")
def test_nothing_is_committed_that_a_machine_makes_for_itself() -> None:
    words = ("-c", "safe.directory=*", "ls-files", "--cached", "--ignored", "--exclude-standard")
    found = run("git", *words, env=dict(os.environ), cwd=CHECKOUT)
    assert (found.returncode, found.stdout) == (0, "")
