from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

import messaging_assets
from messaging_assets.answers.formats import texts
from messaging_assets.cli.check import command
from messaging_assets.http.wire import transport
from messaging_assets.sandbox import Fault, Sandbox

CHILD = """\
client: {base_url: "https://x.invalid", auth: {type: api_key, name: api_key, location: query}}
resource_defaults:
  primary_key: id
  write_disposition: merge
  endpoint: {data_selector: data, paginator: {type: offset, limit: 20}}
resources:
  - {name: alerts, endpoint: {path: v1/resource}}
  - name: copies
    include_from_parent: [id]
    primary_key: [_alerts_id, id]
    endpoint: {path: "v1/resource?of={resources.alerts.id}"}
"""


def check(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def found(api: object = "messaging") -> dict[str, Any]:
    """The first resource's findings, as --json has them."""
    resources: list[dict[str, Any]] = json.loads(check(api, "--json").stdout)["resources"]
    return resources[0]


def told(level: str, about: str, api: object = "messaging") -> list[str]:
    """What was found, and what is to be done, of one level about one thing."""
    findings = found(api)["findings"]
    return [f"{one['what']} | {one['mend']}" for one in findings if (one["level"], one["about"]) == (level, about)]


@pytest.mark.parametrize("api", ["message_broker", "messaging", "generic_rest", "monitoring", "team_messaging"])
def test_the_shipped_files_are_right_about_the_sandbox(api: str, known_sandbox: Sandbox) -> None:
    done = check(api)
    assert done.exit_code == 0, done.output
    assert f"of {api} are right" in done.output


def test_a_resource_is_asked_for_two_pages_and_a_larger_one(known_sandbox: Sandbox) -> None:
    one = found()
    assert (one["requests"], one["pages"], one["rows"], one["total"]) == (3, 2, 200, 2_500)
    assert len(known_sandbox.requests) == 3
    assert told("note", "paging") == ["the second page differs from the first | "]


@pytest.mark.parametrize(
    ("settings", "asked", "what"),
    [
        (
            {},
            [100, 100, 1000],
            (
                "a page of 1,000 was asked for, and 1,000 rows came, where the file asks for 100 | "
                "write paginator.limit: 1000, which takes 3 requests in place of 25 for 2,500 rows"
            ),
        ),
        (
            {"most_asked": 200, "total": False},
            [100, 100, 1000, 500, 200],
            (
                "a page of 200 was asked for, and 200 rows came, where the file asks for 100 | "
                "write paginator.limit: 200, which takes one request where 2 are sent now"
            ),
        ),
        (
            {"page_cap": 400},
            [100, 100, 1000],
            (
                "a page of 1,000 was asked for, and 400 rows came, where the file asks for 100 | "
                "write paginator.limit: 400, which takes 7 requests in place of 25 for 2,500 rows"
            ),
        ),
        ({"most_asked": 100}, [100, 100, 1000, 500, 200], None),
    ],
)
def test_the_largest_page_is_named_with_what_it_saves(
    settings: dict[str, Any], asked: list[int], what: str | None, known_sandbox: Sandbox
) -> None:
    for name, value in settings.items():
        setattr(known_sandbox.settings, name, value)
    assert told("note", "page size") == ([what] if what else [])
    assert [int(one.query["limit"]) for one in known_sandbox.requests] == asked


def test_a_list_that_came_whole_is_asked_for_no_larger_page(known_sandbox: Sandbox) -> None:
    def short(payload: Any, request: Any) -> Any:
        return {"data": [] if int(request.query.get("offset", 0)) else payload["data"][:50]}

    known_sandbox.fault(Fault(api="messaging", rewrite=short))
    assert found()["requests"] == 2


def test_a_wrong_key_is_about_authentication_and_is_not_shown(
    known_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MESSAGING__API_KEY", "wrong-and-secret")
    done = check("messaging")
    assert done.exit_code == 1
    assert "wrong-and-secret" not in done.output
    [sentence] = told("wrong", "authentication")
    assert "answered 401 | check MESSAGING__API_KEY and what may be read with it" in sentence


def test_a_secret_that_is_not_set_is_named(known_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MESSAGING__API_KEY")
    assert "set MESSAGING__API_KEY in the environment" in told("wrong", "authentication")[0]


def test_an_api_that_is_down_is_out_of_reach(known_sandbox: Sandbox) -> None:
    known_sandbox.stop()
    assert "could not be reached" in told("wrong", "reachable")[0]


def test_a_path_that_does_not_exist_is_about_the_path(known_sandbox: Sandbox) -> None:
    known_sandbox.fault(Fault(api="messaging", status=404))
    assert "answered 404" in told("wrong", "path")[0]


def test_a_list_under_another_key_is_about_the_list(known_sandbox: Sandbox) -> None:
    known_sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: {"rows": payload["data"]}))
    assert "the selector 'data' finds nothing" in told("wrong", "list")[0]


def test_paging_that_is_ignored_is_wrong(known_sandbox: Sandbox) -> None:
    known_sandbox.settings.ignore_offset = True
    assert "page 2 repeats rows" in told("wrong", "paging")[0]


def test_pages_that_are_cut_short_are_noted(known_sandbox: Sandbox) -> None:
    known_sandbox.settings.page_cap = 30
    assert "pages have 30 rows where 100 are asked for | write paginator.limit: 30" in told("note", "paging")


def rewritten(sandbox: Sandbox, **changes: Any) -> None:
    """Let every record have these fields; those that are ... are gone."""

    def rewrite(payload: Any, request: Any) -> Any:
        rows = [{**row, **changes} for row in payload["data"]]
        data = [{name: value for name, value in row.items() if value is not ...} for row in rows]
        return {**payload, "data": data}

    sandbox.fault(Fault(api="messaging", rewrite=rewrite))


def test_records_without_the_key_are_wrong_and_another_key_is_suggested(known_sandbox: Sandbox) -> None:
    rewritten(known_sandbox, id=...)
    [sentence] = told("wrong", "key")
    assert "200 of 200 records would be set aside: no id" in sentence


def test_a_record_without_the_key_is_neither_a_wrong_key_nor_a_short_page(known_sandbox: Sandbox) -> None:
    def one_without(payload: Any, request: Any) -> Any:
        return {**payload, "data": [{**payload["data"][0], "id": None}, *payload["data"][1:]]}

    known_sandbox.fault(Fault(api="messaging", rewrite=one_without))
    findings = found()["findings"]
    [key] = [one for one in findings if one["about"] == "key"]
    assert key["what"] == "2 of 200 records would be set aside: no id"
    assert key["mend"].startswith("see whether these are records at all")
    assert [one["what"] for one in findings if one["about"] == "paging"] == ["the second page differs from the first"]


def test_a_key_that_repeats_is_wrong(known_sandbox: Sandbox) -> None:
    def twice(payload: Any, request: Any) -> Any:
        return {**payload, "data": [*payload["data"], payload["data"][0]]}

    known_sandbox.fault(Fault(api="messaging", rewrite=twice))
    [sentence] = told("wrong", "key")
    assert "2 of 202 rows repeat the id of another | name a primary_key" in sentence


def test_a_declared_column_that_nobody_sends_is_wrong_only_if_it_is_needed(known_sandbox: Sandbox) -> None:
    rewritten(known_sandbox, message_id=..., content=...)
    assert "no record has a field message_id" in told("wrong", "columns")[0]
    assert "no record has a field content" in told("warning", "columns")[0]


def test_a_step_that_takes_what_no_record_has_is_told(known_sandbox: Sandbox, tmp_path: Path) -> None:
    rewritten(known_sandbox, content=...)
    assert not told("warning", "steps")
    shipped = Path(messaging_assets.__file__).parent / "apis" / "messaging.yaml"
    file = tmp_path / "messaging.yaml"
    file.write_text(
        shipped.read_text().replace("name: messages\n", "name: messages\n    steps: [{hash: [content]}]\n", 1)
    )
    [sentence] = told("warning", "steps", file)
    assert sentence.startswith("no record has content, which hash takes, of 200 | correct the name if the API")


def test_nulls_and_values_that_do_not_fit_are_wrong(known_sandbox: Sandbox) -> None:
    rewritten(known_sandbox, message_id=None, timestamp="yesterday")
    sentences = told("wrong", "columns")
    assert "message_id is null in 200 of 200 rows | write nullable: true for message_id" in sentences
    assert any("timestamp is not a moment in time in 200 of 200 rows" in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("cursor", "level"),
    [
        ("cursor_path: updated", "wrong"),
        ("cursor_path: updated, on_cursor_value_missing: include", "warning"),
        ("cursor_path: customer_id", None),
    ],
)
def test_records_without_the_cursor_are_told(
    known_sandbox: Sandbox, tmp_path: Path, cursor: str, level: str | None
) -> None:
    file = tmp_path / "monitoring.yaml"
    incremental = f"v1/resource, incremental: {{{cursor}}}}}"
    file.write_text(CHILD.split("  - name")[0].replace("v1/resource}", incremental))
    findings = [(one["level"], one["what"]) for one in found(file)["findings"] if one["about"] == "cursor"]
    assert findings == ([(level, "40 of 40 records have no updated, the cursor")] if level else [])


def test_fields_that_would_share_a_column_are_wrong(known_sandbox: Sandbox) -> None:
    rewrite = lambda payload, request: {"data": [{"id": 1, "userId": 1, "user_id": 2}], "total": 1}  # noqa: E731
    known_sandbox.fault(Fault(api="messaging", rewrite=rewrite))
    assert told("wrong", "columns")[0] == (
        "1 of 1 records would be set aside: two fields for one column: userId, user_id | "
        "let steps drop or rename one of them"
    )


def test_an_empty_list_is_noted(known_sandbox: Sandbox) -> None:
    known_sandbox.rows("messaging", "messages").clear()
    assert "the list is empty" in told("note", "columns")[0]
    assert check("messaging").exit_code == 0


def test_a_missing_total_is_noted_and_one_that_is_too_small_warned_of(known_sandbox: Sandbox) -> None:
    assert told("note", "total") == told("warning", "total") == []
    known_sandbox.settings.total = False
    assert "the API gives no number of rows" in told("note", "total")[0]
    known_sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: {**payload, "total": 1}))
    assert "the API says it has 1 rows" in told("warning", "total")[0]


