"""What a firm may do: the best tier in force among its advisors decides. Refusals name the tier that would do."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.errors import TierNeededError
from project_one.advisor.models import AdvisorRow
from project_one.advisor.tiers import Entitlements, best, entitlements, smallest, tier_in_force
from project_one.kernel.db import ReadSession
from project_one.vocabulary.domain import Tier

BOOKING = "an admin of the platform books it for one of your advisors (PUT /v1/advisors/{advisor_id}/tier)"


async def tier_of_firm(session: ReadSession, firm_id: UUID, *, now: datetime) -> Tier:
    """Basic for a firm without advisors, and for one whose trial has run out."""
    rows = await session.execute(select(AdvisorRow.tier, AdvisorRow.trial_ends_at).where(AdvisorRow.firm_id == firm_id))
    return best(tier_in_force(tier, trial_ends_at, now) for tier, trial_ends_at in rows)


async def seats_of_firm(session: ReadSession, firm_id: UUID, *, now: datetime) -> int:
    """How many members may work for it."""
    return entitlements(await tier_of_firm(session, firm_id, now=now)).seats


async def ensure_exports(session: ReadSession, firm_id: UUID, *, now: datetime) -> None:
    """Exports and the API keys for them. Raises TierNeededError."""
    await _ensure(session, firm_id, lambda item: item.has_exports, "Exports and API keys need", now=now)


async def ensure_generation(session: ReadSession, firm_id: UUID, *, now: datetime) -> None:
    """Texts written by a model. Raises TierNeededError."""
    await _ensure(session, firm_id, lambda item: item.has_generation, "Generated texts need", now=now)


async def ensure_languages(session: ReadSession, firm_id: UUID, count: int, *, now: datetime) -> None:
    """So many languages in one pack. Raises TierNeededError."""
    if count > entitlements(Tier.BASIC).languages:
        await _ensure(
            session, firm_id, lambda item: item.languages >= count, f"A pack in {count} languages needs", now=now
        )


async def _ensure(
    session: ReadSession, firm_id: UUID, fits: Callable[[Entitlements], bool], what: str, *, now: datetime
) -> None:
    tier = await tier_of_firm(session, firm_id, now=now)
    if not fits(entitlements(tier)):
        raise needed(what, tier, smallest(fits))


def needed(what: str, tier: Tier, larger: Tier | None) -> TierNeededError:
    """`what`: the sentence up to the tier that is needed; `larger`: None when no tier holds it."""
    if larger is None:
        return TierNeededError(f"{what} more than any tier holds; the firm has {tier}.", tier=tier.value, needed=None)
    message = f"{what} the tier {larger}; the firm has {tier}. To change it, {BOOKING}."
    return TierNeededError(message, tier=tier.value, needed=larger.value)
