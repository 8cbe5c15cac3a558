"""The sandbox, asked over real sockets the way a client would."""

from __future__ import annotations

import http.client
import math
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from click.testing import CliRunner

from messaging_assets.sandbox import Fault, Request, Sandbox
from messaging_assets.sandbox.__main__ import main
from messaging_assets.sandbox.data import TABLES

MESSAGES = "/messaging/v1/messages"
EVERYTHING = [(api, resource, table.path) for (api, resource), table in TABLES.items()]


def token_of(sandbox: Sandbox, **form: str) -> requests.Response:
    wanted = {
        "grant_type": "client_credentials",
        "client_id": sandbox.client[0],
        "client_secret": sandbox.client[1],
    }
    return requests.post(f"{sandbox.url}/team_messaging/oauth/token", data={**wanted, **form}, timeout=10)


def get(sandbox: Sandbox, path: str, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
    """Ask with the right credentials."""
    api = path.split("/")[1]
    headers = dict(headers or {})
    if api in sandbox.keys:
        query = {"api_key": sandbox.keys[api], **query}
    elif "Authorization" not in headers:
        headers["Authorization"] = f"Bearer {token_of(sandbox).json()['access_token']}"
    return requests.get(sandbox.url + path, params=query, headers=headers, timeout=10)


def raw(sandbox: Sandbox, path: str = MESSAGES) -> socket.socket:
    """Send one request over a bare socket."""
    connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=10)
    key = sandbox.keys["messaging"]
    connection.sendall(f"GET {path}?api_key={key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def everything_from(connection: socket.socket) -> bytes:
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


# Data


@pytest.mark.parametrize(("api", "resource", "path"), EVERYTHING)
def test_paging_by_offset_gives_every_row_once(sandbox, api, resource, path):
    token = {"Authorization": f"Bearer {token_of(sandbox).json()['access_token']}"}
    rows: list[dict[str, Any]] = []
    while page := get(sandbox, f"/{api}/v1/{path}", token, offset=len(rows), limit=100).json()["data"]:
        rows += page
    assert rows == sandbox.rows(api, resource)
    assert len({row["id"] for row in rows}) == len(rows) == TABLES[api, resource].size
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)


def test_one_seed_number_gives_the_same_rows_and_another_gives_others():
    assert Sandbox(seed=7).rows("messaging", "messages") == Sandbox(seed=7).rows("messaging", "messages")
    assert Sandbox(seed=7).rows("messaging", "messages") != Sandbox(seed=8).rows("messaging", "messages")


def test_foreign_keys_point_at_rows_that_exist():
    sandbox = Sandbox()
    users = {row["id"] for row in sandbox.rows("team_messaging", "users")}
    channels = {row["id"] for row in sandbox.rows("team_messaging", "channels")}
    messages = sandbox.rows("team_messaging", "messages")
    assert {row["user_id"] for row in messages} <= users
    assert {row["channel_id"] for row in messages} == channels
    assert {user for row in messages for reaction in row["reactions"] for user in reaction["users"]} <= users


def test_grown_rows_are_new_and_newer(sandbox):
    rows = sandbox.rows("messaging", "messages")
    before = list(rows)
    new = sandbox.grow("messaging", "messages", 50)
    assert rows == before + new
    assert get(sandbox, MESSAGES, offset=2500).json() == {"data": new, "total": 2550}
    assert all(old["timestamp"] < young["timestamp"] for old, young in pairwise(rows))


def test_what_a_test_does_to_the_rows_is_what_the_api_has(sandbox):
    rows = sandbox.rows("generic_rest", "resource_name")
    rows.reverse()
    del rows[2:]
    rows[0]["name"] = "changed"
    answer = get(sandbox, "/generic_rest/v1/resource").json()
    assert answer["total"] == 2
    assert [row["id"] for row in answer["data"]] == ["res_000300", "res_000299"]
    assert answer["data"][0]["name"] == "changed"


