"""Where the turns of an API's requests are kept, by one setting."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from messaging_assets.foundation.failures import MendSettings
from messaging_assets.http.pace.own_gate import OwnGate
from messaging_assets.http.pace.shared_gate import SharedGate, Turns

GATE_VARIABLE = "MESSAGING_ASSETS_GATE"
_WRITE = "write postgresql://user:password@host/database, or redis://user:password@host/0"


class Gate(Protocol):
    """Who may ask an API next. All times are seconds from now."""

    def turn(self, pause: float) -> float:
        """Take the next turn, behind which no other comes for `pause`; returns when it is."""
        ...

    def held(self) -> float:
        """How long the API is to be left alone; zero or less if it is not."""
        ...

    def hold(self, seconds: float) -> None:
        """Leave the API alone."""
        ...

    def close(self) -> None:
        """Let go what it holds open."""
        ...


def gate_of(file: Path | None) -> Gate:
    """The gate of an API: of all machines where `MESSAGING_ASSETS_GATE` says so, else of this one.

    Args:
        file: the gate's file on this machine, named as the API; None for a gate of this object alone.

    Raises:
        MendSettings: the variable cannot be used.
    """
    own = OwnGate(file)
    address = os.environ.get(GATE_VARIABLE)
    return SharedGate(_turns(address, file.name), own, file.name, GATE_VARIABLE) if address and file else own


def _turns(address: str, api: str) -> Turns:
    """The server that an address is of, once its driver has understood it.

    Raises:
        MendSettings: there is no driver, or the address is of no such server.
    """
    scheme = address.partition("://")[0]
    extra = {"postgresql": "postgres", "postgres": "postgres", "redis": "redis", "rediss": "redis"}.get(scheme)
    if extra is None:
        raise MendSettings("it is no address of PostgreSQL or Redis", _WRITE, where=GATE_VARIABLE)
    try:
        # Imported late: their drivers are extras.
        if extra == "postgres":
            from messaging_assets.http.pace.postgres_turns import PostgresTurns

            return PostgresTurns(address, api)
        from messaging_assets.http.pace.redis_turns import RedisTurns

        return RedisTurns(address, api)
    except ImportError:
        wanted = f"pip install 'messaging_assets[{extra}]'"
        raise MendSettings("its driver is not installed", wanted, where=GATE_VARIABLE) from None
    except ValueError:
        # Its text may hold the address, password and all.
        raise MendSettings("it cannot be read", _WRITE, where=GATE_VARIABLE) from None
