"""What the tests of the sensor and of what it asks an API watch."""

from __future__ import annotations

import pytest
from dagster import DagsterInstance

from messaging_assets.sandbox import Sandbox
from messaging_assets_tests.watch import Watch, one_resource, team_chat


@pytest.fixture
def messages(known_sandbox: Sandbox, dagster_instance: DagsterInstance) -> Watch:
    """One resource, and what its sensor does."""
    return Watch(one_resource(), dagster_instance)


@pytest.fixture
def team(known_sandbox: Sandbox, dagster_instance: DagsterInstance) -> Watch:
    """An API of three resources, and what its sensor does."""
    return Watch(team_chat(), dagster_instance)
