"""What the model costs a firm, for its own eyes, beside the packs it was asked about."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy import func, select

from project_one.ai import usage
from project_one.ai.domain import Purpose
from project_one.ai.limits import per_day
from project_one.content.models import PackRow
from project_one.kernel.clock import business_date, ist_moment
from project_one.kernel.db import ReadSession


@dataclass(frozen=True)
class AiCaps:
    """Micro-rupees of a month: of the platform, of one firm."""

    month: int
    owner: int


@dataclass(frozen=True)
class FirmUsage:
    """`packs`: submitted this month (IST); `per_pack`: micro-rupees for the model's look at one, None without packs."""

    used: usage.OwnerUsage
    packs: int

    @property
    def per_pack(self) -> float | None:
        cost = sum(item.cost for item in self.used.by_purpose if item.name == Purpose.PACK_CHECK)
        return cost / self.packs if self.packs else None


async def of_caller(
    session: ReadSession, owner: UUID, firm_id: UUID | None, *, cap_micro_rupees: int, now: datetime
) -> FirmUsage:
    quotas = {purpose: per_day(purpose) for purpose in Purpose}
    used = await usage.of_owner(session, owner, per_day=quotas, cap_micro_rupees=cap_micro_rupees, now=now)
    begins = ist_moment(business_date(now).replace(day=1), time())
    query = select(func.count()).where(PackRow.firm_id == firm_id, PackRow.submitted_at >= begins)
    return FirmUsage(used, (await session.scalar(query) or 0) if firm_id is not None else 0)