def test_values_that_strict_json_writers_refuse_are_served(sandbox):
    sandbox.rows("generic_rest", "resource_name")[0].update(value=2**70, name="\ud800")
    assert get(sandbox, "/generic_rest/v1/resource", limit=1).json()["data"][0]["value"] == 2**70


def test_an_unknown_resource_is_refused(sandbox):
    for ask in (sandbox.rows, sandbox.asked):
        with pytest.raises(ValueError, match=r"serves no messaging\.mesages"):
            ask("messaging", "mesages")
    assert get(sandbox, "/messaging/v1/mesages").status_code == 404
    assert get(sandbox, "/messaging/messages").status_code == 404


# Paging and filters


@pytest.mark.parametrize(
    ("path", "first", "following"),
    [
        ("by_page", {"page": 1}, lambda answer, page: {"page": page + 1} if answer["data"] else None),
        (
            "by_cursor",
            {},
            lambda answer, page: answer["next_cursor"] and {"cursor": answer["next_cursor"]},
        ),
        (
            "by_link",
            {},
            lambda answer, page: answer.get("next") and {"offset": answer["next"].split("offset=")[1]},
        ),
    ],
)
def test_the_other_paging_styles_give_every_row_once(sandbox, path, first, following):
    rows, query, number = [], first, 1
    while query is not None and query != "":
        answer = get(sandbox, f"/monitoring/v1/resource/{path}", **query).json()
        rows += answer["data"]
        query, number = following(answer, number), number + 1
        assert number < 20
    assert rows == sandbox.rows("monitoring", "resource_name")


def test_a_link_to_the_next_page_works_and_holds_no_key(sandbox):
    answer = get(sandbox, MESSAGES + "/by_link", limit=10, since="2025-02-01")
    link = answer.json()["next"]
    assert answer.links["next"]["url"] == link
    assert sandbox.keys["messaging"] not in link
    page = requests.get(link, params={"api_key": sandbox.keys["messaging"]}, timeout=10).json()["data"]
    rows = [row for row in sandbox.rows("messaging", "messages") if row["timestamp"] >= "2025-02-01"]
    assert page == rows[10:20]


@pytest.mark.parametrize("query", [{"limit": "many"}, {"limit": 0}, {"offset": -1}, {"since": "soon"}])
def test_a_parameter_that_cannot_be_is_refused(sandbox, query):
    assert get(sandbox, MESSAGES, **query).status_code == 400


def test_the_children_of_one_parent_are_served_whatever_its_key_looks_like(sandbox):
    key = "a/b c ü"
    sandbox.rows("team_messaging", "channels")[3]["id"] = key
    sandbox.rows("team_messaging", "messages")[5]["channel_id"] = key
    answer = get(sandbox, f"/team_messaging/v1/channels/{quote(key, safe='')}/messages").json()
    assert answer == {"data": [sandbox.rows("team_messaging", "messages")[5]], "total": 1}
    assert get(sandbox, f"/team_messaging/v1/channels/{quote(key)}/messages").status_code == 404
    assert get(sandbox, "/team_messaging/v1/channels/none/messages").status_code == 404
    assert [request.status for request in sandbox.asked("team_messaging", "messages")] == [200, 404]


def test_a_window_holds_its_start_and_not_its_end(sandbox):
    rows = sandbox.rows("messaging", "messages")
    first, last = rows[100]["timestamp"], rows[120]["timestamp"]
    assert get(sandbox, MESSAGES, since=first, until=last).json() == {"data": rows[100:120], "total": 20}
    assert get(sandbox, MESSAGES, since=first.replace("Z", "+00:00"), until=last).json()["total"] == 20


