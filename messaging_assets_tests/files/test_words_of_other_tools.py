"""The words of dlt, Airbyte, OpenAPI and of habit: each refusal names the word of the file at once."""

from __future__ import annotations

from typing import Any

import pytest

from messaging_assets.files.api_files import InvalidDescription, describe


def refusal(resource: Any = None, endpoint: Any = None, client: Any = None, **file: Any) -> str:
    client = {"base_url": "https://api.example.com", **(client or {})}
    users = {"name": "users", "endpoint": {"path": "/users", **(endpoint or {})}, **(resource or {})}
    with pytest.raises(InvalidDescription) as refused:
        describe({"client": client, "resources": [users], **file}, "chat")
    return str(refused.value)


@pytest.mark.parametrize(
    ("paginator", "meant"),
    [
        ({"type": "offset", "page_size": 100}, "limit"),
        ({"type": "page_number", "per_page": 100}, "limit"),
        ({"type": "page_number", "page_size_param": "size"}, "limit_param"),
        ({"type": "page_number", "initial_page": 1}, "base_page"),
        ({"type": "offset", "limit": 1, "maximum_value": 100}, "maximum_offset"),
        ({"type": "json_link", "next_link_path": "next"}, "next_url_path"),
        ({"type": "cursor", "next_token_path": "next"}, "cursor_path"),
        ({"type": "page"}, "page_number"),
        ({"type": "page_token"}, "cursor"),
        ("none", "single_page"),
    ],
)
def test_a_word_of_paging_from_elsewhere_is_told_as_ours(paginator: Any, meant: str) -> None:
    assert f"did you mean {meant}?" in refusal(endpoint={"paginator": paginator})


@pytest.mark.parametrize("path", ["last_record.id", "lastItem.id", "last_row", "last_record['id']"])
@pytest.mark.parametrize("part", ["client", "endpoint"])
def test_a_word_for_the_last_record_is_told_as_a_path(path: str, part: str) -> None:
    """No answer has such a key, so that the first page would be the only one."""
    said = refusal(**{part: {"paginator": {"type": "cursor", "cursor_path": path}}})
    assert "takes no word for the last record; write data[-1].id, where data is the list's place" in said


@pytest.mark.parametrize("path", ["$.last_record.id", "data[-1].id", "last_record_id", "meta.last_item"])
def test_a_path_that_an_answer_may_have_is_taken(path: str) -> None:
    paginator = {"type": "cursor", "cursor_path": path}
    users = {"name": "users", "endpoint": {"path": "/users", "paginator": paginator}}
    describe({"client": {"base_url": "https://api.example.com"}, "resources": [users]}, "chat")


@pytest.mark.parametrize(
    ("incremental", "meant"),
    [
        ({"cursor_field": "at"}, "cursor_path"),
        ({"cursor_path": "at", "start_date": "2025-01-01"}, "initial_value"),
        ({"cursor_path": "at", "end_date": "2025-01-01"}, "end_value"),
        ({"cursor_path": "at", "lookback_window": 3600}, "lag"),
        ({"cursor_path": "at", "cursor_datetime_formats": ["%s"]}, "cursor_format"),
    ],
)
def test_a_word_of_what_is_new_from_elsewhere_is_told_as_ours(incremental: Any, meant: str) -> None:
    assert f"did you mean {meant}?" in refusal(endpoint={"incremental": incremental})


