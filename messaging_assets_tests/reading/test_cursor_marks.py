"""A cursor for each parent: every channel has its own high-water mark, because channels do not move at one pace."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from typing import Any

import pytest

from messaging_assets.description.api import ApiDescription, Incremental
from messaging_assets.description.parents import LIST_HEADER
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import project_folders, settle_environment
from messaging_assets.reading.cursors.mark import mark_at
from messaging_assets.reading.cursors.marks import CursorMarks
from messaging_assets.reading.paging.guarded import GuardedPaginator
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.own_process import in_a_process

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

API = "team_messaging"
START = "2025-01-01T00:00:00Z"
CREATED = Incremental(cursor_path="created_at", initial_value=START)


class Chat:
    """Channels and their messages, synced as often and in as many ways as a test wants."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self._numbers = sandbox, count(1)
        self.channels, self.messages = sandbox.rows(API, "channels"), sandbox.empty(API, "messages")
        del self.channels[3:]
        self.busy, self.slow, self.quiet = (row["id"] for row in self.channels)
        self.incremental: dict[str, Any] = {
            "cursor_path": "created_at",
            "initial_value": START,
            "start_param": "since",
        }
        self.described: dict[str, Any] = {"primary_key": "id", "write_disposition": "merge"}
        self.endpoint: dict[str, Any] = {}

    def say(self, channel: str, moment: str) -> dict[str, Any]:
        """A new message, as late as it likes."""
        row = {"id": f"m{next(self._numbers):03d}", "channel_id": channel, "created_at": moment, "text": "hello"}
        self.messages.append(row)
        return row

    def sync(self, config: dict[str, Any] | None = None) -> dict[str, Any]:
        """The metadata of a green sync, or of a red one with its error."""
        self.sandbox.forget()
        return _synced(self.api(), config)

    def api(self) -> ApiDescription:
        """Messages of each channel, as the test describes them."""
        endpoint = {
            "path": "v1/channels/{resources.channels.id}/messages",
            "incremental": self.incremental,
            **self.endpoint,
        }
        defaults = {"data_selector": "data", "paginator": {"type": "offset", "limit": 2}}
        auth = {"type": "oauth2", "token_url": "http://sandbox.invalid"}
        return ApiDescription.model_validate(
            {
                "name": API,
                "client": {"base_url": "http://sandbox.invalid", "auth": auth, "max_in_flight": 1},
                "resource_defaults": {"endpoint": {**defaults, "error_handler": {"max_retries": 0}}},
                "resources": [
                    {"name": "channels", "endpoint": "v1/channels", "primary_key": "id", "selected": False},
                    {"name": "messages", **self.described, "endpoint": endpoint},
                ],
            }
        )

    def loaded(self) -> list[str]:
        """The keys in the table, in order."""
        with self._client() as client:
            return sorted(row[0] for row in client.execute_sql("SELECT id FROM messages") or [])

    def said(self) -> list[str]:
        """The keys that the API has, in order."""
        return sorted(row["id"] for row in self.messages)

    def asked(self) -> dict[str, list[str | None]]:
        """From where each channel was asked for, a value for each request."""
        asked: dict[str, list[str | None]] = {}
        for request in self.sandbox.asked(API, "messages"):
            asked.setdefault(request.path.split("/")[4], []).append(request.query.get("since"))
        return asked

    def marks(self) -> list[str]:
        """The marks in the destination, in order."""
        pipeline = build_pipeline(self.api(), self.api().resources_in_full["messages"], project_folders())
        pipeline.sync_destination()
        [source] = pipeline.state["sources"].values()
        kept = source["resources"]["messages"]["messaging_assets_marks"]["created_at"]
        return sorted(mark["last_value"] for mark in kept.values())

    def _client(self) -> Any:
        return build_pipeline(self.api(), self.api().resources_in_full["messages"], project_folders()).sql_client()


def _synced(api: ApiDescription, config: dict[str, Any] | None = None) -> dict[str, Any]:
    settle_environment().make()
    done = alone(api, "messages", config=config)
    return done.metadata | ({} if done.green else {"error": done.error})


