"""A refusal names the words of the file that its request can take, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from requests import Request

from messaging_assets.description.endpoint import Endpoint
from messaging_assets.http.refusals import what_to_declare
from messaging_assets.http.trouble import refused
from messaging_assets.http.wire.answer import Answer

OFFSETS: dict[str, Any] = {"paginator": {"type": "offset", "limit": 10}}
TOKENS: dict[str, Any] = {"paginator": {"type": "cursor"}}
LINKS: dict[str, Any] = {"paginator": {"type": "json_link"}}
OF_PARENT: dict[str, Any] = {"path": "/channels/{resources.channels.id}/messages"}
NEW: dict[str, Any] = {"incremental": {"cursor_path": "at", "start_param": "since"}}

ALONE: dict[str, Any] = {"paginator": {"type": "cursor", "limit": 5, "limit_param": "n", "next_request": {}}}


@pytest.mark.parametrize(
    ("own", "status", "page", "said", "not_said"),
    [
        ({}, 404, 1, "compare path", "response_actions"),
        (OFFSETS, 400, 2, "end_status_codes; if it takes no offset within a page, write overlap: 0", "compare"),
        (LINKS, 400, 2, "end_status_codes", "overlap"),
        (LINKS, 404, 2, "take its token by type: cursor and cursor_param", "overlap"),
        (OF_PARENT, 404, 1, "response_actions: [{status_code: 404, action: empty}]", "compare"),
        (NEW, 404, 1, "nothing is new, write response_actions: [{status_code: 404, action: empty}]", "ignore"),
        (NEW, 304, 1, "nothing is new, write response_actions: [{status_code: 304, action: empty}]", "compare"),
        (OF_PARENT, 422, 1, "compare path", "response_actions"),
        (OF_PARENT, 404, 2, "end_status_codes", "response_actions"),
        (NEW, 410, 1, "[{status_code: 410, action: restart}], or run it with full_refresh", "forget_state"),
        (NEW, 422, 1, "write step in incremental", "maximum_results"),
        (NEW, 400, 1, "written otherwise, write format, such as date", "maximum_results"),
        (NEW, 400, 2, "write step in incremental", "written otherwise"),
        (OFFSETS, 422, 3, "goes no further than so many rows, ask for less in one list, such as by step", "overlap"),
        (OFFSETS, 422, 3, "end_status_codes", "compare"),
        (OFFSETS, 404, 3, "end_status_codes", "ask for less"),
        (ALONE, 400, 2, "takes no size beside the token, write it in endpoint.params", "next_request"),
        (TOKENS, 400, 2, "takes nothing beside the token, write next_request: {} in the paginator", "overlap"),
    ],
)
def test_the_next_step_is_what_the_file_can_say(
    own: dict[str, Any], status: int, page: int, said: str, not_said: str
) -> None:
    step = what_to_declare(Endpoint.model_validate({"path": "/messages", **own}), status, page)

    assert said in step
    assert not_said not in step


def test_a_parents_key_with_a_slash_is_told_how_it_goes_as_it_is() -> None:
    of_parent = Endpoint.model_validate({"path": "/messages", **OF_PARENT})

    assert "make a link with it, such as {link: '/v1/{name}'}" in what_to_declare(of_parent, 404, 1, has_slash=True)
    assert "a link" not in what_to_declare(of_parent, 404, 1)


@pytest.mark.parametrize(
    ("challenge", "sent", "told"),
    [
        ('Basic realm="x"', "Bearer abc", "write auth: http_basic"),
        ('Negotiate, Bearer error="invalid_token"', "", "write auth: bearer"),
        ("Bearer", "Bearer abc", None),
        ("Basic, Bearer", "Basic abc", None),
        ("GenieKey", "abc", None),
        ("", "abc", None),
    ],
)
def test_a_401_that_asks_for_another_way_is_told_with_the_word_for_it(
    challenge: str, sent: str, told: str | None
) -> None:
    answer = Answer()
    answer.status_code = 401
    answer.headers["WWW-Authenticate"] = challenge
    answer.request = Request("GET", "https://api.example.com/users", headers={"Authorization": sent}).prepare()

    step = refused(answer, False, 1, None, ["CHAT__TOKEN"]).next_step

    assert step.startswith("check CHAT__TOKEN")
    assert ("WWW-Authenticate" in step) == bool(told)
    assert (told or "") in step


def test_what_is_no_list_has_no_words_of_one() -> None:
    assert what_to_declare(None, 410, 1).startswith("compare path")
