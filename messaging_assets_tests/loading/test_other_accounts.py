"""A secret that is another account's asks for other rows, of which the mark says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from messaging_assets.assets.credentials import ApiCredentials, build_credentials
from messaging_assets.description.authentication import ApiKeyAuth
from messaging_assets.foundation.folders import settle_environment
from messaging_assets_tests.one_step import Done, alone
from messaging_assets_tests.one_table import RESOURCE, OneTable
from messaging_assets_tests.raw_server import answer, served

WORDS = "is another than at the last sync"
KEY = "GENERIC_REST__API_KEY"


class Tenants:
    """An API whose key says whose rows are asked for.

    Attributes:
        rows: what each key's account has: an id with a day of January.
        account_of: the account of a key, where it has several.
        leaves_out: whether rows at the start of a request are left out.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, int]] = {"tenant-one": {1: 1, 2: 5}, "tenant-two": {3: 2, 4: 5, 5: 7}}
        self.account_of, self.leaves_out = dict[str, str](), True

    def talk(self, connection: Any, path: str, number: int) -> None:
        """Answer a request."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        account, since = self.account_of.get(asked["api_key"], asked["api_key"]), asked.get("since", "")
        rows = [{"id": one, "at": f"2026-01-{day:02}T00:00:00Z"} for one, day in self.rows[account].items()]
        came = [row for row in rows if str(row["at"]) > since or (row["at"] == since and not self.leaves_out)]
        connection.sendall(answer({"data": came}))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tenants]:
    yield from served(Tenants(), monkeypatch)


def sync(table: OneTable, key: str, config: Any = None, **resource: Any) -> Done:
    incremental = {"cursor_path": "at", "start_param": "since"}
    endpoint = {"path": "/list", "data_selector": "data", "paginator": "single_page", "incremental": incremental}
    settle_environment()
    described = table.describe(**{"endpoint": endpoint, **resource})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY, key)
        return alone(described, RESOURCE, table.history, config=config)


def is_told(synced: Done) -> bool:
    assert synced.green, synced.error
    found = WORDS in synced.receipt["verdict_reason"]
    assert found == (synced.receipt["verdict"] == "unknown")
    return found


@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_a_key_of_another_account_is_told_of_and_read_anew_has_its_rows(
    one_table: OneTable, api: Tenants, disposition: str
) -> None:
    assert not is_told(sync(one_table, "tenant-one", write_disposition=disposition))
    assert not is_told(sync(one_table, "tenant-one"))
    assert is_told(sync(one_table, "tenant-two"))
    assert [row["id"] for row in one_table.rows()] == [1, 2, 5]
    assert not is_told(sync(one_table, "tenant-two"))
    # Whoever puts the former key back had a mark moved by other rows in between.
    assert is_told(sync(one_table, "tenant-one"))
    assert not is_told(sync(one_table, "tenant-two", config={"full_refresh": True}))
    assert [row["id"] for row in one_table.rows()] == [3, 4, 5]


def test_a_new_key_of_the_same_account_is_known_by_a_row_that_comes_again(one_table: OneTable, api: Tenants) -> None:
    api.account_of, api.leaves_out = {"rotated": "tenant-one"}, False
    assert not is_told(sync(one_table, "tenant-one"))
    assert not is_told(sync(one_table, "rotated"))
    # A row of the other account at the same moment is no such row.
    assert is_told(sync(one_table, "tenant-two"))


def test_a_new_key_whose_mark_is_kept_by_hand_is_not_asked_about(one_table: OneTable, api: Tenants) -> None:
    api.account_of = {"rotated": "tenant-one"}
    assert not is_told(sync(one_table, "tenant-one"))
    assert not is_told(sync(one_table, "rotated", config={"keep_mark": True}))
    assert not is_told(sync(one_table, "rotated"))


def test_a_token_that_is_another_at_each_sync_is_told_of_once(one_table: OneTable, api: Tenants) -> None:
    keys = ["token a", "token b", "token c", "token d", "token e"]
    api.account_of = dict.fromkeys(keys, "tenant-one")
    assert [is_told(sync(one_table, key)) for key in keys] == [False, True, False, False, False]


def test_new_tokens_are_told_of_once_though_some_have_one_byte(
    one_table: OneTable, api: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = iter(["0a", "0b", "0c", "0a", "0d", "0d", "0e"])
    monkeypatch.setattr(ApiCredentials, "asked_by", lambda *_: next(kept))
    assert [is_told(sync(one_table, "tenant-one")) for _ in range(7)] == [False, True, *[False] * 5]


def test_a_whole_list_needs_no_word_of_its_key(one_table: OneTable, api: Tenants) -> None:
    whole = {"path": "/list", "data_selector": "data", "paginator": "single_page"}
    assert not is_told(sync(one_table, "tenant-one", endpoint=whole))
    assert not is_told(sync(one_table, "tenant-two", endpoint=whole))
    assert [row["id"] for row in one_table.rows()] == [1, 2, 3, 4, 5]


def test_what_is_kept_of_a_key_is_one_byte(one_table: OneTable) -> None:
    described = one_table.describe()

    def kept(key: str) -> str:
        return build_credentials(described, {"api_key": key}).asked_by(described, described.resources)

    assert len(kept("tenant-one")) == 2
    assert kept("tenant-one") == kept("tenant-one") != kept("tenant-two")


def test_what_the_file_leaves_to_defaults_is_no_part_of_it(one_table: OneTable) -> None:
    class Newer(ApiKeyAuth):
        """As of the next version."""

        hint: str = "a default"

    described = one_table.describe()
    own = described.client.model_dump(exclude_unset=True)["auth"]
    newer = described.client.model_copy(update={"auth": Newer(**own)})
    kept = [
        build_credentials(described, {"api_key": "a"}).asked_by(one, one.resources)
        for one in (described, described.model_copy(update={"client": newer}))
    ]
    assert kept[0] == kept[1]
