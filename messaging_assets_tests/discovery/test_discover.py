from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from messaging_assets.cli.written.discover import command, hand_over
from messaging_assets.description.api import ApiDescription
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.discovery.columns import Sample
from messaging_assets.discovery.found import FoundApi, FoundResource, name_from_address, plain_name
from messaging_assets.discovery.live import one_list
from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.sandbox import Fault, Sandbox
from messaging_assets_tests.one_step import alone

STYLES = {"": "offset", "/by_page": "page_number", "/by_cursor": "cursor", "/by_link": "json_link"}
KEYS = {
    "query": ("api_key:query:api_key", {"CHAT__API_KEY": "sandbox-key-messaging"}),
    "header": ("api_key:header:X-Api-Key", {"CHAT__API_KEY": "sandbox-key-messaging"}),
    "bearer": ("bearer", {"CHAT__TOKEN": "sandbox-key-messaging"}),
    "basic": ("http_basic", {"CHAT__USERNAME": "anybody", "CHAT__PASSWORD": "sandbox-key-messaging"}),
}


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT__API_KEY", "sandbox-key-messaging")


def discover(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def discover_messages(sandbox: Sandbox, output: Path, style: str = "", auth: str = "api_key:query:api_key") -> Any:
    done = discover(
        "--base-url", f"{sandbox.url}/messaging", "--path", f"/v1/messages{style}", "--auth", auth, "-o", output
    )
    assert done.exit_code == 0, done.output
    return read_file(output)


def comments(file: Path) -> str:
    """The comments of a file, without their line breaks."""
    return " ".join(line.strip().removeprefix("# ") for line in file.read_text().splitlines() if "# " in line)


def only(description: ApiDescription) -> Any:
    [resource] = description.resources_in_full.values()
    return resource


def loaded_ids(description: ApiDescription) -> list[str]:
    """Sync the one resource of a description; returns the ids in its table."""
    settle_environment()
    resource = only(description)
    done = alone(description, resource.name)
    assert done.green
    assert all(check.passed for check in done.checks.values())
    with build_pipeline(description, resource, settle_environment()).sql_client() as client:
        return [row[0] for row in client.execute_sql(f"SELECT id FROM {resource.name} ORDER BY id") or []]


@pytest.mark.sampled
@pytest.mark.parametrize("style", STYLES)
def test_what_was_found_loads_every_row(style: str, sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    description = discover_messages(sandbox, tmp_path / "chat.yaml", style)
    resource = only(description)
    assert resource.endpoint.paginator.type == STYLES[style]
    assert resource.keys == ("id",)
    assert loaded_ids(description) == [row["id"] for row in sandbox.rows("messaging", "messages")]


@pytest.mark.sampled
@pytest.mark.parametrize("key_in", KEYS)
def test_each_way_of_authentication_is_asked_with_and_loads_every_row(
    key_in: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    auth, secrets = KEYS[key_in]
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    sandbox.settings.key_in = key_in
    sandbox.settings.key_name = "X-Api-Key" if key_in == "header" else "api_key"
    description = discover_messages(sandbox, tmp_path / "chat.yaml", auth=auth)
    assert len(loaded_ids(description)) == len(sandbox.rows("messaging", "messages"))
    assert "sandbox-key" not in (tmp_path / "chat.yaml").read_text()


def test_oauth2_lists_of_one_api_land_in_one_file(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHAT__CLIENT_ID", sandbox.client[0])
    monkeypatch.setenv("CHAT__CLIENT_SECRET", sandbox.client[1])
    base = f"{sandbox.url}/team_messaging"
    paths = [word for path in ("users", "channels", "messages") for word in ("--path", f"v1/{path}")]
    done = discover("--base-url", base, *paths, "--auth", f"oauth2:{base}/oauth/token", "-o", tmp_path / "chat.yaml")
    assert done.exit_code == 0, done.output
    description = read_file(tmp_path / "chat.yaml")
    assert list(description.resources_in_full) == ["users", "channels", "messages"]
    assert len(sandbox.asked("team_messaging", "token")) == 1


def test_a_list_that_fits_into_one_page_has_its_paging_found_all_the_same(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    del sandbox.rows("messaging", "messages")[12:]
    paginator = only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator
    assert (paginator.type, paginator.limit) == ("offset", 100)


@pytest.mark.parametrize("base", [0, 1])
def test_the_number_of_the_first_page_is_found(base: int, sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.settings.page_base = base
    resource = only(discover_messages(sandbox, tmp_path / "chat.yaml", "/by_page"))
    assert resource.endpoint.paginator.base_page == base
    assert resource.endpoint.params == {"per_page": 1_000}


def after_a_row(sandbox: Sandbox) -> Any:
    """Pages that begin after a row, as Stripe has them."""

    def page(payload: Any, request: Any) -> Any:
        ids = [row["id"] for row in sandbox.rows("messaging", "messages")]
        start = ids.index(request.query["starting_after"]) + 1 if "starting_after" in request.query else 0
        size = min(int(request.query.get("limit", 10)), 100)
        rows = sandbox.rows("messaging", "messages")[start : start + size]
        return {"object": "list", "data": rows, "has_more": start + size < len(ids)}

    return page


def page_and_size_together(sandbox: Sandbox) -> Any:
    """Everything at once in one order, or pages in another where both parameters are there, as RabbitMQ has them."""

    def page(payload: Any, request: Any) -> Any:
        rows = sandbox.rows("messaging", "messages")
        if not {"page", "page_size"} <= set(request.query):
            return rows[:700]
        size, number = int(request.query["page_size"]), int(request.query["page"])
        return {"items": rows[::-1][(number - 1) * size :][:size], "total_count": len(rows), "item_count": size}

    return page


def pages_of_a_fixed_size(sandbox: Sandbox) -> Any:
    """Forty rows a page, whatever is asked for."""

    def page(payload: Any, request: Any) -> Any:
        start = (int(request.query.get("page", 1)) - 1) * 40
        return sandbox.rows("messaging", "messages")[start : start + 40]

    return page


def a_cursor_deep_down(sandbox: Sandbox) -> Any:
    """A token that is empty at the end, as Slack has it."""

    def page(payload: Any, request: Any) -> Any:
        rows, start = sandbox.rows("messaging", "messages"), int(request.query.get("page_token") or 0)
        end = start + int(request.query.get("count", 100))
        return {
            "ok": True,
            "members": rows[start:end],
            "cache_ts": 7,
            "response_metadata": {"nextPageToken": str(end) if end < len(rows) else ""},
        }

    return page


def a_cursor_of_another_name(sandbox: Sandbox) -> Any:
    """A token at next_cursor for the parameter start_cursor, as Notion has it."""

    def page(payload: Any, request: Any) -> Any:
        rows, start = sandbox.rows("messaging", "messages"), int(request.query.get("start_cursor") or 0)
        end = start + int(request.query.get("page_size", 100))
        return {"results": rows[start:end], "next_cursor": str(end) if end < len(rows) else None}

    return page


def a_token_that_comes_alone(sandbox: Sandbox) -> Any:
    """The first page says how long pages are, and nothing may stand beside the token of another one."""

    def page(payload: Any, request: Any) -> Any:
        rows, token = sandbox.rows("messaging", "messages"), request.query.get("nextPageKey")
        if token and request.query.keys() - {"api_key", "nextPageKey"}:
            return {"error": "nextPageKey must be the only parameter"}
        start, size = map(int, (token or f"0-{request.query.get('count', 100)}").split("-"))
        more = {"nextPageKey": f"{start + size}-{size}"} if start + size < len(rows) else {}
        return {"entries": rows[start : start + size], **more}

    return page


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("style", "selector", "paginator", "params"),
    [
        (
            a_token_that_comes_alone,
            "entries",
            {"type": "cursor", "cursor_path": "nextPageKey", "cursor_param": "nextPageKey", "next_request": {}},
            {"count": 1_000},
        ),
        (
            after_a_row,
            "data",
            {"type": "cursor", "cursor_path": "data[-1].id", "cursor_param": "starting_after"},
            {"limit": 100},
        ),
        (
            page_and_size_together,
            "items",
            {"type": "page_number", "base_page": 1, "page_param": "page", "rows_total_path": "total_count"},
            {"page_size": 1_000},
        ),
        (pages_of_a_fixed_size, "$", {"type": "page_number", "base_page": 1, "page_param": "page"}, {}),
        (
            a_cursor_deep_down,
            "members",
            {"type": "cursor", "cursor_path": "response_metadata.nextPageToken", "cursor_param": "page_token"},
            {"count": 1_000},
        ),
        (
            a_cursor_of_another_name,
            "results",
            {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "start_cursor"},
            {"page_size": 1_000},
        ),
    ],
)
def test_ways_of_paging_of_other_apis_are_found_and_load_every_row(
    style: Any,
    selector: str,
    paginator: dict[str, Any],
    params: dict[str, Any],
    sandbox: Sandbox,
    secret: None,
    tmp_path: Path,
) -> None:
    sandbox.fault(Fault(api="messaging", rewrite=style(sandbox)))
    description = discover_messages(sandbox, tmp_path / "chat.yaml")
    endpoint = only(description).endpoint
    assert endpoint.paginator.model_dump(exclude_unset=True) == paginator
    assert (endpoint.data_selector, endpoint.params) == (selector, params)
    assert len(loaded_ids(description)) == 2_500


def test_a_secret_in_a_path_is_neither_sent_nor_written(sandbox: Sandbox, tmp_path: Path) -> None:
    output = tmp_path / "chat.yaml"
    done = discover("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages?api_key=s3cr3t", "-o", output)
    assert done.exit_code == 2
    assert "resources.messages.endpoint.path: no secret belongs in an API file; describe it under auth" in done.output
    assert "s3cr3t" not in done.output
    assert not output.exists()
    assert not sandbox.requests


def test_one_object_with_lists_in_it_is_one_row(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    overview = {"version": "1", "cluster": "c", "node": "n", "listeners": [{"port": 1}], "contexts": [{"ip": "::"}]}
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: overview))
    resource = only(discover_messages(sandbox, tmp_path / "chat.yaml"))
    assert (resource.endpoint.data_selector, resource.endpoint.paginator.type) == ("$", "single_page")
    assert resource.columns["listeners"].data_type == "json"


def _as_csv(ids: list[str]) -> bytes:
    return "\n".join(["id,name", *(f"{one},x" for one in ids), ""]).encode()


def _as_lines(ids: list[str]) -> bytes:
    return b"".join(json.dumps({"id": one}).encode() + b"\n" for one in ids)


def _as_xml(ids: list[str]) -> bytes:
    return ("<l>" + "".join(f"<e><id>{one}</id></e>" for one in ids) + "</l>").encode()


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("content_type", "form", "write", "selector"),
    [
        ("text/csv", "csv", _as_csv, "$"),
        ("application/x-ndjson", "ndjson", _as_lines, "$"),
        ("text/xml", "xml", _as_xml, "l.e"),
    ],
)
def test_the_format_of_the_answers_is_found_and_loads_every_row(
    content_type: str,
    form: str,
    write: Callable[[list[str]], bytes],
    selector: str,
    sandbox: Sandbox,
    secret: None,
    tmp_path: Path,
) -> None:
    del sandbox.rows("messaging", "messages")[40:]

    def rewrite(payload: Any, request: Any) -> bytes:
        return write([row["id"] for row in payload["data"]])

    sandbox.fault(Fault(api="messaging", rewrite=rewrite, headers={"Content-Type": content_type}))
    description = discover_messages(sandbox, tmp_path / "chat.yaml")
    endpoint = only(description).endpoint
    assert (endpoint.format.type, endpoint.data_selector, endpoint.paginator.type) == (form, selector, "offset")
    assert f"The answer is {form.upper()}" in comments(tmp_path / "chat.yaml")
    assert loaded_ids(description) == [row["id"] for row in sandbox.rows("messaging", "messages")]


def test_an_empty_list_makes_a_file_that_says_so(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.rows("messaging", "messages").clear()
    resource = only(discover_messages(sandbox, tmp_path / "chat.yaml"))
    assert (resource.disposition, resource.columns) == ("replace", {})
    assert "The list is empty, so no way of paging could be tried" in (tmp_path / "chat.yaml").read_text()


def test_an_answer_without_rows_is_refused(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: ["a", "b"]))
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    done = discover(*words, "-o", tmp_path / "chat.yaml")
    assert done.exit_code == 1
    assert "/v1/messages answered without a list of objects; write a file with data_selector: $" in done.output


def test_an_answer_that_is_an_openapi_document_is_refused_with_the_option(sandbox: Sandbox, secret: None) -> None:
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: {"openapi": "3.1.0", "paths": {}}))
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    done = discover(*words, "--name", "chat")
    assert done.exit_code == 1
    assert "/v1/messages answered with an OpenAPI document; save it, and write --openapi" in done.output


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"columns": ["id"], "rows": [[1]] * 9},
            "name data_selector: rows and, in format, the columns or columns_path",
        ),
        ({"at": [1] * 9, "n": [2] * 9}, "let steps explode those columns if their places are the rows"),
    ],
)
def test_lists_of_values_are_told_with_the_words_of_a_file(
    sandbox: Sandbox, secret: None, tmp_path: Path, body: Any, told: str
) -> None:
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: body))
    discover_messages(sandbox, tmp_path / "chat.yaml")
    assert told in comments(tmp_path / "chat.yaml")


