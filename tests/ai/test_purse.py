"""The purse: within every cap, booked once, never given back when nobody knows."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from structlog.testing import capture_logs

from project_one.ai.domain import Purpose, Usage
from project_one.ai.ports import Bill, Scope
from project_one.ai.prices import shipped
from project_one.ai.purse import MICRO, LedgerPurse
from project_one.audit.models import AuditEventRow
from project_one.bootstrap import House
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id
from project_one.kernel.scope import Scope as Tenant

from ..conftest import RealServers
from .spending import MODEL, bill, budgets, calls, purse_of, spending

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
MONTH, DAY = "2026-11", "2026-11-24"
COST_OF_1000 = shipped().cost(MODEL, Usage(1000, 0), on=business_date(NOW))


async def test_the_first_call_makes_the_purses(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    assert await purse.share_left(now=NOW) == 1.0
    call = spending(owner, 30_000, cap=5 * MICRO)
    assert await purse.reserve(call, now=NOW) is None
    rows = await budgets(house)
    assert {key: (row.cap, row.reserved, row.spent) for key, row in rows.items()} == {
        (Scope.MONTH, MONTH): (20_000 * MICRO, 30_000, 0),
        (Scope.DAY, DAY): (20_000 * MICRO * 2 // 30, 30_000, 0),
        (Scope.OWNER, f"{owner}/{MONTH}"): (5 * MICRO, 30_000, 0),
    }
    assert await purse.settle(call.call_id, bill(1000), now=NOW) == COST_OF_1000
    assert {(row.reserved, row.spent) for row in (await budgets(house)).values()} == {(0, COST_OF_1000)}
    (row,) = await calls(house)
    assert (row.cost, row.input_tokens, row.outcome, row.took_ms) == (COST_OF_1000, 1000, "answered", 12.5)
    assert await purse.share_left(now=NOW) == pytest.approx(1 - COST_OF_1000 / (20_000 * MICRO))


@pytest.mark.parametrize(
    ("rupees", "owner_cap", "worst", "refused"),
    [
        (300, 10 * MICRO, 10 * MICRO, None),
        (300, 10 * MICRO, 10 * MICRO + 1, Scope.OWNER),
        (300, 400 * MICRO, 20 * MICRO, None),
        (300, 400 * MICRO, 20 * MICRO + 1, Scope.DAY),
        (300, 0, 1, Scope.OWNER),
        (300, -5, 1, Scope.OWNER),
    ],
)
async def test_a_purse_bears_its_cap_and_no_more(
    house: House, rupees: int, owner_cap: int, worst: int, refused: Scope | None
) -> None:
    purse = purse_of(house, rupees=rupees)
    assert await purse.reserve(spending(new_id(), worst, cap=owner_cap), now=NOW) is refused
    assert len(await calls(house)) == (refused is None)
    assert {row.reserved for row in (await budgets(house)).values()} <= ({worst} if refused is None else {0})


async def test_the_month_refuses_when_its_days_have_spent_it(house: House) -> None:
    purse = purse_of(house, rupees=15)
    for day in range(15):
        call = spending(new_id(), MICRO)
        assert await purse.reserve(call, now=NOW + timedelta(hours=day)) in (None, Scope.DAY)
    for day in range(1, 4):
        for _ in range(5):
            await purse.reserve(spending(new_id(), MICRO), now=NOW + timedelta(days=day))
    rest = 15 - sum(row.worst for row in await calls(house)) // MICRO
    later = [
        await purse.reserve(spending(new_id(), MICRO), now=datetime(2026, 11, day, 6, tzinfo=UTC))
        for day in range(1, 20)
    ]
    assert later == [None] * rest + [Scope.MONTH] * (19 - rest)
    assert (await budgets(house))[Scope.MONTH, MONTH].reserved == 15 * MICRO


async def test_it_settles_once(house: House) -> None:
    purse, call = purse_of(house), spending(new_id(), 50_000)
    await purse.reserve(call, now=NOW)
    first = await purse.settle(call.call_id, bill(1000), now=NOW)
    both = [await purse.settle(call.call_id, bill(count), now=NOW) for count in (2000, None, 0)]
    assert both == [first] * 3
    assert {(row.reserved, row.spent) for row in (await budgets(house)).values()} == {(0, COST_OF_1000)}


async def test_twins_settle_once(house: House) -> None:
    purse, call = purse_of(house), spending(new_id(), 50_000)
    await purse.reserve(call, now=NOW)
    booked = await asyncio.gather(*(purse.settle(call.call_id, bill(1000 * count), now=NOW) for count in range(1, 6)))
    assert len(set(booked)) == 1
    assert {(row.reserved, row.spent) for row in (await budgets(house)).values()} == {(0, booked[0])}


async def test_the_same_call_is_not_reserved_twice(house: House) -> None:
    purse, call = purse_of(house), spending(new_id(), 10)
    await purse.reserve(call, now=NOW)
    with pytest.raises(IntegrityError):
        await purse.reserve(call, now=NOW)
    assert {row.reserved for row in (await budgets(house)).values()} == {10}


async def test_what_was_never_reserved_cannot_be_settled(house: House) -> None:
    for tokens in (None, 10):
        with pytest.raises(LookupError, match="nothing was reserved"):
            await purse_of(house).settle(new_id(), bill(tokens), now=NOW)


@pytest.mark.parametrize("usage", [None, Usage(-5, 0), Usage(10, 0, cached=50), Usage(10**12, 0), Usage(10**8, 0)])
async def test_what_nobody_knows_or_nobody_can_believe_stays_at_the_worst_case(
    house: House, usage: Usage | None
) -> None:
    purse, call = purse_of(house), spending(new_id(), 7_000)
    await purse.reserve(call, now=NOW)
    with capture_logs() as logs:
        assert await purse.settle(call.call_id, Bill("too-slow", usage, 1100), now=NOW) == 7_000
    assert [item["log_level"] for item in logs] == ([] if usage is None else ["error"])
    assert {(row.reserved, row.spent) for row in (await budgets(house)).values()} == {(0, 7_000)}


async def test_the_sweep_books_what_crashed(house: House) -> None:
    purse = purse_of(house)
    crashed, alive = spending(new_id(), 900), spending(new_id(), 800)
    await purse.reserve(crashed, now=NOW)
    assert await purse.sweep(now=NOW) == 0  # it was reserved a moment ago
    assert await purse.sweep(now=NOW, after_s=0) == 1
    await purse.reserve(alive, now=NOW)
    assert await purse.sweep(now=NOW + timedelta(hours=1)) == 0  # this clock is an hour ahead: ages are the database's
    first, second = await calls(house)
    assert (first.cost, first.outcome, second.cost) == (900, "crashed", None)
    assert await purse.settle(crashed.call_id, bill(0), now=NOW) == 900  # it was only slow: too late to give back
    month = (await budgets(house))[Scope.MONTH, MONTH]
    assert (month.reserved, month.spent) == (800, 900)


async def test_a_call_over_midnight_is_paid_from_the_month_it_began_in(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    before = datetime(2026, 11, 30, 18, 29, 59, tzinfo=UTC)  # 23:59:59 IST
    call, next_call = spending(owner, 100_000), spending(owner, 4)
    await purse.reserve(call, now=before)
    await purse.reserve(next_call, now=before + timedelta(seconds=2))
    await purse.settle(call.call_id, bill(1000), now=before + timedelta(seconds=2))
    rows = {key: (row.reserved, row.spent) for (_, key), row in (await budgets(house)).items()}
    assert rows == {
        "2026-11": (0, COST_OF_1000),
        "2026-11-30": (0, COST_OF_1000),
        f"{owner}/2026-11": (0, COST_OF_1000),
        "2026-12": (4, 0),
        "2026-12-01": (4, 0),
        f"{owner}/2026-12": (4, 0),
    }


async def test_an_owner_cap_below_what_is_spent_refuses(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    call = spending(owner, 1000, cap=1000)
    await purse.reserve(call, now=NOW)
    assert await purse.reserve(spending(owner, 1, cap=500), now=NOW) is Scope.OWNER
    await purse.settle(call.call_id, bill(None), now=NOW)
    assert await purse.reserve(spending(owner, 0, cap=500), now=NOW) is Scope.OWNER
    assert await purse.reserve(spending(owner, 1, cap=1001), now=NOW) is None  # a larger tier


async def test_lost_purses_do_not_stop_a_settlement(house: House, test_servers: RealServers) -> None:
    purse, call = purse_of(house), spending(new_id(), 10)
    await purse.reserve(call, now=NOW)
    owner = await asyncpg.connect(test_servers.owner_url)
    await owner.execute("DELETE FROM ai_budgets")
    await owner.close()
    assert await purse.settle(call.call_id, bill(None), now=NOW) == 10
    assert await budgets(house) == {}


async def test_another_process_settles_by_the_price_of_the_day_it_was_reserved_on(house: House) -> None:
    mini, before = replace(spending(new_id(), 50_000), model="gpt-4.1-mini"), datetime(2027, 1, 14, 18, 29, tzinfo=UTC)
    await purse_of(house).reserve(mini, now=before)
    after = before + timedelta(minutes=2)  # the model has no price any more
    cost = shipped().cost("gpt-4.1-mini", Usage(1000, 0), on=business_date(before))
    assert await purse_of(house).settle(mini.call_id, bill(1000), now=after) == cost


async def test_processes_whose_clocks_differ_by_an_hour_keep_each_day_within_its_cap(house: House) -> None:
    moment = datetime(2026, 11, 30, 18, 0, tzinfo=UTC)  # 23:30 IST; one hour on it is December
    answers = await asyncio.gather(
        *(
            purse_of(house, rupees=15).reserve(spending(new_id(), 300_000), now=moment + timedelta(hours=index % 2))
            for index in range(12)
        )
    )
    assert answers.count(None) == 6
    rows = {key: row.reserved for (scope, key), row in (await budgets(house)).items() if scope is not Scope.OWNER}
    assert rows == {"2026-11-30": 900_000, "2026-11": 900_000, "2026-12-01": 900_000, "2026-12": 900_000}


@pytest.mark.parametrize("rupees", [0, -1])
def test_a_month_without_money_is_refused(house: House, rupees: int) -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        LedgerPurse(house.database, shipped(), month_cap_micro_rupees=rupees)


async def test_many_at_once_stop_exactly_at_the_cap(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    answers = await asyncio.gather(
        *(purse.reserve(spending(owner, 7, cap=100), now=NOW) for _ in range(40)),
    )
    assert answers.count(None) == 14
    assert (await budgets(house))[Scope.OWNER, f"{owner}/{MONTH}"].reserved == 98


async def test_those_that_wait_are_set_aside_and_booked_together(house: House, test_servers: RealServers) -> None:
    purse, owners = purse_of(house), [new_id() for _ in range(4)]
    await purse.reserve(spending(owners[0], 1), now=NOW)  # makes the purses of the day
    asked = [spending(owners[number % 4], 10) for number in range(40)]
    assert await asyncio.gather(*(purse.reserve(call, now=NOW) for call in asked)) == [None] * 40
    assert await _transactions(test_servers) <= 4
    await asyncio.gather(*(purse.settle(call.call_id, bill(0), now=NOW) for call in asked))
    assert await _transactions(test_servers) <= 4
    assert {row.reserved for row in (await budgets(house)).values()} <= {0, 1}


async def _transactions(servers: RealServers) -> int:
    """That wrote the calls as they are now."""
    owner = await asyncpg.connect(servers.owner_url)
    try:
        return await owner.fetchval("SELECT count(DISTINCT xmin::text) FROM ai_calls")
    finally:
        await owner.close()


async def test_of_those_that_do_not_all_fit_as_many_are_taken_as_fit_in_their_order(house: House) -> None:
    purse, poor, rich = purse_of(house), new_id(), new_id()
    await purse.reserve(spending(rich, 1), now=NOW)
    asked = [spending(poor, 40, cap=100), spending(rich, 50), spending(poor, 70, cap=100), spending(poor, 60, cap=100)]
    found = await asyncio.gather(*(purse.reserve(call, now=NOW) for call in asked))
    assert found == [None, None, Scope.OWNER, None]
    assert (await budgets(house))[Scope.MONTH, MONTH].reserved == 151


async def test_one_owner_with_two_caps_at_once_keeps_to_each(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    await purse.reserve(spending(new_id(), 1), now=NOW)
    asked = [spending(owner, 10, cap=100), spending(owner, 10, cap=15), spending(owner, 10, cap=100)]
    assert await asyncio.gather(*(purse.reserve(call, now=NOW) for call in asked)) == [None, Scope.OWNER, None]


async def test_those_that_wait_over_midnight_are_paid_by_their_own_day(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    moments = [NOW, NOW + timedelta(days=1), NOW, NOW + timedelta(days=20)]
    found = await asyncio.gather(*(purse.reserve(spending(owner, 10), now=moment) for moment in moments))
    assert found == [None] * 4
    days = {key: row.reserved for (scope, key), row in (await budgets(house)).items() if scope is Scope.DAY}
    assert sorted(days.values()) == [10, 10, 20]


async def test_quotas_are_exact(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    taken = await asyncio.gather(*(purse.take(owner, Purpose.LINT, per_day=20, now=NOW) for _ in range(50)))
    assert sum(taken) == 20
    await purse.put_back(owner, Purpose.LINT, now=NOW)
    assert await purse.take(owner, Purpose.LINT, per_day=20, now=NOW)
    assert not await purse.take(owner, Purpose.LINT, per_day=20, now=NOW)
    assert await purse.take(owner, Purpose.GENERATION, per_day=1, now=NOW)
    assert not await purse.take(new_id(), Purpose.LINT, per_day=0, now=NOW)
    for _ in range(3):
        await purse.put_back(owner, Purpose.TRANSLATION, now=NOW)


async def test_a_new_day_in_india_brings_new_quotas(house: House) -> None:
    purse, owner = purse_of(house), new_id()
    eve = datetime(2026, 11, 24, 18, 29, tzinfo=UTC)
    assert await purse.take(owner, Purpose.LINT, per_day=1, now=eve)
    assert not await purse.take(owner, Purpose.LINT, per_day=1, now=eve)
    assert await purse.take(owner, Purpose.LINT, per_day=1, now=eve + timedelta(minutes=1))


async def test_alerts_come_once_for_each_step(house: House) -> None:
    purse = purse_of(house, rupees=15)  # a day is one rupee
    with capture_logs() as logs:
        for _ in range(100):
            call = spending(new_id(), MICRO // 100)
            assert await purse.reserve(call, now=NOW) is None
            await asyncio.gather(*(purse.settle(call.call_id, bill(None), now=NOW) for _ in range(2)))
        assert await purse.reserve(spending(new_id(), 1), now=NOW) is Scope.DAY
    told = [(item["log_level"], item["scope"], item["percent"]) for item in logs if item["event"] == "ai.budget.used"]
    assert told == [("warning", "day", 50), ("warning", "day", 80), ("error", "day", 95)]
    async with house.database.readings() as session:
        events = (await session.scalars(select(AuditEventRow).order_by(AuditEventRow.position))).all()
    assert [(item.action, item.object_id, item.data["percent"]) for item in events] == [
        ("ai-budget.alert", DAY, percent) for percent in (50, 80, 95)
    ]


async def test_the_api_moves_money_and_sees_its_own(house: House, api_house: House) -> None:
    purse, (own, other) = purse_of(api_house), (new_id(), new_id())
    for owner in (own, other):
        call = spending(owner, 20_000)
        assert await purse.reserve(call, now=NOW) is None
        assert await purse.settle(call.call_id, bill(1000), now=NOW) == COST_OF_1000
        assert await purse.take(owner, Purpose.LINT, per_day=3, now=NOW)
    assert await purse.share_left(now=NOW) < 1
    assert await purse.sweep(now=NOW, after_s=0) == 0
    async with api_house.database.scoped(Tenant(tenant=own)).readings() as session:
        assert (await session.scalars(text("SELECT key FROM ai_budgets"))).all() == [f"{own}/{MONTH}"]
        assert (await session.scalars(text("SELECT owner FROM ai_calls"))).all() == [own]
        assert (await session.scalars(text("SELECT owner FROM ai_quotas"))).all() == [own]
    async with api_house.database.readings() as session:
        assert await session.scalar(text("SELECT count(*) FROM ai_budgets")) == 0
    async with api_house.database.scoped(Tenant(is_staff=True)).readings() as session:
        assert await session.scalar(text("SELECT count(*) FROM ai_budgets")) == 4


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ai_budgets SET cap = cap + 1",
        "DELETE FROM ai_calls",
        "UPDATE ai_calls SET cost = 0",
        "UPDATE ai_quotas SET taken = 0",
        "UPDATE ai_prompts SET sha256 = ''",
        "INSERT INTO ai_quotas VALUES (gen_random_uuid(), 'lint', '2026-11-24', 0)",
    ],
)
async def test_the_api_cannot_write_the_books_itself(api_house: House, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with api_house.database.scoped(Tenant(is_staff=True)).transactions() as session:
            await session.execute(text(change))
