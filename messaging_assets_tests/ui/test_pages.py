"""The pages of the Dagster UI that a person looks at, filled by one real run; pictures of them for the eye."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from messaging_assets_tests.programs import CHECKOUT, environment, messaging_assets
from messaging_assets_tests.running_dagster import free_port, materialize_all, running_development, serving
from messaging_assets_tests.ui.browser import Browser, browser

# An API of a user's own, with what the shipped ones leave out.
CHAT = """\
client: {base_url: "https://api.example.com", auth: {type: api_key, name: api_key, location: query}}
resources:
  - name: messages
    description: Every message of the team.
    owners: ["team:content"]
    primary_key: id
    write_disposition: merge
    preview_rows: 3
    freshness: {warn_after: 2, fail_after: 24}
    endpoint: {path: v1/messages, data_selector: data, paginator: {type: offset, limit: 500}}
    columns:
      id: {data_type: text, nullable: false, description: The message's own key.}
      content: {data_type: text, sensitive: true, description: What was said.}
schedule: {cron: "0 6 * * *", switched_on: true}
"""
PICTURES = CHECKOUT / ".messaging_assets" / "pictures"
SECRETS = ("sandbox-key-", "sandbox-client")

pytestmark = [
    pytest.mark.ui,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs chromium and chromedriver (apt-get install chromium chromium-driver)",
    ),
]


def test_every_page_shows_what_a_person_looks_for(clean_room: Path) -> None:
    with running_development(clean_room) as address, browser(clean_room / "profile") as window:
        materialize_all(address)
        for page in (_graph, _asset, _checks, _resources, _automation, _run):
            text = page(window, address)
            assert not [secret for secret in SECRETS if secret in text]


def test_the_page_of_an_api_of_ones_own_shows_a_preview_and_its_freshness(
    clean_room: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clean_room / "apis").mkdir()
    (clean_room / "apis" / "chat.yaml").write_text(CHAT)
    own = environment(
        MESSAGING_ASSETS_APIS=str(clean_room / "apis"),
        CHAT__BASE_URL=f"{sandbox.url}/messaging",
        CHAT__API_KEY=sandbox.keys["messaging"],
    )
    del own["DAGSTER_HOME"]
    synced = messaging_assets("sync", "chat", env=own)
    assert synced.returncode == 0, synced.stderr
    port = free_port()
    command = [sys.executable, "-m", "messaging_assets.cli", "dev", "--port", str(port)]
    with (
        serving(command, f"http://127.0.0.1:{port}", clean_room / "dev.log", env=own) as address,
        browser(clean_room / "profile") as window,
    ):
        asset = f"{address}/assets/chat/messages"
        # Dagster's daemon looks at freshness every half minute.
        window.open(f"{asset}?view=overview", "Passing", "sensitive", "The load that brought the row", seconds=120)
        window.picture(PICTURES / "own_asset.png")
        window.open(f"{asset}?view=events", "messaging_assets/preview", "[Show Markdown]", "messaging_assets/seconds")
        window.picture(PICTURES / "own_events.png")
        text = window.press("[Show Markdown]", "msg_000001")
        window.picture(PICTURES / "own_preview.png")
    shown = [row["content"] for row in sandbox.rows("messaging", "messages")[:3]]
    assert "***" in text
    assert not [content for content in shown if content[:10] in text]


def _graph(window: Browser, address: str) -> str:
    text = window.open(f"{address}/asset-groups", "team_messaging", "messaging", "Materialize all")
    window.picture(PICTURES / "graph.png")
    one_api = f"{address}/locations/messaging_assets/asset-groups/team_messaging/lineage"
    text += window.open(one_api, "users", "channels", "6 / 6 Passed", "Materialized", "DuckDB", "dlt")
    window.picture(PICTURES / "graph_of_one_api.png")
    return text


def _asset(window: Browser, address: str) -> str:
    asset = f"{address}/assets/messaging/messages"
    text = window.open(f"{asset}?view=overview", "Every message", "2,500", "API file", "messaging_new_data")
    window.picture(PICTURES / "asset.png")
    text += window.open(
        f"{asset}?view=events", "messaging_assets/verdict", "read to the end", "messaging_assets/requests"
    )
    window.picture(PICTURES / "asset_events.png")
    return text


def _checks(window: Browser, address: str) -> str:
    checks = f"{address}/assets/messaging/messages?view=checks"
    text = window.open(checks, "id_is_unique", "id_is_not_null", "Succeeded")
    text += window.open(f"{checks}&checkDetail=sync_is_complete", "Every row the API had was read", "read to the end")
    window.picture(PICTURES / "checks.png")
    return text


def _resources(window: Browser, address: str) -> str:
    resources = f"{address}/locations/messaging_assets/resources"
    text = window.open(resources, "messaging_credentials", "team_messaging_credentials")
    window.picture(PICTURES / "resources.png")
    text += window.open(f"{resources}/messaging_credentials", "From MESSAGING__API_KEY in the environment")
    window.picture(PICTURES / "resource.png")
    return text


def _automation(window: Browser, address: str) -> str:
    text = window.open(f"{address}/automation", "messaging_schedule", "messaging_new_data", "Every 15 minutes")
    window.picture(PICTURES / "automation.png")
    location = f"{address}/locations/messaging_assets"
    text += window.open(f"{location}/sensors/messaging_new_data", "Asks messaging")
    window.picture(PICTURES / "sensor.png")
    text += window.open(f"{location}/jobs/team_messaging_sync", "answers the checks", "users", "channels")
    window.picture(PICTURES / "job.png")
    return text


def _run(window: Browser, address: str) -> str:
    text = window.open(f"{address}/runs", "Success")
    window.picture(PICTURES / "runs.png")
    return text
