"""The rate limit of many machines, in Redis."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from kit_api.errors import forgets_arguments
from kit_client.errors import ConfigurationError
from kit_client.options import check_type

from .line import Account
from .shared import LEASE, SharedRateLimiter
from .slots import MARGIN, WINDOW, LimiterState, Slots

# What `Slots` does, where all machines see it, by the clock of the server. Each slot that isn't free is in one of two
# sorted sets: `lent`, until the end of its lease, or `cooling`, until it is free.
SCRIPT = """
local lent, cooling, closed = KEYS[1], KEYS[2], KEYS[3]
local action, ticket = ARGV[1], ARGV[2]
local limit, window, margin, lease = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

-- What lies further ahead than can be was written before the clock was set back.
redis.call('ZREMRANGEBYSCORE', lent, now + lease + 1, '+inf')
redis.call('ZREMRANGEBYSCORE', cooling, now + window + margin + 1, '+inf')
local dead = redis.call('ZRANGEBYSCORE', lent, '-inf', now, 'WITHSCORES')
for i = 1, #dead, 2 do
    redis.call('ZREM', lent, dead[i])
    redis.call('ZADD', cooling, dead[i + 1] + window + margin, dead[i])
end
redis.call('ZREMRANGEBYSCORE', cooling, '-inf', now)
local until_open = math.min(tonumber(redis.call('GET', closed) or 0), now + window)

-- Of those who asked, got no answer, and sent nothing.
for i = 9, #ARGV do redis.call('ZREM', lent, ARGV[i]) end

local taken = 0
local free = until_open <= now and redis.call('ZCARD', lent) + redis.call('ZCARD', cooling) < limit
-- Who has a slot asks again if the answer was lost.
if action == 'take' and (free or redis.call('ZSCORE', lent, ticket)) then
    redis.call('ZADD', lent, now + lease, ticket)
    taken = 1
elseif action == 'end' then
    redis.call('ZREM', lent, ticket)
    if ARGV[7] ~= '' then redis.call('ZADD', cooling, now + ARGV[7], ticket) end
    if tonumber(ARGV[8]) > 0 then
        redis.call('SET', closed, string.format('%.6f', math.max(until_open, now + ARGV[8])))
    end
end
for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, math.ceil((lease + window + margin) * 1000))
end
if taken == 1 or action == 'end' then return {taken} end
local ends = redis.call('ZRANGE', cooling, 0, -1, 'WITHSCORES')
local times = {}
for i = 2, #ends, 2 do times[i / 2] = ends[i] end
return {taken, string.format('%.6f', now), string.format('%.6f', until_open), redis.call('ZCARD', lent), times}
"""


PATIENCE = 5.0
"""Seconds to wait for the server's answer, or for a connection."""


class RedisRateLimiter(SharedRateLimiter):
    """A rate limiter for all processes, on any machine, that use the same Redis.

    It needs `pip install 'kit-client[redis]'`, and Redis 5 or newer or a compatible server. It stores hashes of credentials
    in Redis, no credentials. It uses the clock of the Redis server.

    Args:
        url: A URL such as `redis://localhost:6379/0`, `rediss://…` with TLS, or `unix://…`.
        limit: How many requests the service allows in a window, as for `RateLimiter`.
        window: The length of the window in seconds, the same in all processes.
        lease: Seconds after which a request without an answer is given up, as if its process had been killed.
        prefix: What each key in Redis begins with.
        on_wait: Called before a request waits, as for `RateLimiter`.

    Raises:
        ConfigurationError: The package redis isn't installed, or the URL can't be used.
        ValueError, TypeError: Another argument can't be used.
    """

    # Twice, to connect and to answer.
    patience = 4 * PATIENCE

    @forgets_arguments
    def __init__(
        self,
        url: str,
        *,
        limit: int | None = None,
        window: float = WINDOW,
        lease: float = LEASE,
        prefix: str = "kit-client",
        on_wait: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(limit=limit, window=window, lease=lease, on_wait=on_wait)
        check_type("prefix", prefix, str, "a string")
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise ConfigurationError(
                "RedisRateLimiter needs the package redis, which isn't installed: pip install 'kit-client[redis]'"
            ) from None
        self._errors = (redis.RedisError, OSError)
        try:
            self._redis = redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
                url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 1)
            )
        except (ValueError, AttributeError, TypeError):
            # Not shown: it may hold a password.
            raise ConfigurationError("url: expected one such as redis://localhost:6379/0") from None
        self._prefix = prefix
        # By credential: the tickets of asks whose answers were lost. The end of the lease is for those left out.
        self._lost: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=1000))
        self._script: Callable[..., Any] = self._redis.register_script(SCRIPT)

    def _take(self, account: Account, ticket: str, now: float, ahead: int) -> float:
        action = "look" if ahead else "take"
        taken, *answer = self._run(account, action, ticket)
        if taken:
            return now
        slots, server_now = self._slots(account, answer)
        return now + slots.ready(server_now, ahead) - server_now

    def _end_shared(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:  # noqa: ARG002
        self._run(account, "end", ticket, "" if cools is None else cools, closed)

    def _state(self, account: Account, now: float) -> LimiterState:  # noqa: ARG002  # the server's time is what counts
        slots, server_now = self._slots(account, self._run(account, "look", "")[1:])
        return slots.state(server_now, account.waiting)

    def _slots(self, account: Account, answer: list[Any]) -> tuple[Slots, float]:
        now, closed, lent, times = answer
        slots = Slots(account.slots.limit, self.window)
        slots.lent = dict.fromkeys(map(str, range(lent)), float("inf"))
        slots.cooling, slots.closed_until = [float(time) for time in times], float(closed)
        return slots, float(now)

    def _run(
        self, account: Account, action: str, ticket: str, cools: float | str = "", closed: float = 0.0
    ) -> list[Any]:
        self._check()
        keys = [f"{self._prefix}:{{{account.name}}}:{what}" for what in ("lent", "cooling", "closed")]
        rate = (account.slots.limit, self.window, MARGIN, self._lease)
        lost = self._lost[account.name]
        try:
            answer: list[Any] = self._script(keys, (action, ticket, *rate, cools, closed, *lost))
        except self._errors as error:
            if action == "take":
                lost.append(ticket)
            raise self._failed(
                f"the Redis of the rate limiter can't be used: {type(error).__name__}: {error}; nothing was sent."
                " See that it runs and can be reached, or make the client with another rate_limiter"
            ) from error.with_traceback(None)  # Its frames have the password.
        del self._lost[account.name]
        return answer
