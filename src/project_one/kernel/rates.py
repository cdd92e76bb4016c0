"""How often somebody may ask: sliding windows counted in Redis for all processes, in this process while Redis is away."""

import math
import time
from dataclasses import dataclass

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from project_one.kernel.errors import DomainError, Kind

log = structlog.get_logger()

_REST_S = 5.0  # after a failure Redis is not asked for so long
_TROUBLE = (RedisError, OSError, TimeoutError)


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


class Rates:
    """Limits a minute."""

    def __init__(self, redis_url: str) -> None:
        self._storage = RedisStorage(
            "async+" + redis_url,
            implementation="redispy",
            key_prefix="rates",
            socket_connect_timeout=0.5,
            socket_timeout=2,
        )
        self._shared = SlidingWindowCounterRateLimiter(self._storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._rests_until = 0.0

    async def hit(self, who: str, *, per_minute: int) -> Standing:
        """Count one request of `who`."""
        item = RateLimitItemPerMinute(per_minute)
        if time.monotonic() >= self._rests_until:
            try:
                return await _hit(self._shared, item, who)
            except _TROUBLE as error:
                self._rests_until = time.monotonic() + _REST_S
                log.warning("rates.redis-away", error=type(error).__name__)
        return await _hit(self._own, item, who)

    async def close(self) -> None:
        await self._storage.bridge.get_connection().aclose()  # pyright: ignore[reportAttributeAccessIssue]  redis-py's client


async def _hit(limiter: SlidingWindowCounterRateLimiter, item: RateLimitItemPerMinute, who: str) -> Standing:
    is_within = await limiter.hit(item, who)
    stats = await limiter.get_window_stats(item, who)
    reset_s = max(1, math.ceil(stats.reset_time - time.time()))
    return Standing(is_within, item.amount, stats.remaining if is_within else 0, reset_s)


def exceeded(standing: Standing) -> RateExceededError:
    """The refusal for who is beyond the limit."""
    message = f"{standing.limit} requests a minute are allowed; wait {standing.reset_s} s (Retry-After) and slow down."
    return RateExceededError(message)
