"""The environment that make sets up: made anew where its checkout was moved or copied, and without others' modules."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from messaging_assets_tests.programs import CHECKOUT

ENVIRONMENTS = {
    ".venv": "messaging-assets",
    ".venv-newest": "messaging-assets",
    ".venv-cluster": "messaging-assets",
    ".venv-project-newest": "messaging-assets",
    ".venv-docs": "mkdocs",
}


def _made(checkout: Path, name: str, program: str) -> Path:
    """A checkout as its set-up leaves it, as far as make looks at it."""
    programs = checkout / name / "bin"
    programs.mkdir(parents=True)
    for one in (CHECKOUT / "Makefile", CHECKOUT / "pyproject.toml", *CHECKOUT.glob("constraints*.txt")):
        shutil.copy(one, checkout)
    (programs / "python").symlink_to("/bin/sh")
    (programs / program).write_text(f"#!{checkout.resolve()}/{name}/bin/python\n")
    (checkout / name / "ready").touch()
    return checkout


def _make(checkout: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    own = {"PATH": os.environ["PATH"], "HOME": str(checkout), **more}
    return subprocess.run(["make", *arguments], cwd=checkout, env=own, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("name", "program"), ENVIRONMENTS.items())
def test_an_environment_is_made_anew_where_its_checkout_was_moved_or_copied(
    tmp_path: Path, name: str, program: str
) -> None:
    first, moved = _made(tmp_path / "a first's", name, program), tmp_path / "moved"
    assert _make(first, "-q", f"{name}/ready").returncode == 0
    (tmp_path / "link").symlink_to(first)
    assert _make(tmp_path / "link", "-q", f"{name}/ready").returncode == 0
    shutil.copytree(first, moved, symlinks=True)

    planned = _make(moved, "-n", f"{name}/ready")

    assert f"rm -rf {name}" in planned.stdout, planned.stderr
    assert f"rm -rf {name}" not in _make(first, "-n", "-B", f"{name}/ready").stdout


def test_an_environment_is_made_anew_where_its_python_is_gone(tmp_path: Path) -> None:
    checkout = _made(tmp_path / "checkout", ".venv", "messaging-assets")
    (checkout / ".venv" / "bin" / "python").unlink()
    (checkout / ".venv" / "bin" / "python").symlink_to(tmp_path / "of the machine before")
    assert "rm -rf .venv" in _make(checkout, "-n", "setup").stdout


def test_an_environment_may_lie_elsewhere(tmp_path: Path) -> None:
    checkout = _made(tmp_path / "checkout", ".venv", "messaging-assets")
    (checkout / ".venv").rename(tmp_path / "venv")
    program = tmp_path / "venv" / "bin" / "messaging-assets"
    program.write_text(f"#!{tmp_path}/venv/bin/python\n")
    assert _make(checkout, "-q", "setup", f"VENV={tmp_path / 'venv'}").returncode == 0


def test_modules_and_warnings_of_other_software_reach_no_command(tmp_path: Path) -> None:
    checkout = _made(tmp_path / "checkout", ".venv", "messaging-assets")
    program = checkout / ".venv" / "bin" / "messaging-assets"
    # Its interpreter is the shell.
    program.write_text(program.read_text() + 'echo "<$PYTHONPATH$PYTHONHOME$PYTHONWARNINGS>"\n')
    program.chmod(0o755)
    done = _make(checkout, "demo", PYTHONPATH="/opt/robots", PYTHONHOME="/opt/python", PYTHONWARNINGS="error")
    assert (done.stdout, done.stderr) == ("<>\n", "")