@pytest.mark.parametrize(
    ("came", "meant"),
    [
        ("varchar(255)", "text"),
        ("date-time", "timestamp"),
        ("numeric", "decimal"),
        ("long", "bigint"),
        ("uuid", "text"),
    ],
)
def test_a_type_of_another_database_is_told_as_ours(came: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refusal({"columns": {"a": {"data_type": came}}})


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("BearerAuthenticator", "did you mean bearer?"),
        ("BasicHttpAuthenticator", "did you mean http_basic?"),
        ("OAuthAuthenticator", "write oauth2, or oauth2_refresh_token"),
        ("http", "write bearer or http_basic"),
        ("none", "leave auth out"),
    ],
)
@pytest.mark.parametrize("is_alone", [False, True])
def test_a_way_of_authentication_from_elsewhere_is_told_as_ours(came: str, said: str, is_alone: bool) -> None:
    assert said in refusal(client={"auth": came if is_alone else {"type": came}})


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"resource": {"incremental": {"cursor_path": "at"}}}, "users.incremental: belongs under endpoint"),
        ({"resource": {"path": "/users"}}, "users.path: belongs under endpoint"),
        ({"resource": {"schedule": {"cron": "0 * * * *"}}}, "users.schedule: belongs at the top of the file"),
        ({"resource": {"cursor_field": "at"}}, "users.cursor_field: unknown key; write cursor_path under"),
        ({"endpoint": {"write_disposition": "merge"}}, "endpoint.write_disposition: belongs beside endpoint"),
        ({"endpoint": {"page_size": 100}}, "endpoint.page_size: write it as limit under paginator"),
        ({"client": {"primary_key": "id"}}, "client.primary_key: belongs beside endpoint"),
        ({"requests_per_second": 1}, "chat: requests_per_second: belongs under client"),
    ],
)
def test_a_word_in_the_wrong_place_is_told_its_place(parts: Any, said: str) -> None:
    assert said in refusal(**parts)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"resource": {"write_disposition": "scd2"}}, "write {disposition: merge, strategy: scd2}"),
        ({"endpoint": {"response_actions": [{"status_code": 503, "action": "retry"}]}}, "retry_on_status_codes"),
        ({"endpoint": {"paginator": False}}, "or single_page where a list has one page"),
        ({"endpoint": {"query": {"a": 1}}}, "did you mean params?"),
        ({"endpoint": {"body": {"a": 1}}}, "did you mean json?"),
        ({"resource": {"transformations": []}}, "did you mean steps?"),
        ({"resource": {"steps": [{"remove": ["a"]}]}}, "did you mean drop?"),
        ({"client": {"verify_ssl": False}}, "did you mean ca_file?"),
        ({"client": {"proxy": "http://proxy:1"}}, "set HTTPS_PROXY"),
        (
            {"client": {"auth": {"type": "oauth2", "token_url": "https://a.b/t", "grant_type": "password"}}},
            "auth.grant_type",
        ),
        (
            {
                "client": {
                    "auth": {
                        "type": "oauth2",
                        "token_url": "https://a.b/t",
                        "access_token_request_data": {
                            "grant_type": "refresh_token",
                            "refresh_token": "{secret.refresh_token}",
                        },
                    }
                }
            },
            "write type: oauth2_refresh_token, which keeps the next refresh token",
        ),
        ({"client": {"auth": {"type": "api_key", "in": "header"}}}, "did you mean location?"),
        ({"endpoint": {"format": "jsonl"}}, "did you mean ndjson?"),
        ({"endpoint": {"format": {"type": "csv", "sep": ";"}}}, "did you mean delimiter?"),
        ({"endpoint": {"format": {"type": "csv", "charset": "latin-1"}}}, "did you mean encoding?"),
        ({"schedule": {"cron": "0 * * * *", "tz": "UTC"}}, "did you mean timezone?"),
        ({"schedule": {"cron": "0 * * * *", "enabled": True}}, "did you mean switched_on?"),
        ({"sensor": {"cron": "* * * * *"}}, "a clock is a schedule"),
        ({"streams": ["users"]}, "did you mean resources?"),
        ({"openapi": "3.0.0"}, "messaging-assets discover --openapi"),
        ({"definitions": {}}, "messaging-assets convert"),
    ],
)
def test_a_word_of_another_tool_is_told_what_to_write(parts: Any, said: str) -> None:
    assert said in refusal(**parts)


