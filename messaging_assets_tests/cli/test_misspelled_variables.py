"""Variables of the environment that nobody reads, because their names are misspelled: `doctor` names them."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from messaging_assets.cli import main
from messaging_assets.cli.health.variables import OURS, unread
from messaging_assets_tests.rooms import PACKAGE


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("MESSAGING_ASSETS_GATES", "set MESSAGING_ASSETS_GATE, if that is meant"),
        ("messaging_assets_executor", "set MESSAGING_ASSETS_EXECUTOR, if that is meant"),
        ("MESSAGING_ASSET_APIS", "set MESSAGING_ASSETS_APIS, if that is meant"),
        ("MESSAGING_ASSETS_QQ", "unset it"),
        ("destination_type", "set DESTINATION_TYPE, if that is meant"),
        ("DESTINATION__TYPE", "set DESTINATION_TYPE, if that is meant"),
    ],
)
def test_a_variable_that_is_misspelled_is_named(monkeypatch: pytest.MonkeyPatch, name: str, mend: str) -> None:
    monkeypatch.setenv(name, "anything")
    monkeypatch.setenv("DESTINATION_NAME", "house")
    [found] = unread()
    assert (found.level, found.what, found.mend) == ("warning", f"the variable {name} is read by nobody", mend)
    assert f"the variable {name} is read by nobody" in CliRunner().invoke(main, ["doctor", "--json"]).stdout


def test_every_variable_that_the_package_reads_is_known() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    assert {found for text in texts for found in re.findall(r"\bMESSAGING_ASSETS_[A-Z_]*[A-Z]", text)} == OURS
