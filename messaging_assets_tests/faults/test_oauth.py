"""OAuth2 client credentials: one token a sync, renewed in time, and a refused client told at once."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from urllib.parse import parse_qs

import pytest

from messaging_assets.description.api import ApiDescription
from messaging_assets.foundation.failures import CheckCredentials, MendDescription, TryAgainLater
from messaging_assets.sandbox import Fault, Request
from messaging_assets_tests.faults.one_list import OneList, Outcome, ids

TEAM, USERS = "team_messaging", "users"


class WithTokens(OneList):
    """The list `users` of the API that takes OAuth2 tokens."""

    api, name = TEAM, USERS

    def __init__(self, sandbox: Any, is_whole: bool = True) -> None:
        super().__init__(sandbox, is_whole)
        self.client["auth"] = {"type": "oauth2", "token_url": f"{sandbox.url}/{TEAM}/oauth/token"}
        self.secrets = dict(zip(("client_id", "client_secret"), sandbox.client, strict=True))
        self.endpoint["path"] = "users"

    @property
    def asked_for_tokens(self) -> list[Request]:
        """The requests that the token server got."""
        return self.sandbox.asked(TEAM, "token")

    def token_fault(self, **fault: Any) -> None:
        """Let something go wrong with requests for tokens."""
        self.sandbox.fault(Fault(api=TEAM, resource="token", **fault))

    def auth(self, **settings: Any) -> None:
        """Change how the client proves who it is."""
        self.client["auth"] |= settings


@pytest.fixture
def team(one_list: OneList) -> WithTokens:
    return WithTokens(one_list.sandbox, one_list.is_whole)


def assert_whole(outcome: Outcome) -> None:
    assert outcome.green, outcome.sentence
    assert outcome.ids == ids(250)


def answer_tokens(team: WithTokens, **changes: Any) -> None:
    """Let the token server's answers hold these fields; None takes one out."""

    def rewrite(payload: dict[str, Any], request: Request) -> dict[str, Any]:
        return {name: value for name, value in {**payload, **changes}.items() if value is not None}

    team.token_fault(rewrite=rewrite)


@pytest.mark.parametrize("in_flight", [1, 8])
def test_one_token_serves_a_whole_sync(team: WithTokens, in_flight: int) -> None:
    team.client["max_in_flight"] = in_flight
    assert_whole(team.outcome({"type": "offset", "limit": 10}))
    assert len(team.asked_for_tokens) == 1


def test_a_second_pass_uses_the_same_token(team: WithTokens) -> None:
    moved = {"total": [251, 250, 250, 250]}
    team.fault(rewrite=lambda payload, request: {**payload, "total": (moved["total"] or [250]).pop(0)}, times=4)
    outcome = team.sync()
    assert_whole(outcome)
    assert outcome.receipt["passes"] == 2
    assert len(team.asked_for_tokens) == 1


@pytest.mark.parametrize("in_flight", [1, 8])
def test_a_token_that_is_revoked_in_mid_sync_is_renewed_and_the_request_repeated(
    team: WithTokens, in_flight: int
) -> None:
    team.client["max_in_flight"] = in_flight

    def revoke(payload: dict[str, Any], request: Request) -> dict[str, Any]:
        team.sandbox.revoke_tokens()
        return payload

    team.fault(rewrite=revoke, offset=100, times=1)
    # Small pages, so that some are left to be asked for when the window of pages read ahead is through.
    outcome = team.outcome({"type": "offset", "limit": 10})
    assert_whole(outcome)
    assert 2 <= len(team.asked_for_tokens) <= 3
    # As many pages again wait to be asked for, prepared with the old token.
    assert outcome.receipt["retry_reasons"]["401"] <= 2 * in_flight


def test_a_token_is_renewed_once_for_a_request_and_then_given_up(team: WithTokens) -> None:
    team.fault(status=401, offset=100)
    outcome = team.outcome()
    assert isinstance(outcome.failure, CheckCredentials)
    assert "answered 401; check TEAM_MESSAGING__CLIENT_ID and TEAM_MESSAGING__CLIENT_SECRET" in outcome.sentence
    assert len(team.asked_for_tokens) == 2
    assert outcome.asked == [0, 100, 100]


