"""Children whose parents come from two lists: one table, and equal ids of two lists are two parents."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.description.parents import sensitive_columns, tables_above
from messaging_assets.files.api_files import InvalidDescription, describe
from messaging_assets_tests.faults.family import Family
from messaging_assets_tests.faults.one_list import OneList

ORGS: dict[str, Any] = {"name": "orgs", "selected": False, "endpoint": {"path": "orgs"}}
ISSUES: dict[str, Any] = {"name": "issues", "endpoint": {"path": "issues"}}
MERGES: dict[str, Any] = {
    "name": "merges",
    "selected": False,
    "include_from_parent": ["id"],
    "endpoint": {"path": "orgs/{resources.orgs.id}/merges"},
}
DISCUSSED: dict[str, Any] = {"name": "discussed", "union": ["issues", "merges"], "endpoint": {}}
COMMENTS: dict[str, Any] = {
    "name": "comments",
    "include_from_parent": ["resource", "id"],
    "primary_key": ["_discussed_resource", "_discussed_id", "id"],
    "endpoint": {"path": "{resources.discussed.resource}/{resources.discussed.id}/comments"},
}
EVERY = (ORGS, ISSUES, MERGES, DISCUSSED, COMMENTS)


def answers(path: str, query: dict[str, str]) -> list[Any] | int:
    """Two issues and a merge request, whose id is that of an issue; each comment has the same id too."""
    lists: dict[str, list[Any]] = {"/orgs": ["a"], "/issues": [1, 2], "/orgs/a/merges": [1]}
    return [{"id": one} for one in lists.get(path, [7])]


def test_records_of_two_lists_are_parents_of_one_child_and_equal_ids_do_not_collide(one_list: OneList) -> None:
    with Family(one_list, answers).served() as api:
        synced = api.sync("comments", *EVERY)

        assert sorted(api.asked) == sorted(
            ["/orgs", "/issues", "/orgs/a/merges", "/issues/1/comments", "/issues/2/comments", "/merges/1/comments"]
        )
    rows = sorted((row["_discussed_resource"], row["_discussed_id"], row["id"]) for row in synced.table)
    assert rows == [("issues", 1, 7), ("issues", 2, 7), ("merges", 1, 7)]
    assert synced.verdict == "read to the end"


def test_a_list_of_parents_that_fails_is_no_read_of_the_others_alone(one_list: OneList) -> None:
    def refused(path: str, query: dict[str, str]) -> list[Any] | int:
        return 403 if path.endswith("merges") else answers(path, query)

    with Family(one_list, refused).served() as api:
        synced = api.sync("comments", *EVERY)

    assert not synced.green


def test_a_child_takes_fields_of_a_union_and_of_what_is_above_one_of_its_lists(one_list: OneList) -> None:
    endpoint = {"path": "{resources.orgs.id}/{resources.discussed.resource}/{resources.discussed.id}"}
    own = {"include_from_parent": ["orgs.id", "discussed.id"], "primary_key": ["_orgs_id", "_discussed_id", "id"]}
    with Family(one_list, answers).served() as api:
        synced = api.sync("comments", *EVERY[:-1], {**COMMENTS, **own, "endpoint": endpoint})

        assert "/a/merges/1" in api.asked
    # An issue has no organization above it, so it has no such list, which is counted.
    assert (synced.verdict, len(synced.table)) == ("unknown", 1)


def described(*resources: dict[str, Any], **more: Any) -> ApiDescription:
    return describe({"client": {"base_url": "https://a.example"}, "resources": [*resources], **more}, "chat")


def test_what_is_sensitive_in_a_list_is_so_in_the_union_and_below_it() -> None:
    hidden = {"columns": {"title": {"data_type": "text", "sensitive": True}}}
    api = described(
        {"name": "issues", **hidden},
        {"name": "merges"},
        {"name": "both", "union": ["issues", "merges"]},
        {"name": "comments", "endpoint": "/{resources.both.id}", "include_from_parent": ["title"]},
    )
    comments = api.resources_in_full["comments"]

    assert sensitive_columns(api, comments) == {"_both_title"}
    assert tables_above(api, comments) == ["issues", "merges"]
    assert list(api.resources_in_full) == ["issues", "merges", "comments"]


@pytest.mark.parametrize(
    ("union", "expected"),
    [
        ({"union": ["issues"]}, r"resources\.both\.union: takes two or more resources, each of them once"),
        ({"union": ["issues", "issues"]}, "takes two or more resources, each of them once"),
        ({"union": ["issues", "merge"]}, "its parent 'merge' is no resource of this file; did you mean merges"),
        ({"union": ["issues", "both"]}, "is a union itself; name the resources"),
        ({"union": ["issues", "merges"], "primary_key": "id"}, "a union has the records of its resources as they are"),
        ({"union": ["issues", "merges"], "selected": True}, "a union is there for its children, and has no table"),
    ],
)
def test_what_is_no_union_is_refused_at_its_place(union: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidDescription, match=expected):
        described({"name": "issues"}, {"name": "merges"}, {"name": "both", **union})
