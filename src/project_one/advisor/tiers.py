"""What each tier may do: the one table. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from project_one.vocabulary.domain import Tier

TRIAL = timedelta(days=14)


@dataclass(frozen=True)
class Entitlements:
    """`languages`: how many she may choose; `price_paise`: per month, before tax."""

    languages: int
    packs_per_day: int
    has_generation: bool
    has_analytics: bool
    has_exports: bool
    has_brand_on_image: bool
    seats: int
    price_paise: int


_TABLE: Mapping[Tier, Entitlements] = {
    Tier.BASIC: Entitlements(1, 1, False, False, False, False, 1, 299_900),
    Tier.STANDARD: Entitlements(3, 3, True, True, False, False, 1, 599_900),
    Tier.PRO: Entitlements(3, 10, True, True, True, True, 5, 1_199_900),
    Tier.TRIAL: Entitlements(3, 3, True, True, False, False, 1, 0),
}


_UPWARDS = (Tier.BASIC, Tier.TRIAL, Tier.STANDARD, Tier.PRO)


def entitlements(tier: Tier) -> Entitlements:
    return _TABLE[tier]


def tier_in_force(tier: Tier, trial_ends_at: datetime | None, now: datetime) -> Tier:
    """The tier that counts now: a trial that has run out leaves the smallest one, until something is booked."""
    if tier is Tier.TRIAL and trial_ends_at is not None and now >= trial_ends_at:
        return Tier.BASIC
    return tier


def best(tiers: Iterable[Tier]) -> Tier:
    """The largest of them; of none the smallest there is."""
    return max(tiers, key=_UPWARDS.index, default=Tier.BASIC)


def smallest(fits: Callable[[Entitlements], bool]) -> Tier | None:
    """The smallest tier to book that holds what is wanted; None when no tier does."""
    return next((tier for tier in _UPWARDS if tier is not Tier.TRIAL and fits(entitlements(tier))), None)
