from __future__ import annotations

import os
import socket
from pathlib import Path

import dlt
import pytest

OUTSIDE = "192.0.2.1"  # reserved for documentation (RFC 5737)
pytest_plugins = ["pytester"]


def test_loopback_is_open(outside_connections: list[str]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()
    assert outside_connections == []


def test_an_outside_address_is_refused(outside_connections: list[str]) -> None:
    with socket.socket() as sock:
        for connect in (sock.connect, sock.connect_ex):
            with pytest.raises(RuntimeError, match=f"only talk to loopback, not to {OUTSIDE}; use the sandbox"):
                connect((OUTSIDE, 80))
    assert outside_connections == [OUTSIDE, OUTSIDE]
    outside_connections.clear()


def test_an_outside_name_is_not_looked_up(outside_connections: list[str]) -> None:
    with pytest.raises(RuntimeError, match=r"not to api\.example\.com"):
        socket.create_connection(("api.example.com", 443), timeout=1)
    assert outside_connections == ["api.example.com"]
    outside_connections.clear()


def test_a_name_that_cannot_exist_fails_as_everywhere(outside_connections: list[str]) -> None:
    with pytest.raises(socket.gaierror):
        socket.create_connection(("api.invalid", 443), timeout=1)
    assert outside_connections == []


def test_an_attempt_that_the_code_swallowed_still_fails_its_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest((Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        f"""
        import contextlib, socket

        def test_swallowed():
            with socket.socket() as sock, contextlib.suppress(Exception):
                sock.connect(("{OUTSIDE}", 80))

        def test_at_home():
            with socket.socket() as sock:
                assert sock.connect_ex(("127.0.0.1", 1)) != 0
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"*tried to leave loopback: {OUTSIDE}*"])


def test_of_a_sampled_test_as_many_cases_run_as_it_says_and_a_soak_has_the_others(pytester: pytest.Pytester) -> None:
    pytester.makeconftest((Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.sampled
        @pytest.mark.parametrize("number", range(6))
        def test_one(number): pass

        @pytest.mark.sampled(2)
        @pytest.mark.parametrize("number", [*range(5), pytest.param(5, marks=pytest.mark.soak)])
        def test_two(number): pass

        @pytest.mark.parametrize("number", range(4))
        def test_all(number): pass
        """
    )
    pytester.runpytest_inprocess("-m", "not soak").assert_outcomes(passed=1 + 2 + 4, deselected=9)
    pytester.runpytest_inprocess("-m", "soak").assert_outcomes(passed=9, deselected=7)


@pytest.mark.parametrize("visit", ["first", "second"])
def test_nothing_outlives_a_test(visit: str, clean_room: Path) -> None:
    """Each visit leaves behind what it must not find: a variable, a configuration read, a pipeline."""
    assert Path.cwd() == clean_room
    assert "LEFT_BEHIND" not in os.environ
    assert dlt.config.get("visit") is None
    assert dlt.pipeline().pipeline_name != "left_behind"
    os.environ["LEFT_BEHIND"] = os.environ["VISIT"] = visit
    assert dlt.config.get("visit") == visit
    dlt.pipeline("left_behind")


def test_dlt_reads_the_project_folder_of_the_test(clean_room: Path) -> None:
    (clean_room / "project" / ".dlt").mkdir()
    (clean_room / "project" / ".dlt" / "config.toml").write_text('visit = "from the file"\n')
    assert dlt.config.get("visit") == "from the file"
    assert Path(dlt.pipeline("somewhere").working_dir).is_relative_to(clean_room / "dlt")