@pytest.fixture
def chat(known_sandbox: Sandbox) -> Chat:
    chat = Chat(known_sandbox)
    for channel, day in ((chat.busy, "20"), (chat.slow, "10"), (chat.quiet, "05")):
        for hour in range(3):
            chat.say(channel, f"2025-03-{day}T{hour:02d}:00:00Z")
    return chat


def test_each_channel_is_asked_for_from_its_own_mark_on_any_machine_and_a_new_one_from_the_beginning(
    chat: Chat,
) -> None:
    first = chat.sync()
    assert chat.asked() == {channel: [START] * 3 for channel in (chat.busy, chat.slow, chat.quiet)}
    # Marks live in the destination.
    shutil.rmtree(project_folders().pipelines)
    chat.channels.append({**chat.channels[0], "id": "channel_new"})
    chat.say("channel_new", "2025-02-01T00:00:00Z")
    at_mark, late = (chat.say(chat.quiet, f"2025-03-0{day}:00:00Z") for day in ("5T02", "6T00"))

    second = chat.sync()

    assert first["messaging_assets/rows_loaded"] == 9
    assert {at_mark["id"], late["id"]} < {*chat.loaded()}
    assert chat.loaded() == chat.said()
    assert second["messaging_assets/rows_loaded"] == 3
    assert second["messaging_assets/rows_before_mark"] == 3
    assert {channel: since[0] for channel, since in chat.asked().items()} == {
        chat.busy: "2025-03-20T02:00:00Z",
        chat.slow: "2025-03-10T02:00:00Z",
        chat.quiet: "2025-03-05T02:00:00Z",
        "channel_new": START,
    }
    assert not any(LIST_HEADER.lower() in request.headers for request in chat.sandbox.requests)
    # A page and the empty one behind it, for each channel; the quiet one has three rows from its mark on.
    assert [len(since) for since in chat.asked().values()] == [2, 2, 3, 2]


def test_the_rows_at_the_mark_are_neither_lost_nor_doubled_in_a_table_of_events(chat: Chat) -> None:
    chat.described["write_disposition"] = "append"
    chat.sync()
    chat.say(chat.quiet, "2025-03-05T02:00:00Z")

    for _ in range(2):
        chat.sync()

    assert chat.loaded() == chat.said()


def test_a_read_that_fails_in_the_second_channel_moves_no_mark(chat: Chat) -> None:
    chat.sync()
    before = chat.marks()
    for channel in (chat.busy, chat.slow):
        chat.say(channel, "2025-04-01T00:00:00Z")
    chat.sandbox.fault(Fault(api=API, resource="messages", after=2, times=1, status=500))

    failed = chat.sync()
    after = chat.marks()
    synced = chat.sync()

    assert "error" in failed
    assert after == before
    assert chat.asked()[chat.busy][0] == "2025-03-20T02:00:00Z"
    assert synced["messaging_assets/rows_loaded"] == 2
    assert chat.loaded() == chat.said()


def test_forgetting_the_state_forgets_every_mark(chat: Chat) -> None:
    chat.sync()

    for config in ({"forget_state": True}, {"full_refresh": True}):
        synced = chat.sync(config)

        assert chat.asked() == {channel: [START] * 3 for channel in (chat.busy, chat.slow, chat.quiet)}
        assert synced["messaging_assets/rows_loaded"] == 9
        assert chat.loaded() == chat.said()


def test_a_channel_that_comes_back_goes_on_and_marks_of_gone_ones_are_bounded() -> None:
    kept = {f"channel {number}": mark_at(CREATED, f"2025-01-01T00:00:00.{number:04d}Z") for number in range(1_003)}
    marks = CursorMarks("chat.messages", CREATED, ("id",), kept)
    assert marks.cursor("channel 1").values["start_value"] == "2025-01-01T00:00:00.0001Z"
    marks.close("channel 1", moves=True)

    # Of those that did not come, the last thousand.
    assert marks.of_all([]) == {name: mark for name, mark in kept.items() if name not in ("channel 0", "channel 2")}


