"""The tables of all accounts as one view: each account is told apart, fails alone and takes no other one's rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterInstance

from messaging_assets.assets.reads import Reads
from messaging_assets.description.names import REJECTED_COLUMNS
from messaging_assets.destination.pipelines import loaded_dataset
from messaging_assets.files.api_files import InvalidDescription, describe, describe_accounts, read_folders
from messaging_assets.foundation.failures import MendDescription
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.loading.source import _REJECTED_COLUMNS
from messaging_assets.loading.table.account_view import last_syncs, renew_views
from messaging_assets.orchestration.api_definitions import definitions_for
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets.tables.table_rows import dataset_rows
from messaging_assets_tests.one_step import alone
from messaging_assets_tests.raw_server import RawServer, answer

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

VIEW = AssetKey(["chat", "users"])


class Accounts:
    """An API with the rows of each account at an address of its own.

    Attributes:
        rows: what each account has, or the status that it answers with.
        more: more words of the file.
    """

    def __init__(self, url: str, instance: DagsterInstance, rows: dict[str, list[Any] | int]) -> None:
        self.url, self._instance, self.rows = url, instance, rows
        self.more: dict[str, Any] = {}

    def raw(self, **own: Any) -> dict[str, Any]:
        """The API's file; `own` are more words of its resource."""
        endpoint = {"paginator": "single_page", "data_selector": "data", "error_handler": {"max_retries": 0}}
        resource = {"name": "users", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint}
        return {
            "settings": {"site": None},
            "client": {"base_url": f"{self.url}/{{setting.site}}"},
            "accounts": {"emea": {"site": "emea"}, "apac": {"site": "apac"}},
            "account_column": "account",
            "resources": [resource | own],
            **self.more,
        }

    def sync(self, account: str, config: dict[str, Any] | None = None, **own: Any) -> bool:
        """Sync one account; whether it is green."""
        found = describe_accounts(self.raw(**own), "chat")
        [described] = [one for one in found.descriptions if one.name == f"chat_{account}"]
        return alone(described, "users", self._instance, config=config).green

    def shown(self, columns: str = "account, id", table: str = "users") -> list[tuple[Any, ...]]:
        """The rows of the view."""
        described = describe_accounts(self.raw(), "chat").descriptions[0]
        whole = described.as_account(None)
        dataset = loaded_dataset(whole, described.resources[0], settle_environment())
        with own_settings(), dataset_rows(dataset, None) as rows:
            return sorted(rows.select(f"SELECT {columns} FROM {rows.qualified(table)}"))

    @property
    def missing(self) -> dict[str, str]:
        """What the check of the view says of accounts that are missing."""
        key = AssetCheckKey(VIEW, "every_account_is_synced")
        [record] = self._instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        assert record.event is not None
        found = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        assert found.passed is not bool(found.metadata)
        return {name: str(value.value) for name, value in found.metadata.items()}


@contextmanager
def served(instance: DagsterInstance, **rows: Any) -> Iterator[Accounts]:
    with RawServer(lambda connection, path, number: connection.sendall(said(path))) as server:
        accounts = Accounts(server.url, instance, rows)

        def said(path: str) -> bytes:
            has = accounts.rows[path.split("/")[1]]
            return answer({}, status=f"{has} No") if isinstance(has, int) else answer({"data": has})

        yield accounts


@pytest.fixture
def accounts(clean_room: Path, dagster_instance: DagsterInstance) -> Iterator[Accounts]:
    with served(dagster_instance, emea=[{"id": 1}, {"id": 2}], apac=[{"id": 1, "score": 5}]) as found:
        yield found


@pytest.fixture
def accounts_in_postgres(accounts: Accounts, postgres_destination: None) -> Accounts:
    return accounts


def whole_story(accounts: Accounts) -> None:
    """Equal ids beside each other, one account that fails, a replace, another column, and a table made anew."""
    assert accounts.sync("emea")
    assert accounts.missing == {"apac": "none: it was not synced yet"}
    assert accounts.sync("apac")
    assert accounts.missing == {}
    assert accounts.shown("account, id, score") == [("apac", 1, 5), ("emea", 1, None), ("emea", 2, None)]

    accounts.rows |= {"emea": [{"id": 3, "score": 7}], "apac": 403}
    assert not accounts.sync("apac", write_disposition="replace")
    assert accounts.missing["apac"].startswith("failed: chat_apac.users: ")
    assert accounts.sync("emea", {"allow_many_deletes": True}, write_disposition="replace")
    # The other account's sync does not make good what failed of this one.
    assert list(accounts.missing) == ["apac"]
    assert accounts.shown("account, id, score") == [("apac", 1, 5), ("emea", 3, 7)]

    # PostgreSQL widens no column that a view shows.
    accounts.rows["emea"] = [{"id": 3, "score": 1.5}]
    assert accounts.sync("emea")
    shown = [(account, number, str(score)) for account, number, score in accounts.shown("account, id, score")]
    assert shown == [("apac", 1, "5"), ("emea", 3, "1.5")]

    accounts.rows["emea"] = [{"id": 3, "score": "high"}, {"id": 4, "score": "low"}]
    assert accounts.sync("emea", {"full_refresh": True})
    shown = [(account, number, str(score)) for account, number, score in accounts.shown("account, id, score")]
    assert shown == [("apac", 1, "5"), ("emea", 3, "high"), ("emea", 4, "low")]


