"""Addresses of published manifests: several hosts, and lists at the base itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.discovery.test_convert import convert, converted, manifest, only

BEARER = {"type": "BearerAuthenticator", "api_token": "{{ config['token'] }}"}
LOGIN = {
    "type": "SessionTokenAuthenticator",
    "login_requester": {"url_base": "https://chat.example.com", "path": "/login", "http_method": "POST"},
    "session_token_path": ["token"],
    "request_authentication": {"type": "Bearer"},
}


def _at(host: str, name: str, path: str, **requester: Any) -> dict[str, Any]:
    asked = {"url_base": f"https://{host}.example.com", "path": path, "authenticator": BEARER, **requester}
    stream: dict[str, Any] = manifest({"name": name}, **asked)["streams"][0]
    return stream


def _several(chat: dict[str, Any]) -> dict[str, Any]:
    return {"version": "6.0.0", "streams": [_at("api", "users", "/users"), _at("api", "teams", "/teams"), chat]}


def test_a_host_that_the_manifest_sends_the_same_secrets_is_one_of_the_file_and_a_question(clean_room: Path) -> None:
    raw, done = converted(_several(_at("chat", "rooms", "/v1/rooms")), clean_room)

    assert raw["client"] == {
        "base_url": "https://api.example.com",
        "allowed_hosts": ["chat.example.com"],
        "auth": {"type": "bearer"},
    }
    assert raw["resources"][2]["endpoint"]["path"] == "https://chat.example.com/v1/rooms"
    assert "question: the manifest sends the same secrets to these hosts; are they the same owner's?" in done.stderr


@pytest.mark.parametrize(
    "other",
    [
        {"authenticator": {"type": "BasicHttpAuthenticator", "username": "{{ config['user'] }}"}},
        {"authenticator": LOGIN},
        {"url_base": "http://chat.example.com"},
        {"url_base": "https://{{ config['host'] }}.example.com"},
    ],
    ids=["another secret", "a login", "another scheme", "a setting"],
)
def test_a_host_with_a_secret_a_scheme_or_a_setting_of_its_own_is_a_file_of_its_own(
    other: dict[str, Any], clean_room: Path
) -> None:
    raw, done = converted(_several(_at("chat", "rooms", "/v1/rooms", **other)), clean_room)
    assert [one["name"] for one in raw["resources"]] == ["users", "teams"]
    assert "allowed_hosts" not in raw["client"]
    assert "not in the file: rooms: it is at another address; convert once more into a file of its own" in done.stderr


def test_a_setting_behind_such_a_host_stays_one(clean_room: Path) -> None:
    chat = _at("chat", "rooms", "/rooms", url_base="https://chat.example.com/{{ config['team'] }}")

    raw, _ = converted(_several(chat), clean_room, "--setting", "team=red")

    assert raw["resources"][2]["endpoint"]["path"] == "https://chat.example.com/{setting.team}/rooms"
    assert raw["client"]["allowed_hosts"] == ["chat.example.com"]


def test_the_lists_of_a_host_have_a_file_of_their_own_where_that_is_wanted(clean_room: Path) -> None:
    source = _several(_at("chat", "rooms", "/v1/rooms"))

    of_chat, again = converted(source, clean_room, "--address", "https://chat.example.com")

    assert (of_chat["client"]["base_url"], only(of_chat)["name"]) == ("https://chat.example.com", "rooms")
    assert "with --address https://api.example.com" in again.stderr
    refused = convert(clean_room / "source.json", "--address", "https://other.example.com")
    assert refused.exit_code == 1
    assert "with --address https://chat.example.com" in refused.output


@pytest.mark.parametrize(
    ("address", "base", "path"),
    [
        ("https://api.example.com/v1/messages", "https://api.example.com/v1", "/messages"),
        ("https://api.example.com/messages/", "https://api.example.com/messages", "/"),
        ("https://api.example.com", "https://api.example.com", "/"),
    ],
)
def test_a_list_at_the_base_itself_gets_no_slash_behind_it(
    address: str, base: str, path: str, clean_room: Path
) -> None:
    raw, _ = converted(manifest(url_base=address, path=""), clean_room)
    assert (raw["client"]["base_url"], only(raw)["endpoint"]["path"]) == (base, path)
