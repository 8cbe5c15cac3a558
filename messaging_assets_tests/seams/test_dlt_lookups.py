"""dlt finds every setting that there is, and does not look for the others in every section."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration import configspec
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.typing import TSecretStrValue

from messaging_assets.seams.dlt_contexts import Container
from messaging_assets.seams.dlt_settings import own_settings
from messaging_assets_tests.conftest import forget_dlt_contexts


@configspec
class Inner(BaseConfiguration):
    depth: int = 1


@configspec
class Some(BaseConfiguration):
    colour: str = "grey"
    size: int | None = None
    word: TSecretStrValue | None = None
    inner: Inner | None = None


@configspec
class Needed(BaseConfiguration):
    must_be_set: str = None  # type: ignore[assignment]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the environment was asked for."""
    asked: list[str] = []
    get_value = EnvironProvider.get_value

    def counted(self: EnvironProvider, key: str, *more: Any) -> Any:
        asked.append(key)
        return get_value(self, key, *more)

    monkeypatch.setattr(EnvironProvider, "get_value", counted)
    return asked


def found() -> Some:
    with own_settings():
        return resolve_configuration(Some(), sections=("sources", "an_api"), accept_partial=True)


def test_what_nobody_has_set_is_its_default_and_no_secret_is_skipped(asked: list[str]) -> None:
    settings = found()
    assert (settings.colour, settings.size) == ("grey", None)
    assert {"colour", "size", "word", "depth"} & set(asked) == {"word"}


@pytest.mark.parametrize("name", ["SIZE", "SOURCES__SIZE", "SOURCES__AN_API__SIZE"])
def test_a_variable_of_any_section_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "7")
    assert found().size == 7


@pytest.mark.parametrize("file", ["config.toml", "secrets.toml"])
@pytest.mark.parametrize("section", ["", "[sources]", "[sources.an_api]"])
def test_a_line_of_any_section_is_found(
    file: str, section: str, clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(os.environ["DLT_PROJECT_DIR"], ".dlt")
    folder.mkdir()
    (folder / file).write_text(f"{section}\ncolour = 'red'\n")
    forget_dlt_contexts(monkeypatch, clean_room / "dlt")
    assert found().colour == "red"


def test_a_field_of_a_configuration_inside_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__AN_API__INNER__DEPTH", "4")
    inner = found().inner
    assert inner is not None
    assert inner.depth == 4


def test_what_is_set_between_two_steps_of_ours_is_found_by_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with own_settings():
        assert found().size is None
        monkeypatch.setenv("SIZE", "7")
        assert found().size == 7


def test_a_provider_whose_names_nobody_knows_is_asked_for_everything(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Vault(EnvironProvider):
        pass

    providers = Container()[PluggableRunContext].providers
    monkeypatch.setattr(providers, "providers", [Vault()])
    found()
    assert {"colour", "size"} <= set(asked)


def test_a_field_that_must_be_set_is_told_with_where_it_was_looked_for() -> None:
    with own_settings(), pytest.raises(ConfigFieldMissingException, match="SOURCES__AN_API__MUST_BE_SET"):
        resolve_configuration(Needed(), sections=("sources", "an_api"))


def test_without_our_settings_everything_is_looked_up_as_dlt_does(asked: list[str]) -> None:
    resolve_configuration(Some(), accept_partial=True)
    assert {"colour", "size"} <= set(asked)
