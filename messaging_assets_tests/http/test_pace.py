"""How many requests leave, and when: as many at once as the API takes well, and none before its own limit allows it."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from messaging_assets.description.api import Client, Endpoint
from messaging_assets.http.exchange import Exchange
from messaging_assets.http.in_flight import Level
from messaging_assets.http.pacing import Pacing
from messaging_assets.http.wire.rate_limits import Allowance, allowance
from messaging_assets.http.wire.terms import Terms
from messaging_assets.http.wire.transport import Transport
from messaging_assets.reading.receipt import Receipt
from messaging_assets_tests.raw_server import RawServer, answer

NOON = "Wed, 01 Jan 2025 12:00:00 GMT"
NOON_SECONDS = 1_735_732_800


def level_of(level: Level) -> int:
    """How many requests find a place without waiting."""
    return level.now


def rounds(level: Level, number: int, seconds: float, of: str = "chat.posts") -> list[int]:
    """The level after each of so many rounds of answers that took so long."""
    found = []
    for _ in range(number):
        places = level_of(level)
        with ExitStack() as under_way:
            for _ in range(places):
                under_way.enter_context(level.place())
        for _ in range(places):
            level.came(of, seconds, is_busy=False)
        found.append(level_of(level))
    return found


def test_the_level_doubles_from_two_up_to_its_ceiling() -> None:
    assert rounds(Level(24), 5, 0.1) == [4, 8, 16, 24, 24]


@pytest.mark.parametrize("most", [1, 2])
def test_a_low_ceiling_holds_from_the_start(most: int) -> None:
    level = Level(most)

    assert level_of(level) == most
    assert rounds(level, 3, 0.1) == [most] * 3


def test_a_level_that_nobody_needs_does_not_grow() -> None:
    level = Level(16)
    for _ in range(20):
        with level.place():
            level.came("chat.posts", 0.1, is_busy=False)

    assert level_of(level) == 2


def test_a_busy_api_halves_the_level_once_a_round_and_then_it_grows_by_one() -> None:
    level = Level(16)
    rounds(level, 3, 0.1)

    for _ in range(4):
        level.came("chat.posts", 1.0, is_busy=True)

    assert level_of(level) == 8
    assert rounds(level, 3, 0.1) == [9, 10, 11]


def test_slow_answers_take_a_quarter_of_the_level_away() -> None:
    level = Level(16)
    rounds(level, 3, 0.1)

    assert rounds(level, 3, 0.5) == [12, 9, 6]


def test_lists_that_take_longer_by_nature_are_no_slow_answers() -> None:
    level = Level(16)
    rounds(level, 3, 0.1)

    assert rounds(level, 3, 0.5, of="chat.reports") == [16, 16, 16]


def test_one_slow_answer_in_a_round_changes_nothing() -> None:
    level = Level(16)
    rounds(level, 3, 0.1)
    level.came("chat.posts", 20.0, is_busy=False)

    assert rounds(level, 1, 0.1) == [16]


def test_no_more_requests_than_the_level_are_under_way_and_their_peak_is_told() -> None:
    level, inside, go_on = Level(2), threading.Semaphore(0), threading.Event()

    def ask() -> None:
        with level.place():
            inside.release()
            go_on.wait(30)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    assert inside.acquire(timeout=30)
    assert inside.acquire(timeout=30)
    assert not inside.acquire(blocking=False)
    go_on.set()
    for one in threads:
        one.join()

    assert level.peak == 2
    assert 1 <= level.mean <= 2


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ratelimit": '"default";r=50;t=30'}, (50, 30)),
        ({"ratelimit": '"day";r=900;t=3600, "burst";r=2;t=7'}, (2, 7)),
        ({"ratelimit": '"burst";r=0', "ratelimit-policy": '"burst";q=100;w=60'}, (0, 60)),
        ({"ratelimit": "limit=100, remaining=40, reset=20"}, (40, 20)),
        ({"ratelimit-limit": "10", "ratelimit-remaining": "3", "ratelimit-reset": "5"}, (3, 5)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, (0, 12)),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": str(NOON_SECONDS + 90), "date": NOON}, (7, 90)),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": f"{NOON_SECONDS + 9}500", "date": NOON}, (7, 9.5)),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": str(NOON_SECONDS - 1), "date": NOON}, (7, 0)),
        ({"x-rate-limit-remaining": "1", "x-rate-limit-reset": "1.5"}, (1, 1.5)),
    ],
    ids=str,
)
def test_what_the_api_says_of_its_limit_is_read(headers: dict[str, str], expected: tuple[int, float]) -> None:
    assert allowance(headers) == Allowance(*expected)


def test_a_date_beyond_all_years_leaves_this_machines_own_clock() -> None:
    headers = {"x-ratelimit-remaining": "7", "x-ratelimit-reset": str(10**9)}
    assert allowance({**headers, "date": "Sat, 01 Jan 99999999999999 00:00:00 GMT"}) == Allowance(7, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "5"},
        {"x-ratelimit-reset": "5"},
        {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "5"},
        {"x-ratelimit-remaining": "many", "x-ratelimit-reset": "soon"},
        {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"},
        {"ratelimit": "=;;=,"},
        {"ratelimit": '"default";r=50'},
    ],
    ids=str,
)
def test_a_limit_that_is_not_whole_is_none(headers: dict[str, str]) -> None:
    assert allowance(headers) is None


class Waits(threading.Event):
    """Notes for how long somebody would have waited, and lets nobody wait."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return True


def test_requests_wait_for_the_api_to_allow_more() -> None:
    waits = Waits()
    pacing = Pacing(None, None, waits)
    pacing.allow(Allowance(1, 100), longest=300)

    pacing.pass_through()
    assert waits.seconds == []
    pacing.pass_through()
    assert [50 < seconds <= 100 for seconds in waits.seconds] == [True]


def test_nobody_waits_longer_for_the_api_than_for_a_retry() -> None:
    waits = Waits()
    pacing = Pacing(None, None, waits)
    pacing.allow(Allowance(0, 3600), longest=300)

    pacing.pass_through()
    assert waits.seconds == []


def test_an_answers_headers_hold_the_next_request_back() -> None:
    """The draft's own example: nothing is left, so the next request waits, and no 429 comes."""

    def talk(connection: Any, path: str, number: int) -> None:
        connection.sendall(answer({"data": []}, headers='RateLimit: "default";r=0;t=100\r\n'))

    waits = Waits()
    with RawServer(talk) as server:
        client = Client(base_url=server.url)
        transport = Transport(server.url, client, requests.cookies.RequestsCookieJar(), threading.Event())
        exchange = Exchange(transport, Pacing(None, None, waits), waits)
        request = requests.Request("GET", f"{server.url}/posts").prepare()
        terms = Terms("chat.posts", Endpoint(path="posts", data_selector="data"), receipt := Receipt())
        exchange.answer(request, terms)
        assert waits.seconds == []
        exchange.answer(request, terms)
        transport.close()

    assert len(waits.seconds) == 1
    assert receipt.retries == {}
    assert (receipt.mean_in_flight, receipt.most_in_flight) == (1.0, 1)