def test_the_start_may_be_the_value_of_a_parameter_and_no_start_is_left_out(chat: Chat) -> None:
    chat.endpoint = {"params": {"since": {"type": "incremental", "cursor_path": "created_at"}}, "incremental": None}

    chat.sync()
    assert chat.asked()[chat.slow] == [None] * 3
    chat.say(chat.slow, "2025-03-10T12:00:00Z")
    chat.sync()

    assert chat.asked()[chat.slow][0] == "2025-03-10T02:00:00Z"
    assert chat.loaded() == chat.said()


def test_a_list_in_the_cursors_order_is_left_behind_its_mark(chat: Chat) -> None:
    chat.incremental.update(row_order="desc")
    del chat.incremental["start_param"]
    chat.messages.reverse()
    chat.sync()
    chat.messages.insert(0, chat.say(chat.busy, "2025-03-21T00:00:00Z"))
    chat.messages.pop()

    synced = chat.sync()

    # Its first page has the new row and the one at the mark, its second the rows behind it; the others' first has both.
    assert {channel: len(asked) for channel, asked in chat.asked().items()} == {
        chat.busy: 2,
        chat.slow: 1,
        chat.quiet: 1,
    }
    assert chat.loaded() == chat.said()
    assert synced["messaging_assets/verdict"] == "read to the end"


def _interrupted(chat: Chat) -> dict[str, Any]:
    """A sync in parts that ends in the middle of the second channel."""
    for hour in range(3, 9):
        chat.say(chat.slow, f"2025-03-10T{hour:02d}:00:00Z")
    chat.described["checkpoint"] = {"pages": 3}
    chat.sandbox.fault(Fault(api=API, resource="messages", offset=8, times=1, status=500))
    failed = chat.sync()
    assert "error" in failed
    return failed


def _asked_pages(chat: Chat) -> list[tuple[str, int]]:
    return [(request.path.split("/")[4], request.offset or 0) for request in chat.sandbox.asked(API, "messages")]


def test_an_interrupted_read_skips_the_channels_it_had_finished_and_has_their_marks(chat: Chat) -> None:
    _interrupted(chat)
    # It was committed with the part that holds its rows.
    assert chat.marks() == ["2025-03-20T02:00:00Z"]

    synced = chat.sync()

    assert chat.marks() == ["2025-03-05T02:00:00Z", "2025-03-10T08:00:00Z", "2025-03-20T02:00:00Z"]

    slow = [(chat.slow, offset) for offset in (4, 6, 8, 9)]
    assert _asked_pages(chat) == [*slow, *((chat.quiet, offset) for offset in (0, 2, 3))]
    assert chat.loaded() == chat.said()
    assert synced["messaging_assets/resumed_rows"] == 9
    assert synced["messaging_assets/rows_read_again"] == 2
    assert synced["messaging_assets/distinct_keys"] == 15
    assert synced["messaging_assets/verdict"] == "read to the end"
    # The next one is a whole one.
    assert "messaging_assets/resumed_rows" not in chat.sync()
    assert len(chat.asked()) == 3


def test_a_list_that_changed_meanwhile_is_read_from_its_start_and_the_finished_ones_are_not(chat: Chat) -> None:
    chat.endpoint = {"incremental": None}
    _interrupted(chat)
    gone = next(row for row in chat.messages if row["channel_id"] == chat.slow)
    chat.messages.remove(gone)

    synced = chat.sync()

    assert _asked_pages(chat)[:2] == [(chat.slow, 4), (chat.slow, 0)]
    assert chat.busy not in chat.asked()
    assert chat.loaded() == sorted([*chat.said(), gone["id"]])
    assert "changed before the checkpoint" in synced["messaging_assets/not_resumed"]


def test_channels_that_are_read_side_by_side_have_their_own_marks_too(chat: Chat) -> None:
    chat.described.update(parallelized=True, checkpoint={"pages": 3})
    chat.sync()
    late = chat.say(chat.quiet, "2025-03-06T00:00:00Z")

    synced = chat.sync()

    assert synced["messaging_assets/rows_loaded"] == 1
    assert late["id"] in chat.loaded()
    assert chat.asked()[chat.busy][0] == "2025-03-20T02:00:00Z"
    assert chat.loaded() == chat.said()


