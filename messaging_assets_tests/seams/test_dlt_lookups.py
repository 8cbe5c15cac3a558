"""dlt's lookups find what they would find without us, whoever sets it and whenever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import dlt
import pytest
from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.providers import ConfigTomlProvider
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.exceptions import DictValidationException
from dlt.common.schema import Schema
from dlt.common.schema.typing import TSimpleRegex

from messaging_assets.seams.dlt_contexts import Container
from messaging_assets.seams.dlt_lookups import shorten_lookups
from messaging_assets.seams.dlt_settings import own_settings

shorten_lookups()


@configspec
class Strangers(BaseConfiguration):
    """Settings of a pipeline that is not ours."""

    colour_of_rows: str = "none"


@pytest.fixture
def held() -> Iterator[None]:
    with own_settings():
        yield


def found() -> str:
    return resolve_configuration(Strangers(), sections=("sources", "other")).colour_of_rows


@pytest.mark.usefixtures("held")
def test_what_is_set_while_a_pipeline_of_ours_is_at_work_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found() == "none"
    monkeypatch.setenv("SOURCES__COLOUR_OF_ROWS", "red")
    assert found() == "red"
    in_thread: list[str] = []
    thread = threading.Thread(target=lambda: in_thread.append(found()))
    thread.start()
    thread.join()
    assert in_thread == ["red"]
    monkeypatch.delenv("SOURCES__COLOUR_OF_ROWS")
    assert found() == "none"


@pytest.mark.usefixtures("held")
def test_what_code_writes_into_the_settings_is_found() -> None:
    [config] = [one for one in asked() if isinstance(getattr(one, "_provider", None), ConfigTomlProvider)]
    with config.preserve():
        dlt.config["sources.other.colour_of_rows"] = "green"
        assert found() == "green"
    assert found() == "none"


@pytest.mark.usefixtures("held")
def test_a_provider_that_fetches_what_it_is_asked_for_is_asked() -> None:
    class Fetching(ConfigTomlProvider):
        """Has no settings of its own."""

        is_empty = False

        def get_value(self, key: str, hint: Any, pipeline_name: str | None, *sections: str) -> tuple[Any, str]:
            return "fetched" if key == "colour_of_rows" else None, key

    asked().append(Fetching("none"))
    try:
        assert found() == "fetched"
    finally:
        asked().pop()


def asked() -> list[Any]:
    """The providers that dlt asks."""
    return Container()[PluggableRunContext].providers.providers


def test_a_configuration_with_fields_of_its_own_way_has_as_many_as_it_says() -> None:
    class Fewer(Strangers):
        def __iter__(self) -> Iterator[str]:
            return iter(())

    assert len(Strangers()) == 1
    assert len(Fewer()) == 0


def test_hints_of_a_schema_are_checked_each_time_but_for_those_that_were_right() -> None:
    for _ in range(2):
        schema = Schema("one")
        schema.merge_hints({"not_null": [TSimpleRegex("re:^id$")]})
        assert "re:^id$" in str(schema.settings["default_hints"])
        with pytest.raises(DictValidationException):
            schema.merge_hints({"not_null": [TSimpleRegex("re:(")]})
