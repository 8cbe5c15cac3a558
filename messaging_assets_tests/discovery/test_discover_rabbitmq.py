"""discover and check against a server that nobody here wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dagster import materialize

from messaging_assets.assets.credentials import build_credentials, credentials_key
from messaging_assets.assets.resource_asset import build_assets
from messaging_assets.cli import check
from messaging_assets.cli.written import discover
from messaging_assets.destination.pipelines import build_pipeline
from messaging_assets.files.api_files import read_file
from messaging_assets.foundation.folders import settle_environment
from messaging_assets.seams.dagster_dlt import DagsterDltResource
from messaging_assets_tests.rabbitmq import PASSWORD, USER, missing, running_node

LISTS = ("queues", "exchanges", "permissions", "users")


@pytest.mark.soak
@pytest.mark.skipif(missing() is not None, reason=str(missing()))
@pytest.mark.minutes
def test_a_brokers_lists_are_found_checked_and_loaded_whole(
    tmp_path: Path, dagster_instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER__USERNAME", USER)
    monkeypatch.setenv("BROKER__PASSWORD", PASSWORD)
    file = tmp_path / "broker.yaml"
    (tmp_path / "node").mkdir()
    with running_node(tmp_path / "node") as node:
        node.wait_for_statistics()
        paths = [word for name in LISTS for word in ("--path", f"/{name}")]
        address = ["--base-url", f"{node.base_url}/api", "--auth", "http_basic"]
        found = CliRunner().invoke(discover.command, [*address, *paths, "-o", str(file)])
        assert found.exit_code == 0, found.output
        checked = CliRunner().invoke(check.command, [str(file)])
        assert checked.exit_code == 0, checked.output
        description = read_file(file)
        resources = description.resources_in_full
        assert {name: set(one.keys) for name, one in resources.items()} == {
            "queues": {"vhost", "name"},
            "exchanges": {"vhost", "name"},
            "permissions": {"vhost", "user"},
            "users": {"name"},
        }
        assert resources["queues"].endpoint.params == {"page_size": 500}
        assert resources["users"].columns["password_hash"].sensitive
        settle_environment()
        given = {"dlt": DagsterDltResource(), credentials_key("broker"): build_credentials(description)}
        result = materialize(build_assets(description), instance=dagster_instance, resources=given)
        assert result.success
        assert all(one.passed for one in result.get_asset_check_evaluations() if one.check_name != "sync_is_complete")
        for name, resource in resources.items():
            with build_pipeline(description, resource, settle_environment()).sql_client() as client:
                [[rows]] = client.execute_sql(f"SELECT count(*) FROM {name}") or []
            assert rows == len(node.rows(name)), name
