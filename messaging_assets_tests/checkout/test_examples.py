"""Each file of examples/ is synced, from a server that plays its kind of API; RabbitMQ's, in its own test, is real."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from dagster import DagsterInstance

from messaging_assets.cli import main
from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.example_apis import ExampleApis, Row, example_apis
from messaging_assets_tests.example_dialects import moment
from messaging_assets_tests.programs import CHECKOUT

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

FILES = sorted((CHECKOUT / "examples").glob("*.yaml"))
SCHEMA = "# yaml-language-server: $schema=../messaging_assets/api_file.schema.json"
SECRETS = {
    "TOKEN": "example-token",
    "USERNAME": "user",
    "PASSWORD": "example-password",
    "API_KEY": "example-key",
    "CLIENT_ID": "example-client",
    "CLIENT_SECRET": "example-secret",
}


@pytest.fixture
def apis(monkeypatch: pytest.MonkeyPatch) -> Iterator[ExampleApis]:
    with example_apis() as server:
        for file in FILES:
            monkeypatch.setenv(f"{file.stem.upper()}__BASE_URL", f"{server.url}/{file.stem}")
            for name, secret in SECRETS.items():
                monkeypatch.setenv(f"{file.stem.upper()}__{name}", secret)
        monkeypatch.setenv("ODATA__TOKEN_URL", f"{server.url}/token")
        yield server


@pytest.fixture
def syncs(apis: ExampleApis, dagster_instance: DagsterInstance) -> Syncs:
    return Syncs(dagster_instance)


class Syncs:
    """Runs an example's job and looks at what it loaded."""

    def __init__(self, instance: DagsterInstance) -> None:
        self._instance = instance
        self._database = settle_environment().database

    def run(
        self, api: str, job: str = "sync", partition: str | None = None, **changed: Any
    ) -> dict[str, dict[str, Any]]:
        """The receipts of a green run, by resource; every check of it passes."""
        description = read_file(CHECKOUT / "examples" / f"{api}.yaml")
        # Its pace is the vendor's.
        client = description.client.model_copy(update={"requests_per_second": None})
        definitions = definitions_for(description.model_copy(update={"client": client, **changed}))
        result = definitions.resolve_job_def(f"{api}_{job}").execute_in_process(
            instance=self._instance, partition_key=partition
        )
        assert [one.check_name for one in result.get_asset_check_evaluations() if not one.passed] == []
        return {
            event.asset_key.path[-1]: {  # type: ignore[union-attr]
                name.removeprefix("messaging_assets/"): value.value
                for name, value in event.step_materialization_data.materialization.metadata.items()
            }
            for event in result.get_asset_materialization_events()
        }

    def rows(self, query: str) -> list[Any]:
        """What a query finds in the tables."""
        with duckdb.connect(str(self._database), read_only=True) as connection:
            return connection.execute(query).fetchall()


def _message(channel: str, ts: int, **more: Any) -> Row:
    return {"channel": channel, "ts": f"{ts}.000100", "user": "U1", "text": f"at {ts}", **more}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_example_is_valid_and_names_its_schema(file: Path) -> None:
    assert file.read_text(encoding="utf-8").splitlines()[0] == SCHEMA
    assert (file.parent / SCHEMA.split("=")[1]).is_file()

    shown = CliRunner().invoke(main, ["validate", str(file)])

    assert shown.exit_code == 0, shown.output


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_example_is_run(file: Path) -> None:
    own = Path(__file__).read_text(encoding="utf-8")
    rabbitmq = (Path(__file__).parent / "test_rabbitmq.py").read_text(encoding="utf-8")

    assert f'syncs.run("{file.stem}"' in own or f'"{file.name}"' in rabbitmq


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_page_of_dialects_names_each_example(file: Path) -> None:
    assert f"| `{file.name}` |" in (CHECKOUT / "docs" / "dialects.md").read_text(encoding="utf-8")