@pytest.mark.parametrize(
    "body",
    [{"error": "no"}, {"ok": False, "error": "no"}, {"errors": [{"message": "no"}], "data": None}],
    ids=["error", "ok and error", "errors"],
)
def test_an_answer_that_is_an_error_is_no_row(body: Any, sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: body))
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    done = discover(*words, "-o", tmp_path / "chat.yaml")
    assert done.exit_code == 1
    assert "/v1/messages answered with an error (" in done.output
    assert not (tmp_path / "chat.yaml").exists()


def test_a_list_of_errors_is_a_list() -> None:
    assert one_list._select({"errors": [{"id": 1}]}, "/v1/errors").selector == "errors"


@pytest.mark.parametrize("body", [{"id": 1, "error": "none so far"}, {"data": [{"id": 1}], "error": False}])
def test_a_record_with_a_field_for_errors_is_a_row(body: Any, sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: body))
    assert "id" in only(discover_messages(sandbox, tmp_path / "chat.yaml")).columns


def test_an_api_that_ignores_paging_gets_no_paginator(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.settings.ignore_offset = True
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator is None
    assert "no way of paging was found" in " ".join((tmp_path / "chat.yaml").read_text().lower().split())
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    told = "careful: messages: the answer says at 'total' that there are 2500 rows, and 100 came"
    assert told in discover(*words, "--name", "chat").stderr
    sandbox.settings.total = False
    assert "careful" not in discover(*words, "--name", "chat").stderr


def test_a_total_is_named_where_there_is_one_and_denied_where_there_is_none(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator.total_path == "total"
    assert "total_path is null" not in comments(tmp_path / "chat.yaml")
    (tmp_path / "chat.yaml").unlink()
    sandbox.settings.total = False
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator.total_path is None
    told = "total_path is null, as no number in these answers counts all rows."
    assert told in comments(tmp_path / "chat.yaml")


def test_a_number_of_rows_in_the_page_is_not_taken_for_a_total(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.settings.total = False
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: {**payload, "count": len(payload["data"])}))
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator.total_path is None


def test_a_refusal_past_the_end_is_written_down(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.settings.past_end_status = 404
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator.end_status_codes == [404]
    assert "offset=2500 is refused with 404 and offset=2499 has rows" in comments(tmp_path / "chat.yaml")
    (tmp_path / "chat.yaml").unlink()
    by_page = only(discover_messages(sandbox, tmp_path / "chat.yaml", "/by_page")).endpoint.paginator
    assert by_page.end_status_codes == [404]
    assert "page=4 is refused with 404 and page=3 has rows" in comments(tmp_path / "chat.yaml")


@pytest.mark.sampled
@pytest.mark.parametrize("style", ["", "/by_page"])
def test_a_refusal_far_away_is_not_taken_for_the_end_where_no_total_tells(
    style: str, sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    sandbox.settings.total, sandbox.settings.offset_limit = False, 1_000
    description = discover_messages(sandbox, tmp_path / "chat.yaml", style)
    assert only(description).endpoint.paginator.end_status_codes == []
    assert "which may be the end or as far as the API goes" in comments(tmp_path / "chat.yaml")
    with pytest.raises(Exception, match="answered 400"):
        loaded_ids(description)


def test_a_refusal_before_the_total_is_not_taken_for_the_end_and_is_said_aloud(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    sandbox.settings.offset_limit = 1_000
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator.end_status_codes == []
    told = "offset=2500 is refused with 400 and offset=2499 has no rows, so the API may not go as far as its total"
    assert told in comments(tmp_path / "chat.yaml")
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    assert f"careful: messages: {told}" in discover(*words, "--name", "chat").stderr
    found = json.loads(CliRunner().invoke(command, [*words, "--name", "chat", "--json"]).stdout)
    assert told in found["doubts"]["messages"][0]


def test_a_clamped_page_size_is_noticed(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.settings.page_cap = 120
    description = discover_messages(sandbox, tmp_path / "chat.yaml")
    assert only(description).endpoint.paginator.limit == 120
    assert len(loaded_ids(description)) == 2_500


def test_a_size_that_the_api_refuses_is_followed_by_smaller_ones(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    sandbox.settings.most_asked = 200
    assert only(discover_messages(sandbox, tmp_path / "chat.yaml")).endpoint.paginator.limit == 200
    assert "A page of 500 was asked for, and no list came" in comments(tmp_path / "chat.yaml")


def test_few_requests_are_asked(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    sandbox.settings.ignore_offset = True
    discover_messages(sandbox, tmp_path / "chat.yaml")
    assert len(sandbox.asked("messaging", "messages")) <= 50


def test_no_value_of_a_record_is_in_the_file(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    discover_messages(sandbox, tmp_path / "chat.yaml")
    text = (tmp_path / "chat.yaml").read_text()
    values = {str(value) for row in sandbox.rows("messaging", "messages")[:500] for value in row.values() if value}
    assert not [value for value in values if len(value) > 5 and value in text]


def test_the_comments_say_from_how_many_rows(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    discover_messages(sandbox, tmp_path / "chat.yaml")
    text = comments(tmp_path / "chat.yaml")
    assert "Guessed: it is never null and never twice in 1,000 rows." in text
    assert "The list of objects in the answer; the first answer held 100 rows." in text
    assert "Page 2 begins where page 1 ends, row by row (25 rows and 25)." in text
    assert (
        "A page of 1,000 was asked for, and 1,000 rows came, which takes 3 requests in place of 25 for 2,500 rows"
        in text
    )
    assert "Cursor candidates, from 1,000 rows: timestamp (timestamp, never null, ascending)" in text
    assert "Types guessed from 1,000 rows" in text
    assert "Set CHAT__API_KEY in the environment" in text


def test_without_output_the_file_is_printed_and_json_holds_the_same(sandbox: Sandbox, secret: None) -> None:
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    printed = CliRunner().invoke(command, [*words, "--name", "chat"])
    assert printed.stdout.startswith("# Found by messaging-assets discover")
    found = json.loads(CliRunner().invoke(command, [*words, "--name", "chat", "--json"]).stdout)
    assert found["api"] == "chat"
    assert found["description"]["resources"][0]["name"] == "messages"
    assert "1,000 rows" in found["remarks"]["messages"]["columns"]


def test_a_missing_secret_is_named(sandbox: Sandbox) -> None:
    done = discover(
        "--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "bearer", "--name", "chat"
    )
    assert done.exit_code == 1
    assert "set CHAT__TOKEN in the environment" in done.output
    assert not sandbox.requests


def test_a_refusal_without_auth_names_the_option_and_one_with_a_wrong_key_hides_the_key(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--name", "chat")
    open_door = discover(*place)
    assert open_door.exit_code == 1
    assert "Say how with --auth" in open_door.output
    monkeypatch.setenv("CHAT__API_KEY", "wrong-and-secret")
    wrong = discover(*place, "--auth", "api_key:query:api_key")
    assert wrong.exit_code == 1
    assert "answered 401" in wrong.output
    assert "wrong-and-secret" not in wrong.output
    assert "Say how" not in wrong.output


def test_a_schedule_that_is_asked_for_is_in_the_file_and_off_until_somebody_switches_it_on(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    address = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    assert discover(*address, "--schedule", "0 6 * * *", "-o", tmp_path / "chat.yaml").exit_code == 0
    schedule = read_file(tmp_path / "chat.yaml").schedule
    assert schedule is not None
    assert (schedule.cron, schedule.switched_on) == ("0 6 * * *", False)
    asked = len(sandbox.requests)
    refused = discover(*address, "--schedule", "daily at six")
    assert refused.exit_code == 2
    assert "--schedule: 'daily at six' is no cron line" in refused.output
    assert len(sandbox.requests) == asked
    assert not discover_messages(sandbox, tmp_path / "chat.yml").schedule.switched_on


def test_a_file_that_cannot_be_written_is_told_before_the_api_is_asked(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    (tmp_path / "plain").write_text("a file, and no folder")
    output = tmp_path / "plain" / "apis" / "chat.yaml"
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    done = discover(*words, "-o", output)
    assert done.exit_code == 2
    assert "cannot be written" in done.output
    assert not sandbox.requests
    with pytest.raises(click.UsageError, match=r"cannot be written \("):
        hand_over(
            FoundApi("chat", {"base_url": "https://x.example"}, [FoundResource({"name": "rows"})], "a test"), output
        )


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ("apis/api_file.schema.json", "api_file.schema.json"),
        ("api_file.schema.json", "../api_file.schema.json"),
        ("messaging_assets/api_file.schema.json", "../messaging_assets/api_file.schema.json"),
        ("other/api_file.schema.json", None),
    ],
)
def test_a_file_names_the_schema_for_editors_where_one_is_beside_or_above_it(
    schema: str, named: str | None, tmp_path: Path
) -> None:
    (tmp_path / schema).parent.mkdir(exist_ok=True)
    (tmp_path / schema).touch()
    found = FoundApi("chat", {"base_url": "https://x.example"}, [FoundResource({"name": "rows"})], "a test")
    hand_over(found, tmp_path / "apis" / "chat.yaml")
    line, text = (tmp_path / "apis" / "chat.yaml").read_text().split("\n", 1)
    assert line == (
        f"# yaml-language-server: $schema={named}" if named else "# Found by messaging-assets discover: a test."
    )
    assert "$schema" not in text


def test_a_file_is_written_over_only_by_force(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    file.write_text("mine")
    words = ("--base-url", f"{sandbox.url}/messaging", "--path", "/v1/messages", "--auth", "api_key:query:api_key")
    refused = discover(*words, "-o", file)
    assert (refused.exit_code, file.read_text()) == (2, "mine")
    assert discover(*words, "-o", file, "--force").exit_code == 0
    assert file.read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--path", "/x"], "give --base-url with --path"),
        (["--base-url", "https://x.example", "--path", "/x", "--auth", "magic"], "--auth is"),
        (["--base-url", "https://x.example", "--path", "/x", "--auth", "oauth2"], "--auth is"),
        (["--base-url", "https://x.example", "--path", "/x", "-o", "chat.txt"], "ends in .yaml"),
        (["--base-url", "https://x.example", "--path", "/x", "-o", "chat.yaml", "--name", "talk"], "stem"),
        (["--base-url", "ftp://x.example", "--path", "/x"], "must start with https://"),
    ],
)
def test_a_wrong_command_says_what_is_right(words: list[str], message: str) -> None:
    done = discover(*words)
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://api.example.com/v2", "example"),
        ("http://127.0.0.1:8000", "api"),
        ("https://slack.com/api", "slack"),
        ("https://sources.example.com", "sources_api"),
    ],
)
def test_an_api_is_named_by_its_address(address: str, name: str) -> None:
    assert name_from_address(address) == name


def test_names_are_made_of_anything() -> None:
    assert plain_name("User Events (v2)") == "user_events_v2"
    assert plain_name("日本") != ""


ROWS = [{"id": n, "n": n, "x": n / 2 if n % 2 else n, "at": "2025-01-01T00:00:00Z", "e": None} for n in range(40)]


def test_columns_get_the_type_that_holds_every_value() -> None:
    columns = Sample([*ROWS, {"id": 2**64, "n": "seven", "x": 1, "at": "2025-01-01T00:00:00Z"}]).described(["id"])
    assert columns["id"] == {"data_type": "decimal", "precision": 38, "scale": 0, "nullable": False}
    assert columns["n"]["data_type"] == "text"
    assert columns["x"]["data_type"] == "double"
    assert columns["at"] == {"data_type": "timestamp", "nullable": False}
    assert "e" not in columns


def test_few_rows_say_nothing_about_nulls() -> None:
    assert "nullable" not in Sample(ROWS[:3]).described(["id"])["n"]
    assert Sample(ROWS, is_whole=True).described(["id"])["n"]["nullable"] is False
    assert "nullable" not in Sample(ROWS[:3], is_whole=True).described(["id"])["n"]


def test_some_rows_say_nothing_about_nulls_but_of_the_key_and_the_likeliest_cursor() -> None:
    columns = Sample(ROWS).described(["id"])
    assert [name for name, column in columns.items() if column.get("nullable") is False] == ["id", "at"]


def test_the_file_says_from_how_many_rows_nulls_were_guessed(sandbox: Sandbox, secret: None, tmp_path: Path) -> None:
    columns = only(discover_messages(sandbox, tmp_path / "chat.yaml")).columns
    assert {name for name, column in columns.items() if not column.nullable} == {"id", "timestamp"}
    assert "guessed from 1,000 rows; nullable: false for id and timestamp alone" in comments(tmp_path / "chat.yaml")
    (tmp_path / "chat.yaml").unlink()
    del sandbox.rows("messaging", "messages")[60:]
    columns = only(discover_messages(sandbox, tmp_path / "chat.yaml")).columns
    assert not columns["content"].nullable
    assert "from 60 rows, the whole list; nullable: false where none of them was null" in comments(
        tmp_path / "chat.yaml"
    )


def test_zeros_alone_show_no_type() -> None:
    sample = Sample([{"id": n, "rate": 0, "count": n} for n in range(5)])
    assert list(sample.described()) == ["id", "count"]
    assert sample.without_type() == ["rate"]


def test_a_key_is_unique_and_never_null() -> None:
    assert Sample(ROWS).key("things") == ("id",)
    assert Sample([*ROWS, ROWS[0]]).key("things") == ()
    assert Sample([{"thing_id": n, "id": None} for n in range(5)]).key("things") == ("thing_id",)


def test_two_fields_are_a_key_where_one_is_not() -> None:
    rows = [{"user_id": user, "room_id": room, "text": f"{user}{room}"} for user in range(3) for room in range(3)]
    assert Sample(rows).key("members") == ("user_id", "room_id")


def test_a_name_is_a_key_within_its_scope_only() -> None:
    rows = [{"name": f"queue-{n}", "vhost": "/"} for n in range(3)]
    assert Sample(rows).key("queues") == ("vhost", "name")


def test_names_that_would_share_a_column_are_left_out_and_told() -> None:
    sample = Sample([{"id": 1, "createdAt": 1, "created_at": 1}])
    assert list(sample.described()) == ["id"]
    assert sample.colliding == ["createdAt", "created_at"]


@pytest.mark.parametrize(
    ("name", "values", "sign"),
    [
        ("password_hash", ["x"], "a secret by its name"),
        ("accessToken", ["y"], "a secret by its name"),
        ("email", ["ada@example.com", "not said"], "an e-mail address by its name and 1 of 2 values"),
        (
            "emails",
            [["ada@example.com"], [{"value": "b@example.com"}]],
            "an e-mail address by its name and 2 of 2 values",
        ),
        ("contact", ["ada@example.com", "Bob <bob@example.org>"], "an e-mail address by all of 2 values"),
        ("mobile", [15551234567, 491701234567], "a phone number by its name and 2 of 2 values"),
        ("to", ["+49 170 1234567", None], "a phone number by all of 1 values"),
        ("first_name", ["Ada"], "the name of a person by its name and 1 of 1 values"),
        ("name", ["Zoë O'Neill"], "the name of a person by its name and 1 of 1 values"),
        ("auth", ["eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"], "a secret by all of 1 values"),
        ("token_count", [3], None),
        ("is_secret", [True], None),
        ("password_changed_at", ["2025-01-01T00:00:00Z"], None),
        ("email", ["5d41402abc4b2a76b9719d911017c592"], None),
        ("email_verified", [True], None),
        ("phone", ["not said"], None),
        ("number", ["15551234567"], None),
        ("full_name", ["octocat/hello-world"], None),
        ("content", ["write to ada@example.com", "ada@example.com"], None),
        ("profile", [{"email": "ada@example.com"}], None),
    ],
)
def test_a_field_is_sensitive_where_its_name_and_values_say_so(name: str, values: list[Any], sign: str | None) -> None:
    sample = Sample([{"id": number, name: value} for number, value in enumerate(values)])
    assert sample.sensitive("users") == ({name: sign} if sign else {})


def test_a_name_is_a_persons_in_a_list_of_people_only() -> None:
    sample = Sample([{"name": "Grace Hopper"}, {"name": "Alan Turing"}])
    assert all(sample.sensitive(people) for people in ("users", "team_members", "people", "Customers"))
    assert not any(sample.sensitive(things) for things in ("queues", "channels", "users_devices", "products"))


def test_what_looks_like_a_persons_data_is_sensitive_in_the_file_and_said_to_be_a_guess(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHAT__CLIENT_ID", sandbox.client[0])
    monkeypatch.setenv("CHAT__CLIENT_SECRET", sandbox.client[1])
    base, file = f"{sandbox.url}/team_messaging", tmp_path / "chat.yaml"
    auth = ("--auth", f"oauth2:{base}/oauth/token")
    assert discover("--base-url", base, "--path", "v1/users", "--path", "v1/channels", *auth, "-o", file).exit_code == 0
    found = {
        resource.name: [name for name, column in resource.columns.items() if column.sensitive]
        for resource in read_file(file).resources
    }
    assert found == {"users": ["name", "email"], "channels": []}
    told = "Sensitive: guessed, as it looks like the name of a person by its name and 250 of 250 values."
    assert told in comments(file)


def test_an_object_around_a_counted_list_is_its_envelope() -> None:
    from messaging_assets.discovery.live.paging_signs import counts_list

    rows = [{"id": number} for number in range(100)]
    assert counts_list({"server": "s", "now": "t", "num_connections": 100, "connections": rows}, rows)
    assert counts_list({"server": "s", "total": 350, "offset": 0, "limit": 100, "connections": rows}, rows)
    assert not counts_list({"name": "n", "version": 4, "total_cost": 7, "parts": rows[:2]}, rows[:2])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({f"u{n}": {"name": "a", "age": n} for n in range(5)}, "it holds 5 records by their keys"),
        ({"users": {f"u{n}": {"name": "a"} for n in range(5)}}, "'users' in it holds 5 records by their keys"),
        ({"a": 1, "b": 2, "parts": [{"n": 1}, {"n": 2}]}, "'parts' in it is a list of 2 objects"),
        ({"data": {"a": 1}, "meta": {"b": 1}, "links": {"c": 1}}, None),
        ({"a": 1, "parts": [{"n": 1}]}, None),
    ],
)
def test_many_records_in_one_object_are_seen(body: Any, words: str | None) -> None:
    from messaging_assets.answers.held_records import held_records

    held = held_records(body)
    assert (held.words if held else None) == words


def test_records_by_their_keys_are_said_loudly_and_get_no_paginator(
    sandbox: Sandbox, secret: None, tmp_path: Path
) -> None:
    body = {f"u{number}": {"name": "a", "age": number} for number in range(5)}
    sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: body))
    resource = only(discover_messages(sandbox, tmp_path / "chat.yaml"))
    assert resource.endpoint.paginator is None
    assert not resource.columns
    assert "5 records by their keys" in comments(tmp_path / "chat.yaml")


def test_one_address_stands_for_the_servers_and_the_path(secret: None, sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "chat.yaml"
    done = discover(f"{sandbox.url}/messaging/v1/messages", "--auth", "api_key:query:api_key", "-o", file)
    assert done.exit_code == 0, done.output
    found = read_file(file)
    assert (found.client.base_url, only(found).endpoint.path) == (sandbox.url, "/messaging/v1/messages")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["chat", "https://api.example.com"], "unexpected extra argument"),
        (["chat"], "ADDRESS is one such as https://api.example.com/v1/messages"),
        (["openapi.yaml"], "write --openapi before a file"),
        (["https://me:pw-77@api.example.com/users"], "without a user"),
        (["https://api.example.com/users?key=pw-77"], "ADDRESS ends before the question mark"),
        (["https://api.example.com/users", "--path", "/x"], "ADDRESS stands for --base-url and --path"),
        (["https://api.example.com"], "give --base-url with --path"),
    ],
    ids=str,
)
def test_an_address_that_is_none_is_the_commands_mistake(words: list[str], told: str) -> None:
    done = discover(*words)
    assert done.exit_code == 2
    assert told in done.output
    assert "pw-77" not in done.output
