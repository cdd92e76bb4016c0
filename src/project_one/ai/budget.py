"""Setting what a month may cost."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from project_one.ai.errors import BudgetInvalidError
from project_one.ai.models import BudgetRow
from project_one.ai.ports import Scope
from project_one.ai.purse import MICRO, day_cap
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.clock import business_date
from project_one.kernel.db import WriteSession

MOST_RUPEES = 1_000_000_000


@dataclass(frozen=True)
class Caps:
    """Micro-rupees. `month` is more than was asked for when as much is spent or set aside already: then the purse is closed."""

    month: int
    day: int


async def set_month_cap(session: WriteSession, *, rupees: int, reason: str, actor: str, now: datetime) -> Caps:
    """Give this month, and today two thirtieths of it, another cap. Raises BudgetInvalidError.

    The next month begins with what the settings say. What a new cap leaves unreached can be alerted of again.
    """
    if not 0 < rupees <= MOST_RUPEES:
        message = f"A month's budget must be between 1 and {MOST_RUPEES:,} rupees; {rupees:,} was asked for."
        raise BudgetInvalidError(message, rupees=rupees)
    if not reason.strip():
        message = "Say in a sentence why the budget changes; it is kept in the audit trail."
        raise BudgetInvalidError(message)
    today = business_date(now)
    wanted = rupees * MICRO
    day = await _set(session, Scope.DAY, str(today), day_cap(wanted))  # day before month, as calls take their locks
    month = await _set(session, Scope.MONTH, f"{today:%Y-%m}", wanted)
    data = {
        "wanted_micro_rupees": wanted,
        "month_cap_micro_rupees": month,
        "day_cap_micro_rupees": day,
        "reason": reason,
    }
    event = Event(Action.AI_BUDGET_SET, "ai-budget-month", f"{today:%Y-%m}", actor, data, today)
    await audit.record(session, event, now=now)
    return Caps(month, day)


async def _set(session: WriteSession, scope: Scope, key: str, wanted: int) -> int:
    """Enter the purse or give it another cap, never below what is gone; the cap."""
    made = insert(BudgetRow).values(scope=scope, key=key, cap=wanted, reserved=0, spent=0, alerted=0)
    await session.execute(made.on_conflict_do_nothing())
    row = (
        await session.scalars(select(BudgetRow).where(BudgetRow.scope == scope, BudgetRow.key == key).with_for_update())
    ).one()
    row.cap = max(wanted, row.reserved + row.spent)
    passed = await session.scalar(select(func.ai_passed(row.spent, row.cap))) or 0
    row.alerted = min(row.alerted, passed)
    return row.cap