def test_chat_loads_channels_messages_and_replies_and_then_what_is_new(apis: ExampleApis, syncs: Syncs) -> None:
    apis.rows["chat/users.list"] = [{"id": f"U{number}", "profile": {"email": "..."}} for number in range(4)]
    apis.rows["chat/conversations.list"] = [{"id": f"C{number}", "name": f"channel {number}"} for number in range(5)]
    # The same moment in two channels is two messages.
    messages = [_message(f"C{channel}", ts) for channel in range(4) for ts in range(1_735_700_000, 1_735_700_007)]
    messages[3]["reply_count"] = messages[8]["reply_count"] = 4
    apis.rows["chat/conversations.history"] = messages
    apis.rows["chat/conversations.replies"] = [
        {**first, "ts": f"{1_735_700_000 + reply}.000200", "thread_ts": first["ts"], "text": f"reply {reply}"}
        for first in (messages[3], messages[8])
        for reply in range(5)
    ]

    receipts = syncs.run("chat")

    counts = {name: receipt["dagster/row_count"] for name, receipt in receipts.items()}
    assert counts == {"users": 4, "channels": 5, "messages": 28, "replies": 10}
    assert {receipt["verdict"] for receipt in receipts.values()} == {"read to the end"}
    assert len(syncs.rows("SELECT DISTINCT _channels_id, ts FROM chat.messages")) == 28
    assert {query["ts"] for query in apis.queries("/chat/conversations.replies")} == {
        messages[3]["ts"],
        messages[8]["ts"],
    }

    apis.asked.clear()
    # A message that comes late to one channel is older than the newest of the others.
    messages += [_message(f"C{channel}", 1_735_700_100 + channel) for channel in range(1, 5)]
    receipt = syncs.run("chat")["messages"]
    messages += [_message("C0", 1_735_700_100)]
    receipt = syncs.run("chat")["messages"]

    assert receipt["dagster/row_count"] == 33
    # The newest known message of each channel comes again, because the range includes it.
    assert receipt["rows_read"] == 6
    assert syncs.rows("SELECT COUNT(*) FROM chat.messages WHERE text LIKE 'at 17357001%'") == [(5,)]


def test_sms_loads_every_page_and_then_what_changed(apis: ExampleApis, syncs: Syncs) -> None:
    rows = [
        {"sid": f"SM{number}", "from": "+1", "to": "+2", "body": "...", "status": "sent", "price": "-0.00750"}
        | {"date_updated": f"2025-03-{number + 1:02d}T00:00:00Z"}
        for number in range(10)
    ]
    apis.rows["sms"] = rows

    receipt = syncs.run("sms")["messages"]

    assert (receipt["dagster/row_count"], receipt["pages"], receipt["verdict"]) == (10, 4, "read to the end")

    apis.asked.clear()
    rows[0] |= {"status": "failed", "date_updated": "2025-03-12T00:00:00Z"}
    receipt = syncs.run("sms")["messages"]

    assert apis.queries("/sms/v1/messages")[0]["updated_from"] == "2025-03-09T23:00:00Z"
    assert (receipt["dagster/row_count"], receipt["rows_read"]) == (10, 2)
    assert syncs.rows("SELECT status, price::TEXT FROM sms.messages WHERE sid = 'SM0'") == [("failed", "-0.00750")]


def test_email_loads_events_once_and_drops_addresses_that_bounce_no_more(apis: ExampleApis, syncs: Syncs) -> None:
    events = [
        {"id": f"event{number}", "event": "delivered", "timestamp": 1_735_700_000.25 + number, "tags": ["welcome"]}
        for number in range(9)
    ]
    apis.rows["email/mg.example.com/events"] = events
    bounces = apis.rows["email/mg.example.com/bounces"] = [
        {"address": f"{n}@example.com", "code": "550"} for n in range(4)
    ]

    receipts = syncs.run("email")

    assert {name: receipt["dagster/row_count"] for name, receipt in receipts.items()} == {"events": 9, "bounces": 4}
    assert receipts["events"]["how_it_ended"] == {"an empty page": 1}

    apis.asked.clear()
    events += [{**events[-1], "id": f"event{number}"} for number in range(9, 11)]
    del bounces[0]
    receipts = syncs.run("email")

    assert apis.queries("/email/mg.example.com/events")[0]["begin"] == "1735700008.25"
    assert receipts["events"]["rows_read"] == 3
    assert {name: receipt["dagster/row_count"] for name, receipt in receipts.items()} == {"events": 11, "bounces": 3}


def test_an_empty_page_that_links_to_itself_is_the_end_without_a_word_in_the_file(
    apis: ExampleApis, dagster_instance: DagsterInstance
) -> None:
    apis.rows["email/mg.example.com/events"] = [{"id": "1", "event": "opened", "timestamp": 1_735_700_000.5}]
    raw = yaml.safe_load((CHECKOUT / "examples" / "email.yaml").read_text(encoding="utf-8"))
    raw["resources"] = raw["resources"][:1]
    endpoint = raw["resource_defaults"]["endpoint"]
    del endpoint["paginator"]["stop_after_empty_page"]
    endpoint["error_handler"] = {"max_retries": 0}

    job = definitions_for(raw, name="email").resolve_job_def("email_sync")
    result = job.execute_in_process(instance=dagster_instance, raise_on_error=False)

    assert result.success
    [loaded] = result.get_asset_materialization_events()
    assert loaded.materialization.metadata["dagster/row_count"].value == 1


