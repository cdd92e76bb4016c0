"""Purses for tests, and what goes in and out of them."""

from uuid import UUID

from sqlalchemy import select

from project_one.ai.domain import Purpose, Usage
from project_one.ai.models import BudgetRow, CallRow
from project_one.ai.ports import Bill, Scope, Spending
from project_one.ai.prices import shipped
from project_one.ai.purse import MICRO, LedgerPurse
from project_one.bootstrap import House
from project_one.kernel.ids import new_id

MODEL = "gpt-6-luna"
RUPEES = 20_000


def purse_of(house: House, *, rupees: int = RUPEES) -> LedgerPurse:
    return LedgerPurse(house.database, shipped(), month_cap_micro_rupees=rupees * MICRO, collect_s=0)


def spending(owner: UUID, worst: int, *, cap: int = RUPEES * MICRO, purpose: Purpose = Purpose.LINT) -> Spending:
    return Spending(new_id(), owner, cap, purpose, MODEL, "suspicions", 1, worst)


def bill(tokens: int | None = 0) -> Bill:
    """Of a call whose input was so many tokens; None: nobody knows."""
    return Bill("answered", None if tokens is None else Usage(tokens, 0), 12.5)


async def budgets(house: House) -> dict[tuple[Scope, str], BudgetRow]:
    async with house.database.readings() as session:
        return {(row.scope, row.key): row for row in await session.scalars(select(BudgetRow))}


async def calls(house: House) -> list[CallRow]:
    async with house.database.readings() as session:
        return list(await session.scalars(select(CallRow).order_by(CallRow.held_since)))
