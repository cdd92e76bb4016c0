"""How often somebody may ask: sliding windows counted in Redis for all processes, in this process while Redis is away.

What is free of a minute: the requests of this minute, and of the minute before as many as still lie within sixty seconds
if they came evenly. One round trip counts and judges, and reads along whatever else a door has to ask of Redis.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from project_one.kernel.errors import DomainError, Kind

log = structlog.get_logger()

_REST_S = 5.0  # after a failure Redis is not asked for so long
_TROUBLE = (RedisError, OSError, TimeoutError)
_MINUTE_S = 60
_MOST_KEPT = 10_000  # callers counted in this process
_COUNT = """
local time = redis.call('TIME')
local kept = redis.call('HMGET', KEYS[1], 'minute', 'now', 'before')
local minutes = (tonumber(time[1]) + tonumber(time[2]) / 1000000) / 60
local minute = math.floor(minutes)
local now, before = 0, 0
if tonumber(kept[1]) == minute then
  now, before = tonumber(kept[2]), tonumber(kept[3])
elseif tonumber(kept[1]) == minute - 1 then
  before = tonumber(kept[2])
end
if now + before * (1 - (minutes - minute)) + 1 <= tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'minute', minute, 'now', now + 1, 'before', before)
  redis.call('EXPIRE', KEYS[1], 120)
end
local beside = {}
if #KEYS > 1 then
  beside = redis.call('MGET', unpack(KEYS, 2))
end
return {tostring(minutes - minute), now, before, beside}
"""


class RateExceededError(DomainError):
    code = "rate.exceeded"
    kind = Kind.TOO_MANY
    title = "Too many requests"


@dataclass(frozen=True)
class Standing:
    """Where a caller stands after a request. `reset_s`: seconds until more is free again."""

    is_within: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        values = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }
        return values if self.is_within else values | {"Retry-After": str(self.reset_s)}


@dataclass(frozen=True)
class Counted:
    """One caller's requests before the one that is judged. `minute`: of Unix time; `now`, `before`: of it and the last."""

    minute: int = 0
    now: int = 0
    before: int = 0

    def at(self, minute: int) -> "Counted":
        """The same, looked at in a later minute."""
        if minute == self.minute:
            return self
        return Counted(minute, before=self.now if minute == self.minute + 1 else 0)

    def judged(self, limit: int, gone: float) -> Standing:
        """One request more, when the part `gone` (0 to 1) of the minute is over."""
        used = self.now + self.before * (1 - gone)
        is_within = used + 1 <= limit
        return Standing(is_within, limit, max(0, math.floor(limit - used - 1)), self._reset_s(limit, gone, is_within))

    def _reset_s(self, limit: int, gone: float, is_within: bool) -> int:  # noqa: FBT001
        free_at = 1.0
        if not is_within:
            is_soon = self.before > 0 and self.now < limit
            free_at = 1 - (limit - 1 - self.now) / self.before if is_soon else 1 + 1 / max(limit, 1)
        return max(1, math.ceil((free_at - gone) * _MINUTE_S))


class Rates:
    """Limits a minute."""

    def __init__(self, redis_url: str) -> None:
        self._redis: Redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            socket_connect_timeout=0.5,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        self._count = self._redis.register_script(_COUNT)
        self._own: dict[str, Counted] = {}
        self._rests_until = 0.0

    async def hit(
        self, who: str, *, per_minute: int, beside: Sequence[str] = ()
    ) -> tuple[Standing, Sequence[str | None] | None]:
        """Count one request of `who`. Also what stands in Redis under the keys `beside`; None while Redis is away."""
        if time.monotonic() >= self._rests_until:
            try:
                gone, now, before, read = await self._count(keys=[f"rates:{who}", *beside], args=[per_minute])
            except _TROUBLE as error:
                self._rests_until = time.monotonic() + _REST_S
                log.warning("rates.redis-away", error=type(error).__name__)
            else:
                return Counted(0, now, before).judged(per_minute, float(gone)), read
        return self._hit_own(who, per_minute), None

    def _hit_own(self, who: str, per_minute: int) -> Standing:
        gone, minute = math.modf(time.time() / _MINUTE_S)
        counted = self._own.pop(who, Counted()).at(int(minute))
        standing = counted.judged(per_minute, gone)
        self._own[who] = replace(counted, now=counted.now + standing.is_within)
        if len(self._own) > _MOST_KEPT:
            del self._own[next(iter(self._own))]
        return standing

    async def close(self) -> None:
        await self._redis.aclose()


def exceeded(standing: Standing) -> RateExceededError:
    """The refusal for who is beyond the limit."""
    message = f"{standing.limit} requests a minute are allowed; wait {standing.reset_s} s (Retry-After) and slow down."
    return RateExceededError(message)