def test_updated_after_gives_rows_that_changed_later(sandbox):
    rows = sandbox.rows("messaging", "messages")
    rows[5]["edited_at"] = "2030-01-01T00:00:00Z"
    last = rows[-1]["timestamp"]
    assert get(sandbox, MESSAGES, updated_after=last).json()["data"] == [rows[5]]
    epoch = 1_893_456_000  # 2030-01-01
    assert get(sandbox, MESSAGES, updated_after=epoch - 1).json()["data"] == [rows[5]]
    assert get(sandbox, MESSAGES, updated_after=epoch * 1_000).json()["data"] == []


def test_pages_can_be_asked_for_with_a_json_body(sandbox):
    url = f"{sandbox.url}{MESSAGES}?api_key={sandbox.keys['messaging']}"
    answer = requests.post(url, json={"offset": 20, "limit": 2}, timeout=10).json()
    assert answer["data"] == sandbox.rows("messaging", "messages")[20:22]
    assert requests.post(url, data="[1]", timeout=10).status_code == 400


# Settings


def test_the_settings_change_how_pages_behave(sandbox):
    settings, rows = sandbox.settings, sandbox.rows("messaging", "messages")
    settings.total = False
    settings.page_cap = 50
    assert get(sandbox, MESSAGES, limit=100).json() == {"data": rows[:50]}
    settings.ignore_offset = True
    assert get(sandbox, MESSAGES, offset=100).json() == {"data": rows[:50]}
    settings.ignore_offset, settings.page_base = False, 0
    assert get(sandbox, MESSAGES + "/by_page", page=1).json() == {"data": rows[50:100]}


def test_offsets_past_a_limit_are_refused_or_given_an_empty_list(sandbox):
    sandbox.settings.offset_limit = 1000
    assert len(get(sandbox, MESSAGES, offset=1000).json()["data"]) == 100
    assert get(sandbox, MESSAGES, offset=1100).status_code == 400
    sandbox.settings.offset_limit_status = 200
    assert get(sandbox, MESSAGES, offset=1100).json() == {"data": [], "total": 2500}


def test_a_page_past_the_end_is_empty_unless_a_status_is_set(sandbox):
    assert get(sandbox, MESSAGES, offset=2500).json()["data"] == []
    sandbox.settings.past_end_status = 404
    assert get(sandbox, MESSAGES, offset=2500).status_code == 404
    assert get(sandbox, MESSAGES, offset=2499).status_code == 200


def test_requests_beyond_the_rate_are_told_to_wait(sandbox):
    sandbox.settings.requests_per_second = 2
    refused = next(answer for _ in range(500) if (answer := get(sandbox, MESSAGES)).status_code != 200)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    *good, last = sandbox.asked("messaging", "messages")
    assert len([request for request in good if request.at > last.at - 1]) == 2
    sandbox.settings.requests_per_second = None
    assert get(sandbox, MESSAGES).status_code == 200


def test_bodies_are_compressed_only_when_set_and_accepted(sandbox):
    assert "Content-Encoding" not in get(sandbox, MESSAGES).headers
    sandbox.settings.gzip = True
    answer = get(sandbox, MESSAGES)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["total"] == 2500
    assert "Content-Encoding" not in get(sandbox, MESSAGES, {"Accept-Encoding": "identity"}).headers


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:1", "LOCALHOST", "[::1]:8000", "[::1]"])
def test_the_sandbox_is_asked_by_a_name_of_loopback(sandbox, host):
    assert get(sandbox, MESSAGES, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", [MESSAGES, "/_control", "/team_messaging/oauth/token"])
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:80", "10.0.0.1", "127.0.0.1.evil.example", ""]
)
def test_a_page_of_the_web_cannot_ask_the_sandbox_by_its_own_name(sandbox, host, path):
    refused = requests.get(f"{sandbox.url}{path}", headers={"Host": host}, timeout=10)
    assert refused.status_code == 421
    assert sandbox.requests == []


def test_a_mistyped_setting_fails(sandbox):
    with pytest.raises(AttributeError):
        sandbox.settings.totl = False