@pytest.mark.parametrize("start", ["today", "30 days ago", "-30 days", "-1M", "now-7d", "now()"])
def test_a_start_that_another_tool_would_take_is_told_as_ours(start: str) -> None:
    said = refusal(endpoint={"incremental": {"cursor_path": "at", "initial_value": start, "start_param": "since"}})
    assert f"'{start}' is no time; write now, or a time before it such as -30d" in said


@pytest.mark.parametrize("path", ["/all users", "/search?q=a b", "/users/{now:%H %M}/a\tb"])
def test_a_blank_in_a_path_is_told_by_its_line(path: str) -> None:
    assert "endpoint.path: no address has a blank; write %20, or values under params" in refusal(
        endpoint={"path": path}
    )


@pytest.mark.parametrize("path", ["/größe", "/all%20users", "/users/{now:%Y-%m-%d %H:%M}"])
def test_a_path_without_a_blank_of_its_own_is_taken(path: str) -> None:
    describe(
        {"client": {"base_url": "https://a.example.com"}, "resources": [{"name": "users", "endpoint": path}]}, "chat"
    )


@pytest.mark.parametrize("path", ["/users/:id", "users/:user_id/posts", "/:tenant/users?active=1"])
def test_a_colon_before_a_name_in_a_path_is_told_as_a_placeholder(path: str) -> None:
    assert "is no placeholder; write a parent's field as {resources.<parent>.<field>}" in refusal(
        endpoint={"path": path}
    )


@pytest.mark.parametrize("path", ["/things:list", "/v1/{resources.teams.id}:members", "/at/12:30", "/urn:a:b"])
def test_a_colon_within_a_segment_of_a_path_is_taken(path: str) -> None:
    teams = {"name": "teams", "endpoint": "/teams", "primary_key": "id"}
    users = {"name": "users", "endpoint": {"path": path}}
    describe({"client": {"base_url": "https://a.example.com"}, "resources": [teams, users]}, "chat")


@pytest.mark.parametrize("word", ["data_selector", "paginator"])
def test_a_json_pointer_is_told_as_a_json_path(word: str) -> None:
    pager = {"type": "json_link", "next_url_path": "/links/next"}
    wrong = {"data_selector": "/links/next"} if word == "data_selector" else {"paginator": pager}
    assert "is a JSON pointer; write links.next, as a JSON path" in refusal(endpoint={"path": "/users", **wrong})


@pytest.mark.parametrize("start", ["now", "-30d", "-5min", "-1mo", "-P30D", "2025-01-01", "7", -7])
def test_a_start_of_ours_is_taken(start: Any) -> None:
    cursor = {"cursor_path": "at", "initial_value": start, "start_param": "since"}
    users = {"name": "users", "endpoint": {"path": "/users", "incremental": cursor}}
    describe({"client": {"base_url": "https://a.example.com"}, "resources": [users]}, "chat")


@pytest.mark.parametrize(
    "text", ["{{ now_utc() }}", "{{ day_delta(-7) }}", "{{ stream_interval.start_time }}", "{{ stream_slice['id'] }}"]
)
@pytest.mark.parametrize("part", ["params", "json"])
def test_an_expression_of_a_manifest_is_refused_where_braces_may_be_doubled(text: str, part: str) -> None:
    method = "POST" if part == "json" else "GET"
    assert f"endpoint.{part}.since: nothing fills a variable here; write {{now:<format>}}" in refusal(
        endpoint={part: {"since": text}, "method": method}
    )


def test_a_query_whose_braces_are_doubled_is_none() -> None:
    users = {"path": "/graphql", "method": "POST", "json": {"query": "{{ record(id: 1) {{ name response }} }}"}}
    describe(
        {"client": {"base_url": "https://a.example.com"}, "resources": [{"name": "users", "endpoint": users}]}, "chat"
    )


