"""A token bucket for one driver. Starts empty, so that a taker never adds its burst to its predecessor's."""

import asyncio
import time
from collections.abc import Callable

_BURST_S = 0.1  # small, so that rate plus burst stays below the vendor's limit in any one second


class TokenBucket:
    """`rate`: tokens a second; may be changed while running."""

    def __init__(self, rate: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._tokens = 0.0
        self._monotonic = monotonic
        self._at = monotonic()

    def _refill(self) -> None:
        now = self._monotonic()
        self._tokens = min(max(1.0, self.rate * _BURST_S), self._tokens + (now - self._at) * self.rate)
        self._at = now

    async def take(self) -> None:
        """Wait for a token and take it. For one waiter at a time."""
        self._refill()
        while self._tokens < 1:
            await asyncio.sleep((1 - self._tokens) / self.rate)
            self._refill()
        self._tokens -= 1
