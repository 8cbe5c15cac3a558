"""Smaller things of published manifests: settings in the middle of expressions, hosts, keys, marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from messaging_assets.conversion.components.expressions import settings_alone, single
from messaging_assets.conversion.components.values import Ref
from messaging_assets.conversion.manifest.streams import from_manifest
from messaging_assets.conversion.outcome import Converted
from messaging_assets.conversion.reading import read_source
from messaging_assets.conversion.texts import Settings
from messaging_assets_tests.discovery.test_convert import KINDS, converted, manifest, parent, routed


def drafted(source: dict[str, Any], **given: str) -> Converted:
    """What becomes of a manifest, before it is written."""
    found = Converted("chat", "a manifest", Settings(given))
    from_manifest(source, found)
    return found


def told(found: Converted, name: str = "messages") -> list[tuple[str, str]]:
    [draft] = [one for one in found.drafts if one.name == name]
    return [(loss.kind, loss.words) for loss in [*draft.losses, *found.losses]]


def endpoint_of(found: Converted, name: str = "messages") -> dict[str, Any]:
    [draft] = [one for one in found.drafts if one.name == name]
    return draft.endpoint


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("{{ (record.get('author') or {}).get('id') }}", ("author", "id")),
        ("{{ record.get('author', {}).get('id') }}", ("author", "id")),
    ],
)
def test_a_field_of_what_may_be_missing_is_a_path(text: str, path: tuple[str, ...]) -> None:
    assert single(text, {}) == Ref("record", path)


def test_fields_that_a_parameter_holds_are_sent(clean_room: Path) -> None:
    asked = "{{ parameters.get('wanted', {}) }}"
    held = {"$parameters": {"wanted": {"scope": "all"}}}
    assert endpoint_of(drafted(manifest(held, request_parameters=asked)))["params"] == {"scope": "all"}
    found = drafted(manifest(request_parameters=asked))
    assert not endpoint_of(found).get("params")
    assert not any("made by an expression" in words for _, words in told(found))


def test_a_parents_key_is_still_asked_for_beside_parameters_of_the_request(clean_room: Path) -> None:
    router = parent("teams", request_option={"inject_into": "request_parameter", "field_name": "team"})
    source = routed(router, {**KINDS, "request_option": {"field_name": "kind"}}, path="/messages")
    source["streams"][-1]["retriever"]["requester"]["request_parameters"] = {"inclusive": "yes"}

    raw, _ = converted(source, clean_room)

    assert raw["resources"][-1]["endpoint"]["params"] == {"team": "{resources.teams.id}", "inclusive": "yes"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{% set parts = config.get('api_url', 'chat.com').split('://') %}{{ parts[0] }}", ["api_url"]),
        ("{% if config['a'] %}x{% else %}{{ config['b'] }}{% endif %}", ["a", "b"]),
        ("{% set a = response.url %}{{ a }}", []),
        ("https://{{ config['domain'] }}/", []),
        (None, []),
    ],
)
def test_a_program_that_takes_settings_alone_is_told_from_others(text: Any, names: list[str]) -> None:
    assert settings_alone(text) == names


def test_an_address_that_a_program_makes_of_a_setting_is_asked_for_as_that_setting(clean_room: Path) -> None:
    address = "{% set parts = config.get('api_url', 'chat.com').split('://') %}https://{{ parts[0] }}/api/"
    found = drafted(manifest(url_base=address))
    assert ("setting", "the address is made of the setting 'api_url'; write it") in told(found)
    assert "loss" not in [kind for kind, _ in told(found)]


def test_an_address_of_tokens_that_is_a_setting_is_asked_for(clean_room: Path) -> None:
    way = {"type": "OAuthAuthenticator", "token_refresh_endpoint": "{{ config['token_host'] }}", "grant_type": "x"}
    raw, done = converted(manifest(authenticator=way), clean_room)
    assert raw["client"]["auth"]["token_url"] == "https://your-token-host.invalid"
    assert "the setting 'token_host' has no value" in done.stderr


def test_a_key_that_is_the_parents_alone_is_left_out_so_that_no_row_takes_the_place_of_another() -> None:
    added = {"type": "AddFields", "fields": [{"path": ["team"], "value": "{{ stream_partition.teams_id }}"}]}

    def keyed(key: Any) -> Converted:
        path = "/{{ stream_partition.teams_id }}"
        return drafted(routed(parent("teams"), path=path, transformations=[added], primary_key=key))

    found, both = keyed("team"), keyed(["team", "id"])

    [draft] = [one for one in found.drafts if one.name == "messages"]
    assert "primary_key" not in draft.raw
    assert draft.raw["write_disposition"] == "replace"
    assert any("its key, team, is its parent's" in words for kind, words in told(found) if kind == "question")
    assert [one.raw["primary_key"] for one in both.drafts if one.name == "messages"] == [["team", "id"]]


def cursor(**more: Any) -> dict[str, Any]:
    """A cursor of days between two parameters."""
    words = {
        "type": "DatetimeBasedCursor",
        "cursor_field": "day",
        "datetime_format": "%Y-%m-%d",
        "start_datetime": "2025-01-01",
        "end_datetime": "{{ today_utc() }}",
        "start_time_option": {"inject_into": "request_parameter", "field_name": "since"},
        "end_time_option": {"inject_into": "request_parameter", "field_name": "until"},
        "step": "P14D",
    }
    return {"incremental_sync": {**words, **more}}


def test_the_length_of_a_window_is_sent_where_the_api_wants_it() -> None:
    found = drafted(manifest(cursor(step_option={"inject_into": "request_parameter", "field_name": "length"})))
    assert endpoint_of(found)["params"] == {"length": 14}
    assert any(
        words.startswith("length is the days of each window, 14") for kind, words in told(found) if kind == "question"
    )


@pytest.mark.parametrize(
    ("more", "given", "step", "order"),
    [
        ({"is_data_feed": True}, {}, "P14D", None),
        ({"is_data_feed": True, "step": None}, {}, None, "desc"),
        ({"step": "P{{ config['days'] }}D"}, {"days": "7"}, "P7D", None),
        ({"step": "P{{ config.get('days', 3) }}D"}, {}, "P3D", None),
    ],
)
def test_a_step_is_kept_with_its_settings_and_of_a_feed(
    more: dict[str, Any], given: dict[str, str], step: str | None, order: str | None
) -> None:
    found = endpoint_of(drafted(manifest(cursor(**more)), **given))["incremental"]
    assert (found.get("step"), found.get("row_order")) == (step, order)


def test_a_start_that_is_the_later_of_two_is_the_days_and_a_question() -> None:
    text = "{{ max(format_datetime(config.get('start_date', '1970-01-01'), '%Y-%m-%d'), day_delta(-400)) }}"
    found = drafted(manifest(cursor(start_datetime=text)))
    assert endpoint_of(found)["incremental"]["initial_value"] == "-400d"
    assert any("it starts 400 days ago, or with the setting 'start_date'" in words for _, words in told(found))


@pytest.mark.parametrize(
    ("condition", "lag", "is_lost"),
    [
        ("{{ record['day'] >= stream_state.get('prior_state', {}).get('day', 0) }}", None, False),
        (
            "{{ record['day'] >= stream_state.get('prior_state', {}).get('day') - (config.get('back', 2) * 86400) }}",
            172_800,
            False,
        ),
        ("{{ record['day'] >= stream_state.get('prior_state', {}).get('day', 0) - record['x'] }}", None, True),
        ("{{ record['day'] >= stream_state.get('prior_state', {}).get('other', 0) }}", None, True),
    ],
)
def test_a_filter_that_is_the_mark_less_a_look_back_is_the_mark_and_its_lag(
    condition: str, lag: int | None, is_lost: bool
) -> None:
    selector = {"extractor": {"field_path": ["data"]}, "record_filter": {"condition": condition}}
    found = drafted(manifest({**cursor(), "retriever": {"record_selector": selector}}))
    assert endpoint_of(found)["incremental"].get("lag") == lag
    assert any("its filter" in words for _, words in told(found)) == is_lost


@pytest.mark.parametrize(
    ("condition", "kind"), [("{{ property|string == '' }}", "question"), ("{{ property == 'x' }}", "loss")]
)
def test_taking_out_what_is_empty_loses_nothing(condition: str, kind: str) -> None:
    part = {"type": "RemoveFields", "field_pointers": [["**"]], "condition": condition}
    found = drafted(manifest({"transformations": [part]}))
    assert kind in [one for one, words in told(found) if "page" not in words]


def test_a_budget_that_differs_by_path_is_a_question() -> None:
    policy = {"rates": [{"limit": 3, "interval": "PT1S"}], "matchers": [{"url_path_pattern": "^/x"}]}
    found = drafted({**manifest(), "api_budget": {"policies": [policy]}})
    assert any("its budget of calls differs by path" in words for kind, words in told(found) if kind == "question")
    assert "requests_per_second" not in found.client


def test_a_cursor_may_have_the_parents(clean_room: Path) -> None:
    source = routed(path="/{{ stream_slice.teams_id }}")
    configs = parent("teams")["parent_stream_configs"]
    source["streams"][-1] |= cursor(parent_stream_configs=configs)
    assert endpoint_of(drafted(source))["path"] == "/{resources.teams.id}"


def test_a_login_by_get_is_one_too(clean_room: Path) -> None:
    login = {"url_base": "https://api.example.com", "path": "/login", "http_method": "GET"}
    login["request_parameters"] = {"user": "{{ config['name'] }}", "password": "{{ config['password'] }}"}  # type: ignore[assignment]
    sent = {"type": "ApiKey", "inject_into": {"inject_into": "request_parameter", "field_name": "sid"}}
    way = {"type": "SessionTokenAuthenticator", "login_requester": login, "session_token_path": ["id"]}

    raw, _ = converted(manifest(authenticator={**way, "request_authentication": sent}), clean_room)

    said = {"path": "/login", "method": "GET", "username_field": "user"}
    assert raw["client"]["auth"] == {"type": "session", "login": said, "params": {"sid": "id"}}


@pytest.mark.parametrize(
    ("login", "said"),
    [
        (
            {"request_body_json": {"apiKey": "{{ config['key'] }}", "ttl": 60}},
            {"username_field": None, "password_field": "apiKey", "fields": {"ttl": 60}},
        ),
        (
            {"authenticator": {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"}},
            {"username_field": None, "password_field": None, "headers": {"Authorization": "Bearer {secret.token}"}},
        ),
        (
            {"authenticator": {"type": "ApiKeyAuthenticator", "header": "X-Key", "api_token": "{{ config['key'] }}"}},
            {"username_field": None, "password_field": None, "headers": {"X-Key": "{secret.api_key}"}},
        ),
    ],
    ids=["a field", "a token", "a header"],
)
def test_a_login_by_a_key_is_one_too(clean_room: Path, login: dict[str, Any], said: dict[str, Any]) -> None:
    login = {"url_base": "https://api.example.com", "path": "/login", "http_method": "POST", **login}
    sent = {"type": "ApiKey", "inject_into": {"inject_into": "header", "field_name": "X-Session"}}
    way = {"type": "SessionTokenAuthenticator", "login_requester": login, "session_token_path": ["id"]}
    raw, _ = converted(manifest(authenticator={**way, "request_authentication": sent}), clean_room)
    found = raw["client"]["auth"]
    assert found["login"] == {"path": "/login", **said}
    assert found["headers"] == {"X-Session": "id"}


def test_a_session_and_a_key_may_go_inside_the_body(clean_room: Path) -> None:
    login = {"url_base": "https://api.example.com", "path": "/login", "http_method": "POST"}
    login["request_body_json"] = {"user": "{{ config['name'] }}", "password": "{{ config['password'] }}"}  # type: ignore[assignment]
    inside = {"inject_into": "body_json", "field_name": "sid", "field_path": ["meta", "sid"]}
    way = {"type": "SessionTokenAuthenticator", "login_requester": login, "session_token_path": ["id"]}
    way["request_authentication"] = {"type": "ApiKey", "inject_into": inside}
    raw, _ = converted(manifest(authenticator=way, http_method="POST"), clean_room)
    assert raw["client"]["auth"]["body"] == {"meta.sid": "id"}

    key = {"type": "ApiKeyAuthenticator", "api_token": "{{ config['key'] }}", "inject_into": inside}
    raw, _ = converted(manifest(authenticator=key, http_method="POST"), clean_room)
    assert raw["client"]["auth"] == {"type": "api_key", "name": "meta.sid", "location": "body"}


def test_words_without_quotes_are_what_the_manifests_own_reader_takes_them_for(tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text(
        "version: 6.0.0\nstreams: []\nsent: {archived: no, all: On, most: 1_000, e: 1e3}"
    )
    assert read_source(tmp_path / "manifest.yaml").value["sent"] == {
        "archived": False,
        "all": True,
        "most": 1000,
        "e": "1e3",
    }


QUERY = (
    "select * where at > '{{ stream_slice.start_time[:-2] + \":\" + stream_slice.start_time[-2:] }}' "
    "startposition {{ (next_page_token.next_page_token or 0) + 1 }} maxresults {{ (config.size or '200') | int }}"
)


def queried(query: str, **strategy: Any) -> dict[str, Any]:
    """A manifest whose queries say where a page begins, with no option of the paginator for it."""
    pages = {"type": "DefaultPaginator", "pagination_strategy": {"type": "OffsetIncrement", "page_size": 5, **strategy}}
    marked = {
        "incremental_sync": {
            "type": "DatetimeBasedCursor",
            "cursor_field": "at",
            "datetime_format": "%Y-%m-%dT%H:%M:%S%z",
            "start_datetime": "2025-01-01T00:00:00+0000",
        },
        "transformations": [
            {"type": "AddFields", "fields": [{"path": ["at"], "value": "{{ record.meta.updated_at }}"}]}
        ],
    }
    source = manifest(marked, request_parameters={"query": query})
    source["streams"][0]["retriever"]["paginator"] = pages
    return source


def test_an_offset_inside_a_query_is_put_there_by_the_paginator(clean_room: Path) -> None:
    raw, done = converted(queried(QUERY), clean_room)

    endpoint = raw["resources"][0]["endpoint"]
    assert endpoint["params"] == {
        "query": "select * where at > '{incremental.start_value}' startposition {paginator.offset} "
        "maxresults {paginator.limit}"
    }
    assert endpoint["paginator"] == {"type": "offset", "limit": 200, "offset": 1, "total_path": None}
    assert endpoint["incremental"]["format"] == "%Y-%m-%dT%H:%M:%S+00:00"
    # Records are looked at before a step makes a field of them.
    assert endpoint["incremental"]["cursor_path"] == "meta.updated_at"
    assert "which parameter takes" not in done.stderr


def test_a_size_that_no_word_stands_before_is_asked_for() -> None:
    found = drafted(queried("rows {{ next_page_token.next_page_token or 0 }} 7"))

    assert endpoint_of(found)["params"] == {"query": "rows {paginator.offset} 7"}
    assert endpoint_of(found)["paginator"] == {"type": "offset", "limit": 5, "total_path": None}
    assert ("question", "which parameter takes the size of a page? It is sent as limit") in told(found)


def test_a_number_of_a_page_inside_a_text_is_put_there_too() -> None:
    found = drafted(queried("page {{ next_page_token.next_page_token or 1 }}", type="PageIncrement"))

    assert endpoint_of(found)["params"] == {"query": "page {paginator.page}"}
    assert endpoint_of(found)["paginator"] == {"type": "page_number", "base_page": 1}
    assert not any("does the API count pages" in words for _, words in told(found))


def test_a_part_of_a_setting_that_nobody_gave_is_the_time_that_stands_in_for_it() -> None:
    text = "{{ config['end'].split('T')[0] if config['end'] else day_delta(-1, format='%Y-%m-%d') }}"

    assert endpoint_of(drafted(manifest(request_parameters={"until": text})))["params"] == {"until": "{now-1d:date}"}
    given = drafted(manifest(request_parameters={"until": text}), end="2025-01-01T00:00:00Z")
    assert any("the setting 'end_split_T_0' is what the source has as" in words for _, words in told(given))


def handled(*filters: dict[str, Any]) -> dict[str, Any]:
    """A manifest whose handler has these response filters."""
    kinds = [{"type": "HttpResponseFilter", **one} for one in filters]
    return manifest(error_handler={"type": "DefaultErrorHandler", "response_filters": kinds})


def test_words_of_a_limit_are_asked_again_after_before_a_refusal_is_left(clean_room: Path) -> None:
    raw, done = converted(
        handled(
            {"http_codes": [200], "action": "SUCCESS"},
            {"predicate": "{{ 'Retry-After' in headers }}", "action": "RATE_LIMITED"},
            {"predicate": "{{ headers.get('X-RateLimit-Remaining') == '0' and response.m }}", "action": "RATE_LIMITED"},
            {"error_message_contains": "secondary rate limit", "action": "RATE_LIMITED"},
            {"http_codes": [403], "action": "IGNORE"},
        ),
        clean_room,
    )

    endpoint = raw["resources"][0]["endpoint"]
    assert endpoint["response_actions"] == [
        {"content": "secondary rate limit", "action": "retry"},
        {"status_code": 403, "action": "ignore"},
    ]
    assert 403 in endpoint["error_handler"]["retry_on_status_codes"]
    assert "is left out" not in done.stderr


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("(?i)\\\\b(issues|notes) (?:are|is) off\\\\b", {"issues are off", "Notes is off", "notes are off"}),
        ("(a+)+b", set()),
        ("(a|b|c|d|e|f)(a|b|c|d|e|f)(x|y)", set()),
    ],
    ids=["alternatives", "repeated", "too many"],
)
def test_a_pattern_of_few_texts_is_those_texts(pattern: str, texts: set[str]) -> None:
    predicate = f"{{{{ (response.get('message') or '') | string | regex_search('{pattern}') != '' }}}}"
    found = drafted(handled({"predicate": predicate, "action": "IGNORE"}))

    actions = endpoint_of(found).get("response_actions", [])
    assert texts <= {one["content"] for one in actions}
    assert len(actions) == (8 if texts else 0)
    assert any("the rule IGNORE" in words and kind == ("question" if texts else "loss") for kind, words in told(found))


def test_of_several_tokens_that_take_turns_one_is_sent(clean_room: Path) -> None:
    way = {"type": "RateLimitedMultipleTokenAuthenticator", "tokens": "{{ config['token'] }}", "auth_method": "token"}

    raw, done = converted(manifest(authenticator=way), clean_room)

    assert raw["client"]["auth"] == {
        "type": "api_key",
        "name": "Authorization",
        "location": "header",
        "prefix": "token ",
    }
    assert "question: several tokens take turns there" in done.stderr


def test_a_field_that_is_added_inside_an_object_is_a_column_of_its_own(clean_room: Path) -> None:
    fields = [
        {"path": ["head", "repo_id"], "value": "{{ ((record.get('head') or {}).get('repo') or {}).get('id') }}"},
        {"path": ["head", "kind"], "value": "fixed"},
    ]
    added = {"type": "AddFields", "condition": "{{ value is not none }}", "fields": fields}
    removed = {"type": "RemoveFields", "field_pointers": [["head", "repo"]]}

    raw, done = converted(manifest({"transformations": [added, removed]}), clean_room)

    assert raw["resources"][0]["steps"] == [
        {"copy": {"head__repo_id": "head.repo.id"}},
        {"constant": {"head__kind": "fixed"}},
        {"flatten": ["head"]},
        {"drop": ["head__repo"]},
    ]
    assert "question: the field repo_id inside head is a column of its own, head__repo_id" in " ".join(
        done.stderr.split()
    )
    assert "is left out" not in done.stderr


@pytest.mark.parametrize(
    ("more", "told_as", "steps"),
    [
        (
            {"key_transformation": {"prefix": "p_"}},
            "there it is p_name, and meta stays as it is",
            [{"flatten": ["meta"]}],
        ),
        ({"delete_origin_value": True}, "there it is name; is that right?", [{"flatten": ["meta"]}]),
        ({"replace_record": True}, "its records are changed by DpathFlattenFields, which is left out", None),
        ({"field_path": ["meta", "*"]}, "its records are changed by DpathFlattenFields, which is left out", None),
    ],
    ids=["a prefix", "taken out", "replaced", "of each"],
)
def test_an_object_that_is_taken_apart_is_columns_of_its_own(more: Any, told_as: str, steps: Any) -> None:
    apart = {"type": "DpathFlattenFields", "field_path": ["meta"], **more}
    found = drafted(manifest({"transformations": [apart]}))

    assert any(told_as in words and kind == ("question" if steps else "loss") for kind, words in told(found))
    [draft] = [one for one in found.drafts if one.name == "messages"]
    assert draft.raw.get("steps") == steps
