"""HTTP digest: the API's challenge is answered for each request, as the API reckons it itself (RFC 7616)."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Any

import pytest

from messaging_assets.foundation.failures import CheckCredentials
from messaging_assets_tests.faults.one_list import OneList, Outcome
from messaging_assets_tests.faults.signing_api import ROWS, Came, SigningApi

USER, PASSWORD = "Mufasa", "canary-Circle of Life"


class Server:
    """Hands out numbers that are good for so many requests, each with a higher count than the one before."""

    def __init__(self, api: SigningApi, algorithm: str = "SHA-256", life: int = 1000) -> None:
        self.algorithm, self.life = algorithm, life
        self.counts: dict[str, int] = {}
        self.more, self._lock = "", threading.Lock()
        api.check, api.refusal = self.lets_in, self.challenge

    @property
    def given(self) -> int:
        return len(self.counts)

    def challenge(self, came: Came) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            nonce = f"n{len(self.counts)}"
            self.counts[nonce] = 0
        said = f'Digest realm="a, b", qop="auth-int, auth", nonce="{nonce}", opaque="o"'
        return 401, {"WWW-Authenticate": f"{said}, algorithm={self.algorithm}{self.more}"}, b"{}"

    def lets_in(self, came: Came) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]+(?:, b)?)"?', (came.headers["Authorization"] or "").partition(" ")[2]))
        with self._lock:
            count = self.counts.get(said.get("nonce", ""))
            if count is None or not count < int(said["nc"], 16) <= self.life:
                return False
            self.counts[said["nonce"]] = int(said["nc"], 16)

        def digest(*parts: str) -> str:
            name = "sha256" if self.algorithm.startswith("SHA") else "md5"
            return hashlib.new(name, ":".join(parts).encode()).hexdigest()

        secret = digest(USER, "a, b", PASSWORD)
        if self.algorithm.lower().endswith("-sess"):
            secret = digest(secret, said["nonce"], said["cnonce"])
        asked = digest(came.method, came.target)
        right = digest(secret, said["nonce"], said["nc"], said["cnonce"], "auth", asked)
        return (said["response"], said["uri"], said["opaque"]) == (right, came.target, "o")


@pytest.fixture
def chat(one_list: OneList, api: SigningApi) -> OneList:
    one_list.client["auth"] = "http_digest"
    one_list.secrets = {"base_url": api.url, "username": USER, "password": PASSWORD}
    return one_list


def paged(chat: OneList, **settings: Any) -> Outcome:
    return chat.outcome({"type": "offset", "limit": 2, "total_path": None, "overlap": 0}, **settings)


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5", "MD5-sess"])
def test_one_challenge_serves_a_whole_list(chat: OneList, api: SigningApi, algorithm: str) -> None:
    server = Server(api, algorithm)
    outcome = paged(chat)
    assert outcome.ids == [row["id"] for row in ROWS], outcome.sentence
    assert server.given == 1
    assert PASSWORD not in str([one.headers.items() for one in api.came])


@pytest.mark.parametrize("in_flight", [1, 8])
def test_a_number_that_is_used_up_is_replaced_in_mid_list(chat: OneList, api: SigningApi, in_flight: int) -> None:
    chat.client["max_in_flight"] = in_flight
    server = Server(api, life=1)
    assert paged(chat).green
    assert server.given > 2


def test_the_best_of_several_challenges_is_answered(chat: OneList, api: SigningApi) -> None:
    server = Server(api)
    server.more = ', Digest realm="a, b", qop="auth", algorithm=MD5, nonce="other", Basic realm="x"'
    assert paged(chat).green


def test_a_wrong_password_is_told_after_one_more_try(chat: OneList, api: SigningApi) -> None:
    Server(api)
    chat.secrets["password"] = "canary-wrong"
    outcome = paged(chat)
    assert isinstance(outcome.failure, CheckCredentials)
    assert "check MESSAGING__USERNAME and MESSAGING__PASSWORD" in outcome.sentence
    assert len(api.came) == 2


def test_a_refusal_without_a_challenge_that_can_be_answered_is_final(chat: OneList, api: SigningApi) -> None:
    api.check = lambda came: False
    api.refusal = lambda came: (401, {"WWW-Authenticate": 'Digest realm="a", nonce="b", qop="auth-int"'}, b"{}")
    assert isinstance(paged(chat).failure, CheckCredentials)
    assert len(api.came) == 1
