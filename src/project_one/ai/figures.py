"""What calls took and cost, from the ledger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from project_one.ai.domain import Purpose
from project_one.ai.models import CallRow, CallState
from project_one.ai.purse import CRASHED
from project_one.ai.tries import NOT_SENT
from project_one.kernel.db import ReadSession


@dataclass(frozen=True)
class CallFigures:
    """`calls`: those that left, without second tries, whose cost counts all the same; `cost_micro_rupees`: of everything settled.

    Times are those of first tries, which end when a second one answers; nobody knows how long a crashed one took.
    """

    calls: int
    cost_micro_rupees: int
    took_p50_ms: float | None
    took_p95_ms: float | None

    @property
    def cost_per_call_micro_rupees(self) -> float | None:
        return self.cost_micro_rupees / self.calls if self.calls else None


async def call_figures(session: ReadSession, purposes: Collection[Purpose], first: date, last: date) -> CallFigures:
    """Of settled calls on these business dates, both included."""
    is_first = ~CallRow.is_hedge & (CallRow.outcome != NOT_SENT)
    is_timed = is_first & (CallRow.outcome != CRASHED)
    query = select(
        func.count().filter(is_first),
        func.coalesce(func.sum(CallRow.cost), 0),
        func.percentile_cont(0.5).within_group(CallRow.took_ms).filter(is_timed),
        func.percentile_cont(0.95).within_group(CallRow.took_ms).filter(is_timed),
    ).where(
        CallRow.state == CallState.SETTLED,
        CallRow.purpose.in_(purposes),
        CallRow.business_date >= first,
        CallRow.business_date <= last,
    )
    calls, cost, p50, p95 = (await session.execute(query)).one()
    return CallFigures(calls, int(cost or 0), p50, p95)
