"""An API at several hosts: secrets go to those that the file names, and nothing is sent to any other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.server import ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.cookies import RequestsCookieJar

from messaging_assets.description.api import ApiDescription, Client
from messaging_assets.description.ways.origins import is_among, origin
from messaging_assets.files.api_files import describe
from messaging_assets.files.rules.mistakes import InvalidDescription
from messaging_assets.foundation.failures import SyncFailure
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.http.preparation import Preparation
from messaging_assets.http.wire.hosts import HostsTransport
from messaging_assets_tests.faults.one_list import synced, tables
from messaging_assets_tests.threaded_server import Handler, answering

SECRET = "of-all-hosts"


class _Host(ThreadingHTTPServer):
    """One host, which keeps what it was asked for, and with which secret.

    Attributes:
        answers: by path: an answer, or a status with headers.
        asked: path and Authorization of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), _Answers)

    @property
    def name(self) -> str:
        """Its name with its port."""
        return f"127.0.0.1:{self.server_port}"


class _Answers(Handler):
    server: _Host

    def do_GET(self) -> None:
        """Answer."""
        path = urlsplit(self.path).path
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        answer = self.server.answers.get(path, {"data": []})
        status, body, headers = answer if isinstance(answer, tuple) else (200, answer, {})
        self.reply(status, body, headers)


@pytest.fixture
def hosts(open_database: None) -> Iterator[list[_Host]]:
    """The API's own host, a further one, and others."""
    with ExitStack() as stack:
        made = [_Host() for _ in range(5)]
        for one in made:
            stack.enter_context(answering(one))
        yield made


def come(hosts: list[_Host], path: str, parent: dict[str, Any] | None = None, **client: Any) -> tuple[list[Any], str]:
    """The rows of a list at a path, and the sentence that it failed with; `parent` is the record above it."""
    base, further, *_ = hosts
    resources: list[Any] = [
        {"name": "users", "primary_key": "id", "endpoint": {"path": path, "paginator": "json_link"}}
    ]
    if parent is not None:
        base.answers["/v1/tenants"] = {"data": [parent]}
        resources.append({"name": "tenants", "selected": False, "endpoint": {"paginator": "single_page"}})
    for one in resources:
        one["endpoint"] |= {"data_selector": "data", "error_handler": {"max_retries": 0}}
    client = {"base_url": f"http://{base.name}/v1", "auth": "bearer", "allowed_hosts": [further.name], **client}
    failure = ""
    try:
        whole = {"name": "houses", "client": client, "resources": resources}
        synced(ApiDescription.model_validate(whole), "users", {"token": SECRET})
    except SyncFailure as caught:
        failure = str(caught)
    return [row["id"] for row in tables(settle_environment(), "houses", "users")[0]], failure


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("{resources.tenants.at}/v1/users", "http://{0}"),
        ("{resources.tenants.at}", "http://{0}/v1/users"),
        ("http://{resources.tenants.at}/v1/users", "{0}"),
        ("http://{0}/v1/users", None),
    ],
    ids=["a parent's address", "a parent's link", "a parent's host", "the file's own"],
)
def test_a_list_may_be_at_a_host_that_the_file_allows(hosts: list[_Host], path: str, field: str | None) -> None:
    base, further, *_ = hosts
    further.answers["/v1/users"] = {"data": [{"id": 1}], "next": f"http://{further.name}/v1/more"}
    further.answers["/v1/more"] = {"data": [{"id": 2}], "next": None}
    parent = {"id": 7, "at": field.replace("{0}", further.name)} if field else None

    assert come(hosts, path.replace("{0}", further.name), parent) == ([1, 2], "")
    assert [secret for _, secret in further.asked] == [f"Bearer {SECRET}"] * 2
    assert len(base.asked) == (parent is not None)


