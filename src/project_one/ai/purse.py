"""The purse on Postgres: what a call may cost is set aside before it is made, and booked once when it is over.

reserve ── owner, day, month, each within its cap, or none ──► call ──► settle ── the known cost, or the worst case
                                                                  crash ──► sweep ── the worst case

A day may take two thirtieths of the month. Each step is one statement and so one transaction of its own, shared with the
steps of other calls that wait in this process: it is committed or not whatever becomes of its caller, and no process holds
the row of the month while it thinks.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import text

from project_one.ai.domain import Purpose, Usage
from project_one.ai.grouped import Grouped
from project_one.ai.ports import Bill, Scope, Spending
from project_one.ai.prices import PriceTable, is_possible
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.clock import business_date
from project_one.kernel.db import Database

log = structlog.get_logger()

MICRO = 1_000_000
CRASHED_AFTER_S = 60.0
CRASHED = "crashed"
COLLECT_S = 0.03
"""A settlement waits so long for others: nobody waits for it, and each holds up the reservations of all."""
_URGENT_PERCENT = 95
_MOST_REMEMBERED = 10_000
_DAYS = 30
_DAYS_OF_MONEY_A_DAY = 2

_RESERVE = text("SELECT ai_reserve_all(CAST(:asked AS jsonb), :today, :month_cap)")
_TERMS = text("SELECT model, day, worst FROM ai_call_terms(:call)")
_SETTLE = text("SELECT ai_settle_all(CAST(:bills AS jsonb))")
_ALERT = text("SELECT cap, spent FROM ai_alert(:scope, :key, :percent)")
_CRASHED = text("SELECT ai_crashed(CAST(:seconds AS double precision))")


def day_cap(month_cap: int) -> int:
    """What one day may take of a month, as `ai_reserve` has it."""
    return month_cap * _DAYS_OF_MONEY_A_DAY // _DAYS


class LedgerPurse:
    """ai.ports.Purse. Whoever calls `settle` shields it from her own cancellation, or the sweep books the worst case."""

    def __init__(
        self, database: Database, prices: PriceTable, *, month_cap_micro_rupees: int, collect_s: float = COLLECT_S
    ) -> None:
        if month_cap_micro_rupees <= 0:
            message = "a month's budget must be more than nothing"
            raise ValueError(message)
        self._database = database
        self._single = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._prices = prices
        self._month_cap = month_cap_micro_rupees
        self._reserving = Grouped(self._reserve_all)
        self._settling = Grouped(self._settle_all, collect_s=collect_s)
        self._under_way: dict[UUID, tuple[str, date, int]] = {}  # spares most settlements a question to the database

    async def worst(self, model: str, *, input_bytes: int, most_output_tokens: int, now: datetime) -> int:
        on = business_date(now)
        return self._prices.worst(model, input_bytes=input_bytes, most_output_tokens=most_output_tokens, on=on)

    async def reserve(self, spending: Spending, *, now: datetime) -> Scope | None:
        """The same call twice is an IntegrityError: a retry is a call of its own."""
        if spending.worst_micro_rupees < 0:
            message = "the worst case cannot be less than nothing"
            raise ValueError(message)
        refused = await self._reserving.one((spending, now))
        if refused is not None:
            return refused
        if len(self._under_way) >= _MOST_REMEMBERED:
            self._under_way.clear()
        self._under_way[spending.call_id] = (spending.model, business_date(now), spending.worst_micro_rupees)
        return None

    async def settle(self, call_id: UUID, bill: Bill, *, now: datetime) -> int:
        """Raises LookupError for a call that was never reserved."""
        cost = None if bill.usage is None else await self._cost(call_id, bill.usage)
        counts = bill.usage if cost is not None else None
        values = {
            "id": call_id,
            "cost": cost,
            "input": counts and counts.input,
            "cached": counts and counts.cached,
            "cache_written": counts and counts.cache_written,
            "output": counts and counts.output,
            "outcome": bill.outcome,
            "took": bill.took_ms,
            "at": now,
        }
        booked = await self._settling.one(values)
        self._under_way.pop(call_id, None)
        if booked is None:
            message = f"nothing was reserved for the call {call_id}"
            raise LookupError(message)
        return booked

    async def _reserve_all(self, asked: Sequence[tuple[Spending, datetime]]) -> list[Scope | None]:
        """A day after the other, since each has its own purse."""
        days = [business_date(now) for _, now in asked]
        found: list[Scope | None] = [None] * len(asked)
        for day in sorted(set(days)):
            places = [place for place, other in enumerate(days) if other == day]
            items = [_item(*asked[place], number) for number, place in enumerate(places, start=1)]
            values = {"asked": orjson.dumps(items, default=str).decode(), "today": day, "month_cap": self._month_cap}
            refusals: list[str | None] = await self._scalar(_RESERVE, values)
            for place, refused in zip(places, refusals, strict=True):
                found[place] = None if refused is None else Scope(refused)
        return found

    async def _settle_all(self, bills: Sequence[Mapping[str, Any]]) -> list[int | None]:
        """What each has cost; None for a call that is not known."""
        settled: Mapping[str, Any] = await self._scalar(_SETTLE, {"bills": orjson.dumps(bills, default=str).decode()})
        for due in settled["due"]:
            await self._alert(due["scope"], due["key"], due["percent"], now=bills[-1]["at"])
        booked: Mapping[str, int] = settled["booked"] or {}
        return [booked.get(str(bill["id"])) for bill in bills]

    async def take(self, owner: UUID, purpose: Purpose, *, per_day: int, now: datetime) -> bool:
        values = {"owner": owner, "purpose": purpose.value, "today": business_date(now), "per_day": per_day}
        return bool(await self._scalar(text("SELECT ai_take(:owner, :purpose, :today, :per_day)"), values))

    async def put_back(self, owner: UUID, purpose: Purpose, *, now: datetime) -> None:
        """`now`: as it was when it was taken, or midnight would return it to another day."""
        values = {"owner": owner, "purpose": purpose.value, "today": business_date(now)}
        await self._scalar(text("SELECT ai_put_back(:owner, :purpose, :today)"), values)

    async def share_left(self, *, now: datetime) -> float:
        left = await self._scalar(text("SELECT ai_month_left(:today)"), {"today": business_date(now)})
        return 1.0 if left is None else float(left)

    async def crashed(self, *, after_s: float = CRASHED_AFTER_S) -> Sequence[UUID]:
        """Calls that were set aside so long ago that nobody is at them any more, at most a thousand."""
        async with self._single.connect() as connection:
            return (await connection.scalars(_CRASHED, {"seconds": after_s})).all()

    async def sweep(self, *, now: datetime, after_s: float = CRASHED_AFTER_S) -> int:
        """Book at the worst case what was set aside and never settled; how many. Ages are the database's own.

        What a crashed call has cost nobody knows, and it is never given back.
        """
        ids = await self.crashed(after_s=after_s)
        bill = Bill(CRASHED, None, after_s * 1000)
        booked = await asyncio.gather(*(self.settle(call_id, bill, now=now) for call_id in ids))
        for call_id, worst in zip(ids, booked, strict=True):
            log.warning("ai.purse.crashed-call-booked", call_id=call_id, micro_rupees=worst)
        return len(ids)

    async def _cost(self, call_id: UUID, usage: Usage) -> int | None:
        """By the price of the day it was reserved on; None when the vendor's count cannot be."""
        model, day, worst = self._under_way.get(call_id) or await self._terms(call_id)
        if not is_possible(usage):
            log.error("ai.purse.impossible-usage", call_id=call_id, model=model)
            return None
        cost = self._prices.cost(model, usage, on=day)
        if cost > worst:
            log.error("ai.purse.more-than-worst", call_id=call_id, model=model, worst=worst, claimed=cost)
        return cost

    async def _terms(self, call_id: UUID) -> tuple[str, date, int]:
        async with self._single.connect() as connection:
            model, day, worst = (await connection.execute(_TERMS, {"call": call_id})).one()
        if model is None:
            message = f"nothing was reserved for the call {call_id}"
            raise LookupError(message)
        return model, day, worst

    async def _alert(self, scope: str, key: str, percent: int, *, now: datetime) -> None:
        """Tell of it once, with the trail in the same transaction as the mark."""
        async with self._database.transactions() as session:
            row = (await session.execute(_ALERT, {"scope": scope, "key": key, "percent": percent})).one_or_none()
            if row is None:
                return
            data = {"percent": percent, "cap_micro_rupees": row.cap, "spent_micro_rupees": row.spent}
            event = Event(Action.AI_BUDGET_ALERT, f"ai-budget-{scope}", key, "ai", data, business_date(now))
            await audit.record(session, event, now=now)
        tell = log.error if percent >= _URGENT_PERCENT else log.warning
        tell("ai.budget.used", scope=scope, key=key, **data)

    async def _scalar(self, statement: Any, values: Mapping[str, Any]) -> Any:
        async with self._single.connect() as connection:
            return await connection.scalar(statement, values)


def _item(spending: Spending, now: datetime, place: int) -> dict[str, Any]:
    return {
        "id": spending.call_id,
        "owner": spending.owner,
        "owner_cap": spending.owner_cap_micro_rupees,
        "purpose": spending.purpose.value,
        "prompt": spending.prompt,
        "version": spending.prompt_version,
        "model": spending.model,
        "hedge": spending.is_hedge,
        "worst": spending.worst_micro_rupees,
        "at": now,
        "place": place,
    }