def test_tokens_are_renewed_ahead_of_their_end(team: WithTokens) -> None:
    answer_tokens(team, expires_in=0.0001)
    outcome = team.sync()
    assert_whole(outcome)
    assert len(team.asked_for_tokens) == len(outcome.requests)
    assert outcome.receipt["retries"] == 0


def test_short_tokens_are_not_renewed_for_every_request(team: WithTokens) -> None:
    team.sandbox.settings.token_life = 30
    assert_whole(team.outcome())
    assert len(team.asked_for_tokens) == 1


@pytest.mark.parametrize("life", ["3600", "3600.5", 3600.5, None, "soon", 0, -1, "nan", True, [], {}], ids=repr)
def test_a_life_in_any_spelling_is_understood_or_assumed(team: WithTokens, life: Any) -> None:
    answer_tokens(team, expires_in=life)
    team.sandbox.settings.token_life = 3600
    assert_whole(team.outcome())
    assert len(team.asked_for_tokens) <= (4 if life is True else 1)


@pytest.mark.parametrize("token", [None, "", 7, "a\nb", "tök"], ids=repr)
def test_an_answer_without_a_usable_token_is_red(team: WithTokens, token: Any) -> None:
    answer_tokens(team, access_token=token)
    outcome = team.outcome()
    assert isinstance(outcome.failure, CheckCredentials)
    assert f"{team.sandbox.url}/{TEAM}/oauth/token answered without a usable access_token" in outcome.sentence
    assert outcome.requests == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null"], ids=repr)
def test_a_token_answer_that_is_no_object_is_red(team: WithTokens, body: bytes) -> None:
    team.token_fault(body=body)
    assert not team.outcome().green


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("code", ["invalid_client", "invalid_scope", "unauthorized_client"])
def test_a_refused_client_fails_at_once_with_the_servers_code(team: WithTokens, status: int, code: str) -> None:
    body = {"error": code, "error_description": f"client {team.secrets['client_secret']} is unknown"}
    team.token_fault(status=status, body=json.dumps(body).encode())
    outcome = team.outcome()
    assert isinstance(outcome.failure, CheckCredentials)
    assert f"refused the client ({code}); check the client's id, secret and scopes" in outcome.sentence
    assert team.secrets["client_secret"] not in outcome.sentence
    assert len(team.asked_for_tokens) == 1


def test_an_unknown_error_code_is_not_repeated_in_the_sentence(team: WithTokens) -> None:
    team.token_fault(status=401, body=json.dumps({"error": team.secrets["client_secret"]}).encode())
    outcome = team.outcome()
    assert isinstance(outcome.failure, CheckCredentials)
    assert team.secrets["client_secret"] not in outcome.sentence


def test_a_wrong_secret_is_red_and_names_the_code(team: WithTokens) -> None:
    team.secrets["client_secret"] = "wrong"
    outcome = team.sync()
    assert isinstance(outcome.failure, CheckCredentials)
    assert "refused the client (invalid_client)" in outcome.sentence


@pytest.mark.parametrize("fault", [{"status": 503}, {"reset": True}, {"truncate": True}, {"body": b"<html>"}], ids=str)
def test_a_token_server_that_recovers_is_asked_again(team: WithTokens, fault: Any) -> None:
    team.token_fault(**fault, times=2)
    outcome = team.outcome()
    assert_whole(outcome)
    assert len(team.asked_for_tokens) == 3
    assert outcome.receipt["retries"] == 2


def test_a_token_server_that_stays_down_is_red_after_the_declared_tries(team: WithTokens) -> None:
    team.token_fault(status=503)
    outcome = team.outcome()
    assert isinstance(outcome.failure, TryAgainLater)
    assert f"POST {team.sandbox.url}/{TEAM}/oauth/token answered 503 4 times" in outcome.sentence
    assert len(team.asked_for_tokens) == 4
    assert outcome.requests == []


