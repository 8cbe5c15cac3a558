"""Secrets that are handed over in Python reach the API, and nothing that Dagster keeps or shows."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest
from dagster import EnvVar, serialize_value
from dagster._core.remote_representation.external_data import RepositorySnap

from messaging_assets import definitions_for
from messaging_assets.assets.credentials import build_credentials
from messaging_assets.files.api_files import describe
from messaging_assets.foundation.failures import MendDescription, SetSecret

# Nothing but the test opens the file.
pytestmark = pytest.mark.usefixtures("open_database")

VALUE = "value-of-Python-77"


def test_a_value_given_in_python_is_sent_and_kept_in_no_snapshot_event_or_file(
    sandbox: Any, dagster_instance: Any, clean_room: Path
) -> None:
    sandbox.keys["messaging"] = VALUE
    endpoint = {"path": "messages", "data_selector": "data", "paginator": {"type": "offset", "limit": 500}}
    raw = {
        "client": {
            "base_url": f"{sandbox.url}/messaging/v1",
            "auth": {"type": "api_key", "name": "api_key", "location": "query"},
        },
        "resources": [{"name": "messages", "primary_key": "id", "write_disposition": "merge", "endpoint": endpoint}],
    }
    definitions = definitions_for(raw, name="messaging", credentials={"api_key": VALUE})
    job = definitions.resolve_job_def("messaging_sync")
    assert job.execute_in_process(instance=dagster_instance, raise_on_error=False).success
    assert VALUE not in serialize_value(RepositorySnap.from_def(definitions.get_repository_def()))
    assert VALUE not in repr(definitions.resources)
    assert [path for path in clean_room.rglob("*") if path.is_file() and VALUE.encode() in _unpacked(path)] == []


def _unpacked(path: Path) -> bytes:
    """A file's bytes; of a database of Dagster's, what it holds compressed too."""
    held = path.read_bytes()
    if path.suffix != ".db":
        return held
    with sqlite3.connect(path) as database:
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for name in names:
            for row in database.execute(f'select * from "{name}"'):
                for value in row:
                    if isinstance(value, bytes):
                        try:
                            held += zlib.decompress(value)
                        except zlib.error:
                            held += value
    database.close()
    return held


def test_an_environment_variable_of_ones_own_stays_dagsters(monkeypatch: pytest.MonkeyPatch) -> None:
    api = describe({"client": {"base_url": "https://a.example", "auth": "bearer"}, "resources": ["m"]}, "chat")
    monkeypatch.setenv("OF_OURS", VALUE)
    credentials = build_credentials(api, {"token": EnvVar("OF_OURS")})
    assert credentials.held == {}
    assert credentials.process_config_and_initialize().look_up("chat", "token") == VALUE
    assert build_credentials(api, {"token": VALUE}).process_config_and_initialize().look_up("chat", "token") == VALUE


def test_a_field_that_no_way_of_authentication_has_is_refused_without_its_value() -> None:
    api = describe({"client": {"base_url": "https://a.example", "auth": "bearer"}, "resources": ["m"]}, "chat")
    with pytest.raises(MendDescription, match="credentials has no field tokn; allowed: token, base_url") as caught:
        build_credentials(api, {"tokn": VALUE})
    assert VALUE not in str(caught.value)


@pytest.mark.parametrize(
    "written", ["true", "1.10", "2025-01-01", "['value-of-Python-77']", "{value = 'value-of-Python-77'}"]
)
def test_a_value_of_dlts_secrets_that_is_no_text_is_refused_without_it(clean_room: Path, written: str) -> None:
    api = describe({"client": {"base_url": "https://a.example", "auth": "bearer"}, "resources": ["m"]}, "chat")
    file = clean_room / "project/.dlt/secrets.toml"
    file.parent.mkdir()
    file.write_text(f"[sources.chat]\ntoken = {written}\n", encoding="utf-8")
    with pytest.raises(SetSecret, match=r"^token under \[sources.chat\] in .* is no text; write it there in") as told:
        build_credentials(api).look_up("chat", "token")
    assert build_credentials(api).sendable("chat", "token") is None
    assert build_credentials(api).all_secrets(api) == []
    assert VALUE not in str(told.value)


def test_a_value_of_dlts_secrets_may_be_a_whole_number(clean_room: Path) -> None:
    api = describe({"client": {"base_url": "https://a.example", "auth": "bearer"}, "resources": ["m"]}, "chat")
    file = clean_room / "project/.dlt/secrets.toml"
    file.parent.mkdir()
    file.write_text("[sources.chat]\ntoken = 1234567890\n", encoding="utf-8")
    assert build_credentials(api).look_up("chat", "token") == "1234567890"
