"""Meta's limits as real clocks. Every `now` is monotonic seconds; the time scale is in the rates and windows already.

Source: WhatsApp reference 6.
"""

from collections import OrderedDict

PAIR_INTERVAL_S = 6.0
PAIR_BURST = 45
DAY_S = 86_400.0
HOUR_S = 3_600.0
MANAGEMENT_CALLS = 5_000
_PRUNE_AT = 100_000


class TokenBucket:
    """`rate` messages a second, and room for one second of them."""

    def __init__(self, rate: float, now: float) -> None:
        self.rate = rate
        self._room = max(rate, 1.0)
        self._tokens = self._room
        self._at = now

    def _refill(self, now: float) -> None:
        self._tokens = min(self._room, self._tokens + (now - self._at) * self.rate)
        self._at = now

    def take(self, now: float) -> bool:
        self._refill(now)
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def drain(self, now: float) -> None:
        """Count an inbound message: it uses throughput and cannot be refused."""
        self._refill(now)
        self._tokens = max(-self._room, self._tokens - 1.0)


class PairGate:
    """One message in 6 s from a number to a user. A burst of 45 within 6 s is let through and paid back by waiting."""

    def __init__(self, scale: float) -> None:
        self._interval = PAIR_INTERVAL_S / scale
        self._bursts: dict[tuple[str, str], tuple[float, int]] = {}

    def is_open(self, pair: tuple[str, str], now: float) -> bool:
        started, count = self._bursts.get(pair, (now, 0))
        if now < started + self._interval:
            return count < PAIR_BURST
        return now >= started + count * self._interval

    def count(self, pair: tuple[str, str], now: float) -> None:
        started, count = self._bursts.get(pair, (now, 0))
        self._bursts[pair] = (started, count + 1) if now < started + self._interval else (now, 1)
        if len(self._bursts) > _PRUNE_AT:
            interval = self._interval
            self._bursts = {p: (s, n) for p, (s, n) in self._bursts.items() if now < s + n * interval}


class PortfolioWindow:
    """Unique users messaged outside a customer service window within a rolling day, over all numbers."""

    def __init__(self, scale: float) -> None:
        self._window = DAY_S / scale
        self._last: OrderedDict[str, float] = OrderedDict()

    def admits(self, user: str, limit: int, now: float) -> bool:
        while self._last:
            oldest = next(iter(self._last))
            if now - self._last[oldest] < self._window:
                break
            del self._last[oldest]
        return user in self._last or len(self._last) < limit

    def count(self, user: str, now: float) -> None:
        self._last[user] = now
        self._last.move_to_end(user)


class HourlyCalls:
    """Management calls within an hour; message sends are not among them."""

    def __init__(self, scale: float, now: float) -> None:
        self._window = HOUR_S / scale
        self._started = now
        self._count = 0

    def take(self, now: float) -> bool:
        if now >= self._started + self._window:
            self._started, self._count = now, 0
        self._count += 1
        return self._count <= MANAGEMENT_CALLS


class ServiceWindows:
    """Which users wrote to which number within the last 24 hours."""

    def __init__(self, scale: float) -> None:
        self._length = DAY_S / scale
        self._until: dict[tuple[str, str], float] = {}

    def open(self, pair: tuple[str, str], now: float) -> None:
        self._until[pair] = now + self._length

    def is_open(self, pair: tuple[str, str], now: float) -> bool:
        return self._until.get(pair, 0.0) > now