def test_a_clock_that_is_off_is_warned_of(known_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told("warning", "clock") == []
    an_hour_later = SimpleNamespace(time=lambda: time.time() + 3_600)
    monkeypatch.setattr("messaging_assets.discovery.examination.time", an_hour_later)
    assert "behind this machine's | set this machine's clock by NTP" in told("warning", "clock")[0]


def test_rate_limits_are_told(known_sandbox: Sandbox) -> None:
    assert told("note", "rate limit") == []
    known_sandbox.fault(Fault(api="messaging", headers={"X-RateLimit-Remaining": "59"}))
    assert "59 | set client.requests_per_second" in told("note", "rate limit")[0]


def test_a_child_is_asked_for_the_first_parents_only(known_sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "monitoring.yaml").write_text(CHILD)
    done = check(tmp_path / "monitoring.yaml", "--only", "copies")
    assert done.exit_code == 0, done.output
    assert len(known_sandbox.asked("monitoring", "resource_name")) == 5


def test_a_key_that_repeats_over_parents_is_told_how_the_parents_own_joins_it(
    known_sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "monitoring.yaml"
    file.write_text(CHILD.replace("include_from_parent: [id]\n    primary_key: [_alerts_id, id]", "primary_key: id"))
    done = check(file, "--only", "copies")
    assert "write include_from_parent: [id], and _alerts_id beside it" in " ".join(done.output.split())


def test_of_parents_in_a_long_answer_the_first_are_asked_too(
    known_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long answer comes in parts, each of which is some parents more."""
    monkeypatch.setattr(texts, "PART_ROWS", 2)
    monkeypatch.setattr(transport, "SPOOLED_FROM", 0)
    file = tmp_path / "generic_rest.yaml"
    lines = "endpoint: {path: v1/resource, data_selector: $, paginator: single_page, format: ndjson}"
    file.write_text(CHILD.replace("endpoint: {path: v1/resource}", lines))
    parents = b"".join(b'{"id": %d}\n' % number for number in range(9))
    known_sandbox.fault(Fault(api="generic_rest", body=parents, content_type="application/x-ndjson", times=1))
    done = check(file, "--only", "copies")
    assert done.exit_code == 0, done.output
    assert {request.query["of"] for request in known_sandbox.requests if "of" in request.query} == {"0", "1"}


def test_parents_without_what_their_child_takes_are_told(known_sandbox: Sandbox, tmp_path: Path) -> None:
    file, unselected = tmp_path / "monitoring.yaml", CHILD.replace("{name: alerts,", "{name: alerts, selected: false,")
    file.write_text(unselected.replace("alerts.id}", "alerts.nothing}"))
    assert "it has no 'nothing', which the request takes" in told("wrong", "parents", file)[0]
    file.write_text(unselected.replace("name: copies", "name: copies\n    only_changed_parents: nothing"))
    assert "does not have the field that tells whether it changed" in told("warning", "parents", file)[0]


def test_of_values_of_the_file_only_the_first_are_asked_for(known_sandbox: Sandbox, tmp_path: Path) -> None:
    values = "for_each: {of: [1, 2, 3, 4, 5]}\n    primary_key: [_of, id]"
    own = CHILD.replace("include_from_parent: [id]\n    primary_key: [_alerts_id, id]", values)
    (tmp_path / "monitoring.yaml").write_text(own.replace("resources.alerts.id", "for_each.of"))
    done = check(tmp_path / "monitoring.yaml", "--only", "copies")
    assert done.exit_code == 0, done.output
    assert len(known_sandbox.asked("monitoring", "resource_name")) == 4


WINDOWS = """\
client: {base_url: "https://x.invalid", auth: {type: api_key, name: api_key, location: query}}
resource_defaults:
  primary_key: id
  write_disposition: merge
  endpoint: {data_selector: data, paginator: single_page}
resources:
  - name: days
    partitions: {type: daily, start: "2025-01-01", start_param: since, end_param: until, column: at}
    endpoint: {path: "v1/resource?of={window.start:date}"}
  - name: reports
    primary_key: [day, id]
    endpoint:
      path: v1/resource
      include_from_request: {day: "{incremental.start_value}"}
      incremental: {cursor_path: day, initial_value: -3d, start_param: since, end_param: until, format: date, step: P1D}
"""


def test_of_windows_the_newest_one_that_is_over_is_asked_for(known_sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "monitoring.yaml").write_text(WINDOWS)
    yesterday = datetime.now(timezone.utc).date() - timedelta(days=1)
    for name in ("days", "reports"):
        known_sandbox.requests.clear()
        assert "no 'day'" not in check(tmp_path / "monitoring.yaml", "--only", name).output
        first = known_sandbox.asked("monitoring", "resource_name")[0]
        assert first.query["since"].startswith(str(yesterday)), name
    assert first.query["until"] == str(yesterday + timedelta(days=1))


def test_windows_of_which_none_is_over_are_said_so(known_sandbox: Sandbox, tmp_path: Path) -> None:
    today = str(datetime.now(timezone.utc).date())
    (tmp_path / "monitoring.yaml").write_text(WINDOWS.replace("2025-01-01", today))
    done = check(tmp_path / "monitoring.yaml", "--only", "days")
    assert "the first of its windows is not over yet" in " ".join(done.output.split())
    assert not known_sandbox.requests


def test_what_is_not_there_is_the_commands_mistake(known_sandbox: Sandbox, tmp_path: Path) -> None:
    assert "there is no API 'chat' in " in check("chat").output
    assert check("chat").exit_code == 2
    assert check(tmp_path / "chat.yaml").exit_code == 2
    assert "has no resource 'users'" in check("messaging", "--only", "users").output


def test_a_broken_file_is_told_with_its_lines(tmp_path: Path) -> None:
    (tmp_path / "chat.yaml").write_text("client: {base_url: nowhere}\nresources: [messages]\n")
    done = check(tmp_path / "chat.yaml")
    assert done.exit_code == 1
    assert "chat.yaml:1: client.base_url" in done.output


ONE_PAGE = """\
client: {base_url: "%s/messaging", auth: {type: api_key, name: api_key, location: query}}
resources:
  - name: messages
    primary_key: id
    write_disposition: merge
    endpoint: {path: v1/messages, data_selector: data%s}
"""


@pytest.mark.sampled
@pytest.mark.parametrize("paginator", ["", ", paginator: single_page"], ids=["none", "single_page"])
def test_an_only_page_that_counts_more_rows_than_it_has_is_wrong(
    paginator: str, known_sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "messaging.yaml"
    file.write_text(ONE_PAGE % (known_sandbox.url, paginator))
    what = "the answer says at 'total' that there are 2500 rows, and 100 came | declare the paginator"
    assert told("wrong", "paging", file)[0].startswith(what)
    assert found(file)["total"] == 2_500
    file.write_text(ONE_PAGE % (known_sandbox.url, f"{paginator}, total: ignore"))
    assert told("wrong", "paging", file) == []
    file.write_text(ONE_PAGE % (known_sandbox.url, paginator))
    del known_sandbox.rows("messaging", "messages")[100:]
    assert told("wrong", "paging", file) == []
    assert found(file)["total"] == 100


def test_a_number_in_a_single_object_counts_no_rows(known_sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "messaging.yaml"
    file.write_text((ONE_PAGE % (known_sandbox.url, ", paginator: single_page")).replace("data,", "$,"))
    known_sandbox.fault(Fault(api="messaging", rewrite=lambda payload, request: {"id": 1, "total": 500}))
    assert check(file).exit_code == 0
    assert found(file)["total"] is None


@pytest.mark.sampled
@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b'{"rows": []}'], ids=["HTML", "no list"])
def test_an_answer_without_the_list_is_no_page(body: bytes, known_sandbox: Sandbox) -> None:
    known_sandbox.fault(Fault(api="messaging", body=body))
    one = found()
    assert (one["pages"], one["rows"], one["is_wrong"]) == (0, 0, True)


def test_a_narrow_terminal_cuts_neither_addresses_nor_words_of_the_file(
    known_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_sandbox.fault(Fault(api="messaging", status=429))
    monkeypatch.setattr(
        "messaging_assets.cli.tables.wide_console", lambda: Console(width=80, force_terminal=True, color_system=None)
    )
    rows = [[cell.strip() for cell in line.split("│")] for line in check("messaging").output.splitlines()]
    found = ["".join(row[place] for row in rows if len(row) == 7) for place in (4, 5)]
    assert f"{known_sandbox.url}/messaging/v1/messages" in found[0]
    assert "client.requests_per_second" in found[1]


def test_a_key_that_a_step_names_is_looked_for_as_the_api_sends_it(known_sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "generic_rest.yaml"
    steps = "  - {name: alerts, endpoint: {path: v1/resource}, primary_key: key, steps: [{rename: {id: key}}]}\n"
    file.write_text(CHILD.split("  - {name: alerts")[0] + steps)
    assert told("wrong", "key", file) == []


def test_a_format_that_is_not_json_is_named_with_the_word_for_it(known_sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "generic_rest.yaml"
    file.write_text(
        CHILD.split("  - name: copies")[0].replace(
            "data_selector: data, paginator: {type: offset, limit: 20}", "paginator: single_page"
        )
    )
    known_sandbox.fault(Fault(api="generic_rest", body=b"id,n\n1,a\n", content_type="text/csv"))
    mend = "write format: csv, which holds whatever the Content-Type says"
    assert told("note", "format", file) == [f"CSV, by its Content-Type | {mend}"]
    file.write_text(file.read_text().replace("paginator:", "format: csv, paginator:"))
    assert told("note", "format", file) == ["CSV, as the file says | "]