def test_a_new_channel_is_read_by_a_read_that_goes_on(chat: Chat) -> None:
    chat.endpoint = {"incremental": None}
    _interrupted(chat)
    chat.channels.insert(0, {**chat.channels[0], "id": "channel_new"})
    chat.say("channel_new", "2025-02-01T00:00:00Z")

    synced = chat.sync()

    slow = [(chat.slow, offset) for offset in (4, 6, 8, 9)]
    assert _asked_pages(chat)[2:] == [*slow, *((chat.quiet, offset) for offset in (0, 2, 3))]
    assert {*_asked_pages(chat)[:2]} == {("channel_new", 0), ("channel_new", 1)}
    assert synced["messaging_assets/resumed_rows"] == 9
    assert chat.loaded() == chat.said()


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")
def test_a_sync_that_is_killed_in_the_second_channel_is_exactly_right_after_the_next(chat: Chat) -> None:
    chat.described["checkpoint"] = {"pages": 3}
    api = chat.api()

    def killed() -> Any:
        judge, came = GuardedPaginator.update_state, count(1)

        def dying(self: GuardedPaginator, response: Any, data: list[Any] | None = None) -> None:
            if not self.context.is_parent and next(came) == 5:
                os.kill(os.getpid(), signal.SIGKILL)
            judge(self, response, data)

        GuardedPaginator.update_state = dying  # type: ignore[method-assign]
        return _synced(api)

    ended, _ = in_a_process(killed)
    assert ended == signal.SIGKILL
    chat.sync()

    assert chat.loaded() == chat.said()
    assert chat.busy not in chat.asked()
    assert chat.marks() == ["2025-03-05T02:00:00Z", "2025-03-10T02:00:00Z", "2025-03-20T02:00:00Z"]


def test_a_range_with_an_end_is_read_from_its_start_every_time(chat: Chat) -> None:
    chat.incremental.update(end_value="2025-03-20T01:00:00Z", end_param="until")
    for _ in range(2):
        synced = chat.sync()

        assert chat.asked()[chat.quiet] == [START] * 3
        assert {request.query["until"] for request in chat.sandbox.asked(API, "messages")} == {"2025-03-20T01:00:00Z"}
        assert synced["messaging_assets/rows_loaded"] == 7
    assert len(chat.loaded()) == 7


def test_a_record_without_a_cursor_value_is_told_of_in_a_sentence() -> None:
    marks = CursorMarks("chat.messages", CREATED, ("id",), {})

    with pytest.raises(MendDescription, match="a record on page 1 has no 'created_at', so what is new cannot be told"):
        marks.cursor("x").newer([{"id": 1, "created_at": None}], 1)


def test_a_mark_of_another_type_than_the_rows_is_told_of_in_a_sentence() -> None:
    marks = CursorMarks("chat.messages", Incremental(cursor_path="at", initial_value="2025-01-01"), ("id",), {})

    with pytest.raises(MendDescription, match="does not compare with initial_value"):
        marks.cursor("x").newer([{"id": 1, "at": 5}], 1)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are POSIX")
def test_a_sync_that_is_killed_in_a_channels_second_window_goes_on_with_that_window(chat: Chat) -> None:
    chat.described["checkpoint"] = {"pages": 1}
    chat.incremental.update(initial_value="2025-03-04T00:00:00Z", end_param="until", step="P200D")
    for hour in range(3):
        chat.say(chat.busy, f"2026-01-01T{hour:02d}:00:00Z")
    api = chat.api()

    def killed() -> Any:
        judge = GuardedPaginator.update_state

        def dying(self: GuardedPaginator, response: Any, data: list[Any] | None = None) -> None:
            window = self.reading.window
            if window is not None and not window.is_first and self.reading.page == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            judge(self, response, data)

        GuardedPaginator.update_state = dying  # type: ignore[method-assign]
        return _synced(api)

    ended, _ = in_a_process(killed)
    chat.sync()

    assert ended == signal.SIGKILL
    assert chat.loaded() == chat.said()
    assert chat.asked()[chat.busy][0] == "2025-09-19T23:59:59Z"
    assert chat.asked()[chat.slow][0] == "2025-03-04T00:00:00Z"
