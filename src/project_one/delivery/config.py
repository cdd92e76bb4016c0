"""Delivery's knobs, already divided by the time scale."""

from dataclasses import dataclass, field
from datetime import timedelta

from project_one.delivery.domain import RetryPolicy
from project_one.delivery.planning import Spread
from project_one.kernel.clock import Pace


@dataclass(frozen=True)
class DeliveryConfig:
    """`lease_lasts` and its renewal stay real (processes do not run faster); the rest is product time."""

    spread: Spread
    retry: RetryPolicy
    release_before_slot: timedelta
    deadline_after_slot: timedelta
    closes_after_slot: timedelta
    preliminary_after_deadline: timedelta
    final_after_close: timedelta
    rate_factor: float = 1.0
    lease_lasts: timedelta = timedelta(seconds=4)
    lease_renewal: timedelta = timedelta(seconds=1)
    flush_every_s: float = 0.05
    spares: frozenset[str] = field(default_factory=frozenset[str])


def paced(pace: Pace, *, spread: Spread, spares: frozenset[str] = frozenset()) -> DeliveryConfig:
    """The design's times of the day at this pace: release 05:59:30, deadline 06:05, close 06:30 for the slot 06:00."""
    plain = RetryPolicy()
    return DeliveryConfig(
        spread=Spread(spread.groups, pace.seconds(spread.gap_s), pace.seconds(spread.jitter_s)),
        retry=RetryPolicy(
            base=pace.delta(plain.base),
            ceiling=pace.delta(plain.ceiling),
            recipient_wait=pace.delta(plain.recipient_wait),
            unknown_wait=pace.delta(plain.unknown_wait),
            claim_lasts=pace.delta(plain.claim_lasts),
            write_within=pace.delta(plain.write_within),
        ),
        release_before_slot=pace.delta(timedelta(seconds=30)),
        deadline_after_slot=pace.delta(timedelta(minutes=5)),
        closes_after_slot=pace.delta(timedelta(minutes=30)),
        preliminary_after_deadline=pace.delta(timedelta(minutes=1)),
        final_after_close=pace.delta(timedelta(minutes=1)),
        rate_factor=pace.scale,
        spares=spares,
    )
