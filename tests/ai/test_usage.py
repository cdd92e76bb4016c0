"""What was used, and who may set what may be."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from project_one.ai import usage
from project_one.ai.budget import set_month_cap
from project_one.ai.domain import Purpose
from project_one.ai.errors import BudgetInvalidError
from project_one.ai.jobs import SettleCrashedCalls
from project_one.ai.ports import Scope
from project_one.ai.purse import MICRO
from project_one.audit.models import AuditEventRow
from project_one.bootstrap import House, handlers
from project_one.entrypoints.cli import app
from project_one.entrypoints.clock import ClockWork
from project_one.entrypoints.commands import ai
from project_one.kernel.ids import new_id
from project_one.kernel.scope import Scope as Tenant
from project_one.settings import Settings

from ..conftest import RealServers
from .spending import RUPEES, bill, budgets, calls, purse_of, spending

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
PER_DAY: dict[Purpose, int | None] = {Purpose.LINT: 20, Purpose.GENERATION: 10, Purpose.PACK_CHECK: None}


async def test_an_owner_reads_what_is_left(house: House, api_house: House) -> None:
    purse, owner, other = purse_of(house), new_id(), new_id()
    for who, purpose, tokens in (
        (owner, Purpose.LINT, 1000),
        (owner, Purpose.LINT, None),
        (owner, Purpose.PACK_CHECK, 500),
        (other, Purpose.LINT, 1000),
    ):
        call = spending(who, 50_000, purpose=purpose)
        if who == owner and tokens is None:
            call = replace(call, is_hedge=True)
        await purse.take(who, purpose, per_day=20, now=NOW)
        await purse.reserve(call, now=NOW)
        await purse.settle(call.call_id, bill(tokens), now=NOW)
    await purse.reserve(spending(owner, 7), now=NOW)
    async with api_house.database.scoped(Tenant(tenant=owner)).readings() as session:
        found = await usage.of_owner(session, owner, per_day=PER_DAY, cap_micro_rupees=MICRO, now=NOW)
    assert {item.purpose: (item.taken, item.left) for item in found.quotas} == {
        Purpose.LINT: (2, 18),
        Purpose.GENERATION: (0, 10),
        Purpose.PACK_CHECK: (1, None),
    }
    booked = [row.cost or 0 for row in await calls(house) if row.owner == owner]
    assert (found.budget.spent, found.budget.reserved, found.budget.cap) == (sum(booked), 7, MICRO)
    lint, check = found.by_purpose
    assert (lint.name, lint.calls, lint.hedges, lint.unknown, lint.cost) == ("lint", 3, 1, 1, booked[0] + 50_000)
    assert (check.calls, check.cost_per_question) == (1, check.cost)


async def test_an_owner_who_never_asked_has_everything_left(house: House) -> None:
    async with house.database.readings() as session:
        found = await usage.of_owner(session, new_id(), per_day=PER_DAY, cap_micro_rupees=5 * MICRO, now=NOW)
        whole = await usage.of_platform(session, month_cap_micro_rupees=30 * MICRO, now=NOW)
    assert (found.budget.left, found.by_purpose) == (5 * MICRO, [])
    assert (whole.month.cap, whole.day.cap, whole.owners) == (30 * MICRO, 2 * MICRO, [])


async def test_the_platform_view(house: House) -> None:
    purse, small, large = purse_of(house), new_id(), new_id()
    for owner, worst in ((small, 10), (large, 500), (large, 500)):
        call = spending(owner, worst)
        await purse.reserve(call, now=NOW)
        await purse.settle(call.call_id, bill(None), now=NOW)
    async with house.database.readings() as session:
        found = await usage.of_platform(session, month_cap_micro_rupees=1, now=NOW + timedelta(hours=2))
    assert [(item.owner, item.budget.spent) for item in found.owners] == [(large, 1000), (small, 10)]
    assert (found.month.spent, found.day.spent, found.month.cap) == (1010, 1010, RUPEES * MICRO)
    assert [(item.name, item.calls, item.cost, item.cost_per_question) for item in found.by_model] == [
        ("gpt-6-luna", 3, 1010, 337)
    ]


async def test_a_new_cap_holds_from_the_next_call(house: House) -> None:
    purse, call = purse_of(house), spending(new_id(), 900 * MICRO)
    await purse.reserve(call, now=NOW)
    async with house.database.transactions() as session:
        caps = await set_month_cap(session, rupees=30_000, reason="Diwali", actor="operator", now=NOW)
    assert (caps.month, caps.day) == (30_000 * MICRO, 2_000 * MICRO)
    assert await purse.reserve(spending(new_id(), 1_100 * MICRO), now=NOW) is None
    assert await purse.reserve(spending(new_id(), 1), now=NOW) is Scope.DAY
    async with house.database.readings() as session:
        event = (await session.scalars(select(AuditEventRow))).one()
    assert (event.action, event.object_id, event.actor, event.data["reason"]) == (
        "ai-budget.set",
        "2026-11",
        "operator",
        "Diwali",
    )


async def test_a_cap_below_what_is_gone_closes_the_purse(house: House) -> None:
    purse, spent, held = purse_of(house), spending(new_id(), 100 * MICRO), spending(new_id(), 50 * MICRO)
    for call in (spent, held):
        await purse.reserve(call, now=NOW)
    await purse.settle(spent.call_id, bill(None), now=NOW)
    async with house.database.transactions() as session:
        caps = await set_month_cap(session, rupees=10, reason="Stop", actor="operator", now=NOW)
    assert (caps.month, caps.day) == (150 * MICRO, 150 * MICRO)
    assert await purse.reserve(spending(new_id(), 1), now=NOW) is Scope.DAY
    assert await purse.reserve(spending(new_id(), 1), now=NOW + timedelta(days=1)) is Scope.MONTH
    assert await purse.settle(held.call_id, bill(None), now=NOW) == 50 * MICRO
    assert await purse.share_left(now=NOW) == 0


async def test_a_cap_before_the_first_call_is_the_month_s(house: House) -> None:
    async with house.database.transactions() as session:
        await set_month_cap(session, rupees=15, reason="A small month", actor="operator", now=NOW)
    tomorrow = NOW + timedelta(days=1)
    purse = purse_of(house)
    assert await purse.reserve(spending(new_id(), MICRO + 1), now=tomorrow) is Scope.DAY
    assert await purse.reserve(spending(new_id(), MICRO), now=tomorrow) is None
    assert (await budgets(house))[Scope.MONTH, "2026-11"].cap == 15 * MICRO


@pytest.mark.parametrize(("rupees", "reason"), [(0, "x"), (-5, "x"), (2_000_000_000, "x"), (5, " ")])
async def test_no_budget_without_money_or_reason(house: House, rupees: int, reason: str) -> None:
    async with house.database.transactions() as session:
        with pytest.raises(BudgetInvalidError):
            await set_month_cap(session, rupees=rupees, reason=reason, actor="operator", now=NOW)


@pytest.mark.parametrize("rupees", [0, -20_000])
def test_settings_refuse_a_budget_of_nothing(settings: Settings, rupees: int) -> None:
    values = settings.model_dump() | {"ai_budget_rupees": rupees}
    with pytest.raises(ValueError, match="greater than 0"):
        Settings.model_validate(values)


def test_the_command_sets_and_shows(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ai, "settings", lambda: settings)
    runner = CliRunner()
    done = runner.invoke(app, ["ai", "budget", "set", "600", "--reason", "A trial", "--json"])
    assert json.loads(done.output) == {"month_rupees": 600.0, "day_rupees": 40.0}
    shown = json.loads(runner.invoke(app, ["ai", "budget", "show", "--json"]).output)
    assert (shown["month"]["cap_rupees"], shown["day"]["left_rupees"], shown["owners"]) == (600.0, 40.0, [])
    refused = runner.invoke(app, ["ai", "budget", "set", "--reason", "x", "--", "-3"])
    assert isinstance(refused.exception, BudgetInvalidError)


class Sink:
    def __init__(self) -> None:
        self.names: list[str] = []

    async def add(self, queue: str, name: str, payload: dict[str, object], *, job_id: str) -> None:
        assert queue
        self.names.append(name)


async def test_the_clock_has_crashed_calls_settled(house: House, test_servers: RealServers) -> None:
    purse, call, sink = house.purse, spending(new_id(), 9), Sink()
    clockwork = ClockWork(house, sink)  # pyright: ignore[reportArgumentType]  takes jobs like a producer
    await purse.reserve(call, now=house.clock())
    await clockwork.tick()
    assert SettleCrashedCalls.name not in sink.names
    owner = await asyncpg.connect(test_servers.owner_url)
    await owner.execute("UPDATE ai_calls SET held_since = held_since - interval '61 seconds'")
    await owner.close()
    await clockwork.tick()
    assert sink.names.count(SettleCrashedCalls.name) == 1
    sender = house.whatsapp()
    await handlers(house, sender)["maintenance"][SettleCrashedCalls.name]({})
    await sender.close()
    assert [(row.cost, row.outcome) for row in await calls(house)] == [(9, "crashed")]
    assert await purse.crashed() == []