def test_alerts_load_day_by_day_and_silences_are_marked_when_gone(apis: ExampleApis, syncs: Syncs) -> None:
    alerts = apis.rows["alerts/v1/alerts"] = [
        {"id": f"A{number}", "severity": "critical", "labels": {"service": f"s{number}", "region": "eu"}}
        | {"fired_at": f"2025-03-{1 + number // 4:02d}T{number % 4 * 6:02d}:00:00Z"}
        for number in range(12)
    ]
    silences = apis.rows["alerts/v1/silences"] = [
        {"id": f"S{number}", "matchers": [{"name": "service"}], "ends_at": None} for number in range(6)
    ]

    receipt = syncs.run("alerts", "daily_sync", "2025-03-02")["alerts"]

    assert receipt["dagster/row_count"] == receipt["dagster/partition_row_count"] == 4
    assert apis.queries("/alerts/v1/alerts")[0]["since"] == "2025-03-02T00:00:00Z"
    assert syncs.rows("SELECT labels->>'service' FROM alerts.alerts ORDER BY id") == [(f"s{n}",) for n in range(4, 8)]

    # Another day adds its rows; the same day again replaces them.
    syncs.run("alerts", "daily_sync", "2025-03-03")
    del alerts[4]
    receipt = syncs.run("alerts", "daily_sync", "2025-03-02")["alerts"]

    assert (receipt["dagster/row_count"], receipt["rows_deleted"]) == (7, 1)

    assert syncs.run("alerts")["silences"]["verdict"] == "proven"
    del silences[0]

    receipt = syncs.run("alerts")["silences"]

    assert receipt["rows_deleted"] == 1
    assert syncs.rows("SELECT id FROM alerts.silences WHERE _deleted_at IS NULL ORDER BY id") == [
        (f"S{n}",) for n in range(1, 6)
    ]


def test_reports_load_tables_lines_documents_and_rows_without_names(apis: ExampleApis, syncs: Syncs) -> None:
    names = ("call_id", "seconds", "price", "answered", "started_at")
    calls = [(f"C{number}", str(60 + number), "0.01250", "true", "2025-03-01T00:00:00Z") for number in range(7)]
    calls[2] = ("C2", "n/a", "", "0", "1740787200")
    apis.rows["reports/v1/calls.csv.gz"] = [dict(zip(names, call, strict=True)) for call in calls]
    apis.rows["reports/v1/events"] = [{"id": f"E{number}", "state": "delivered", "tags": [1]} for number in range(8)]
    lines = ("<line>one</line>", "<line>one</line><line>two</line>")
    apis.rows["reports/v1/invoices"] = [{"number": f"I{number}", "lines": lines[number % 2]} for number in range(4)]
    apis.rows["reports/v1/usage"] = [{"day": f"2025-03-0{number}", "messages": number} for number in range(1, 6)]

    receipts = syncs.run("reports")

    counts = {name: receipt["dagster/row_count"] for name, receipt in receipts.items()}
    assert counts == {"calls": 7, "events": 8, "invoices": 4, "usage": 5}
    assert {receipt["verdict"] for receipt in receipts.values()} == {"read to the end"}
    assert syncs.rows("SELECT seconds, price::TEXT, answered FROM reports.calls ORDER BY call_id LIMIT 3") == [
        (60, "0.01250", True),
        (61, "0.01250", True),
        (None, None, False),
    ]
    assert syncs.rows("SELECT count(DISTINCT started_at) FROM reports.calls") == [(1,)]
    assert syncs.rows("SELECT json_array_length(lines->'line') FROM reports.invoices ORDER BY number") == [
        (1,),
        (2,),
        (1,),
        (2,),
    ]
    assert syncs.rows("SELECT sum(messages), max(day)::TEXT FROM reports.usage") == [(15, "2025-03-05")]