def test_latency_holds_requests_at_the_same_time(sandbox):
    sandbox.settings.latency = 0.3
    threads = [threading.Thread(target=get, args=(sandbox, MESSAGES)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = sandbox.asked("messaging", "messages")
    assert all(request.answered - request.at >= 0.29 for request in asked)
    assert max(request.at for request in asked) < min(request.answered for request in asked)


# Credentials


@pytest.mark.parametrize("query", [{}, {"api_key": "wrong"}, {"apikey": "sandbox-key-messaging"}])
def test_a_missing_or_wrong_key_is_refused_as_json(sandbox, query):
    answer = requests.get(sandbox.url + MESSAGES, params=query, timeout=10)
    assert (answer.status_code, list(answer.json())) == (401, ["error"])


@pytest.mark.parametrize(
    ("place", "name", "credentials"),
    [
        ("query", "apiToken", {"params": {"apiToken": "k/+ey"}}),
        ("header", "X-Api-Key", {"headers": {"X-Api-Key": "k/+ey"}}),
        ("bearer", "api_key", {"headers": {"Authorization": "Bearer k/+ey"}}),
        ("basic", "api_key", {"auth": ("someone", "k/+ey")}),
    ],
)
def test_the_key_can_be_wanted_elsewhere(sandbox, place, name, credentials):
    sandbox.keys["messaging"] = "k/+ey"
    sandbox.settings.key_in, sandbox.settings.key_name = place, name
    assert requests.get(sandbox.url + MESSAGES, timeout=10, **credentials).status_code == 200
    assert get(sandbox, MESSAGES).status_code == 401


def test_a_token_is_given_for_credentials_in_the_body_or_the_header(sandbox):
    body = token_of(sandbox)
    assert body.json() | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
    }
    assert body.headers["Cache-Control"] == "no-store"
    url = f"{sandbox.url}/team_messaging/oauth/token"
    form = {"grant_type": "client_credentials", "scope": "read"}
    sandbox.client = ("sandbox", "s/ecret+ %")
    for secret in (sandbox.client[1], quote(sandbox.client[1], safe="")):
        answer = requests.post(url, data=form, auth=("sandbox", secret), timeout=10)
        assert answer.status_code == 200
    assert "scope=read" in sandbox.asked("team_messaging", "token")[-1].body


def test_a_refused_client_is_told_why_as_the_rfc_says(sandbox):
    assert (token_of(sandbox, client_secret="wrong").status_code) == 401
    assert token_of(sandbox, client_secret="wrong").json() == {"error": "invalid_client"}
    assert token_of(sandbox, grant_type="password").json() == {"error": "unsupported_grant_type"}
    assert token_of(sandbox, grant_type="").json() == {"error": "invalid_request"}
    header = requests.post(
        f"{sandbox.url}/team_messaging/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("a", "b"),
        timeout=10,
    )
    assert (header.status_code, header.headers["WWW-Authenticate"]) == (401, "Basic")


def test_a_token_works_until_it_is_revoked(sandbox):
    bearer = {"Authorization": f"Bearer {token_of(sandbox).json()['access_token']}"}
    assert get(sandbox, "/team_messaging/v1/users", bearer).status_code == 200
    sandbox.revoke_tokens()
    refused = get(sandbox, "/team_messaging/v1/users", bearer)
    assert (refused.status_code, refused.json()) == (401, {"error": "invalid_token"})
    assert get(sandbox, "/team_messaging/v1/users", {"Authorization": "Bearer x"}).status_code == 401


def test_a_token_really_expires(sandbox):
    sandbox.settings.token_life = 0.2
    bearer = {"Authorization": f"Bearer {token_of(sandbox).json()['access_token']}"}
    time.sleep(0.3)
    assert get(sandbox, "/team_messaging/v1/users", bearer).status_code == 401


# The record of requests


def test_every_request_is_recorded_with_what_came_of_it(sandbox):
    get(sandbox, "/team_messaging/v1/users", {"X-Trace": "abc"}, offset=200)
    token, users = sandbox.requests
    assert (token.resource, token.method, token.status) == ("token", "POST", 200)
    assert (users.api, users.resource, users.path) == ("team_messaging", "users", "/team_messaging/v1/users")
    assert (users.query, users.offset, users.status) == ({"offset": "200"}, 200, 200)
    assert users.headers["x-trace"] == "abc"
    assert users.at <= users.answered <= time.monotonic()
    assert sandbox.asked("team_messaging", "users") == [users]
    sandbox.forget()
    assert sandbox.requests == []


# Faults


def test_a_fault_meets_only_what_it_names_as_often_as_it_says(sandbox):
    sandbox.fault(Fault(status=429, headers={"Retry-After": "1"}, times=2, api="messaging", after=1))
    sandbox.fault(Fault(status=503, times=1, api="messaging", resource="messages"))
    assert get(sandbox, "/monitoring/v1/resource").status_code == 200
    assert requests.get(sandbox.url + MESSAGES, timeout=10).status_code == 401  # not counted
    answers = [get(sandbox, MESSAGES) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [503, 429, 429, 200, 200]
    assert answers[1].headers["Retry-After"] == "1"


def test_a_fault_can_wait_for_the_page_at_one_offset(sandbox):
    sandbox.fault(Fault(status=500, offset=100))
    statuses = [get(sandbox, MESSAGES, offset=offset).status_code for offset in (0, 100, 200, 100)]
    assert statuses == [200, 500, 200, 500]
    assert get(sandbox, MESSAGES + "/by_page", page=2).status_code == 500


def test_a_fault_meets_tokens_only_when_it_says_so(sandbox):
    sandbox.fault(Fault(status=500, times=1, api="team_messaging"))
    assert token_of(sandbox).status_code == 200
    sandbox.fault(Fault(rewrite=lambda payload, _: {**payload, "expires_in": "3600.5"}, resource="token"))
    assert token_of(sandbox).json()["expires_in"] == "3600.5"


@pytest.mark.parametrize(
    "names", [{"api": "mesaging"}, {"resource": "mesages"}, {"api": "messaging", "resource": "token"}]
)
def test_a_fault_that_could_never_act_is_refused(sandbox, names):
    with pytest.raises(ValueError, match="serves no"):
        sandbox.fault(Fault(status=500, **names))


@pytest.mark.parametrize(
    ("fault", "status", "body", "content_type"),
    [
        (Fault(status=204), 204, b"", "application/json"),
        (Fault(status=502, body=b"<html>", content_type="text/html"), 502, b"<html>", "text/html"),
        (Fault(body=b""), 200, b"", "application/json"),
        (Fault(error_in_200="busy"), 200, b'{"error":"busy"}', "application/json"),
        (Fault(rewrite=lambda payload, request: payload["data"][:0]), 200, b"[]", "application/json"),
        (Fault(rewrite=lambda payload, request: b'{"da'), 200, b'{"da', "application/json"),
        (Fault(rewrite=lambda payload, request: {"v": math.nan}), 200, b'{"v": NaN}', "application/json"),
        (Fault(rewrite=lambda _, request: request.query["offset"]), 200, b'"7"', "application/json"),
    ],
)
def test_a_fault_changes_the_answer(sandbox, fault, status, body, content_type):
    sandbox.fault(fault)
    answer = get(sandbox, MESSAGES, offset=7)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (
        status,
        body,
        content_type,
    )


def test_a_rewrite_changes_the_answer_and_not_the_rows(sandbox):
    def spoil(payload: Any, _: Request) -> Any:
        payload["data"][0]["id"] = None
        return payload

    sandbox.fault(Fault(rewrite=spoil))
    assert get(sandbox, MESSAGES).json()["data"][0]["id"] is None
    assert sandbox.rows("messaging", "messages")[0]["id"] == "msg_000001"


def test_a_redirect_is_a_fault_with_a_header(sandbox):
    sandbox.fault(Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}))
    answer = requests.get(
        sandbox.url + MESSAGES, {"api_key": sandbox.keys["messaging"]}, allow_redirects=False, timeout=10
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/")


def test_a_reset_is_a_tcp_reset_before_any_answer(sandbox):
    sandbox.fault(Fault(reset=True, times=1))
    with raw(sandbox) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert sandbox.requests[0].status is None
    assert get(sandbox, MESSAGES).status_code == 200


def test_a_truncated_body_ends_early_and_closes_the_connection(sandbox):
    sandbox.fault(Fault(truncate=True, times=1))
    with raw(sandbox) as connection:
        head, _, body = everything_from(connection).partition(b"\r\n\r\n")
    announced = int(
        next(line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    )
    assert len(body) == announced // 2
    sandbox.fault(Fault(truncate=True, times=1))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(sandbox, MESSAGES)


def test_a_connection_can_be_reset_in_the_middle_of_a_body(sandbox):
    sandbox.fault(Fault(truncate=True, reset=True))
    with raw(sandbox) as connection, pytest.raises(ConnectionResetError):
        everything_from(connection)
    assert sandbox.requests[0].status == 200


def test_a_dripping_body_arrives_whole_and_slowly(sandbox):
    sandbox.fault(Fault(drip=0.02, latency=0.1))
    start = time.monotonic()
    assert get(sandbox, MESSAGES).json()["total"] == 2500
    assert time.monotonic() - start >= 0.4


def test_a_client_that_gives_up_first_is_no_failure_of_the_sandbox(sandbox):
    for fault in (Fault(reset=True, latency=0.2), Fault(drip=0.05), Fault(latency=0.2, truncate=True)):
        sandbox.fault(Fault(**{**vars(fault), "times": 1}))
        raw(sandbox).close()
    time.sleep(0.4)
    assert get(sandbox, MESSAGES).status_code == 200
    assert sandbox.errors == []


def test_a_fault_that_fails_itself_is_told_when_the_sandbox_stops():
    sandbox = Sandbox().start()
    sandbox.fault(Fault(rewrite=lambda payload, request: payload["no such key"]))
    assert get(sandbox, MESSAGES).status_code == 500
    with pytest.raises(RuntimeError, match="The sandbox failed") as failure:
        sandbox.stop()
    assert isinstance(failure.value.__cause__, KeyError)


# Its life


def test_connections_stay_open_between_requests_also_after_an_error_status(sandbox):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    sandbox.fault(Fault(status=500, times=1, after=1))
    used = []
    for _ in range(3):
        connection.request("GET", f"{MESSAGES}?api_key={sandbox.keys['messaging']}")
        connection.getresponse().read()
        used.append(connection.sock)
    connection.close()
    assert used[0] is not None
    assert used[0] is used[1] is used[2]


def test_a_stopped_sandbox_refuses_and_a_started_one_is_back_at_its_address():
    sandbox = Sandbox(seed=3).start()
    url = sandbox.url
    sandbox.grow("messaging", "messages", 1)
    with requests.Session() as session:
        assert session.get(url, timeout=10).status_code == 200
        sandbox.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=10)
    with sandbox:
        assert sandbox.url == url
        assert get(sandbox, MESSAGES).json()["total"] == 2501


def test_stopping_does_not_wait_for_slow_answers():
    sandbox = Sandbox().start()
    sandbox.settings.latency = 60
    with raw(sandbox) as connection:
        while not sandbox.requests:
            time.sleep(0.01)
        start = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - start < 30
        try:
            answer = connection.recv(1)
        except ConnectionResetError:
            answer = b""
        assert answer == b""


def test_a_sandbox_that_was_never_started_has_no_address():
    with pytest.raises(RuntimeError, match="start it first"):
        Sandbox().environment()


def test_the_environment_names_every_api_as_the_product_wants_it(sandbox):
    environment = sandbox.environment()
    assert environment["MESSAGE_BROKER__BASE_URL"] == f"{sandbox.url}/message_broker"
    assert environment["TEAM_MESSAGING__TOKEN_URL"] == f"{sandbox.url}/team_messaging/oauth/token"
    apis = {name.split("__")[0] for name in environment}
    assert apis == {"MESSAGE_BROKER", "MESSAGING", "GENERIC_REST", "MONITORING", "TEAM_MESSAGING"}
    assert len(environment) == 5 + 4 + 3


# From another process


@pytest.fixture
def command() -> Any:
    """Start the command on a free port, and give its process and address."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "messaging_assets.sandbox", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        running.append(process)
        assert process.stdout
        return process, process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_the_command_prints_one_line_and_serves_until_it_is_interrupted(command: Callable[..., Any]):
    process, url = command("--seed", "3")
    served = requests.get(f"{url}/", timeout=10).json()
    assert {(entry["api"], entry["resource"]) for entry in served} == set(TABLES)
    key = requests.get(f"{url}/_control", timeout=10).json()["environment"]["MESSAGING__API_KEY"]
    page = requests.get(url + MESSAGES, {"api_key": key}, timeout=10).json()
    assert page["data"] == Sandbox(seed=3).rows("messaging", "messages")[:100]
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "")


def test_a_port_that_is_taken_is_told_in_a_sentence(sandbox):
    answer = CliRunner().invoke(main, ["--port", str(sandbox.port)])
    assert answer.exit_code == 1
    assert f"Port {sandbox.port} cannot be used" in answer.output


def test_the_command_can_let_the_rows_grow(command: Callable[..., Any]):
    _, url = command("--grow-every", "0.05")
    deadline = time.monotonic() + 30
    while requests.get(f"{url}/", timeout=10).json()[0]["rows"] <= 1200:
        assert time.monotonic() < deadline


def test_another_process_can_change_settings_and_faults_and_count_requests(sandbox):
    control = f"{sandbox.url}/_control"
    wanted: Any = {
        "settings": {"page_cap": 10},
        "faults": [{"status": 503, "times": 1, "body": "down"}],
        "grow": {"messaging.messages": 5},
    }
    assert requests.post(control, json=wanted, timeout=10).json()["settings"]["page_cap"] == 10
    assert get(sandbox, MESSAGES).text == "down"
    answer = get(sandbox, MESSAGES).json()
    assert (len(answer["data"]), answer["total"]) == (10, 2505)
    state = requests.get(control, timeout=10).json()
    assert (state["requests"], state["asked"]) == (2, {"messaging.messages": 2})
    record = requests.get(f"{control}/requests", timeout=10).json()
    assert [request["status"] for request in record] == [503, 200]
    sandbox.fault(Fault(status=500))
    forget = {"forget": True, "clear_faults": True, "revoke_tokens": True}
    assert requests.post(control, json=forget, timeout=10).json()["requests"] == 0
    assert get(sandbox, MESSAGES).status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [{"setings": {}}, {"settings": {"totl": 1}}, {"faults": [{"statsu": 1}]}, {"grow": {"x": 1}}, [1]],
)
def test_a_control_request_that_makes_no_sense_is_refused(sandbox, wanted):
    answer = requests.post(f"{sandbox.url}/_control", json=wanted, timeout=10)
    assert answer.status_code == 400


def test_a_resource_that_was_emptied_before_its_rows_were_made_has_none_and_grows_from_the_first() -> None:
    sandbox, other = Sandbox(seed=7), Sandbox(seed=7)
    assert sandbox.empty("messaging", "messages") == []
    sandbox.grow("messaging", "messages", 2)
    assert sandbox.rows("messaging", "messages") == other.rows("messaging", "messages")[:2]
    with pytest.raises(ValueError, match=r"serves no messaging\.calls"):
        sandbox.empty("messaging", "calls")
