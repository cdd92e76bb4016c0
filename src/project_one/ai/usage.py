"""What was used: for a firm of its own, for staff of the platform. Money in micro-rupees, months and days as in India."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from project_one.ai.domain import Purpose
from project_one.ai.models import BudgetRow, CallRow, QuotaRow
from project_one.ai.ports import Scope
from project_one.ai.purse import day_cap
from project_one.kernel.clock import business_date
from project_one.kernel.db import ReadSession

_MOST_OWNERS = 10


@dataclass(frozen=True)
class Quota:
    """Of one day; `left`: None where any number may be asked."""

    purpose: Purpose
    per_day: int | None
    taken: int

    @property
    def left(self) -> int | None:
        return None if self.per_day is None else max(self.per_day - self.taken, 0)


@dataclass(frozen=True)
class Budget:
    """A purse: `reserved` is set aside for calls under way, or crashed and not yet booked."""

    key: str
    cap: int
    reserved: int
    spent: int

    @property
    def left(self) -> int:
        return max(self.cap - self.reserved - self.spent, 0)

    @property
    def share_spent(self) -> float:
        return self.spent / self.cap if self.cap else 1.0


@dataclass(frozen=True)
class Figure:
    """Calls of a month under one heading. `hedges`: second tries for a question that was asked already; `unknown`: booked at
    the worst case, because nobody knows what they cost."""

    name: str
    calls: int
    hedges: int
    unknown: int
    cost: int

    @property
    def cost_per_question(self) -> int | None:
        """What one verdict, pack check or text has cost with its hedges, rounded; None without a question."""
        questions = self.calls - self.hedges
        return round(self.cost / questions) if questions else None


@dataclass(frozen=True)
class OwnerUsage:
    """What is left of today and what the month has cost."""

    quotas: Sequence[Quota]
    budget: Budget
    by_purpose: Sequence[Figure]


@dataclass(frozen=True)
class OwnerSpending:
    owner: UUID
    budget: Budget


@dataclass(frozen=True)
class PlatformUsage:
    """Everything that is paid from one month. `owners`: who spent most, first."""

    month: Budget
    day: Budget
    owners: Sequence[OwnerSpending]
    by_purpose: Sequence[Figure]
    by_model: Sequence[Figure]


async def of_owner(
    session: ReadSession, owner: UUID, *, per_day: Mapping[Purpose, int | None], cap_micro_rupees: int, now: datetime
) -> OwnerUsage:
    """`per_day` and `cap_micro_rupees`: as the owner's tier allows now."""
    today = business_date(now)
    key = f"{owner}/{today:%Y-%m}"
    rows = await session.execute(
        select(QuotaRow.purpose, QuotaRow.taken).where(QuotaRow.owner == owner, QuotaRow.business_date == today)
    )
    taken: dict[Purpose, int] = {purpose: count for purpose, count in rows}
    row = await session.get(BudgetRow, (Scope.OWNER, key))
    return OwnerUsage(
        quotas=[Quota(purpose, most, taken.get(purpose, 0)) for purpose, most in per_day.items()],
        budget=Budget(key, cap_micro_rupees, row.reserved if row else 0, row.spent if row else 0),
        by_purpose=await _figures(session, CallRow.purpose, CallRow.owner == owner, _in_month(today)),
    )


async def of_platform(session: ReadSession, *, month_cap_micro_rupees: int, now: datetime) -> PlatformUsage:
    """For staff or the worker login. `month_cap_micro_rupees`: what a month gets that nobody has spent from yet."""
    today = business_date(now)
    month_key = f"{today:%Y-%m}"
    month = _budget(await session.get(BudgetRow, (Scope.MONTH, month_key)), month_key, month_cap_micro_rupees)
    day = _budget(await session.get(BudgetRow, (Scope.DAY, str(today))), str(today), day_cap(month.cap))
    most = (
        select(BudgetRow)
        .where(BudgetRow.scope == Scope.OWNER, BudgetRow.key.endswith(f"/{month_key}"))
        .order_by(BudgetRow.spent.desc(), BudgetRow.key)
        .limit(_MOST_OWNERS)
    )
    owners = [
        OwnerSpending(row.owner, _budget(row, row.key, 0))
        for row in await session.scalars(most)
        if row.owner is not None
    ]
    return PlatformUsage(
        month=month,
        day=day,
        owners=owners,
        by_purpose=await _figures(session, CallRow.purpose, _in_month(today)),
        by_model=await _figures(session, CallRow.model, _in_month(today)),
    )


def _budget(row: BudgetRow | None, key: str, cap: int) -> Budget:
    return Budget(key, cap, 0, 0) if row is None else Budget(key, row.cap, row.reserved, row.spent)


def _in_month(today: date) -> ColumnElement[bool]:
    first = today.replace(day=1)
    return CallRow.business_date.between(first, today)


async def _figures(
    session: ReadSession, heading: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]
) -> list[Figure]:
    query = (
        select(
            heading,
            func.count(),
            func.count().filter(CallRow.is_hedge),
            func.count().filter(CallRow.cost.is_not(None), CallRow.output_tokens.is_(None)),
            func.coalesce(func.sum(CallRow.cost), 0),
        )
        .where(*conditions)
        .group_by(heading)
        .order_by(heading)
    )
    return [
        Figure(str(name), calls, hedges, unknown, int(cost or 0))
        for name, calls, hedges, unknown, cost in await session.execute(query)
    ]
