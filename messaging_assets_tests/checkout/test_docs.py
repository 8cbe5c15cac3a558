"""Every block that a page shows is run, and every link into the checkout leads somewhere."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from messaging_assets.assets.metadata.receipt_metadata import receipt_metadata
from messaging_assets.description import api as described
from messaging_assets.description import pagination as paging
from messaging_assets.description.authentication import Described, OAuth2ClientCredentialsAuth
from messaging_assets.description.automation import Automation, Freshness, Schedule, Sensor
from messaging_assets.description.endpoint import Format
from messaging_assets.description.jobs import FirstMark, Job
from messaging_assets.description.pagination import PaginatorDescription, SizedPaginator
from messaging_assets.description.table import Column, MergeDisposition, SchemaContract, Step
from messaging_assets.description.ways.signatures import HmacAuth, Jwt
from messaging_assets.description.windows import Partitions
from messaging_assets.files.json_schema import sentences
from messaging_assets.files.rules.shape import words_of
from messaging_assets.reading.receipt import Receipt
from messaging_assets_tests.docs_pages import Block, Page, blocks_of
from messaging_assets_tests.docs_site import on_page_markdown
from messaging_assets_tests.programs import CHECKOUT

DOCS = sorted((CHECKOUT / "docs").glob("*.md"))
PAGES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *DOCS]
LINKS = [
    (page, link)
    for page in PAGES
    for link in sorted(set(re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))))
    if "://" not in link
]


API_FILE = (CHECKOUT / "docs" / "api-file.md").read_text(encoding="utf-8")
PAGINATORS: list[type[Described]] = [
    paging.OffsetPaginator,
    paging.PageNumberPaginator,
    paging.CursorPaginator,
    paging.JsonLinkPaginator,
    paging.HeaderLinkPaginator,
    paging.HeaderCursorPaginator,
]
MODELS: dict[str, type[Described]] = {
    "A file": described.ApiDescription,
    "Setting": described.Setting,
    "Client": described.Client,
    "Timeout": described.Timeout,
    "Resource": described.Resource,
    "Endpoint": described.Endpoint,
    "Format": Format,
    "Job": Job,
    "Incremental": described.Incremental,
    "First_mark": FirstMark,
    "Error_handler": described.ErrorHandler,
    "Error_in_body": described.ErrorInBody,
    "Response_actions": described.ResponseAction,
    "Checkpoint": described.Checkpoint,
    "Retention": described.Retention,
    "Checks": described.Checks,
    "Column": Column,
    "Write_disposition": MergeDisposition,
    "Schema_contract": SchemaContract,
    "Steps": Step,
    "Partitions": Partitions,
    "Schedule": Schedule,
    "Sensor": Sensor,
    "Freshness": Freshness,
    "Automation": Automation,
    "Auth": OAuth2ClientCredentialsAuth,
    "Jwt": Jwt,
    "Hmac": HmacAuth,
    "Paginator": PaginatorDescription,
    "Limit": SizedPaginator,
    **dict(
        zip(["Offset", "Page_number", "Cursor", "Json_link", "Header_link", "Header_cursor"], PAGINATORS, strict=True)
    ),
    "Next_request": paging.NextRequest,
}


@pytest.fixture
def page(sandbox: Any, clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(sandbox, clean_room / "checkout", monkeypatch)


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
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


@pytest.mark.parametrize(("title", "model"), MODELS.items(), ids=list(MODELS))
def test_every_word_of_an_api_file_is_on_its_page_as_its_model_has_it(title: str, model: type[Described]) -> None:
    words = words_of(model)
    for above in (PaginatorDescription, SizedPaginator):
        if model is not above and issubclass(model, above):
            words -= words_of(above) - set(model.__annotations__)
    named = {field.alias or name: field for name, field in model.model_fields.items()}

    said = sentences(model)

    assert _rows_of(title) == {word: (_default(named[word]), said[word]) for word in words}, "see docs/api-file.md"


def test_the_page_of_words_has_no_other_sections() -> None:
    assert re.findall(r"^## (.+)$", API_FILE, re.MULTILINE) == list(MODELS)


def test_every_count_of_a_receipt_is_on_its_page() -> None:
    page = (CHECKOUT / "docs" / "checks-and-receipts.md").read_text(encoding="utf-8")
    receipt = Receipt()
    for field in fields(receipt):
        if getattr(receipt, field.name) is None:
            setattr(receipt, field.name, 1)
    for counter in (receipt.retries, receipt.set_aside, receipt.ends, receipt.jobs):
        counter["a reason"] += 1

    names = {name.removeprefix("messaging_assets/") for name in receipt_metadata(receipt)}

    assert {name for name in names if f"`{name}`" not in page} == set()


def _rows_of(title: str) -> dict[str, tuple[str, str]]:
    """Word -> default and sentence, as the page has them."""
    section = API_FILE.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| (.+) \|$", section, re.MULTILINE)
    return {word: (default, _sentence(text)) for word, default, text in rows}


def _sentence(cell: str) -> str:
    """What a cell says, without its links; dlt is written small."""
    text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", cell)
    return f"{text if text.startswith('dlt') else text[0].upper() + text[1:]}."


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default_factory() if field.default_factory else field.default
    if value in (None, [], {}) or isinstance(value, Described):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_no_block_escapes_the_reader(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert len(blocks_of(text)) * 2 == len(re.findall(r"^\s*(```|~~~)", text, re.MULTILINE))
    # Markdown takes lines that are indented by four for a block too.
    assert not re.search(r"^\n {4}", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.stem)
def test_every_block_is_one_on_the_site_too(file: Path) -> None:
    opened = re.findall(r"^```.+$", on_page_markdown(file.read_text(encoding="utf-8")), re.MULTILINE)

    # What the site's own rule for fences takes; it makes a paragraph of any other.
    assert [fence for fence in opened if not re.fullmatch(r'```\w+( title="[^"]+")?', fence)] == []


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.stem)
def test_no_link_of_the_site_leads_out_of_it(file: Path) -> None:
    assert "](../" not in on_page_markdown(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.stem)
def test_a_list_or_a_table_begins_behind_an_empty_line_as_the_site_needs_it(file: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)

    # Else it would be the rest of the paragraph above it.
    assert re.findall(r"^(?![-#|]+ |\||\d+\. |  ).+\n(?:- |\d+\. |\| ).*", prose, re.MULTILINE) == []


@pytest.mark.parametrize(("file", "link"), LINKS, ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_links_into_the_checkout_lead_somewhere(file: Path, link: str) -> None:
    assert (file.parent / link).exists()


def test_links_into_pages_lead_to_a_heading() -> None:
    for file in PAGES:
        for name, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", file.read_text(encoding="utf-8")):
            headings = re.findall(r"^#+ (.+)$", (file.parent / name if name else file).read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, (file, anchor)


def test_the_readme_leads_to_every_page() -> None:
    linked = {(file.parent / link).resolve() for file, link in LINKS if file.name == "README.md"}

    assert linked >= {*DOCS}


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
        (Block("json", "alert", '{"news": []}'), "an alert has the keys text, news"),
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


def test_both_sides_of_a_translation_say_the_same() -> None:
    theirs, ours = _both_sides("airbyte")
    [stream] = theirs["streams"]
    retriever, cursor = stream["retriever"], stream["incremental_sync"]
    assert cursor["lookback_window"] == "PT1H"
    airbyte = {
        "base_url": retriever["requester"]["url_base"],
        "auth": retriever["requester"]["authenticator"]["inject_into"]["field_name"],
        "path": retriever["requester"]["path"],
        "selector": ".".join(retriever["record_selector"]["extractor"]["field_path"]),
        "limit": retriever["paginator"]["pagination_strategy"]["page_size"],
        "key": stream["primary_key"],
        "cursor": [cursor["cursor_field"], cursor["start_datetime"], cursor["start_time_option"]["field_name"], 3600],
    }
    assert _facts(ours) == airbyte

    theirs, ours = _both_sides("meltano")
    config = theirs["plugins"]["extractors"][0]["config"]
    [stream] = config["streams"]
    singer = {
        "base_url": config["api_url"],
        "auth": next(iter(config["params"])),
        "path": stream["path"],
        "selector": config["offset_records_jsonpath"].removeprefix("$."),
        "limit": config["pagination_page_size"],
        "key": stream["primary_keys"],
        "cursor": [stream["replication_key"], config["start_date"], stream["source_search_field"], None],
    }
    assert _facts(ours) == singer


def _both_sides(whose: str) -> tuple[Any, Any]:
    page = {"airbyte": "coming-from-airbyte.md", "meltano": "coming-from-singer-meltano.md"}[whose]
    blocks = blocks_of((CHECKOUT / "docs" / page).read_text(encoding="utf-8"))
    theirs, ours = (yaml.safe_load(block.text) for block in blocks if block.language == "yaml")
    return theirs, ours


def _facts(api: Any) -> dict[str, Any]:
    [resource] = api["resources"]
    endpoint = resource["endpoint"]
    cursor = endpoint["incremental"]
    return {
        "base_url": api["client"]["base_url"],
        "auth": api["client"]["auth"]["name"],
        "path": endpoint["path"],
        "selector": endpoint["data_selector"],
        "limit": endpoint["paginator"]["limit"],
        "key": [resource["primary_key"]],
        "cursor": [cursor["cursor_path"], cursor["initial_value"], cursor["start_param"], cursor.get("lag")],
    }


def test_the_site_has_each_page_once_and_asks_nobody_else_for_anything() -> None:
    site = yaml.safe_load((CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8"))
    pages = re.findall(r"[\w-]+\.md", repr(site["nav"]))

    assert sorted(pages) == [page.name for page in DOCS]
    assert site["theme"]["font"] is False
    assert site["strict"] is True
