"""The turns of an API's requests as a hash of Redis: one script, one round trip, the server's clock."""

from __future__ import annotations

from contextlib import suppress

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# Moments are whole microseconds, which Redis gives back unchanged; a number with a point would be cut. A hash that no
# request can need any more goes by itself.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local free = tonumber(redis.call('HGET', KEYS[1], 'free_at') or 0)
local held = tonumber(redis.call('HGET', KEYS[1], 'held_until') or 0)
if ARGV[1] == 'held' then
  return held - now
end
local turn = now
if ARGV[1] == 'turn' then
  turn = math.max(now, free, held)
  free = turn + ARGV[2]
else
  held = math.max(held, now + ARGV[2])
end
redis.call('HSET', KEYS[1], 'free_at', string.format('%.0f', free), 'held_until', string.format('%.0f', held))
redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(free, held) - now) / 1000) + 1000)
return turn - now
"""
_MICROSECONDS = 1_000_000


class RedisTurns:
    """See Turns.

    Args:
        address: of the server, and the number of its database.
        api: the API's name.

    Raises:
        ValueError: the address cannot be read.
    """

    refusals: tuple[type[Exception], ...] = (redis.RedisError,)

    def __init__(self, address: str, api: str) -> None:
        # Who asks it tries again, once and at once. The older protocol needs no words before the first question.
        never = Retry(NoBackoff(), 0)
        self._client = redis.Redis.from_url(
            address, socket_timeout=5, socket_connect_timeout=5, retry=never, protocol=2, max_connections=1
        )
        self._script = self._client.register_script(_SCRIPT)
        self._key = f"messaging_assets:pace:{api}"
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """See Turns."""
        return self._is_open

    def turn(self, pause: float) -> float:
        """See Turns."""
        return self._run("turn", pause)

    def held(self) -> float:
        """See Turns."""
        return self._run("held")

    def hold(self, seconds: float) -> float:
        """See Turns."""
        return self._run("hold", seconds)

    def close(self) -> None:
        """See Turns."""
        self._is_open = False
        with suppress(redis.RedisError):
            self._client.close()

    def _run(self, what: str, seconds: float = 0.0) -> float:
        found = self._script(keys=[self._key], args=[what, round(seconds * _MICROSECONDS)])
        self._is_open = True
        return int(found) / _MICROSECONDS
