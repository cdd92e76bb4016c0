"""What will become of an accepted message: which statuses are reported, when they happen and when they are told."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from project_one_sandbox.config import ReceiptsConfig, Spread
from project_one_sandbox.faults import Hits, Kind

_P95 = 1.6448536269514722
_PACING_DROP = 132015


@dataclass(frozen=True, slots=True)
class Fate:
    """One status. `happens_s` and `told_s`: seconds after acceptance; `told_s` is never the earlier one."""

    status: str
    happens_s: float
    told_s: float
    code: int | None = None
    is_correlated: bool = True
    is_early: bool = False
    has_pricing: bool = False


class Draws:
    """Seeded: the same seed and order give the same times."""

    def __init__(self, seed: int) -> None:
        self._latency = random.Random(f"{seed}:latency")  # noqa: S311 - repeatable, not secret
        self._receipts = random.Random(f"{seed}:receipts")  # noqa: S311 - repeatable, not secret
        self._faults = random.Random(f"{seed}:receipt-faults")  # noqa: S311 - repeatable, not secret

    def latency_s(self, spread: Spread) -> float:
        return _sample(spread, self._latency)

    def fates(self, config: ReceiptsConfig, hits: Hits, scale: float) -> list[Fate]:
        """Every message draws the same number of times, so a fault on one does not move the next."""
        sent = _sample(config.sent_ms, self._receipts)
        delivered = sent + _sample(config.delivered_ms, self._receipts)
        is_read = self._receipts.random() < config.read_share
        read = delivered + _sample(config.read_ms, self._receipts)
        fates = [
            _fate("sent", sent, has_pricing=True),
            _fate("delivered", delivered, has_pricing=True),
        ]
        if is_read:
            fates.append(_fate("read", read))
        if hits.rules:
            fates = self._troubled(fates, read, hits, config.batch_window_ms / 1_000.0)
        if scale == 1.0:
            return fates
        return [replace(fate, happens_s=fate.happens_s / scale, told_s=fate.told_s / scale) for fate in fates]

    def _troubled(self, fates: list[Fate], read: float, hits: Hits, window: float) -> list[Fate]:
        if hits.first(Kind.READ_WITHOUT_DELIVERED):
            fates = [fates[0], _fate("read", read, has_pricing=True)]
        failed = hits.first(Kind.RECEIPT_FAILED)
        if failed:
            is_sent = failed.detail.after == "sent"
            at = fates[1].happens_s if is_sent else fates[0].happens_s
            fates = [
                *(fates[:1] if is_sent else []),
                _fate("failed", at, code=failed.detail.code),
            ]
        held = hits.first(Kind.HELD)
        if held:
            shift = held.detail.release_ms / 1_000.0
            fates = [replace(fate, happens_s=fate.happens_s + shift, told_s=fate.told_s + shift) for fate in fates]
            if held.detail.drop:
                fates = [_fate("failed", shift, code=_PACING_DROP)]
        delay = hits.extra_ms(Kind.RECEIPT_DELAY) / 1_000.0
        fates = [replace(fate, told_s=fate.told_s + delay) for fate in fates]
        lost = _statuses_of(hits, Kind.RECEIPT_LOST)
        bare = _statuses_of(hits, Kind.RECEIPT_NO_CORRELATION)
        fates = [replace(fate, is_correlated=fate.status not in bare) for fate in fates if fate.status not in lost]
        if hits.first(Kind.RECEIPT_REORDER):
            fates = self._shuffled(fates, window)
        if hits.first(Kind.RECEIPT_EARLY):
            fates = [
                replace(fate, happens_s=0.0, told_s=0.0, is_early=True) if fate.status == "sent" else fate
                for fate in fates
            ]
        repeated = hits.first(Kind.RECEIPT_DUPLICATE)
        if repeated:
            gap = window * 2 + 0.005
            fates = [
                replace(
                    fate,
                    told_s=fate.told_s + gap * copy,
                    is_early=fate.is_early and copy == 0,
                )
                for fate in fates
                for copy in range(repeated.detail.times)
            ]
        return fates

    def _shuffled(self, fates: Sequence[Fate], window: float) -> list[Fate]:
        """Told in another order than they happened, each in a POST of its own, after the last has happened."""
        if len(fates) <= 1:
            return list(fates)
        order = list(fates)
        while [fate.status for fate in order] == [fate.status for fate in fates]:
            self._faults.shuffle(order)
        start = max(fate.told_s for fate in fates)
        return [replace(fate, told_s=start + index * (window * 2 + 0.005)) for index, fate in enumerate(order)]


def _fate(status: str, at: float, *, code: int | None = None, has_pricing: bool = False) -> Fate:
    return Fate(status, at, at, code=code, has_pricing=has_pricing)


def _statuses_of(hits: Hits, kind: Kind) -> frozenset[str]:
    found: Iterable[frozenset[str]] = (rule.detail.statuses for rule in hits.rules if rule.kind is kind)
    return frozenset[str]().union(*found)


def _sample(spread: Spread, draws: random.Random) -> float:
    """Seconds."""
    normal = draws.gauss(0.0, 1.0)
    if spread.median <= 0:
        return 0.0
    sigma = math.log(spread.p95 / spread.median) / _P95
    return spread.median * math.exp(sigma * normal) / 1_000.0
