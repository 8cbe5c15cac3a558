"""Children of several parents: each pair is asked for once, and a record without what is taken of it is counted."""

from __future__ import annotations

from typing import Any

from messaging_assets_tests.faults.family import Family
from messaging_assets_tests.faults.one_list import OneList

ORGS: dict[str, Any] = {"name": "orgs", "selected": False, "endpoint": {"path": "orgs"}}
USERS: dict[str, Any] = {"name": "users", "selected": False, "endpoint": {"path": "users"}}
PROJECTS: dict[str, Any] = {
    "name": "projects",
    "selected": False,
    # What a step leaves out of a record takes nothing from its children.
    "steps": [{"keep": ["id", "meta"]}],
    "endpoint": {"path": "orgs/{resources.orgs.id}/projects"},
}
ISSUES: dict[str, Any] = {
    "name": "issues",
    "include_from_parent": ["orgs.id", "projects.id"],
    "primary_key": ["_orgs_id", "_projects_id", "id"],
    "endpoint": {"path": "orgs/{resources.orgs.id}/projects/{resources.projects.id}/issues"},
}
SEATS: dict[str, Any] = {
    "name": "seats",
    "include_from_parent": ["orgs.id", "users.id"],
    "primary_key": ["_orgs_id", "_users_id", "id"],
    "endpoint": {"path": "seats", "params": {"org": "{resources.orgs.id}", "user": "{resources.users.id}"}},
}


def answers(path: str, query: dict[str, str]) -> list[Any]:
    """Two organizations with projects 1 and 2 each, and two users."""
    if path == "/orgs":
        return [{"id": "a"}, {"id": "b"}]
    if path == "/users":
        return [{"id": "x"}, {"id": "y"}]
    if path.endswith("/projects"):
        return [{"id": 1, "meta": {"slug": f"{path[6]}1"}}, {"id": 2}]
    return [{"id": 1}]


def test_a_child_takes_fields_of_its_parent_and_of_the_one_above_it(one_list: OneList) -> None:
    with Family(one_list, answers).served() as api:
        synced = api.sync("issues", ORGS, PROJECTS, ISSUES)

        pairs = [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
        assert api.asked[0] == "/orgs"
        assert sorted(api.asked[1:]) == sorted(
            ["/orgs/a/projects", "/orgs/b/projects", *(f"/orgs/{org}/projects/{one}/issues" for org, one in pairs)]
        )
    assert sorted((row["_orgs_id"], row["_projects_id"]) for row in synced.table) == pairs
    assert synced.verdict == "read to the end"


def test_parents_beside_each_other_are_asked_for_in_pairs(one_list: OneList) -> None:
    with Family(one_list, answers).served() as api:
        synced = api.sync("seats", ORGS, USERS, SEATS)

        assert sorted(api.asked) == ["/orgs", *(f"/seats?org={o}&user={u}" for o in "ab" for u in "xy"), "/users"]
    assert sorted((row["_orgs_id"], row["_users_id"]) for row in synced.table) == [(o, u) for o in "ab" for u in "xy"]


def test_parents_are_asked_for_with_each_value_of_the_file(one_list: OneList) -> None:
    endpoint = {"path": "orgs/{resources.orgs.id}/{for_each.kind}"}
    of_both = {"for_each": {"kind": ["open", "shut"]}, "include_from_parent": ["id"], "endpoint": endpoint}
    with Family(one_list, answers).served() as api:
        keys = ["_orgs_id", "_kind", "id"]
        synced = api.sync("tickets", ORGS, {"name": "tickets", "primary_key": keys, **of_both})

    assert sorted((row["_orgs_id"], row["_kind"]) for row in synced.table) == [
        (org, kind) for org in "ab" for kind in ("open", "shut")
    ]


def test_a_list_of_a_pair_that_goes_unanswered_leaves_the_read_in_doubt(one_list: OneList) -> None:
    ignored = {**SEATS["endpoint"], "response_actions": [{"status_code": 403, "action": "ignore"}]}

    def refusing(path: str, query: dict[str, str]) -> list[Any] | int:
        return 403 if query == {"org": "a", "user": "y"} else answers(path, query)

    with Family(one_list, refusing).served() as api:
        synced = api.sync("seats", ORGS, USERS, {**SEATS, "endpoint": ignored})

    assert (synced.verdict, len(synced.table)) == ("unknown", 3)


def test_a_sensitive_field_of_one_of_several_parents_stands_in_no_failure(one_list: OneList) -> None:
    hidden = {**USERS, "columns": {"id": {"data_type": "text", "sensitive": True}}}

    def failing(path: str, query: dict[str, str]) -> list[Any] | int:
        return 404 if path.startswith("/of") else answers(path, query)

    endpoint = {"path": "of/{resources.orgs.id}/{resources.users.id}"}
    with Family(one_list, failing).served() as api:
        synced = api.sync("seats", ORGS, hidden, {"name": "seats", "endpoint": endpoint})

    assert "answered 404" in synced.sentence
    assert "/of/a/x" not in synced.sentence


def test_a_parent_without_a_nested_field_is_counted_and_the_others_are_read(one_list: OneList) -> None:
    of_slugs = {"name": "issues", "endpoint": {"path": "issues/{resources.projects.meta.slug}"}}
    with Family(one_list, answers).served() as api:
        synced = api.sync("issues", ORGS, PROJECTS, {**of_slugs, "write_disposition": "append"})

        assert {one for one in api.asked if "issues" in one} == {"/issues/a1", "/issues/b1"}
    assert synced.green
    assert synced.receipt["parents_left_out"] == 2
    assert synced.verdict == "unknown"
    assert "it has no 'meta.slug', which the request takes" in synced.reason


def test_a_record_that_lacks_a_field_is_counted_once_whatever_it_goes_with(one_list: OneList) -> None:
    def lists(path: str, query: dict[str, str]) -> list[Any]:
        return [{"id": "x"}, {"id": None, "n": 1}, {"n": 2}] if path == "/users" else answers(path, query)

    with Family(one_list, lists).served() as api:
        synced = api.sync("seats", ORGS, {**USERS, "primary_key": []}, SEATS)

    assert (synced.receipt["parents_left_out"], len(synced.table)) == (2, 2)


def test_a_field_that_no_parent_has_is_red(one_list: OneList) -> None:
    of_nothing = {"name": "issues", "endpoint": {"path": "issues/{resources.projects.slog}"}}
    with Family(one_list, answers).served() as api:
        synced = api.sync("issues", ORGS, PROJECTS, of_nothing)

    assert not synced.green
    assert "not one parent's record has a list for family.issues: it has no 'slog'" in synced.sentence


def test_texts_and_numbers_are_parents_too_and_what_is_neither_is_counted(one_list: OneList) -> None:
    ids = {"name": "ids", "primary_key": "value", "selected": False, "endpoint": {"path": "ids"}}
    of_ids = {"name": "messages", "endpoint": {"path": "of/{resources.ids.value}"}}

    def lists(path: str, query: dict[str, str]) -> list[Any]:
        return ["a", 7, None] if path == "/ids" else [{"id": path}]

    with Family(one_list, lists).served() as api:
        synced = api.sync("messages", ids, of_ids)

    assert synced.ids == ["/of/7", "/of/a"]
    assert synced.receipt["parents_left_out"] == 1
