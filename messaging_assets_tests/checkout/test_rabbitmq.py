"""The product against a server that nobody here wrote: a real RabbitMQ, read by examples/rabbitmq.yaml."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dagster import AssetKey, DagsterEventType, Definitions

from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets_tests.rabbitmq import ODD_VHOST, PASSWORD, USER, Management, missing, running_node

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

EXAMPLE = read_file(Path(__file__).parents[2] / "examples" / "rabbitmq.yaml")
RESOURCES = EXAMPLE.resources_in_full
# A list per virtual host has the rows of the list of all.
SAME_ROWS = {"vhost_queues": "queues", "vhost_exchanges": "exchanges", "vhost_permissions": "permissions"}
SEVERAL_PAGES = ("queues", "vhost_queues")
# These differ from one moment to the next.
MOVING = {"uptime", "mem_used", "disk_free", "fd_used"}
PAGES = {
    "data_selector": "items",
    "total": "exact",
    "paginator": {
        "type": "page_number",
        "base_page": 1,
        "total_path": "page_count",
        "rows_total_path": "filtered_count",
        "end_status_codes": [400],
    },
}
BINDING_KEY = ["vhost", "source", "destination_type", "destination", "properties_key"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Management]:
    """A node with hundreds of things in it, for all tests of this file; they compare with what it says itself."""
    with running_node(tmp_path_factory.mktemp("rabbitmq")) as api:
        yield api


@pytest.fixture
def syncs(broker: Management, dagster_instance: Any, monkeypatch: pytest.MonkeyPatch) -> Syncs:
    monkeypatch.setenv("RABBITMQ__BASE_URL", broker.base_url)
    monkeypatch.setenv("RABBITMQ__USERNAME", USER)
    monkeypatch.setenv("RABBITMQ__PASSWORD", PASSWORD)
    return Syncs(dagster_instance)


class Syncs:
    """Runs the job of the example, or of another description of the same server."""

    def __init__(self, instance: Any) -> None:
        self._instance = instance
        self.database = settle_environment().database

    def run(self, *names: str, of: Definitions | None = None) -> Sync:
        """Sync the resources of these names; all of them without a name."""
        job = (of or definitions_for(EXAMPLE)).resolve_job_def("rabbitmq_sync")
        keys = [AssetKey(["rabbitmq", name]) for name in names] or None
        return Sync(
            job.execute_in_process(instance=self._instance, asset_selection=keys, raise_on_error=False), self.database
        )


class Sync:
    """What a run left behind."""

    def __init__(self, result: Any, database: Path) -> None:
        self.result, self._database = result, database
        self.receipts = {
            event.asset_key.path[-1]: {
                name.removeprefix("messaging_assets/"): value.value
                for name, value in event.step_materialization_data.materialization.metadata.items()
            }
            for event in result.get_asset_materialization_events()
        }
        self.verdicts = {name: receipt["verdict"] for name, receipt in self.receipts.items()}
        self.red_checks = [
            f"{one.asset_key.path[-1]}.{one.check_name}"
            for one in result.get_asset_check_evaluations()
            if not one.passed
        ]

    @property
    def failures(self) -> dict[str, str]:
        """What the failed steps say, by resource."""
        return {
            event.step_key.split("__")[-1]: event.step_failure_data.user_failure_data.description
            for event in self.result.get_step_failure_events()
        }

    def attempts_again(self) -> int:
        """How many steps Dagster set to be tried again."""
        return sum(event.event_type is DagsterEventType.STEP_UP_FOR_RETRY for event in self.result.all_events)

    def rows(self, table: str, columns: Collection[str]) -> list[dict[str, Any]]:
        """The loaded rows, JSON parsed."""
        names = ", ".join(f'"{name}"' for name in columns)
        with duckdb.connect(str(self._database), read_only=True) as connection:
            found = connection.execute(f"SELECT {names} FROM rabbitmq.{table}")
            types = {name: str(kind) for name, kind, *_ in found.description}
            return [
                {
                    name: json.loads(value) if types[name] == "JSON" and value is not None else value
                    for name, value in zip(types, row, strict=True)
                }
                for row in found.fetchall()
            ]


def expected(broker: Management, name: str) -> list[dict[str, Any]]:
    """What the broker itself says that a table should hold, asked in one request without pages."""
    columns = RESOURCES[name].columns
    params = {"disable_stats": "true", "enable_queue_totals": "true"} if "queues" in name else {}
    rows = broker.rows(SAME_ROWS.get(name, name), **params)
    parents = {f"_vhosts_{field}": field for field in ("name", "tracing")}
    vhosts = {row["name"]: row for row in broker.rows("vhosts")}
    return [
        {
            column: vhosts[row["vhost"]][parents[column]] if column in parents else row.get(column)
            for column in columns
            if column not in MOVING
        }
        for row in rows
    ]


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def assert_tables_are_exact(broker: Management, sync: Sync) -> None:
    for name, resource in RESOURCES.items():
        wanted = expected(broker, name)
        loaded = sync.rows(name, [column for column in resource.columns if column not in MOVING])
        assert in_order(loaded) == in_order(wanted), name
        assert sync.receipts[name]["rows_loaded"] == sync.receipts[name]["dagster/row_count"] == len(wanted)
        assert len({tuple(row[key] for key in resource.keys) for row in loaded}) == len(wanted), name


def test_every_table_holds_exactly_what_the_broker_says_twice_in_a_row(broker: Management, syncs: Syncs) -> None:
    # Until then a node has no alarms, neither on nor off.
    broker.wait_for_statistics()
    for _ in range(2):
        sync = syncs.run()
        assert (sync.result.success, sync.failures, sync.red_checks) == (True, {}, [])
        # A list of several pages can move between them, and page numbers have no means to exclude that. Of a list that
        # nothing counts, nothing says that it is all.
        uncounted = [name for name, one in RESOURCES.items() if one.endpoint.data_selector == "$"]
        unproven = dict.fromkeys((*SEVERAL_PAGES, *uncounted), "read to the end")
        assert sync.verdicts == dict.fromkeys(RESOURCES, "proven") | unproven
        assert_tables_are_exact(broker, sync)
    assert sync.receipts["queues"]["how_it_ended"] == {"status 400 past the last page": 1}
    assert sync.receipts["queues"]["rows_api_says"] == len(broker.rows("queues"))
    assert sync.receipts["vhost_queues"]["parents"] == len(broker.rows("vhosts"))
    [odd] = [row for row in sync.rows("vhosts", ["name"]) if row["name"] == ODD_VHOST]
    assert sum(row["vhost"] == odd["name"] for row in sync.rows("vhost_queues", ["vhost"])) == 120


@pytest.mark.soak
def test_what_was_added_and_deleted_in_the_broker_shows_after_the_next_sync(broker: Management, syncs: Syncs) -> None:
    before = {row["name"] for row in syncs.run("queues", "vhost_queues", "bindings").rows("queues", ["name", "vhost"])}
    added, deleted = "neu/ß {0} %s", "jobs 001"
    assert added not in before
    broker.call("PUT", "queues", ODD_VHOST, added, body={"durable": True})
    broker.call("DELETE", "queues", ODD_VHOST, deleted)
    sync = syncs.run("queues", "vhost_queues", "bindings")
    assert (sync.result.success, sync.red_checks) == (True, [])
    for table in ("queues", "vhost_queues"):
        here = {row["name"] for row in sync.rows(table, ["vhost", "name"]) if row["vhost"] == ODD_VHOST}
        assert added in here
        assert deleted not in here
        assert in_order(sync.rows(table, RESOURCES[table].columns)) == in_order(expected(broker, table))
    assert in_order(sync.rows("bindings", RESOURCES["bindings"].columns)) == in_order(expected(broker, "bindings"))


def test_a_wrong_password_is_red_at_once_with_one_sentence(syncs: Syncs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABBITMQ__PASSWORD", "wrong-pässword")
    sync = syncs.run()
    # Children are not even started when their parent has failed.
    assert set(sync.failures) == set(RESOURCES) - set(SAME_ROWS)
    assert sync.attempts_again() == 0
    for name, sentence in sync.failures.items():
        assert sentence.startswith(f"rabbitmq.{name}")
        assert "answered 401" in sentence
        assert sentence.count(". ") == 0
        assert "\n" not in sentence
    assert "wrong-p" not in "".join(str(event) for event in sync.result.all_events)


def test_a_user_with_fewer_rights_gets_what_the_broker_shows_him_and_is_told_of_the_rest(
    broker: Management, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = Management(broker.base_url, "user/1 ö", "password 1")
    monkeypatch.setenv("RABBITMQ__USERNAME", user.user)
    monkeypatch.setenv("RABBITMQ__PASSWORD", user.password)
    sync = syncs.run("vhosts", "queues", "bindings", "users", "vhost_queues")
    for name in ("vhosts", "queues", "bindings"):
        assert in_order(sync.rows(name, RESOURCES[name].columns)) == in_order(expected(user, name))
    user.close()
    # The list of all leaves out other virtual hosts without a word; asked for one of them, the broker refuses.
    assert {row["vhost"] for row in sync.rows("queues", ["vhost"])} == {"orders"}
    assert set(sync.failures) == {"users", "vhost_queues"}
    assert all("answered 401" in sentence for sentence in sync.failures.values())
    assert sync.attempts_again() == 0


def test_password_hashes_of_users_are_neither_loaded_nor_asked_for(broker: Management, syncs: Syncs) -> None:
    sync = syncs.run("users")
    [hash_of_one] = [row["password_hash"] for row in broker.rows("users") if row["name"] == "user/7 ö"]
    assert sync.result.success
    assert all(hash_of_one.encode() not in path.read_bytes() for path in Path.cwd().rglob("*") if path.is_file())


@pytest.mark.soak
def test_all_that_the_broker_sends_loads_with_its_statistics_undeclared(broker: Management, syncs: Syncs) -> None:
    broker.wait_for_statistics()
    described = {
        "client": {"base_url": broker.base_url, "auth": {"type": "http_basic"}},
        "resource_defaults": {"write_disposition": "replace", "primary_key": "name"},
        "resources": [
            {
                "name": "queues",
                "primary_key": ["vhost", "name"],
                "endpoint": {"path": "/api/queues", "params": {"page_size": 10}, **PAGES},
            },
            {
                "name": "queue_bindings",
                "primary_key": BINDING_KEY,
                "endpoint": {
                    "path": "/api/queues/{resources.queues.vhost}/{resources.queues.name}/bindings",
                    "data_selector": "$",
                    "paginator": "single_page",
                },
            },
            {
                "name": "nodes",
                "endpoint": {"path": "/api/nodes", "data_selector": "$", "paginator": "single_page"},
            },
        ],
    }
    definitions = definitions_for(described, name="rabbitmq")
    assert syncs.run("queues", "nodes", of=definitions).result.success
    sync = syncs.run(of=definitions)
    assert (sync.failures, sync.red_checks) == ({}, [])
    queues = broker.rows("queues")
    loaded = sync.rows("queues", ["vhost", "name", "arguments", "backing_queue_status"])
    assert in_order([{key: row[key] for key in ("vhost", "name", "arguments")} for row in loaded]) == in_order(
        [{key: row[key] for key in ("vhost", "name", "arguments")} for row in queues]
    )
    assert all(row["backing_queue_status"]["len"] == 0 for row in loaded)
    # Each page once, and one request past the last page.
    assert sync.receipts["queues"]["requests"] == -(-len(queues) // 10) + 1
    assert in_order(sync.rows("queue_bindings", BINDING_KEY)) == in_order(
        [{key: row[key] for key in BINDING_KEY} for row in broker.rows("bindings")]
    )
    assert sync.receipts["queue_bindings"]["parents"] == len(queues)


def test_a_list_that_ignores_page_numbers_is_red_and_not_read_for_ever(broker: Management, syncs: Syncs) -> None:
    described = {
        "client": {"base_url": broker.base_url, "auth": {"type": "http_basic"}},
        "resources": [
            {
                "name": "bindings",
                "primary_key": BINDING_KEY,
                "endpoint": {
                    "path": "/api/bindings",
                    "data_selector": "$",
                    "paginator": {"type": "page_number", "base_page": 1},
                    "error_handler": {"max_retries": 0},
                },
            }
        ],
    }
    sync = syncs.run(of=definitions_for(described, name="rabbitmq"))
    assert "ignores the paging parameter" in sync.failures["bindings"]
    assert sync.receipts == {}


def test_a_page_size_that_the_broker_refuses_is_no_end_of_the_list(broker: Management, syncs: Syncs) -> None:
    described = {
        "client": {"base_url": broker.base_url, "auth": {"type": "http_basic"}},
        "resources": [
            {"name": "queues", "endpoint": {"path": "/api/queues", "params": {"page_size": 501}, **PAGES}},
        ],
    }
    sync = syncs.run(of=definitions_for(described, name="rabbitmq"))
    assert "answered 400" in sync.failures["queues"]
    assert sync.attempts_again() == 0