@pytest.mark.parametrize("most", [1, 2])
def test_connections_to_few_hosts_are_kept_and_a_closed_one_is_asked_again(
    hosts: list[_Host], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("messaging_assets.http.wire.hosts._MOST_KEPT", most)
    base, *others = hosts
    ended = threading.Event()
    with ThreadPoolExecutor(4) as pool, closing(_session(hosts, ended)) as transport:
        before = set(threading.enumerate())
        urls = [f"http://{one.name}/v1/{number}" for number in range(10) for one in (base, *others)]
        answers = list(pool.map(lambda url: transport(requests.Request("GET", url).prepare()), urls))
        for answer in answers:
            answer.settle(is_good=True)
        assert [answer.status_code for answer in answers] == [200] * 50
        assert [len(one.asked) for one in hosts] == [10] * 5
        assert len(transport._others) == most
        closed = next(one for one in others if origin(f"http://{one.name}") not in transport._others)
        transport(requests.Request("GET", f"http://{closed.name}/again").prepare()).settle(is_good=True)
        assert closed.asked[-1][0] == "/again"
        assert len(transport._others) == most
        assert all(other._watchdog is transport._watchdog for other, _ in transport._others.values())
        threads = {one for one in threading.enumerate() if one.name == "deadline"} - before
        assert threads == {transport._watchdog._thread}
    ended.set()


def _session(hosts: list[_Host], ended: threading.Event) -> HostsTransport:
    base, *others = hosts
    client = Client(base_url=f"http://{base.name}", allowed_hosts=[one.name for one in others])
    return HostsTransport(client.base_url, client, RequestsCookieJar(), ended)


def test_a_next_page_and_a_redirect_may_lead_to_a_further_host(hosts: list[_Host]) -> None:
    base, further, *_ = hosts
    base.answers["/v1/users"] = {"data": [{"id": 1}], "next": f"http://{further.name}/v1/more"}
    further.answers["/v1/more"] = (307, {}, {"Location": f"http://{base.name}/v1/last"})
    base.answers["/v1/last"] = {"data": [{"id": 2}]}

    assert come(hosts, "users") == ([1, 2], "")
    assert further.asked == [("/v1/more", f"Bearer {SECRET}")]
    assert base.asked == [("/v1/users", f"Bearer {SECRET}"), ("/v1/last", f"Bearer {SECRET}")]


@pytest.mark.parametrize("way", ["address", "host", "next page", "redirect"])
def test_no_other_host_is_asked_and_the_sentence_names_the_word(hosts: list[_Host], way: str) -> None:
    base, _, other, *_ = hosts
    base.answers["/v1/users"] = {"data": [{"id": 1}], "next": f"http://{other.name}/v1/more"}
    path, parent = "users", None
    if way == "redirect":
        base.answers["/v1/users"] = (307, {}, {"Location": f"http://{other.name}/v1/users"})
    elif way != "next page":
        path = {"address": "{resources.tenants.at}/users", "host": "http://{resources.tenants.at}/users"}[way]
        parent = {"id": 7, "at": other.name if way == "host" else f"http://{other.name}"}

    rows, sentence = come(hosts, path, parent)

    assert rows == []
    assert other.asked == []
    assert "another origin" in sentence
    assert "client.allowed_hosts" in sentence


def test_a_link_that_a_proxy_made_plain_is_asked_for_by_the_scheme_of_the_api() -> None:
    prepared = Preparation("https://api.example.com", {}, RequestsCookieJar(), ["*.example.com"])
    request = requests.Request("GET", "http://eu.example.com/v1")

    prepared._keep_to_origin(request, SimpleNamespace(page=1, asset="houses.users"))

    assert request.url == "https://eu.example.com/v1"


def test_a_host_that_does_not_answer_is_named(hosts: list[_Host]) -> None:
    rows, sentence = come(
        hosts, "{resources.tenants.at}/users", {"at": "http://localhost:9"}, allowed_hosts=["localhost:9"]
    )

    assert rows == []
    assert "http://localhost:9" in sentence


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("https://a.example.com/x", True),
        ("https://a.b.example.com", True),
        ("https://A.Example.COM:443", True),
        ("https://eu.example.org:8443", True),
        ("https://api.example.com:9", True),
        ("http://a.example.com", False),
        ("https://example.com", False),
        ("https://notexample.com", False),
        ("https://a.example.com.evil.org", False),
        ("https://a.example.com:8443", False),
        ("https://eu.example.org", False),
    ],
)
def test_a_pattern_is_of_hosts_below_one_and_of_one_port(address: str, is_allowed: bool) -> None:
    base = origin("https://api.example.com:9/v1")
    assert is_among(origin(address), ["*.example.com", "eu.example.org:8443"], base) == is_allowed


@pytest.mark.parametrize("host", ["*", "*.com", "https://eu.example.com", "eu.example.com/v1", "a.*.example.com", ""])
def test_a_host_is_written_alone_and_no_pattern_is_of_everybody(host: str) -> None:
    with pytest.raises(InvalidDescription, match="must be a host alone, such as eu"):
        described(["users"], [host])


@pytest.mark.parametrize(
    ("path", "hosts", "said"),
    [
        (
            "https://eu.example.com/users",
            [],
            "leave the address out; .* name another host of the API in client.allowed",
        ),
        ("https://eu.example.com/users", ["us.example.com"], "leave the address out"),
        (
            "https://{resources.tenants.host}/users",
            [],
            "a parent's record names the host; write in client.allowed_hosts",
        ),
        ("https://u:p@eu.example.com/users", ["*.example.com"], "an address that has a user in it is not asked"),
        ("ftp://eu.example.com/users", ["*.example.com"], "leave the address out"),
        ("https://eu.example.com/users", ["*.example.com"], None),
        ("https://eu.example.com:443/users?at={resources.tenants.at}", ["eu.example.com"], None),
        ("http://eu.example.com/users", ["eu.example.com"], None),
        ("https://api.example.com/users", ["eu.example.com"], "leave the address out"),
        ("https://{resources.tenants.host}/users", ["*.example.com"], None),
    ],
)
def test_an_address_in_a_path_needs_a_host_that_is_allowed(path: str, hosts: list[str], said: str | None) -> None:
    resources = ["tenants", {"name": "users", "endpoint": path}]
    if said is None:
        described(resources, hosts)
    else:
        with pytest.raises(InvalidDescription, match=said):
            described(resources, hosts)


def test_a_path_has_the_scheme_of_the_api() -> None:
    with pytest.raises(InvalidDescription, match=r"by the scheme of .*; write http:// here"):
        described(
            [{"name": "users", "endpoint": "https://eu.example.com/x"}], ["eu.example.com"], "http://api.internal"
        )


def described(resources: list[Any], hosts: list[str], url: str = "https://api.example.com") -> None:
    """Check a file with these resources and further hosts."""
    describe({"client": {"base_url": url, "allowed_hosts": hosts}, "resources": resources}, "houses")
