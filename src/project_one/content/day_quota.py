"""How many packs a firm may submit on one business date.

A pack counts on the day it was last submitted, whatever was decided of it since; submitting the same one again that day
does not count twice. It is a measure of what reviewers are asked, not of what is sent: of that each advisor has one a day.
"""

from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select

from project_one.advisor.firm_tier import BOOKING, tier_of_firm
from project_one.advisor.tiers import entitlements, smallest
from project_one.content.errors import DayQuotaError
from project_one.content.models import PackRow
from project_one.content.pack_rows import Pack
from project_one.kernel.clock import business_date, ist_moment
from project_one.kernel.db import WriteSession
from project_one.kernel.turns import take_turn


async def ensure_within(session: WriteSession, pack: Pack, *, now: datetime) -> None:
    """Raises DayQuotaError when the firm has used up today's. Two at once wait for each other until they commit."""
    await take_turn(session, f"content.day-quota:{pack.firm_id}")
    tier = await tier_of_firm(session, pack.firm_id, now=now)
    most = entitlements(tier).packs_per_day
    used = await _submitted(session, pack.firm_id, but=pack.row.id, now=now)
    if used < most:
        return
    larger = smallest(lambda item: item.packs_per_day > used)
    way_out = f", or take the tier {larger}: {BOOKING}" if larger else ""
    message = f"Your firm has submitted {used} today and its tier {tier} holds {most} a day; submit tomorrow{way_out}."
    raise DayQuotaError(message, tier=tier.value, packs_per_day=most, needed=larger.value if larger else None)


async def _submitted(session: WriteSession, firm_id: UUID, *, but: UUID, now: datetime) -> int:
    today = business_date(now)
    begins, ends = (ist_moment(day, time()) for day in (today, today + timedelta(days=1)))
    query = select(func.count()).where(
        PackRow.firm_id == firm_id,
        PackRow.state.is_not(None),
        PackRow.id != but,
        PackRow.submitted_at >= begins,
        PackRow.submitted_at < ends,
    )
    return await session.scalar(query) or 0
