"""Throttles that hold for several servers together, by a Redis or Valkey that all of them reach.

No request waits for it. Each server takes tokens from its own buckets, tells Redis ten times a second how many it took,
and goes on with what all of them left. Between two tellings servers may together take more than there is; then less
than nothing is left, and nobody gets a token until that is made up for. So over any longer time the limit holds. While
Redis does not answer, each server counts alone, as if nothing was shared.
"""

import asyncio
import contextlib
from collections.abc import Callable
from time import monotonic
from typing import Any

from mainline import backoff
from mainline.declared.service import Shared
from mainline.serving.answering.keys import Bucket, Keys
from mainline.serving.common import redis_access
from mainline.serving.logs import say, warn

SECONDS = 0.1
"""Between two tellings."""
SILENT = 1.0
"""Seconds after which Redis is away."""
EACH = 10
"""Rounds in one of which a key is asked about although nobody uses it here."""
LOOKED, MOST = 5_000, 500
"""Keys that one telling looks at, and those that it is about; with more, a round takes several tellings."""
LONGEST = 5.0
"""Seconds between two tries while it is away."""

_SCRIPT = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local left = {}
for place, key in ipairs(KEYS) do
    local taken, rate, burst = ARGV[3 * place - 2], tonumber(ARGV[3 * place - 1]), tonumber(ARGV[3 * place])
    local held = redis.call('HMGET', key, 'tokens', 'at')
    local tokens, at = tonumber(held[1] or burst), tonumber(held[2] or now)
    tokens = math.min(burst, tokens + math.max(0, now - at) * rate) - tonumber(taken)
    if taken ~= '0' or at > now then
        redis.call('HSET', key, 'tokens', string.format('%.6f', tokens), 'at', string.format('%.6f', now))
        redis.call('PEXPIRE', key, math.ceil(math.min((burst - tokens) / rate, 8640000) * 1000) + 60000)
    end
    left[place] = string.format('%.6f', tokens)
end
return left
"""
"""Takes tokens from the bucket of each key, by the clock of Redis; a bucket that is full again is not kept.

If the clock was set back, as by a failover to a replica that is behind, tokens come back from there on; else an empty
bucket would stay so until the clock is where it was.
"""


class SharedThrottle:
    """The exchange with Redis."""

    def __init__(self, declared: Shared, keys: Callable[[], Keys]) -> None:
        """Prepare it; nothing is asked yet.

        Args:
            declared: where Redis is.
            keys: returns those that are valid now.

        Raises:
            ParamsError: when the library is not installed, or the password cannot be read.
        """
        self._declared, self._keys = declared, keys
        self._client = _client(declared)
        self._script = self._client.register_script(_SCRIPT)
        self._failures, self._round, self._place = 0, 0, 0
        self.holds = False
        """Whether the last telling was answered; else this server counts alone."""

    async def keep(self) -> None:
        """Tell and be told, until cancelled."""
        try:
            while True:
                await asyncio.sleep(await self.exchange())
        finally:
            await self.close()

    async def close(self) -> None:
        """End the connection; whoever asks again opens another."""
        with contextlib.suppress(Exception):
            await self._client.aclose()

    async def exchange(self) -> float:
        """Exchange once; return the seconds until the next time."""
        buckets = self._due(monotonic())
        sent = [(bucket, bucket.taken) for bucket in buckets.values()]
        try:
            async with asyncio.timeout(SILENT):
                left = await self._ask(list(buckets), sent)
        except Exception as error:  # whatever it is, requests do not depend on it
            for bucket, _ in sent:
                bucket.taken = 0  # counted alone: what is taken now is not owed later
            await self.close()  # the address may lead to another server by now, as after a failover
            self._lose(error)
            return backoff.wait(self._failures, SECONDS, LONGEST)
        now = monotonic()
        for (bucket, taken), tokens in zip(sent, left, strict=True):
            bucket.settle(tokens, taken, now)
        if not self.holds:
            say("the throttle is shared", redis=self._declared.url, name=self._declared.name)
        self.holds, self._failures = True, 0
        return SECONDS

    def _due(self, now: float) -> dict[str, Bucket]:
        """Return the buckets that this telling is about; the next telling goes on behind the last key of this one."""
        keys, due = [*self._keys().by_id.values()], {}
        for _ in range(min(len(keys), LOOKED)):
            if self._place >= len(keys):
                self._place, self._round = 0, self._round + 1
            place, key = self._place, keys[self._place]
            self._place += 1
            if (place + self._round) % EACH == 0 or not key.bucket.is_full(now):
                due[key.id] = key.bucket
                if len(due) == MOST:
                    break
        return due

    async def _ask(self, names: list[str], sent: list[tuple[Bucket, int]]) -> list[float]:
        if not names:
            await self._client.ping()
            return []
        # In braces: a cluster of Redis keeps what has one such part in one place, as a script needs it.
        keys = [f"{{{self._declared.name}}}:throttle:{name}" for name in names]
        numbers = [part for bucket, taken in sent for part in (taken, repr(float(bucket.rate)), bucket.burst)]
        return [float(tokens) for tokens in await self._script(keys=keys, args=numbers)]

    def _lose(self, error: Exception) -> None:
        if self.holds or not self._failures:
            why = " ".join(str(error).split()) or type(error).__name__
            warn("the throttle is not shared: this server counts alone until Redis answers", redis=self._declared.url,
                 error=why[:300])  # fmt: skip
        self.holds = False
        self._failures += 1


def _client(declared: Shared) -> Any:
    section = "service.throttle.shared"
    redis_access.check_library(section)
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis.from_url(
        declared.url, password=redis_access.read_password(section, declared.password_file), socket_timeout=SILENT,
        socket_connect_timeout=SILENT, retry=Retry(NoBackoff(), 0), single_connection_client=True,
    )  # fmt: skip
