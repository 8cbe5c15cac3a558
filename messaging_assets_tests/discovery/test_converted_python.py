"""A config in a Python file of some size: names, functions, lists of several parts, and what is changed later."""

from __future__ import annotations

import pytest

from messaging_assets.conversion.dlt_config import from_dlt
from messaging_assets.conversion.outcome import Converted
from messaging_assets.conversion.python_config import config_in
from messaging_assets.conversion.texts import Settings

CONFIG = 'config = {"client": {"base_url": BASE}, "resources": RESOURCES}\n'
BASE = 'BASE = "https://api.example.com"\n'
RESOURCES = 'RESOURCES = [{"name": "users"}]\n'


def test_lists_of_several_parts_are_one() -> None:
    text = BASE + 'MORE = ["teams", "rooms"]\nRESOURCES = [{"name": "users"}, *MORE, *made_by(3)]\n' + CONFIG
    config, doubts = config_in(text, "chat.py")
    assert config["resources"][:3] == [{"name": "users"}, "teams", "rooms"]
    assert len(config["resources"]) == 4
    assert doubts == []


@pytest.mark.parametrize(
    "later",
    [
        'config["resources"].append({"name": "late"})\n',
        'config["client"]["auth"] = {"type": "bearer"}\n',
        'RESOURCES += [{"name": "late"}]\n',
        'for one in ("a", "b"):\n    RESOURCES.append({"name": one})\n',
    ],
)
def test_what_is_changed_after_it_was_written_is_told_with_its_line(later: str) -> None:
    [doubt] = config_in(BASE + RESOURCES + CONFIG + later, "chat.py")[1]
    assert f"see line {4 + later.startswith('for')}," in doubt


@pytest.mark.parametrize("beside", ['other = {}\nother["a"] = 1\n', "rows = []\nrows.append(BASE)\n", ""])
def test_what_else_a_file_changes_is_no_doubt(beside: str) -> None:
    assert config_in(BASE + RESOURCES + CONFIG + beside, "chat.py")[1] == []


def test_a_name_that_is_set_twice_is_told() -> None:
    text = BASE + 'if TEST:\n    BASE = "https://test.example.com"\n' + RESOURCES + CONFIG
    config, doubts = config_in(text, "chat.py")
    assert config["client"]["base_url"] == "https://test.example.com"
    assert doubts == ["BASE is set more than once in the file, and the last was taken; is it right?"]
    assert config_in(BASE + BASE + RESOURCES + CONFIG, "chat.py")[1] == []


def test_a_page_whose_length_only_a_run_tells_stays_and_is_asked_about() -> None:
    paginator = "OffsetPaginator(limit=PAGE, total_path=None)"
    text = (
        f'{BASE}config = {{"client": {{"base_url": BASE, "paginator": {paginator}}}, "resources": ["users", made()]}}'
    )
    converted = Converted("chat", "a config", Settings())
    from_dlt(config_in(text, "chat.py")[0], converted)
    assert converted.client["paginator"] == {"type": "offset", "total_path": None, "limit": 100}
    assert "how long is a page? 100 rows are asked for" in [one.words for one in converted.losses]
    assert "made()" in converted.drafts[1].losses[0].words