def test_a_token_server_that_sends_elsewhere_is_red(team: WithTokens) -> None:
    team.token_fault(status=307, headers={"Location": "http://stranger.invalid/token"})
    outcome = team.outcome()
    assert isinstance(outcome.failure, MendDescription)
    assert "sends on to another origin" in outcome.sentence


def test_what_the_file_says_of_the_lists_errors_is_not_said_of_tokens(team: WithTokens) -> None:
    team.token_fault(status=404)
    outcome = team.outcome(response_actions=[{"status_code": 404, "action": "ignore"}])
    assert isinstance(outcome.failure, MendDescription)
    assert "answered 404" in outcome.sentence


def test_the_format_of_a_list_is_not_the_one_of_tokens(team: WithTokens) -> None:
    team.fault(body=b"id\n1\n", content_type="text/plain")
    outcome = team.outcome({"type": "single_page"}, format="csv", data_selector="$")
    assert outcome.ids == ["1"], outcome.sentence


def test_the_client_proves_itself_in_the_body_by_default(team: WithTokens) -> None:
    assert_whole(team.outcome())
    [request] = team.asked_for_tokens
    assert "authorization" not in request.headers
    assert parse_qs(request.body) == {
        "grant_type": ["client_credentials"],
        "client_id": [team.secrets["client_id"]],
        "client_secret": [team.secrets["client_secret"]],
    }


def test_the_client_may_prove_itself_in_the_header(team: WithTokens) -> None:
    team.secrets = {"client_id": "a client", "client_secret": "ge:heim/ß"}
    team.sandbox.client = ("a client", "ge:heim/ß")
    team.auth(client_authentication="header")
    assert_whole(team.outcome())
    [request] = team.asked_for_tokens
    encoded = request.headers["authorization"].removeprefix("Basic ")
    assert b64decode(encoded).decode() == "a+client:ge%3Aheim%2F%C3%9F"
    assert parse_qs(request.body) == {"grant_type": ["client_credentials"]}


@pytest.mark.parametrize(
    ("settings", "form"),
    [
        ({"scopes": ["users:read", "channels:read"]}, {"scope": ["users:read channels:read"]}),
        ({"scopes": "one two"}, {"scope": ["one two"]}),
        ({"audience": "https://api.example.com"}, {"audience": ["https://api.example.com"]}),
        ({"access_token_request_data": {"resource": "chat"}}, {"resource": ["chat"]}),
    ],
    ids=str,
)
def test_scopes_audience_and_more_reach_the_token_server(team: WithTokens, settings: Any, form: Any) -> None:
    team.auth(**settings)
    assert_whole(team.outcome())
    assert form.items() <= parse_qs(team.asked_for_tokens[0].body).items()


def test_a_child_and_its_parent_share_one_token_on_a_server_that_keeps_one_live_token(team: WithTokens) -> None:
    live: list[str] = []

    def only_newest(payload: dict[str, Any], request: Request) -> dict[str, Any]:
        # A new token revokes the one before it.
        for token in live:
            team.sandbox.tokens.pop(token, None)
        live[:] = [payload["access_token"]]
        return payload

    team.token_fault(rewrite=only_newest)
    del team.sandbox.rows(TEAM, "channels")[4:]
    whole = team.describe().model_dump(mode="json", exclude_unset=True)
    child = {
        "name": "messages",
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {**team.endpoint, "path": "channels/{resources.channels.id}/messages"},
    }
    parent = {**child, "name": "channels", "endpoint": {**team.endpoint, "path": "channels"}}
    description = ApiDescription.model_validate({**whole, "resources": [parent, child]})
    outcome = team.run(description, "messages")
    assert outcome.green, outcome.sentence
    assert outcome.table
    assert len(team.asked_for_tokens) == 1
    assert "401" not in str(outcome.receipt.get("retries"))