def test_exports_are_begun_fetched_file_by_file_and_deleted(apis: ExampleApis, syncs: Syncs) -> None:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    apis.rows["exports"] = rows = [
        {"id": f"M{number}", "archived_at": f"{now - timedelta(hours=9 - number):%Y-%m-%dT%H:%M:%SZ}"}
        for number in range(9)
    ]

    receipt = syncs.run("exports")["messages"]

    assert receipt["dagster/row_count"] == receipt["rows_api_says"] == 9
    assert receipt["jobs"] == {"begun": 1}
    paths = [path.split("_")[-1] for path, _ in apis.asked]
    assert [path.count("/") for path in paths[2:4]] == [1, 1]
    assert len(apis.asked) == 5

    rows += [{"id": "M9", "archived_at": f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"}]
    assert syncs.run("exports")["messages"]["dagster/row_count"] == 10


def test_tickets_of_an_export_by_time_come_once_though_pages_repeat_their_last_moment(
    apis: ExampleApis, syncs: Syncs
) -> None:
    # Three tickets changed in each second, so the moment at a page's end comes on the next one too.
    tickets = apis.rows["tickets/incremental/tickets"] = [
        {"id": number, "status": "open", "requester": {"id": number % 3}, "generated_at": 1_735_700_000 + number // 3}
        for number in range(14)
    ]

    receipt = syncs.run("tickets")["tickets"]

    assert receipt["dagster/row_count"] == 14
    assert syncs.rows("SELECT count(DISTINCT id), max(requester_id) FROM tickets.tickets") == [(14, 2)]

    apis.asked.clear()
    tickets[0] |= {"status": "deleted", "generated_at": 1_735_700_050}
    assert syncs.run("tickets")["tickets"]["dagster/row_count"] == 14
    assert apis.queries("/tickets/incremental/tickets")[0] == {"start_time": "1735700004"}
    assert syncs.rows("SELECT status FROM tickets.tickets WHERE id = 0") == [("deleted",)]


def test_incidents_load_with_what_happened_in_each(apis: ExampleApis, syncs: Syncs) -> None:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    apis.rows["incidents/incidents"] = [
        {"id": f"I{number}", "status": "resolved", "service": {"id": f"S{number % 2}"}}
        | {"created_at": (now - timedelta(hours=150 - number)).isoformat().replace("+00:00", "Z")}
        for number in range(105)
    ]
    for number in range(105):
        apis.rows[f"incidents/incidents/I{number}/log_entries"] = [
            {"id": f"L{number}.{entry}", "created_at": moment(1)} for entry in range(number % 3)
        ]

    receipts = syncs.run("incidents")

    counts = {name: receipt["dagster/row_count"] for name, receipt in receipts.items()}
    assert counts == {"incidents": 105, "log_entries": sum(number % 3 for number in range(105))}
    assert syncs.rows("SELECT count(*) FROM incidents.incidents WHERE service_id = 'S1'") == [(52,)]


def test_logs_are_searched_by_a_range_in_the_body_behind_the_last_ones_sort_values(
    apis: ExampleApis, syncs: Syncs
) -> None:
    now = datetime.now(timezone.utc).replace(microsecond=0)
    apis.rows["logs/logs/_search"] = [
        {"_id": f"{number:05}", "service": f"s{number % 4}", "text": "..."}
        | {"ts": (now - timedelta(hours=2, seconds=-(number // 7))).strftime("%Y-%m-%dT%H:%M:%SZ")}
        for number in range(1_200)
    ]

    receipt = syncs.run("logs")["lines"]

    assert receipt["dagster/row_count"] == 1_200
    assert syncs.rows("SELECT count(DISTINCT _id), count(DISTINCT service) FROM logs.lines") == [(1_200, 4)]


def test_metrics_load_by_keys_that_lie_inside_and_names_that_are_texts(apis: ExampleApis, syncs: Syncs) -> None:
    apis.rows["metrics/query"] = [
        {"metric": {"__name__": "up", "job": f"j{number % 2}", "instance": f"host{number}:9100"}}
        | {"value": [1_735_700_000.25, str(number % 2)]}
        for number in range(6)
    ]
    apis.rows["metrics/label/__name__/values"] = ["up", "process_cpu_seconds_total", "go_goroutines"]  # type: ignore[list-item]

    receipts = syncs.run("metrics")

    assert {name: receipts[name]["dagster/row_count"] for name in ("up", "names")} == {"up": 6, "names": 3}
    assert syncs.rows("SELECT job, sum(state), epoch_ms(max(seen_at)) FROM metrics.up GROUP BY job ORDER BY job") == [
        ("j0", 0, 1_735_700_000_250),
        ("j1", 3, 1_735_700_000_250),
    ]


def test_metrics_beside_their_moments_load_as_rows_and_then_what_is_new(apis: ExampleApis, syncs: Syncs) -> None:
    now = int(datetime.now(timezone.utc).timestamp()) * 1_000
    series = apis.rows["metrics/series"] = [
        {
            "dimensions": {"instance": f"host{number}"},
            "timestamps": [now - 120_000, now - 60_000],
            "values": [0.5, None],
        }
        for number in range(3)
    ]

    receipt = syncs.run("metrics")["load"]

    assert (receipt["dagster/row_count"], receipt["rows_read"], receipt["rows_made"]) == (6, 3, 3)

    series[0]["timestamps"].append(now - 1_000)
    series[0]["values"].append(2.5)
    receipt = syncs.run("metrics")["load"]

    assert receipt["dagster/row_count"] == 7
    assert syncs.rows("SELECT instance, count(*), sum(load) FROM metrics.load GROUP BY instance ORDER BY instance") == [
        ("host0", 3, 3.0),
        ("host1", 2, 0.5),
        ("host2", 2, 0.5),
    ]


def test_graphql_goes_on_in_the_bodys_variables(apis: ExampleApis, syncs: Syncs) -> None:
    issues = apis.rows["graphql/graphql"] = [
        {"id": f"G{number}", "title": "...", "state": "OPEN", "updatedAt": moment(1 + number)} for number in range(10)
    ]

    receipt = syncs.run("graphql")["issues"]

    assert (receipt["dagster/row_count"], receipt["pages"]) == (10, 4)

    issues[0] |= {"state": "CLOSED", "updatedAt": moment(20)}
    issues.append(issues.pop(0))
    receipt = syncs.run("graphql")["issues"]

    assert (receipt["dagster/row_count"], receipt["rows_read"]) == (10, 2)
    assert syncs.rows("SELECT count(*) FROM graphql.issues WHERE state = 'CLOSED'") == [(1,)]


def test_hal_finds_embedded_records_and_an_empty_list_without_any(apis: ExampleApis, syncs: Syncs) -> None:
    apis.rows["hal/contacts"] = [{"id": f"C{number}", "email": f"{number}@example.com"} for number in range(7)]
    apis.rows["hal/campaigns"] = []

    receipts = syncs.run("hal")

    assert {name: receipt["dagster/row_count"] for name, receipt in receipts.items()} == {"contacts": 7, "campaigns": 0}
    assert receipts["contacts"]["verdict"] == "read to the end"


def test_json_api_takes_attributes_out_and_asks_for_what_changed(apis: ExampleApis, syncs: Syncs) -> None:
    conversations = apis.rows["json_api/conversations"] = [
        {"id": str(number), "subject": f"subject {number}", "updated_at": moment(1 + number)}
        | {"assignee": f"A{number}" if number % 2 else None}
        for number in range(8)
    ]

    assert syncs.run("json_api")["conversations"]["dagster/row_count"] == 8

    conversations.append({"id": "8", "subject": "late", "updated_at": moment(12), "assignee": None})
    receipt = syncs.run("json_api")["conversations"]

    assert (receipt["dagster/row_count"], receipt["rows_read"]) == (9, 2)
    assert syncs.rows("SELECT count(*), count(assignee_id), max(subject) FROM json_api.conversations") == [
        (9, 4, "subject 7")
    ]


def test_odata_writes_the_range_as_an_expression(apis: ExampleApis, syncs: Syncs) -> None:
    calls = apis.rows["odata/calls"] = [
        {"id": f"C{number}", "endedAt": moment(1 + number), "participants": [{"name": "..."}]} for number in range(8)
    ]

    receipt = syncs.run("odata")["calls"]

    assert (receipt["dagster/row_count"], receipt["verdict"]) == (8, "read to the end")

    calls.append({"id": "C8", "endedAt": moment(12), "participants": []})
    assert syncs.run("odata")["calls"]["rows_read"] == 2


def test_scim_counts_from_one_and_marks_who_is_gone(apis: ExampleApis, syncs: Syncs) -> None:
    users = apis.rows["scim/Users"] = [
        {"id": f"U{number}", "userName": f"user{number}", "active": True} for number in range(8)
    ]
    apis.rows["scim/Groups"] = [{"id": "G1", "members": [{"value": "U1"}]}]

    receipts = syncs.run("scim")

    assert {name: receipt["dagster/row_count"] for name, receipt in receipts.items()} == {"users": 8, "groups": 1}
    assert receipts["users"]["verdict"] == "proven"

    del users[3]
    assert syncs.run("scim")["users"]["rows_deleted"] == 1
    assert syncs.rows("SELECT id FROM scim.users WHERE _deleted_at IS NOT NULL") == [("U3",)]
