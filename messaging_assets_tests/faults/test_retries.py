"""Requests that fail: repeated exactly as the file says, counted, bounded, and told in one sentence."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import formatdate
from typing import Any

import pytest

from messaging_assets.foundation.failures import CheckCredentials, MendDescription, TryAgainLater
from messaging_assets.http.wire.answer import Answer
from messaging_assets.http.wire.rate_limits import asked_to_wait
from messaging_assets_tests.faults.one_list import AT_ONCE, OneList, ids

ALL = (400, 401, 403, 404, 405, 408, 409, 410, 418, 422, 423, 425, 429, 451, 500, 501, 502, 503, 504, 507, 599)
LISTED = (429, 500, 502, 503, 504)
PASSING = (408, 409, 423, 425, 429, 500, 501, 502, 503, 504, 507, 599)


@pytest.mark.parametrize("status", ALL)
def test_a_status_is_repeated_exactly_where_the_file_lists_it(one_list: OneList, status: int) -> None:
    one_list.fault(status=status)
    outcome = one_list.outcome()
    times = 4 if status in LISTED else 1
    assert len(outcome.requests) == outcome.receipt["requests"] == times
    assert outcome.receipt["retries"] == times - 1
    assert outcome.receipt.get("retry_reasons", {}) == ({str(status): 3} if times > 1 else {})
    assert f"GET {one_list.sandbox.url}/messaging/v1/messages answered {status}" in outcome.sentence
    assert ("4 times" in outcome.sentence) == (times > 1)
    kind = CheckCredentials if status in (401, 403) else TryAgainLater if status in PASSING else MendDescription
    assert type(outcome.failure) is kind
    assert outcome.table == []
    assert outcome.verdict == "incomplete"


@pytest.mark.parametrize("status", ALL)
def test_a_listed_status_that_passes_leaves_no_trace_but_the_count(one_list: OneList, status: int) -> None:
    one_list.fault(status=status, times=2, offset=100)
    outcome = one_list.outcome(error_handler={**AT_ONCE, "retry_on_status_codes": [status]})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retry_reasons"] == {str(status): 2}
    assert outcome.receipt["requests"] == len(outcome.requests) == 6


@pytest.mark.parametrize("retries", [0, 1, 3, 5])
def test_max_retries_are_retries_after_the_first_try(one_list: OneList, retries: int) -> None:
    one_list.fault(status=503)
    outcome = one_list.outcome(error_handler={**AT_ONCE, "max_retries": retries})
    assert len(outcome.requests) == retries + 1


@pytest.mark.parametrize("retries", [1, 2])
def test_the_last_allowed_try_may_succeed(one_list: OneList, retries: int) -> None:
    one_list.fault(status=503, times=retries)
    assert one_list.outcome(error_handler={**AT_ONCE, "max_retries": retries}).green


def test_an_empty_list_of_statuses_repeats_no_status(one_list: OneList) -> None:
    one_list.fault(status=503)
    assert len(one_list.outcome(error_handler={**AT_ONCE, "retry_on_status_codes": []}).requests) == 1


def test_waits_grow_by_the_factor_and_are_counted(one_list: OneList) -> None:
    one_list.fault(status=503, times=3)
    outcome = one_list.sync(error_handler={**AT_ONCE, "backoff_factor": 0.02})
    assert outcome.green, outcome.sentence
    # 0.02 + 0.04 + 0.08 s, each with a quarter of jitter
    assert 0.105 <= outcome.receipt["waited_seconds"] <= 0.175


def waited(one_list: OneList, headers: dict[str, str], status: int = 429) -> float:
    one_list.fault(status=status, times=1, headers=headers)
    outcome = one_list.outcome()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    return float(outcome.receipt["waited_seconds"])


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0.2"},
        {"RateLimit-Reset": "0.2"},
        {"X-RateLimit-Reset": "0.2"},
        {"X-Rate-Limit-Reset": "0.2"},
        {"X-RateLimit-Reset-After": "0.2"},
        {"Retry-After": "0", "X-RateLimit-Reset": "0.2"},
        {"Retry-After": "soon", "X-RateLimit-Reset": "0.2"},
        {"Retry-After": "0.2s"},
        {"Retry-After-Ms": "200"},
        {"X-RateLimit-Retry-After": "0.2"},
        {"X-RateLimit-Reset": "200ms"},
    ],
    ids=str,
)
def test_a_wait_that_the_api_asks_for_is_kept(one_list: OneList, headers: dict[str, str]) -> None:
    assert 0.15 <= waited(one_list, headers) <= 5


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (503, {"Retry-After": formatdate(2_000_000_090, usegmt=True)}, 90),
        (429, {"X-RateLimit-Reset": "2000000090"}, 90),
        (429, {"X-RateLimit-Reset": "2000000090000"}, 90),
        (429, {"RateLimit-Reset": "90"}, 90),
        (503, {"X-RateLimit-Reset": "2000000090", "X-RateLimit-Remaining": "0"}, 90),
        (503, {"X-RateLimit-Reset": "2000000090"}, None),
        (429, {"X-RateLimit-Reset": "1999999999"}, None),
        (429, {"Retry-After": formatdate(1_999_999_999, usegmt=True)}, None),
        (429, {"Retry-After": "2033-05-18T03:34:50Z"}, 90),
        (429, {"Retry-After": "2000000090"}, 90),
        (429, {"X-RateLimit-Reset": "2033-05-18T03:34:50Z"}, 90),
        (429, {"X-RateLimit-Reset": formatdate(2_000_000_090, usegmt=True)}, 90),
        (429, {"X-RateLimit-Reset": "1m30s"}, 90),
        (429, {"RateLimit": "limit=100, remaining=0, reset=90"}, 90),
        (403, {"RateLimit": '"default";r=0;t=90'}, 90),
        (403, {"RateLimit": '"default";r=1;t=90'}, None),
        # The API's clock is a day ahead.
        (
            429,
            {"Retry-After": formatdate(2_000_086_490, usegmt=True), "Date": formatdate(2_000_086_400, usegmt=True)},
            90,
        ),
        (429, {"X-RateLimit-Reset": "2000086490", "Date": formatdate(2_000_086_400, usegmt=True)}, 90),
    ],
    ids=str,
)
def test_moments_and_delays_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    answer = Answer()
    answer.status_code = status
    answer.headers.update(headers)
    assert asked_to_wait(answer) == seconds


@pytest.mark.parametrize(
    ("status", "body", "seconds"),
    [
        (429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 35}}, 35),
        (429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2000}, 2),
        (429, {"message": "You are being rate limited.", "retry_after": 64.57, "global": False}, 64.57),
        (429, {"errors": [{"extensions": {"code": "ComplexityException", "retry_in_seconds": 30}}]}, 30),
        (429, {"error": {"code": 429, "details": [{"@type": "RetryInfo", "retryDelay": "30s"}]}}, 30),
        (503, {"retryAfter": "90"}, 90),
        (429, {"retryAfter": "2033-05-18T03:34:50Z"}, 90),
        (429, {"retry_after": True}, None),
        (429, {"retry_after": None, "error": {"retryAfterSeconds": 5}}, 5),
        (429, {"retry": 5, "after": 7, "retry_afterwards": 9}, None),
        (429, {"retry_after": "1e400"}, None),
        (429, {"queues": [{"retry_delay": 3600}], "config": {"retryDelay": "5000"}}, None),
        (429, {"retry_delay_seconds": 4}, 4),
        (429, {"data": [{"retry_after": 90}] * 30}, None),
        (429, ["slow down"], None),
        (429, None, None),
        # What an answer of another status holds are rows or an error.
        (400, {"retry_after": 35}, None),
    ],
    ids=str,
)
def test_a_wait_that_stands_in_the_body_alone_is_read(
    monkeypatch: pytest.MonkeyPatch, status: int, body: Any, seconds: float | None
) -> None:
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    answer = Answer()
    answer.fill(b"slow down" if body is None else json.dumps(body).encode(), status)
    assert asked_to_wait(answer) == seconds
    # A header is the API's word for everybody.
    answer.headers["Retry-After"] = "7"
    assert asked_to_wait(answer) == 7


def test_a_wait_in_an_error_that_comes_with_a_200_is_kept(one_list: OneList) -> None:
    busy = {"ok": False, "error": "ratelimited", "retry_after": 0.2}
    one_list.fault(status=200, times=1, body=json.dumps(busy).encode())
    outcome = one_list.outcome(error_in_body={"path": "error", "retry": True})
    assert outcome.green, outcome.sentence
    assert 0.15 <= float(outcome.receipt["waited_seconds"]) <= 5


@pytest.mark.parametrize("after", ["0", "-5", "soon", "", "nan", "inf", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Foo"])
def test_a_wait_that_says_nothing_leaves_the_files_own(one_list: OneList, after: str) -> None:
    assert waited(one_list, {"Retry-After": after}) < 1


def test_a_reset_header_means_nothing_while_the_budget_is_not_spent(one_list: OneList) -> None:
    headers = {"X-RateLimit-Reset": str(time.time() + 3600), "X-RateLimit-Remaining": "4999"}
    assert waited(one_list, headers, 500) < 1


def test_a_reset_header_counts_on_a_403_when_nothing_is_left(one_list: OneList) -> None:
    one_list.fault(status=403, headers={"X-RateLimit-Reset": "9999", "X-RateLimit-Remaining": "0"})
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert "asks to wait 9999 s" in outcome.sentence


@pytest.mark.parametrize("headers", [{"Retry-After": "7200"}, {"X-RateLimit-Reset": "7200"}], ids=str)
def test_a_wait_past_the_bound_fails_at_once_and_says_how_long(one_list: OneList, headers: dict[str, str]) -> None:
    one_list.fault(status=429, headers=headers)
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert "answered 429 and asks to wait 7200 s, more than maximum_wait (300 s)" in outcome.sentence
    assert "maximum_wait" in outcome.sentence
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("headers", [{"Retry-After": "7200"}, {}], ids=["asked to wait", "not asked"])
def test_a_step_is_not_tried_again_within_a_wait_that_the_api_asked_for(
    one_list: OneList, headers: dict[str, str]
) -> None:
    one_list.fault(status=429, headers=headers)
    failure = one_list.outcome().failure
    assert isinstance(failure, TryAgainLater)
    assert failure.retryable == (not headers)


def test_a_420_is_a_limit_like_a_429(one_list: OneList) -> None:
    one_list.fault(status=420)
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert "set client.requests_per_second" in outcome.sentence


def test_a_wait_that_a_refusal_asks_for_makes_it_no_weather(one_list: OneList) -> None:
    one_list.fault(status=401, headers={"Retry-After": "7200"})
    assert isinstance(one_list.outcome().failure, CheckCredentials)


@pytest.mark.parametrize("fault", [{"reset": True}, {"truncate": True}, {"truncate": True, "reset": True}], ids=str)
@pytest.mark.parametrize("offset", [0, 100, 250])
def test_a_connection_that_breaks_is_tried_again(one_list: OneList, fault: dict[str, Any], offset: int) -> None:
    one_list.fault(**fault, offset=offset, times=2)
    outcome = one_list.outcome()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retries"] == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"reset": True}, "closed the connection before it answered 4 times"),
        ({"truncate": True}, "sent a body that was cut off 4 times"),
        ({"body": b"no gzip", "headers": {"Content-Encoding": "gzip"}}, "cannot be decompressed 4 times"),
    ],
    ids=["reset", "truncated", "broken gzip"],
)
def test_a_connection_that_stays_broken_is_red_and_says_how(one_list: OneList, fault: Any, words: str) -> None:
    one_list.fault(**fault)
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert words in outcome.sentence
    assert len(outcome.requests) == 4
    assert outcome.table == []


def test_a_gzip_body_that_ends_early_is_tried_again(one_list: OneList) -> None:
    whole = gzip.compress(b'{"data": []}')
    one_list.fault(body=whole[:-9], headers={"Content-Encoding": "gzip"}, times=1)
    assert one_list.outcome().green


def test_gzip_bodies_are_read(one_list: OneList) -> None:
    one_list.sandbox.settings.gzip = True
    outcome = one_list.outcome()
    assert outcome.ids == ids(250)


def test_nobody_listening_is_red_and_says_so(one_list: OneList) -> None:
    one_list.sandbox.stop()
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert "could not be reached 4 times; see whether the API is up" in outcome.sentence
    assert outcome.receipt["retry_reasons"] == {"connection": 3}


def test_a_name_that_does_not_resolve_is_red_and_says_so(one_list: OneList) -> None:
    one_list.client["base_url"] = "https://api.invalid/v1"
    outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert "https://api.invalid/v1/messages could not be reached" in outcome.sentence


def test_silence_meets_the_read_timeout(one_list: OneList) -> None:
    one_list.client["timeout"] = {"read": 0.2}
    one_list.fault(latency=30, times=2)
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.receipt["retry_reasons"] == {"timeout": 2}


def test_a_dripping_body_meets_the_overall_timeout(one_list: OneList) -> None:
    one_list.client["timeout"] = {"read": 5, "total": 0.3}
    one_list.fault(drip=0.1)
    outcome = one_list.outcome(error_handler={**AT_ONCE, "max_retries": 1})
    assert isinstance(outcome.failure, TryAgainLater)
    assert "did not answer in time 2 times" in outcome.sentence


def test_a_dripping_body_within_its_time_comes_whole(one_list: OneList) -> None:
    one_list.fault(drip=0.005)
    assert one_list.outcome().ids == ids(250)


@contextmanager
def talking(said: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers whatever it is asked with these bytes; yields its address and what it was asked."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        heard.append(connection.recv(65536))
                        connection.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_server_that_speaks_no_http_is_red_and_says_so(one_list: OneList) -> None:
    with talking(b"220 mail.example ESMTP\r\n") as (address, heard):
        one_list.client["base_url"] = address
        outcome = one_list.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert len(heard) == 4
    assert address in outcome.sentence


def test_every_row_comes_once_under_many_passing_faults(one_list: OneList) -> None:
    one_list.has(60)
    faults: list[dict[str, Any]] = [{"status": 503}, {"reset": True}, {"truncate": True}, {"body": b"<html>"}]
    for number, fault in enumerate(faults):
        one_list.fault(**fault, after=number * 2, times=1)
    outcome = one_list.sync({"type": "offset", "limit": 10})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(60)
    assert outcome.receipt["rows_read"] == outcome.receipt["rows_loaded"] == 60
    assert outcome.receipt["requests"] == 7 + outcome.receipt["retries"]


def test_words_of_a_limit_in_a_refusal_are_asked_again_after_and_a_refusal_beside_them_is_left(
    one_list: OneList,
) -> None:
    limit = {"content": "secondary rate limit", "action": "retry"}
    told = {"message": "You have exceeded a secondary rate limit"}
    actions = [limit, {"status_code": 403, "action": "ignore"}]

    one_list.fault(status=403, times=2, offset=100, rewrite=lambda payload, request: told)
    outcome = one_list.outcome(response_actions=actions)
    one_list.sandbox.faults.clear()
    one_list.fault(status=403, offset=100)
    left = one_list.outcome(response_actions=actions)

    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retry_reasons"] == {"403": 2}
    assert len(left.requests) == 2


def test_words_of_a_limit_that_stay_are_red_with_what_to_do(one_list: OneList) -> None:
    one_list.fault(status=403, rewrite=lambda payload, request: {"message": "slow down"})
    outcome = one_list.outcome(response_actions=[{"content": "slow down", "action": "retry"}])

    assert len(outcome.requests) == 4
    assert type(outcome.failure) is TryAgainLater
    assert "(to be asked later, by response_actions) 4 times" in outcome.sentence
    assert "set client.requests_per_second" in outcome.sentence


def test_an_answer_that_asks_for_a_wait_is_not_ignored(one_list: OneList) -> None:
    one_list.fault(status=429, times=1, offset=100, headers={"retry-after-ms": "10"})
    outcome = one_list.outcome(response_actions=[{"status_code": 429, "action": "ignore"}])

    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)
    assert outcome.receipt["retry_reasons"] == {"429": 1}
