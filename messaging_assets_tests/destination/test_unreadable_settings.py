"""Files of dlt's settings that cannot be read: which it is, and what to do, in one sentence without their values."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dlt.common.configuration.providers.toml import TomlProviderReadException

from messaging_assets.destination.unreadable_settings import refuse_broken_files, unreadable_setting
from messaging_assets.foundation.failures import MendSettings
from messaging_assets_tests.one_table import OneTable


@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_a_settings_file_that_is_no_toml_is_named_with_its_line_and_nothing_of_it(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(clean_room))
    folder = clean_room / ".dlt"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("[normalize]\nworkers = 1\n", encoding="utf-8")
    refuse_broken_files()
    (folder / name).write_text("[sources.chat]\napi_key = s3cret\n", encoding="utf-8")
    with pytest.raises(MendSettings, match=rf"\.dlt/{name}, line 2: this is not TOML") as refused:
        refuse_broken_files()
    assert "s3cret" not in str(refused.value)


def test_a_settings_file_with_a_byte_order_mark_is_told_so(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(clean_room))
    (clean_room / ".dlt").mkdir(exist_ok=True)
    (clean_room / ".dlt/secrets.toml").write_text('[sources.chat]\napi_key = "s3cret"\n', encoding="utf-8-sig")
    with pytest.raises(
        MendSettings, match=r"\.dlt/secrets\.toml: it begins with a byte order mark \(BOM\); save it as"
    ):
        refuse_broken_files()


def put_folder(path: Path) -> None:
    path.mkdir(parents=True)


def put_broken_link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("nowhere")


@pytest.mark.parametrize("put", [put_folder, put_broken_link])
@pytest.mark.parametrize("name", ["config.toml", "secrets.toml"])
def test_what_dlt_would_pass_over_in_the_place_of_its_settings_is_told(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch, name: str, put: Callable[[Path], None]
) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(clean_room))
    put(clean_room / ".dlt" / name)
    with pytest.raises(MendSettings, match=rf"^\.dlt/{name}: it is no file, so none of its settings is read; put its"):
        refuse_broken_files()


def test_no_sync_loads_elsewhere_than_the_settings_would_say_that_dlt_passes_over(one_table: OneTable) -> None:
    put_folder(Path(os.environ["DLT_PROJECT_DIR"]) / ".dlt/secrets.toml")

    failed = one_table.sync([{"id": 1}])

    assert ".dlt/secrets.toml: it is no file, so none of its settings is read" in failed.error
    assert one_table.sandbox.requests == []


def test_a_folder_of_settings_that_leads_nowhere_is_told(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(clean_room))
    put_broken_link(clean_room / ".dlt")
    with pytest.raises(MendSettings, match=r"^\.dlt: it is no folder, so none of its settings is read"):
        refuse_broken_files()


def test_settings_that_this_user_may_not_read_are_told_so(clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(clean_room))
    file = clean_room / ".dlt/secrets.toml"
    file.parent.mkdir()
    file.write_text("[sources]\n", encoding="utf-8")

    def closed(*args: Any, **kwargs: Any) -> str:
        raise PermissionError(13, "Permission denied")

    # For root no file is closed.
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", closed)
        with pytest.raises(
            MendSettings, match=r"secrets\.toml: it cannot be opened \(Permission denied\); let the user"
        ):
            refuse_broken_files()
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, mode: False)
        with pytest.raises(MendSettings, match=r"^\.dlt: it cannot be opened \(Permission denied\); let the user"):
            refuse_broken_files()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\ufeff[sources]\n", "config.toml begins with a byte order mark (BOM)"),
        ("[sources\n", "config.toml, line 1 is not TOML"),
        (None, "config.toml cannot be opened (Is a directory)"),
    ],
    ids=["mark", "broken", "closed"],
)
def test_a_file_of_the_users_home_that_dlt_cannot_read_is_told(clean_room: Path, text: str | None, told: str) -> None:
    file = clean_room / "config.toml"
    file.write_text(text, encoding="utf-8") if text else file.mkdir()
    found = unreadable_setting(TomlProviderReadException("config.toml", "config.toml", [str(file)], "at line 1"))
    assert found is not None
    assert f"{clean_room}/{told}" in found[0]


def test_a_level_of_the_log_that_is_none_is_named_with_its_place(
    clean_room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_PROJECT_DIR", str(clean_room))
    (clean_room / ".dlt").mkdir(exist_ok=True)
    (clean_room / ".dlt/config.toml").write_text('[runtime]\nlog_level = "info"\n', encoding="utf-8")
    with pytest.raises(MendSettings, match=r"\.dlt/config.toml: runtime.log_level .* in capitals"):
        refuse_broken_files()
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")  # which wins
    refuse_broken_files()
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "verbose")
    with pytest.raises(MendSettings, match=r"the environment: runtime\.log_level"):
        refuse_broken_files()
