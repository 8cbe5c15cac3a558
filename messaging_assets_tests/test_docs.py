"""Every block that a page shows is run, and every link into the checkout leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from messaging_assets_tests.docs_pages import Block, Page, blocks_of
from messaging_assets_tests.programs import CHECKOUT

DOCS = sorted((CHECKOUT / "docs").glob("*.md"))
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *DOCS]
LINKS = [
    (page, link)
    for page in PAGES
    for link in sorted(set(re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))))
    if "://" not in link
]


@pytest.fixture
def page(sandbox: Any, clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(sandbox, clean_room / "checkout", monkeypatch)


@pytest.mark.parametrize("file", [CHECKOUT / "CONTRIBUTING.md", *DOCS], ids=lambda file: file.stem)
def test_what_a_page_shows_runs(file: Path, page: Page) -> None:
    for block in blocks_of(file.read_text(encoding="utf-8")):
        page.run(block)


def test_the_file_of_the_dlt_page_is_the_config_that_dlt_takes(page: Page) -> None:
    shown = blocks_of((CHECKOUT / "docs" / "coming-from-dlt.md").read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for block in shown:
        if block.language == "python":
            exec(block.text, names)

    [file] = [yaml.safe_load(block.text) for block in shown if block.language == "yaml"]

    assert file == names["config"]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_no_block_escapes_the_reader(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert len(blocks_of(text)) * 2 == len(re.findall(r"^\s*(```|~~~)", text, re.MULTILINE))
    # Markdown takes lines that are indented by four for a block too.
    assert not re.search(r"^\n {4}", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)


@pytest.mark.parametrize(("file", "link"), LINKS, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_links_into_the_checkout_lead_somewhere(file: Path, link: str) -> None:
    assert (file.parent / link).exists()


def test_the_readme_leads_to_every_page_and_example() -> None:
    linked = {(file.parent / link).resolve() for file, link in LINKS if file.name == "README.md"}

    assert linked >= {*DOCS, *(CHECKOUT / "examples").iterdir()}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Block("", "", "anything"), "nothing here runs a block of ''"),
        (Block("ruby", "", "puts 1"), "nothing here runs a block of 'ruby'"),
        (Block("yaml", "", "name: messages"), "a block of yaml is"),
        (Block("yaml", "resource", "nmae: messages"), "unknown key; did you mean name?"),
        (Block("yaml", "client", "max_in_flight: many"), "must be a whole number"),
        (Block("yaml", "airbyte", "plugins: {}"), "there is no streams in it"),
        (Block("yaml", "kubernetes", "env: [{name: MESSAGING_ASSET_HOME, value: x}]"), "nothing reads"),
        (Block("dockerfile", "", "ENV MESSAGING_ASSETS_HOMES=/data"), "nothing reads"),
        (Block("toml", "somewhere.toml", "a = 1"), "toml is a file of dlt's"),
        (Block("json", "run_failed", "{}"), "an alert has the keys assets, event,"),
        (Block("sql", "", "SELECT 1 WHERE false"), "the query finds nothing"),
        (Block("python", "", "defs = nothing"), "name 'nothing' is not defined"),
        (Block("sh", "", "messaging-assets validat"), "there is no 'validat'"),
        (Block("sh", "", "rm -r docs"), "nothing here runs rm -r docs"),
        (Block("sh", "", "export MESSAGING_ASSETS_EXECUTORS=multiprocess"), "nothing reads"),
        (Block("sh", "", "make tea"), "make knows no tea"),
        (Block("text", "", "all is well"), "'all is well' is not in"),
    ],
    ids=lambda one: f"{one.language} {one.word}" if isinstance(one, Block) else "",
)
def test_a_block_that_is_wrong_or_unknown_fails(page: Page, block: Block, message: str) -> None:
    with pytest.raises(BaseException, match=re.escape(message)):
        page.run(block)


def test_a_block_that_is_right_passes(page: Page) -> None:
    page.run(Block("sh", "", "messaging-assets --version\nmake test\nexport MESSAGING_ASSETS_EXECUTOR=multiprocess"))
    page.run(Block("text", "", "0.1.0\n..."))
