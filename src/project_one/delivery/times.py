"""When a morning of a slot leaves, is late and ends."""

from datetime import date, datetime, time, timedelta

from project_one.delivery.config import DeliveryConfig
from project_one.delivery.planning import Spread
from project_one.delivery.service.plan import Times
from project_one.kernel.clock import ist_moment
from project_one.vocabulary.domain import Slot


def times_of_slot(business_date: date, slot: Slot, config: DeliveryConfig) -> Times:
    """The slot's times on that Indian day."""
    at = ist_moment(business_date, time.fromisoformat(slot))
    return Times(
        release_at=at - config.release_before_slot,
        deadline_at=at + config.deadline_after_slot,
        closes_at=at + config.closes_after_slot,
        spread=config.spread,
    )


def times_from_now(now: datetime, config: DeliveryConfig, *, spread_s: float) -> Times:
    """A morning released by hand: it leaves at once, and is late and ends as long after that as any other."""
    until_late = config.release_before_slot + config.deadline_after_slot
    until_end = config.release_before_slot + config.closes_after_slot
    return Times(
        now,
        now + until_late,
        now + until_end,
        Spread(1, 0, spread_s / max(1.0, config.rate_factor)),
    )


def freeze_at(business_date: date, slot: Slot) -> datetime:
    """Half an hour before the slot, 05:30 for 06:00: from here on bindings change no more, except to plan B."""
    return ist_moment(business_date, time.fromisoformat(slot)) - timedelta(minutes=30)


def night_plan_at(business_date: date) -> datetime:
    """20:30 on the evening before."""
    return ist_moment(business_date - timedelta(days=1), time(20, 30))