SESSION: dict[str, Any] = {"type": "session", "login": {"path": "/login"}}
OAUTH: dict[str, Any] = {"type": "oauth2", "token_url": "https://a.b/t"}


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"type": "digest_auth"}, "did you mean http_digest?"),
        ({"type": "login"}, "did you mean session?"),
        ({"type": "oauth2_jwt"}, "did you mean oauth2_jwt_bearer?"),
        ({"type": "aws"}, "did you mean aws_sigv4?"),
        ({"type": "bearer", "scheme": "Token"}, "auth.scheme: unknown key; did you mean prefix?"),
        ({"type": "api_key", "env": "APP_KEY"}, "auth.env: write secret: <name>, set as <API>__<NAME>"),
        ({"type": "api_key", "value": "GenieKey {secret.key}"}, "write secret: <name>, and prefix: what stands before"),
        ({"type": "api_key", "api_key": "{secret.app_key}"}, "a secret is named here: write secret: and what stands"),
        ({"type": "http_basic", "password": ""}, "write empty: password, where the API wants none"),
        ({"type": "http_basic", "username": None}, "write empty: username, where the API wants none"),
        ({**OAUTH, "grant": "password"}, "auth.grant: its type says how tokens are asked for"),
        ({**OAUTH, "token_field": "a.b"}, "did you mean access_token_name?"),
        ({**OAUTH, "expires_field": "a.b"}, "did you mean expires_in_name?"),
        ({**SESSION, "token_path": "data.token"}, "auth.token_path: write headers, params or body beside login"),
        ({**SESSION, "login": {"path": "/l", "body": {"a": "{secret.username}"}}}, "auth.login.body: write fields"),
        ({**SESSION, "login": {"path": "/l", "token_path": "a"}}, "auth.login.token_path: write headers, params"),
        (
            {**SESSION, "login": {"path": "/l", "prefix": "a"}},
            "auth.login.?: unknown key; allowed: encoding, fields",
        ),
    ],
)
def test_a_word_of_authentication_from_elsewhere_is_told_as_ours(auth: Any, said: str) -> None:
    assert said in refusal(client={"auth": auth})


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ({"etag": True}, "did you mean conditional?"),
        ({"decoder": {"type": "CsvDecoder"}}, "did you mean format?"),
        ({"form": {"a": 1}}, "did you mean data?"),
        ({"graphql": "query { a }"}, "write method: POST and json: {query: ..."),
        ({"error_path": "error"}, "write error_in_body: {path: error}"),
        ({"total_path": "total"}, "write it under paginator"),
        ({"key_column": "id"}, "write data_selector: users.*"),
        ({"format": "gzip"}, "is opened by itself; write what is in it"),
        ({"format": {"type": "xlsx"}}, "answers are read in json, ndjson, csv, tsv and xml"),
        ({"response_actions": [{"status_code": 404, "action": "skip"}]}, "write empty where it means"),
        ({"error_handler": {"response_filters": []}}, "write response_actions under endpoint"),
        ({"error_in_body": {"path": "code", "not": 0}}, "did you mean unless?"),
        ({"job": {"create": "/a"}}, "path, method and body of the endpoint begin the job"),
        ({"paginator": {"type": "graphql"}}, "cursor_path: data.<list>.pageInfo.endCursor"),
        ({"paginator": {"type": "cursor", "header": "X-Next"}}, "write type: header_cursor"),
        ({"paginator": {"type": "header_cursor", "header": "X-Next"}}, "did you mean cursor_key?"),
        ({"paginator": {"type": "cursor", "cursor_in": "body"}}, "or cursor_body_path for a token in the body"),
        ({"incremental": {"cursor": "at"}}, "did you mean cursor_path?"),
        ({"incremental": {"cursor_path": "at", "start": "-1d"}}, "did you mean initial_value?"),
        ({"incremental": {"cursor_path": "at", "end": "now"}}, "did you mean end_value?"),
        ({"incremental": {"cursor_path": "at", "param": "since"}}, "did you mean start_param?"),
        ({"incremental": {"cursor_path": "at", "window": "P1D"}}, "did you mean step?"),
        ({"incremental": {"cursor_path": "at", "sort": "desc"}}, "did you mean row_order?"),
        ({"incremental": {"cursor_path": "at", "cursor_in": "response"}}, "did you mean answer?"),
    ],
)
def test_a_word_of_a_request_from_elsewhere_is_told_as_ours(endpoint: Any, said: str) -> None:
    assert said in refusal(endpoint=endpoint)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ({"rename": {"from": "a", "to": "b"}}, "write {a: b}; where from and to are fields themselves, write"),
        ({"rename": [{"old": "a", "new": "b"}]}, "write {a: b}"),
        ({"copy": {"from": "a.c", "to": "b"}}, "write {b: a.c}"),
        ({"constant": {"name": "a", "value": 5}}, "write {a: ...}"),
        ({"constant": [{"field": "a", "value": 5}]}, "write {a: ...}"),
        ({"template": {"field": "a", "text": "{b}"}}, "write {a: '{b}'}"),
    ],
)
def test_a_step_that_another_tool_spells_by_two_words_is_told_as_ours(step: Any, said: str) -> None:
    """It would be taken for two fields of these names."""
    assert said in refusal(resource={"steps": [step]})


