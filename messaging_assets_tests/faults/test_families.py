"""Lists of parents and of their children: none is left out in silence, and none is read twice."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets_tests.faults.one_list import AT_ONCE, OFFSETS, OneList, Outcome

Lists = dict[str, list[dict[str, Any]]]
IGNORED = {"content": "not_allowed", "action": "ignore"}


def family(
    one_list: OneList,
    channels: list[dict[str, Any]],
    lists: Lists,
    parent: dict[str, Any] | None = None,
    refused: str = "",
    **child: Any,
) -> Outcome:
    """Sync the messages of all channels, each list asked for by the channel's slug."""
    endpoint = {
        "path": "messages",
        "data_selector": "data",
        "paginator": OFFSETS,
        "error_handler": AT_ONCE,
        "total": "exact",
    }
    of_a_channel = {**endpoint, "params": {"channel": "{resources.channels.slug}"}, "response_actions": [IGNORED]}
    description = ApiDescription.model_validate(
        {
            "name": one_list.api,
            "client": {"base_url": f"{one_list.sandbox.url}/{one_list.api}/v1", **one_list.client, "max_in_flight": 8},
            "resources": [
                {"name": "channels", "primary_key": "id", "endpoint": endpoint, **(parent or {})},
                {"name": "posts", "primary_key": "id", "write_disposition": "merge", "endpoint": of_a_channel, **child},
            ],
        }
    )

    def answer(payload: Any, request: Any) -> Any:
        if request.query.get("channel", "-") in refused:
            return {"error": "not_allowed"}
        rows = lists.get(request.query["channel"], []) if "channel" in request.query else channels
        start = request.offset or 0
        return {"data": rows[start : start + 100], "total": len(rows)}

    one_list.sandbox.faults.clear()
    one_list.fault(rewrite=answer)
    return one_list.run(description, "posts")


def test_a_parent_without_its_key_leaves_the_child_in_doubt_and_nothing_is_deleted(one_list: OneList) -> None:
    """A parent's record that cannot be told apart: its list is not read, the child is unknown and deletes nothing."""
    channels: list[dict[str, Any]] = [{"id": number, "slug": slug} for number, slug in enumerate("abc")]
    lists = {slug: [{"id": f"{slug}{number}"} for number in range(5)] for slug in "abc"}
    deleting: dict[str, Any] = {"deletes": "remove", "maximum_deleted_share": 1.0}
    whole = family(one_list, channels, lists, **deleting)
    channels[1]["id"] = None
    lacking = family(one_list, channels, lists, **deleting)

    assert len(whole.ids) == 15
    assert whole.verdict == "proven"
    assert lacking.green
    assert lacking.verdict == "unknown"
    assert "parents: a record was left out" in lacking.reason
    assert len(lacking.ids) == 15


def test_parents_whose_values_make_one_address_are_one_list(one_list: OneList) -> None:
    """A parent's value that is a number here and a text there asks for one list, which is read once."""
    channels: list[dict[str, Any]] = [{"id": 1, "slug": 7}, {"id": 2, "slug": "7"}]
    lists = {"7": [{"id": number} for number in range(5)]}

    synced = family(one_list, channels, lists, write_disposition="append")

    assert synced.ids == [0, 1, 2, 3, 4]


SENSITIVE: dict[str, Any] = {"columns": {"slug": {"data_type": "text", "sensitive": True}}}


def test_a_sensitive_field_of_a_parent_stands_in_no_rejected_record(one_list: OneList) -> None:
    """A child's bad record that carries a sensitive field of its parent: it is masked where the record is kept."""
    channels: list[dict[str, Any]] = [{"id": 1, "slug": "alice@example.com"}]
    lists: Lists = {"alice@example.com": [{"id": 1}, {"id": 2, "size": "large"}]}
    columns = {"size": {"data_type": "bigint"}}

    synced = family(one_list, channels, lists, parent=SENSITIVE, include_from_parent=["slug"], columns=columns)

    [rejected] = synced.rejected
    assert "alice" not in rejected["record"]
    assert "***" in rejected["record"]


def test_a_sensitive_field_of_a_parent_stands_in_no_failure(one_list: OneList) -> None:
    """A child's address that holds a sensitive field of its parent: the failure shows the path as the file has it."""
    channels: list[dict[str, Any]] = [{"id": 1, "slug": "alice@example.com"}]
    endpoint = {"path": "people/{resources.channels.slug}/messages", "error_handler": AT_ONCE}

    synced = family(one_list, channels, {}, parent=SENSITIVE, endpoint=endpoint)

    assert "alice" not in synced.sentence
    assert "/.../people/{resources.channels.slug}/messages answered 404" in synced.sentence


CHANNELS: list[dict[str, Any]] = [{"id": 1, "slug": "a"}, {"id": 2, "slug": "b"}]
LOCAL: Lists = {slug: [{"id": number, "text": f"{slug}{number}"} for number in range(5)] for slug in "ab"}


@pytest.mark.sampled
@pytest.mark.parametrize("checkpoint", [{"pages": 50}, {"pages": 1}], ids=["one part", "several parts"])
def test_children_whose_keys_are_their_parents_own_are_in_doubt(one_list: OneList, checkpoint: dict[str, Any]) -> None:
    """Children with one key in two parents' lists, and other content: one of them is lost, and the sync says so."""
    synced = family(one_list, CHANNELS, LOCAL, checkpoint=checkpoint)

    assert len(synced.ids) == 5
    assert synced.verdict == "unknown"
    assert "add the parent's key (include_from_parent) to primary_key" in synced.reason


def test_children_whose_key_names_their_parent_are_all_there(one_list: OneList) -> None:
    """The same children, told apart by their parent's key as well."""
    synced = family(
        one_list,
        CHANNELS,
        LOCAL,
        include_from_parent=["id"],
        primary_key=["_channels_id", "id"],
        checkpoint={"pages": 1},
    )

    assert len(synced.ids) == 10
    assert synced.verdict == "proven"


def test_a_record_that_two_parents_share_is_one_record(one_list: OneList) -> None:
    """A record that stands the same in two parents' lists: it is in the table once, which is no doubt."""
    shared = [{"id": number, "name": "somebody"} for number in range(5)]

    synced = family(one_list, CHANNELS, {"a": shared, "b": shared}, include_from_parent=["id"])

    assert len(synced.ids) == 5
    assert synced.verdict == "proven"


@pytest.mark.sampled
@pytest.mark.parametrize("way", ["replace", {"disposition": "merge", "strategy": "scd2"}], ids=["replace", "scd2"])
def test_rows_of_a_parent_whose_list_is_left_unread_stay(one_list: OneList, way: Any) -> None:
    """A list that was left unread from the first sync on has no rows to lose; one that is so from now on has."""
    channels = [{"id": number, "slug": slug} for number, slug in enumerate("abc")]
    lists: Lists = {slug: [{"id": f"{slug}{number}"} for number in range(5)] for slug in "abc"}
    described: dict[str, Any] = {"write_disposition": way, "maximum_deleted_share": 1.0}
    for _ in range(2):
        known = family(one_list, channels, lists, refused="b", **described)
        assert known.green
        assert known.verdict == "unknown"
    for refused in ("bc", "abc"):
        doubtful = family(one_list, channels, lists, refused=refused, **described)
        assert not doubtful.green
        assert "the list was left after page 0" in doubtful.sentence
        assert len(doubtful.ids) == 10
    assert family(one_list, channels, lists, **described).green
