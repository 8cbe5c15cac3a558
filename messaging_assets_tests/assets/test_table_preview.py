"""The rows on an asset's page: as many as asked for, short, harmless, and never what is sensitive."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.assets.preview import cell
from messaging_assets.description.parents import is_sensitive, sensitive_columns
from messaging_assets.files.api_files import InvalidDescription, describe
from messaging_assets.foundation.redaction import Redaction
from messaging_assets_tests.one_table import RESOURCE, OneTable

ROWS = [
    {"id": 1, "email": "ann@example.com", "profile": {"age": 41}, "text": "a|b\n![x](http://t.invalid/1.png)"},
    {"id": 2, "email": None, "profile": None, "text": "w" * 60},
    {"id": 3, "email": "cy@example.com", "profile": None, "text": None},
]
SENSITIVE = {"email": {"data_type": "text", "sensitive": True}, "profile": {"data_type": "json", "sensitive": True}}


def test_no_row_is_shown_unless_a_file_asks_for_it(one_table: OneTable) -> None:
    assert "preview" not in one_table.sync(ROWS).receipt


def test_the_first_rows_are_shown_with_sensitive_columns_masked(one_table: OneTable) -> None:
    preview = one_table.sync(ROWS, preview_rows=2, columns=SENSITIVE).receipt["preview"]
    head, line, *body = preview.splitlines()
    cells = [[one.strip() for one in row.strip("|").split(" | ")] for row in body]
    assert set(head.replace("| ", "").split()) >= {"id", "email", "profile", "text"}
    assert line.count("---") == head.count(" | ") + 1
    assert [row[0] for row in cells] == ["1", "2"]
    assert "_dlt" not in preview.replace("\\", "")
    assert cells[0][1:3] == [r"\*\*\*"] * 2
    assert cells[1][1:3] == ["", ""]
    assert "example.com" not in preview.replace("\\", "")
    assert "41" not in preview


def test_a_wide_table_lies_behind_a_button_and_a_narrow_one_in_the_page(one_table: OneTable) -> None:
    narrow = one_table.sync([{"id": 1}], preview_rows=1).receipt["preview"]
    assert len(narrow) < 1_000
    wide = one_table.sync([{"id": 2, "text": "w" * 60, "more": "m" * 60}], preview_rows=2).receipt["preview"]
    assert len(wide) == 1_000
    assert wide.rstrip().endswith("|")


def test_without_the_mark_the_same_columns_are_shown(one_table: OneTable) -> None:
    preview = one_table.sync(ROWS, preview_rows=50).receipt["preview"]
    assert "ann\\@example\\.com" in preview
    assert "41" in preview
    assert len(preview.splitlines()) == 2 + len(ROWS)


def test_an_apis_text_is_no_markup_and_is_cut(one_table: OneTable) -> None:
    preview = one_table.sync(ROWS, preview_rows=3).receipt["preview"]
    assert r"a\|b \!\[x\]\(http\:\/\/t\.invalid\/1\.png\)" in preview
    assert f" {'w' * 39}… |" in preview
    assert "w" * 40 not in preview


def test_a_value_of_another_type_is_masked_in_the_column_that_dlt_makes_for_it(one_table: OneTable) -> None:
    one_table.sync([{"id": 1, "pin": 1234}], columns={"pin": {"sensitive": True}})
    preview = one_table.sync([{"id": 2, "pin": "secret word"}], preview_rows=9).receipt["preview"]
    assert "pin__v_text" in preview.replace("\\", "")
    assert "secret word" not in preview
    assert "1234" not in preview


def test_an_empty_list_has_no_preview(one_table: OneTable) -> None:
    assert "preview" not in one_table.sync([], preview_rows=5).receipt


def test_a_preview_is_small(one_table: OneTable) -> None:
    wide = {"id": 1, **{f"c{number}": number for number in range(100)}}
    preview = one_table.sync([wide], preview_rows=5).receipt["preview"]
    assert preview.splitlines()[0].count("|") == 31
    with pytest.raises(InvalidDescription, match=r"preview_rows: must be .*50"):
        describe(
            {"client": {"base_url": "https://api.example.com"}, "resources": [{"name": "a", "preview_rows": 51}]}, "x"
        )


@pytest.mark.sampled
@pytest.mark.parametrize("is_hidden", [True, False])
def test_a_sensitive_key_is_not_in_a_checks_metadata(one_table: OneTable, is_hidden: bool) -> None:
    columns = {"id": {"data_type": "text", "sensitive": is_hidden}, "name": {"nullable": False}}
    one_table.sync([{"id": "ann@example.com", "name": "Ann"}], columns=columns)
    one_table.execute(f"INSERT INTO {RESOURCE} SELECT * FROM {RESOURCE}")
    check = one_table.check().checks["id_is_unique"]
    assert not check.passed
    assert ("ann@example.com" in repr(check.metadata)) is not is_hidden


def test_what_a_child_takes_from_its_parents_stays_sensitive() -> None:
    def resource(name: str, path: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "endpoint": {"path": path}, "primary_key": "id", **more}

    description = describe(
        {
            "client": {"base_url": "https://api.example.com"},
            "resources": [
                resource("users", "/users", columns={"Email": {"sensitive": True}, "name": {}}),
                resource("posts", "/users/{resources.users.id}/posts", include_from_parent=["Email", "name"]),
            ],
        },
        "chat",
    )
    sensitive = sensitive_columns(description, description.resources_in_full["posts"])
    assert is_sensitive("_users_email", sensitive)
    assert not is_sensitive("_users_name", sensitive)


@pytest.mark.parametrize(
    ("column", "hidden"),
    [
        ("email", True),
        ("Email", True),
        ("email__v_text", True),
        ("emails", False),
        ("owner", True),
        ("owner__id", False),
    ],
)
def test_parts_and_holders_of_a_sensitive_column_are_sensitive(column: str, hidden: bool) -> None:
    assert is_sensitive(column, {"email", "owner__phone"}) is hidden


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (b"abc", "3 bytes"), ({"a": [1]}, '{"a": [1]}'), (1.5, "1.5"), ("\x1b[2J\na", "?[2J a")],
)
def test_a_value_is_one_short_line(value: Any, shown: str) -> None:
    assert cell(value, Redaction()) == shown
