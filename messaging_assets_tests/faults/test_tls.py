"""TLS: whose certificate is trusted, and an API behind a proxy that ends it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_WR
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
import requests

from messaging_assets.foundation.failures import MendDescription, SyncFailure, TryAgainLater
from messaging_assets_tests.certificates import certificate_in
from messaging_assets_tests.faults.one_list import OneList, ids
from messaging_assets_tests.threaded_server import Handler, answering

LINKS: dict[str, Any] = {"type": "json_link", "next_url_path": "next"}


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return certificate_in(tmp_path)


@pytest.fixture
def proxy(one_list: OneList, certificate: tuple[Path, Path]) -> Iterator[str]:
    """The sandbox's address behind a proxy that ends TLS; the API's links begin as it is asked, with http."""
    sandbox = one_list.sandbox

    class Passing(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            heard = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = requests.get(f"{sandbox.url}{self.path}", headers=heard, timeout=10)
            body = answer.content.replace(sandbox.url.encode(), f"http://{self.headers['host']}".encode())
            self.reply(answer.status_code, body, {"Content-Type": answer.headers["content-type"]})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Passing)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    with answering(server):
        yield f"https://127.0.0.1:{server.server_address[1]}"


def test_a_certificate_of_the_house_is_trusted_by_its_authoritys_file(
    one_list: OneList, proxy: str, certificate: tuple[Path, Path]
) -> None:
    one_list.client |= {"base_url": f"{proxy}/messaging/v1", "ca_file": str(certificate[0])}
    outcome = one_list.sync()
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


def test_a_certificate_that_nobody_trusts_is_red_and_gets_nothing(one_list: OneList, proxy: str) -> None:
    one_list.client["base_url"] = f"{proxy}/messaging/v1"
    outcome = one_list.sync()
    assert isinstance(outcome.failure, MendDescription)
    assert "has a certificate that is not trusted; name the authority's certificate in client.ca_file" in (
        outcome.sentence
    )
    assert outcome.requests == []


def test_links_of_an_api_behind_a_proxy_that_ends_tls_are_asked_for_by_tls(
    one_list: OneList, proxy: str, certificate: tuple[Path, Path]
) -> None:
    one_list.client |= {"base_url": f"{proxy}/messaging/v1", "ca_file": str(certificate[0])}
    outcome = one_list.outcome(LINKS, path="messages/by_link", params={"limit": 100})
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


def test_a_link_to_another_port_is_not_made_safe_by_its_scheme(
    one_list: OneList, proxy: str, certificate: tuple[Path, Path]
) -> None:
    one_list.client |= {"base_url": f"{proxy}/messaging/v1", "ca_file": str(certificate[0])}
    one_list.fault(rewrite=lambda payload, request: {**payload, "next": "http://127.0.0.1:1/x"})
    outcome = one_list.outcome(LINKS, path="messages/by_link")
    assert isinstance(outcome.failure, MendDescription)
    assert "another origin" in outcome.sentence
    assert len(outcome.requests) == 1


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (b"HTTP/1.1 400 No\r\n\r\n", MendDescription, "answered without TLS, though its address says https; write"),
        (b"", TryAgainLater, "closed the connection in the TLS handshake; see whether this port speaks TLS at all"),
    ],
    ids=["plain HTTP", "nothing"],
)
def test_a_port_without_tls_is_called_that(one_list: OneList, said: bytes, kind: type[SyncFailure], words: str) -> None:
    class Plain(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.request.sendall(said)
            # Closed with something unread, the connection would be reset.
            self.request.shutdown(SHUT_WR)
            self.request.recv(65_536)

    one_list.endpoint["error_handler"] = {"max_retries": 0}
    server = ThreadingTCPServer(("127.0.0.1", 0), Plain)
    with answering(server):
        one_list.client["base_url"] = f"https://127.0.0.1:{server.server_address[1]}"
        outcome = one_list.outcome(LINKS)
    assert isinstance(outcome.failure, kind)
    assert words in outcome.sentence


@pytest.mark.parametrize("text", [None, "no certificate"], ids=["not there", "no certificate"])
def test_a_file_of_certificates_that_cannot_be_read_is_named_and_the_api_is_not_asked(
    one_list: OneList, proxy: str, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "house.pem"
    if text:
        file.write_text(text)
    one_list.client |= {"base_url": f"{proxy}/messaging/v1", "ca_file": str(file)}
    outcome = one_list.outcome()
    assert f"client.ca_file names {file}, which holds no certificates that can be read; correct it" in outcome.sentence
    assert outcome.requests == []
