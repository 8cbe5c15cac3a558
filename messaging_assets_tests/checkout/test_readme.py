"""What the README promises; test_docs.py runs its blocks, and first_click.py follows it in a fresh clone."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.description.authentication import (
    ApiKeyAuth,
    BearerAuth,
    HttpBasicAuth,
    OAuth2ClientCredentialsAuth,
)
from messaging_assets.description.names import variable
from messaging_assets.seams import dagster_dlt as embedded_elt
from messaging_assets_tests.docs_pages import blocks_of
from messaging_assets_tests.programs import CHECKOUT, run

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS = blocks_of(README)


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len(README.splitlines()) < 120
    written = [f"{block.language} {block.word}".strip() for block in BLOCKS]
    assert Counter(written) == {"sh": 2, "text": 1, "yaml apis/team_chat.yaml": 1, "python": 1}
    [file] = [block.text for block in BLOCKS if block.language == "yaml"]
    assert len(file.splitlines()) <= 12, "the README calls them ten"


def test_the_picture_of_the_readme_is_small_enough_for_a_page() -> None:
    for file in (CHECKOUT / "docs" / "pictures").iterdir():
        assert file.stat().st_size < 200_000, file


def test_without_dagster_embedded_elt_the_same_names_come_from_dagster_dlt() -> None:
    names = ("DagsterDltResource", "DagsterDltTranslator", "build_dlt_asset_specs")
    code = f"""
import shutil
import sys
sys.modules["dagster_embedded_elt"] = None
import dagster_dlt
from messaging_assets.seams import dagster_dlt as embedded_elt
assert all(getattr(embedded_elt, name) is getattr(dagster_dlt, name) for name in {names!r})
"""
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr


def test_dagster_embedded_elt_brings_the_names_of_dagster_dlt() -> None:
    import dagster_dlt

    assert embedded_elt.DagsterDltResource is dagster_dlt.DagsterDltResource


@pytest.mark.parametrize(
    "auth",
    [
        ApiKeyAuth(type="api_key"),
        BearerAuth(),
        HttpBasicAuth(type="http_basic"),
        OAuth2ClientCredentialsAuth(type="oauth2", default_token_expiration=3600),
    ],
    ids=lambda auth: auth.type,
)
def test_the_table_of_secrets_is_complete(auth: Any) -> None:
    text = (CHECKOUT / "docs" / "secrets.md").read_text(encoding="utf-8")
    variables = ", ".join(f"`{variable('team_chat', name)}`" for name in auth.secrets)
    assert f"| {variables} | {', '.join(f'`{name}`' for name in auth.secrets)} |" in text


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_a_python_that_make_cannot_use_is_told_before_anything_is_installed(tmp_path: Path) -> None:
    done = run("make", "setup", f"VENV={tmp_path / 'venv'}", "PYTHON=false", cwd=CHECKOUT)
    assert done.returncode == 2
    assert "Python 3.10 to 3.13 is needed; name one: make setup PYTHON=python3.13" in done.stdout
    assert not (tmp_path / "venv").exists()
