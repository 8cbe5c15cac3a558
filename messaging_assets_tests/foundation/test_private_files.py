"""The project's own folder: of this user alone, and where the system refuses it, one sentence."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from messaging_assets.cli import main
from messaging_assets.foundation.failures import UnusableFolder
from messaging_assets.foundation.folders import ProjectFolders
from messaging_assets.foundation.private_files import make_private, read_private, unusable, write_private
from messaging_assets.http.pacing import Pacing
from messaging_assets.loading.kept_receipt import KeptReceipt, ReceiptFile
from messaging_assets.loading.sync_lock import only_sync_of
from messaging_assets.reading.receipt import Finding, ReadResult, Verdict

CHAT = "client: {base_url: 'http://127.0.0.1:9'}\nresources: [users]\n"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_the_project_keeps_can_be_read_by_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folders = ProjectFolders(tmp_path / "home").make()
        Pacing(folders.pace / "chat", 1000).pass_through()
        ReceiptFile(folders.pipelines, "chat__users", "1", "asked").write(
            KeptReceipt(["1"], ReadResult(Finding(Verdict.READ_TO_THE_END, "")), {})
        )
        with only_sync_of("chat.users", folders.locks, "chat__users"):
            pass
    finally:
        os.umask(before)
    modes = {path.name: mode(path) for path in folders.state.rglob("*") if path.is_file()}
    assert len(modes) == 6
    assert set(modes.values()) == {0o600}
    assert {mode(path) for path in (folders.state, *folders.state.rglob("*")) if path.is_dir()} == {0o700}


@pytest.mark.parametrize("permissions", [0o777, 0o755, 0o710, 0o704])
def test_a_folder_that_is_open_to_others_is_closed(
    tmp_path: Path, permissions: int, caplog: pytest.LogCaptureFixture
) -> None:
    state = ProjectFolders(tmp_path).state
    state.mkdir()
    state.chmod(permissions)
    ProjectFolders(tmp_path).make()
    assert mode(state) == 0o700
    assert "was open to other users" in caplog.text


@pytest.mark.parametrize(("most", "is_enough"), [(32, False), (40, True), (-1, True)])
def test_a_process_that_may_open_too_few_files_for_a_sync_is_told_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, is_enough: bool
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda of: (most, most))
    if is_enough:
        ProjectFolders(tmp_path).make()
        return
    with pytest.raises(UnusableFolder, match=r"only 32 files open at once, .* such as by ulimit -n 1024\.$"):
        ProjectFolders(tmp_path).make()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_private(tmp_path / "ours")
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with pytest.raises(UnusableFolder, match="belongs to another user"):
        make_private(tmp_path / "ours")


def test_nothing_is_written_or_read_through_a_link(tmp_path: Path) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link"
    elsewhere.write_text("theirs")
    link.symlink_to(elsewhere)
    with pytest.raises(UnusableFolder, match="a link stands in its place"):
        write_private(link, "ours")
    with pytest.raises(OSError, match="symbolic links"):
        read_private(link)
    assert elsewhere.read_text() == "theirs"


@pytest.mark.parametrize("name", ["chat__users.lock", "chat__users.pid"])
def test_a_lock_is_not_taken_through_a_link(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(UnusableFolder, match="remove it"),
        only_sync_of("chat.users", tmp_path, "chat__users"),
    ):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_was_open_is_closed_when_it_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "chat").write_text("old")
    (tmp_path / "chat").chmod(0o666)
    write_private(tmp_path / "chat", "new")
    assert (mode(tmp_path / "chat"), read_private(tmp_path / "chat")) == (0o600, "new")


def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What `sync` prints, which has to be no more than a sentence."""
    (tmp_path / "chat.yaml").write_text(CHAT)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    done = CliRunner().invoke(main, ["sync", str(tmp_path / "chat.yaml"), *words])
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit), done.exc_info
    assert done.stderr.count("\n") == 1
    return str(done.output)


def test_a_file_in_the_folders_place_is_told(tmp_path: Path, clean_room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (clean_room / "messaging_assets" / ".messaging_assets").write_text("")
    assert "a file stands in the folder's place; move it away" in told(tmp_path, monkeypatch)
    assert '"is_right": false' in told(tmp_path, monkeypatch, "--json")


def test_a_home_that_is_no_folder_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGING_ASSETS_HOME", os.devnull)
    assert "a file stands in a folder's place; move it away" in told(tmp_path, monkeypatch)


def test_a_folder_of_dagsters_that_refuses_is_told_by_its_own_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    refused = PermissionError(13, "Permission denied")
    assert "let DAGSTER_HOME name a folder" in str(unusable(tmp_path / "dagster" / "history", refused))
    assert "let MESSAGING_ASSETS_HOME name a folder" in str(unusable(tmp_path / "locks", refused))


@pytest.mark.parametrize(
    ("number", "step"),
    [(28, "free some space on its disk"), (30, "let MESSAGING_ASSETS_HOME name a folder that this user can write to")],
)
def test_a_disk_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert step in told(tmp_path, monkeypatch)


def test_a_hold_ends_on_time_whatever_the_wall_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (Pacing(tmp_path / "pace" / "chat", 1000) for _ in range(2))
    first.hold(0.2)
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert 0.1 < second.pass_through() < 5


@pytest.mark.parametrize("kept", ["1e12", "1e12 0 1e12", "1e12 0 0", "0 1e12 0", "never", "nan nan nan", "inf 0 0"])
def test_a_moment_of_another_clock_holds_nobody(tmp_path: Path, kept: str) -> None:
    pacing = Pacing(tmp_path / "pace" / "chat", 1000)
    (tmp_path / "pace" / "chat").write_text(kept)
    assert pacing.pass_through() < 1


def test_a_path_that_the_locale_cannot_read_is_refused_with_what_to_set(tmp_path: Path) -> None:
    make_private(tmp_path / "gr\u00f6\u00dfe")
    with pytest.raises(UnusableFolder, match="PYTHONUTF8=1") as refused:
        make_private(tmp_path / os.fsdecode("gr\u00f6\u00dfe".encode("latin-1")))
    assert str(refused.value).isprintable()
