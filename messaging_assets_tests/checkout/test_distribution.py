"""What an index would get: the same bytes from the same files, and a description without dead links."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from messaging_assets_tests.programs import CHECKOUT, run

BUILD = """
from setuptools import build_meta
print(build_meta.build_wheel("dist"))
print(build_meta.build_sdist("dist"))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Wheel and source archive, built twice from copies whose files have other times and rights."""
    pytest.importorskip("setuptools")
    archives = []
    for name, seconds, rights in (("one", 1_500_000_000, 0o600), ("two", 1_600_000_000, 0o644)):
        folder = tmp_path_factory.mktemp(name)
        for file in ("pyproject.toml", "setup.py", "README.md"):
            shutil.copy(CHECKOUT / file, folder)
        package = folder / "messaging_assets"
        shutil.copytree(CHECKOUT / package.name, package, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (one for one in folder.rglob("*") if one.is_file()):
            os.utime(path, (seconds, seconds))
        (folder / "README.md").chmod(rights)
        done = run(sys.executable, "-c", BUILD, cwd=folder, env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
        assert done.returncode == 0, done.stderr
        archives += sorted((folder / "dist").iterdir())
    return archives


@pytest.mark.soak
def test_wheel_and_source_archive_have_the_same_bytes_when_they_are_built_twice(built: list[Path]) -> None:
    wheel, source, wheel_again, source_again = built
    assert [path.suffix for path in built] == [".whl", ".gz"] * 2
    assert wheel.read_bytes() == wheel_again.read_bytes()
    assert source.read_bytes() == source_again.read_bytes()


def test_the_source_archive_has_all_that_the_wheel_is_built_from(built: list[Path]) -> None:
    wheel, source, *_ = built
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as packed:
        assert {name for name in packed.namelist() if ".dist-info/" not in name} <= names
    assert {"pyproject.toml", "setup.py", "README.md", "PKG-INFO"} <= names


def test_the_description_on_an_index_has_no_link_or_picture_that_leads_nowhere(built: list[Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        [name] = [one for one in wheel.namelist() if one.endswith("METADATA")]
        described = message_from_bytes(wheel.read(name))
    text = described.get_payload()
    assert isinstance(text, str)
    assert described["Description-Content-Type"] == "text/markdown"
    assert text.startswith("# messaging_assets\n")
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links
    assert [link for link in links if not link.startswith("https://")] == []


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_both_lists_of_releases_say_the_same_on_each_python(python: str) -> None:
    of_hashes = _releases("constraints-hashes.txt", python)
    assert len(of_hashes) > 100
    assert _releases("constraints.txt", python) == of_hashes


def _releases(file: str, python: str) -> set[str]:
    """What a list of releases installs on Linux with a Python."""
    machine = {"python_version": python, "python_full_version": f"{python}.20", "platform_machine": "x86_64"}
    lines = (CHECKOUT / file).read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line.rstrip(" \\")) for line in lines if line and line[0] not in " #"]
    return {
        f"{canonicalize_name(one.name)}{one.specifier}"
        for one in pins
        if one.marker is None or one.marker.evaluate({**machine, "sys_platform": "linux", "platform_system": "Linux"})
    }
