"""One budget and one hold over several machines: here each has a folder, and so a local gate, of its own."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from messaging_assets.foundation.failures import MendSettings
from messaging_assets.http.pace.gate import GATE_VARIABLE, Gate, gate_of
from messaging_assets.http.pacing import Pacing


@pytest.fixture(params=["postgres", "redis_server"])
def server(request: pytest.FixtureRequest) -> Any:
    """The server that all machines look into."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def address(server: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    found: str = server.new_database()
    monkeypatch.setenv(GATE_VARIABLE, found)
    return found


@pytest.fixture
def machines(clean_room: Path, address: str) -> Any:
    found = [gate_of(clean_room / name / "pace" / "chat") for name in ("one", "two")]
    yield found
    for gate in found:
        gate.close()


def moments_of(gates: list[Gate], pause: float, number: int) -> list[float]:
    """When so many requests may leave that ask at once, each at another machine than the one before."""
    return [gates[turn % len(gates)].turn(pause) + time.monotonic() for turn in range(number)]


@pytest.mark.xdist_group("killed-postgres")
def test_two_machines_share_one_budget(machines: list[Gate]) -> None:
    moments = moments_of(machines, 10, 8)
    # A round trip is part of what this clock sees, so a turn may look early by as much.
    assert [round((one - moments[0]) / 10) for one in moments] == list(range(8))
    assert gate_of(None).turn(10) == 0


@pytest.mark.xdist_group("killed-postgres")
def test_a_hold_of_one_machine_is_all_machines_with_a_budget_and_without(machines: list[Gate]) -> None:
    one, two = machines
    assert two.held() <= 0
    one.hold(100)
    one.hold(20)
    for gate in machines:
        assert 50 < gate.held() <= 100
    assert 50 < two.turn(0.01) <= 100


@pytest.mark.xdist_group("killed-postgres")
def test_another_api_is_not_held(machines: list[Gate], clean_room: Path) -> None:
    machines[0].hold(100)
    other = gate_of(clean_room / "one" / "pace" / "alarms")
    assert other.held() <= 0
    assert other.turn(10) <= 0
    other.close()


class Clock:
    """Waits in no time, and lets something happen at the first wait."""

    def __init__(self, meanwhile: Any) -> None:
        self.waits: list[float] = []
        self._meanwhile = meanwhile

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        if len(self.waits) == 1:
            self._meanwhile()
        return len(self.waits) > 1


def test_who_waits_for_a_turn_when_the_api_asks_to_be_left_alone_waits_behind_the_hold(tmp_path: Path) -> None:
    other = Pacing(tmp_path / "pace" / "chat", 0.1)
    other.pass_through()
    clock = Clock(lambda: other.hold(100))
    Pacing(tmp_path / "pace" / "chat", 0.1, clock).pass_through()  # type: ignore[arg-type]
    assert clock.waits[0] <= 10
    assert 50 < clock.waits[1] <= 110


def test_a_hold_is_the_whole_machines_without_a_budget_too(tmp_path: Path) -> None:
    Pacing(tmp_path / "pace" / "chat", None).hold(100)
    assert 50 < gate_of(tmp_path / "pace" / "chat").held() <= 100


@pytest.mark.xdist_group("killed-postgres")
def test_a_server_that_is_away_leaves_this_machines_gate_and_one_warning_without_its_password(
    clean_room: Path, server: Any, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate = gate_of(clean_room / "pace" / "chat")
    gate.turn(10)
    server.allow_connections(address, False)
    assert gate.turn(10) <= 0, "the local gate begins anew"
    gate.hold(100)
    assert gate.held() > 50
    assert len(caplog.messages) == 1
    assert "budget and holds are those of this machine alone" in caplog.text
    assert not [word for word in ("unasked", "the-password") if word in caplog.text]

    server.allow_connections(address, True)
    monkeypatch.setattr(gate, "_asked_again", 0.0)
    assert 5 < gate.turn(10) <= 100, "the hold of this machine counts on, and the server's row too"
    assert len(caplog.messages) == 1
    gate.close()


@pytest.mark.xdist_group("killed-postgres")
def test_a_connection_that_was_cut_is_made_anew_without_a_word(
    machines: list[Gate], server: Any, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    machines[0].turn(10)
    server.allow_connections(address, False)
    server.allow_connections(address, True)
    assert machines[0].turn(10) > 5
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("mysql://:the-password@cache/0", "it is no address of PostgreSQL or Redis"),
        ("redis://:the-password@cache:port/0", "it cannot be read"),
        ("postgresql://loader:the-password@db:port:5/x?[", "it cannot be read"),
    ],
)
def test_a_setting_that_is_no_address_is_refused_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, said: str
) -> None:
    monkeypatch.setenv(GATE_VARIABLE, setting)
    with pytest.raises(MendSettings, match=f"^{GATE_VARIABLE}: {said}; write postgresql://") as refused:
        gate_of(tmp_path / "chat")
    assert "the-password" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("address", "driver", "extra"), [("postgresql://db/x", "psycopg2", "postgres"), ("rediss://db/0", "redis", "redis")]
)
def test_a_driver_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, driver: str, extra: str
) -> None:
    monkeypatch.setenv(GATE_VARIABLE, address)
    monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.delitem(sys.modules, f"messaging_assets.http.pace.{extra}_turns", raising=False)
    with pytest.raises(MendSettings, match=rf"pip install 'messaging_assets\[{extra}\]'"):
        gate_of(tmp_path / "chat")