def test_fields_with_the_words_of_other_tools_are_taken_one_by_one() -> None:
    steps = [{"rename": {"from": "sender"}}, {"rename": {"to": "recipient"}}, {"copy": {"from": "a", "old": "b"}}]
    users = {"name": "users", "endpoint": {"path": "/users"}, "steps": steps}
    describe({"client": {"base_url": "https://api.example.com"}, "resources": [users]}, "chat")


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"drop": ["a"]}, "write it under steps"),
        ({"exclude_columns": ["a"]}, "write it under steps"),
        ({"hard_delete": "gone"}, "write columns: {<name>: {hard_delete: true}}"),
        ({"dedup": "latest"}, "dedup_sort of a column says which"),
        ({"sync_mode": "incremental"}, "did you mean write_disposition?"),
        ({"write_disposition": "incremental"}, "write merge or append, and incremental under endpoint"),
        ({"parents": ["a", "b"]}, "several lists as one parent a union"),
        ({"values": {"a": [1]}}, "did you mean for_each?"),
        ({"steps": [{"where": "@.a == 1"}]}, "did you mean filter?"),
        ({"steps": [{"cast": {"a": "int"}}]}, "only moments are cast; say in columns"),
        ({"steps": [{"filter": "@.a == 1 and @.b == 2"}]}, "& and || join several, ! is not"),
        ({"columns": {"a": {"data_type": "epoch_ms"}}}, "write timestamp, and steps: [{cast: {a: epoch_ms}}]"),
        ({"columns": {"a": {"data_type": "timestamp", "format": "epoch_ms"}}}, "a step says how moments are written"),
        ({"columns": {"a": {"pii": True}}}, "did you mean sensitive?"),
    ],
)
def test_a_word_of_a_table_from_elsewhere_is_told_as_ours(resource: Any, said: str) -> None:
    assert said in refusal(resource)


@pytest.mark.parametrize(
    "made", ["{now:iso}", "at {now-1d:date}", "{secret.key}", "{resources.rooms.id}", "{for_each.a}"]
)
def test_a_placeholder_in_a_constant_is_refused_as_nothing_fills_it(made: str) -> None:
    assert "no step fills a placeholder of requests" in refusal({"steps": [{"constant": {"a": made}}]})


def test_braces_in_a_constant_mean_themselves() -> None:
    users = {"name": "users", "steps": [{"constant": {"a": "{x}", "b": "{'now': 1}", "c": "{}"}}]}
    describe({"client": {"base_url": "https://api.example.com"}, "resources": [users]}, "chat")


@pytest.mark.parametrize("field", ["start", "end", "value", "cursor"])
def test_a_field_that_a_cursor_does_not_have_is_refused(field: str) -> None:
    endpoint = {"incremental": {"cursor_path": "at"}, "params": {"q": f"at>{{incremental.{field}}}"}}
    assert "nothing fills the placeholder; allowed: " in refusal(endpoint=endpoint)