def test_accounts_in_one_view_collide_nowhere_and_fail_alone(accounts: Accounts) -> None:
    whole_story(accounts)


def test_an_account_that_the_file_names_no_more_leaves_the_view_aloud(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    assert accounts.sync("emea")
    assert accounts.sync("apac")
    accounts.more = {"accounts": {"emea": {"site": "emea"}}}
    for _ in range(2):
        assert accounts.sync("emea")

    assert accounts.shown() == [("emea", 1), ("emea", 2)]
    told = [record.getMessage() for record in caplog.records if "shows apac no more" in record.getMessage()]
    [line] = told
    assert line.endswith("which the file does not name; its rows stay in chat_apac.users")


@pytest.mark.soak
@pytest.mark.xdist_group("postgres")
def test_accounts_in_one_view_of_postgres_collide_nowhere_and_fail_alone(accounts_in_postgres: Accounts) -> None:
    whole_story(accounts_in_postgres)


def test_a_full_refresh_that_fails_leaves_its_account_in_the_view(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert accounts.sync("emea")
    assert accounts.sync("apac")

    def full(*_: Any) -> None:
        assert accounts.shown() == [("apac", 1)]
        raise OSError("no space")

    monkeypatch.setattr(Reads, "_load", full)
    assert not accounts.sync("emea", {"full_refresh": True})

    assert accounts.shown() == [("apac", 1), ("emea", 1), ("emea", 2)]


def test_the_view_is_called_as_the_table_in_the_dataset_that_the_file_names(accounts: Accounts) -> None:
    accounts.more = {"dataset": "house"}

    assert accounts.sync("emea", table_name="people")
    assert accounts.sync("apac", table_name="people")

    described = describe_accounts(accounts.raw(table_name="people"), "chat").descriptions[0]
    assert described.as_account(None).dataset_name == "house"
    assert accounts.shown(table="people") == [("apac", 1), ("emea", 1), ("emea", 2)]
    # Another file may have the same dataset, and a resource of the same name.
    other = describe_accounts(accounts.raw(table_name="others"), "erp").descriptions[0]
    assert last_syncs(other, other.resources[0], settle_environment())["emea"][0] == "none"


def test_records_that_are_set_aside_are_in_a_view_of_their_own(accounts: Accounts) -> None:
    accounts.rows["apac"] = [{"id": 1}, {"id": None}]

    assert accounts.sync("apac")
    assert accounts.sync("emea")

    assert accounts.shown("account, page", "users__rejected") == [("apac", 1)]
    assert len(accounts.shown()) == 3


def test_a_table_under_the_views_name_is_told_and_stays(accounts: Accounts) -> None:
    assert accounts.sync("emea")
    described = describe_accounts(accounts.raw(), "chat").descriptions[0]
    folders, resource = settle_environment(), described.resources_in_full["users"]
    dataset = loaded_dataset(described.as_account(None), resource, folders)
    with own_settings(), dataset_rows(dataset, None) as rows:
        rows.client.execute_sql(f"DROP VIEW {rows.qualified('users')}")
        rows.client.execute_sql(f"CREATE TABLE {rows.qualified('users')} AS SELECT 'x' AS account, 9 AS id")

    with pytest.raises(MendDescription, match=r"the rows are loaded, and the view .*users of all accounts cannot be"):
        renew_views(described, resource, folders)
    assert not accounts.sync("apac")

    assert accounts.shown() == [("x", 9)]


def statement(accounts: Accounts, words: str) -> None:
    """Run a statement; `{}` is the view's name."""
    described = describe_accounts(accounts.raw(), "chat").descriptions[0]
    dataset = loaded_dataset(described.as_account(None), described.resources[0], settle_environment())
    with own_settings(), dataset_rows(dataset, None) as rows:
        rows.client.execute_sql(words.format(rows.qualified("users")))


def test_a_view_that_no_sync_made_is_told_and_stays(accounts: Accounts) -> None:
    assert accounts.sync("emea")
    statement(accounts, "DROP VIEW {}")
    statement(accounts, "CREATE VIEW {} AS SELECT 'x' AS account, 9 AS id")

    assert not accounts.sync("apac")

    assert accounts.shown() == [("x", 9)]
    assert "was not made by a sync" in accounts.missing["apac"]

    statement(accounts, "DROP VIEW {}")
    assert accounts.sync("emea")
    assert accounts.shown() == [("apac", 1), ("emea", 1), ("emea", 2)]


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("one", "other"),
    [({"a": 1}, "plain"), (9007199254740993, 1.5), (5, "2024-01-01T00:00:00Z"), (True, 7)],
)
def test_no_value_changes_where_accounts_have_a_column_of_several_types(
    accounts: Accounts, one: Any, other: Any
) -> None:
    accounts.rows |= {"emea": [{"id": 1, "x": one}], "apac": [{"id": 1, "x": other}]}

    assert accounts.sync("emea")
    assert accounts.sync("apac")

    shown = dict(accounts.shown("account, x"))
    assert {type(value) for value in shown.values()} == {str}
    assert shown["emea"].lower().replace(" ", "") == json.dumps(one).replace(" ", "")


@pytest.mark.xdist_group("postgres")
def test_a_view_of_postgres_that_is_in_the_way_of_a_table_is_named(accounts_in_postgres: Accounts) -> None:
    accounts = accounts_in_postgres
    assert accounts.sync("emea")
    statement(accounts, "CREATE VIEW public.mart AS SELECT * FROM {}")
    accounts.rows["emea"] = [{"id": 1, "score": "high"}]
    assert not accounts.sync("emea", {"full_refresh": True})
    assert "its table cannot be made anew while something is made of the view" in accounts.missing["emea"]
    assert not accounts.sync("emea")
    assert "mart are made of it" in accounts.missing["emea"]

    statement(accounts, "DROP VIEW public.mart")
    assert accounts.sync("emea")
    assert accounts.shown("account, id, score") == [("emea", 1, "high")]


def test_the_views_name_is_no_other_files(tmp_path: Path) -> None:
    words = "client: {base_url: 'https://a.example'}\ndataset: raw\nresources: [users]\n"
    for name, account in (("crm", "emea"), ("erp", "west")):
        (tmp_path / f"{name}.yaml").write_text(f"{words}accounts: [{account}]\naccount_column: account\n")
    (tmp_path / "plain.yaml").write_text(words)

    found = read_folders([tmp_path])

    assert [one.name for one in found.descriptions] == ["crm_emea"]
    assert all("its table users" in str(one) for one in found.broken.values()), found.broken


def test_a_view_under_a_tables_name_is_refused_before_the_load(accounts: Accounts) -> None:
    assert accounts.sync("emea")
    plain = {word: one for word, one in accounts.raw().items() if word not in ("accounts", "account_column")}
    [described] = describe_accounts(plain | {"settings": {"site": {"default": "apac"}}}, "chat").descriptions
    job = definitions_for(described).resolve_job_def("chat_sync")

    result = job.execute_in_process(instance=DagsterInstance.ephemeral(), raise_on_error=False)

    assert not result.success
    assert accounts.shown() == [("emea", 1), ("emea", 2)]


def test_the_columns_of_records_set_aside_are_known_to_the_check_of_files() -> None:
    assert tuple(_REJECTED_COLUMNS) == REJECTED_COLUMNS


def test_a_column_of_the_records_is_never_taken_for_the_accounts(accounts: Accounts) -> None:
    accounts.rows["emea"] = [{"id": 1, "account": "of the record"}]

    assert not accounts.sync("emea")

    assert accounts.missing["emea"].startswith(
        "failed: chat_emea.users: the rows of emea have a column account of their own; choose another account_column"
    )


def test_the_view_is_an_asset_below_those_of_all_accounts_and_is_there_once(accounts: Accounts) -> None:
    graph = definitions_for(accounts.raw(), name="chat").resolve_asset_graph()

    above = {AssetKey(["chat_emea", "users"]), AssetKey(["chat_apac", "users"])}
    assert graph.get(VIEW).parent_keys == above
    assert [key.name for key in graph.get(VIEW).check_keys] == ["every_account_is_synced"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"accounts": None}, "account_column: tells accounts apart, and there are none; name them"),
        ({"account_column": "page"}, "is a column that every table here has already"),
        ({"account_column": "A b"}, "account_column: "),
        ({"resource_defaults": {"columns": {"account": {"data_type": "text"}}}}, "is a column of users too"),
        ({"resource_defaults": {"nested": "tables"}}, "child tables would not be in the view of all accounts"),
    ],
)
def test_what_cannot_be_one_view_is_refused(change: dict[str, Any], expected: str) -> None:
    raw: dict[str, Any] = {"client": {"base_url": "https://a.example"}, "accounts": ["x"], "resources": ["users"]}

    with pytest.raises(InvalidDescription, match=expected):
        describe({**raw, "account_column": "account", **change}, "chat")
