"""Which server an address means: nothing passes the door that the wire would take elsewhere."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from messaging_assets.description.api import Client
from messaging_assets.description.ways.origins import NoAddress, origin
from messaging_assets.http.wire.connections import Adapter
from messaging_assets.http.wire.transport import OtherOrigin, Transport

HOME = "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("http://api.example.com/v1", ("http", "api.example.com", 80)),
        ("HTTPS://API.example.com?a=b c", ("https", "api.example.com", 443)),
        ("https://[::1]:8443/x", ("https", "::1", 8443)),
        ("https://bücher.example/", ("https", "xn--bcher-kva.example", 443)),
        ("https://api.example.com/a@b?to=x@y#z@w", ("https", "api.example.com", 443)),
    ],
)
def test_a_plain_address_has_one_origin(address: str, found: tuple[str, str, int]) -> None:
    assert origin(address) == found


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://elsewhere\\@api.example.com/", "backslash"),
        ("http:\\\\elsewhere", "backslash"),
        ("http://api.example.com/m?a=\\b", "backslash"),
        ("http://api.example.com\t.elsewhere/", "control character"),
        ("http://api.example.com\r\nHost: elsewhere", "control character"),
        (" http://api.example.com/", "blank"),
        ("http://api.example.com/a b", "blank"),
        ("http://api.example.com/?a=\u2028b", "blank"),
        ("http://api.example.com@elsewhere/", "user"),
        ("http://:@elsewhere/", "user"),
        ("http://api.example.com:99999/", "cannot be read"),
        ("http://[api.example.com/", "cannot be read"),
        ("ftp://api.example.com/", "no http or https address"),
        ("//api.example.com/", "no http or https address"),
        ("http:///m", "no http or https address"),
        ("", "no http or https address"),
    ],
)
def test_an_address_that_may_be_read_in_two_ways_is_none(address: str, why: str) -> None:
    with pytest.raises(NoAddress, match=why):
        origin(address)


PARTS = st.sampled_from(
    [
        "127.0.0.1:8001",
        "127.0.0.1:8002",
        "localhost:8002",
        "[::1]:8002",
        "127.0.0.1",
        "api",
        "x:y",
        "8001",
        "2130706433",
    ]
)
JOINS = st.sampled_from(
    [
        "",
        "@",
        "\\",
        "\\@",
        "/",
        "//",
        "#",
        "?",
        ":",
        ":@",
        "%40",
        "%2f",
        "%5c",
        "\t",
        "\n",
        "\0",
        " ",
        ";",
        "&",
        "[",
        "]",
    ]
) | st.sampled_from(["..", "\u3002", "\uff0f", "\uff20", "\u2100", "\xad", "\xa0", "%00", "%", "."])
SCHEMES = st.sampled_from(
    ["http://", "http:", "http:/", "http:///", "//", "", "HTTP://", "http:\\\\", " http://", "ht\ttp://"]
)


def test_what_is_meant_for_the_server_passes_its_door() -> None:
    door = Transport(HOME, Client(base_url=HOME), requests.cookies.RequestsCookieJar(), threading.Event())
    wire = door._adapter = Wire()
    with pytest.raises(requests.ConnectionError):
        door(requests.Request("GET", f"{HOME}/m?q=a b").prepare())
    assert wire.went == [origin(HOME)]


class Wire(Adapter):
    """Writes down where a request would go, by the pool that would carry it, and sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.went: list[tuple[str, str, int]] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        pool = self.get_connection_with_tls_context(request, verify=True)
        self.went.append((str(pool.scheme), str(pool.host).strip("[]"), pool.port or 80))
        raise requests.ConnectionError


@settings(max_examples=400)
@given(
    scheme=SCHEMES, parts=st.lists(st.tuples(PARTS, JOINS), min_size=1, max_size=4), tail=st.sampled_from(["", "/m"])
)
@example("http://", [("127.0.0.1:8002", "\\@"), ("127.0.0.1:8001", "")], "/m")
def test_no_form_of_an_address_gets_past_the_door_to_another_server(
    scheme: str, parts: list[tuple[str, str]], tail: str
) -> None:
    door = Transport(HOME, Client(base_url=HOME), requests.cookies.RequestsCookieJar(), threading.Event())
    wire = door._adapter = Wire()
    written = scheme + "".join(part + join for part, join in parts) + tail
    try:
        address = written if "://" in written else urljoin(f"{HOME}/m", written)
        origin(address)
        prepared = requests.Request("GET", address).prepare()
    except (NoAddress, ValueError):
        return
    # What a redirect names is put onto the request as it came; the door must do without the checks before it.
    raw = prepared.copy()
    raw.url = address
    for request in (prepared, raw):
        with suppress(OtherOrigin, NoAddress, requests.ConnectionError):
            door(request)
    assert set(wire.went) <= {origin(HOME)}
