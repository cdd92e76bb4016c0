"""The gate with the ledger on Postgres, the table of prices and the days that pass."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from project_one.ai.cache import AnswerCache
from project_one.ai.domain import Answer, Reason, Refused, Result, Role
from project_one.ai.gate import Gate, GateTools
from project_one.ai.models import CallState
from project_one.ai.ports import Purse
from project_one.ai.prices import shipped
from project_one.ai.purse import MICRO, LedgerPurse
from project_one.bootstrap import House
from project_one.kernel.db import DatabaseConfig, connect
from project_one.vendors.openai.client import OpenAIClient, OpenAIConfig

from .prompt import SUSPICIONS
from .purse import NOW
from .questions import LIMITS, question
from .spending import budgets, calls, purse_of
from .vendor import Vendor, bad, good, never

RICH = replace(LIMITS, deadline_s=2.0, owner_cap_micro_rupees=1_000 * MICRO)


async def models(role: Role, on: date) -> Sequence[str]:
    return shipped().models_for(role, on)


@asynccontextmanager
async def gate_of(house: House, vendor: Vendor, purse: Purse, now: datetime = NOW) -> AsyncIterator[Gate]:
    redis_url = house.settings.redis_url.get_secret_value()
    redis: Redis = Redis.from_url(redis_url)
    await redis.flushall()
    await redis.aclose()
    client, cache = OpenAIClient(OpenAIConfig(vendor.url, SecretStr("sk-test"))), AnswerCache.connected(redis_url)
    gate = Gate(GateTools({"suspicions": SUSPICIONS}, models, client, purse, cache, lambda: now, lambda _: "hash"))
    try:
        yield gate
    finally:
        await gate.close()
        await client.close()
        await cache.close()


def reason(result: Result) -> Reason:
    assert isinstance(result, Refused), result
    return result.reason


async def test_what_a_call_costs_is_booked(house: House, vendor: Vendor) -> None:
    vendor.behave = [good(after_s=0.1), never()]
    async with gate_of(house, vendor, purse_of(house)) as gate:
        answer = await gate.call(question("one"), RICH)
        assert isinstance(answer, Answer)
        assert reason(await gate.call(question("two"), replace(RICH, deadline_s=0.3))) is Reason.TOO_SLOW
    first, second = await calls(house)
    assert first.id == answer.call_id and 0 < (first.cost or 0) < first.worst and first.outcome == "answered"
    assert (first.input_tokens, first.cached_tokens, first.output_tokens) == (100, 64, 10)
    assert second.cost == second.worst and second.state is CallState.SETTLED and second.outcome == "cut-off"
    for budget in (await budgets(house)).values():
        assert (budget.reserved, budget.spent) == (0, (first.cost or 0) + (second.cost or 0))


async def test_fifty_at_once_never_spend_more_than_there_is(house: House, vendor: Vendor) -> None:
    vendor.behave = [good(after_s=0.05)]
    async with gate_of(house, vendor, purse_of(house)) as gate:
        await gate.call(question("to know the worst case"), RICH)
    (known,) = await calls(house)
    cap = 20 * known.worst
    async with gate_of(house, vendor, purse_of(house)) as gate:
        limits = replace(RICH, owner_cap_micro_rupees=cap, per_day=None, deadline_s=10.0)
        results = await asyncio.gather(*(gate.call(question(f"text {number}"), limits) for number in range(50)))
    assert {result.reason for result in results if isinstance(result, Refused)} <= {Reason.BUDGET}
    assert any(isinstance(result, Answer) for result in results)
    assert all(budget.reserved == 0 and budget.spent <= budget.cap for budget in (await budgets(house)).values())


@pytest.mark.parametrize(
    ("now", "model"),
    [
        (datetime(2027, 1, 6, 18, 29, tzinfo=UTC), "gpt-4o-mini"),
        (datetime(2027, 1, 6, 18, 31, tzinfo=UTC), "gpt-6-luna"),
        (datetime(2030, 1, 1, tzinfo=UTC), "gpt-6-luna"),
    ],
)
async def test_the_indian_day_decides_the_model(house: House, vendor: Vendor, now: datetime, model: str) -> None:
    async with gate_of(house, vendor, purse_of(house), now) as gate:
        assert isinstance(await gate.call(question("one"), RICH), Answer)
    assert [body["model"] for body in vendor.asked] == [model]
    assert ("reasoning" in vendor.asked[0]) is (model != "gpt-4o-mini")


async def test_model_not_found_is_answered_by_the_successor(house: House, vendor: Vendor) -> None:
    vendor.behave = [bad(404, "model_not_found"), good()]
    async with gate_of(house, vendor, purse_of(house)) as gate:
        answer = await gate.call(question("one"), RICH)
    assert isinstance(answer, Answer) and answer.model == "gpt-6-luna"
    assert [(call.model, call.cost == 0) for call in await calls(house)] == [
        ("gpt-4o-mini", True),
        ("gpt-6-luna", False),
    ]


@pytest.mark.parametrize("skew", [timedelta(days=-3_000), timedelta(hours=-7), timedelta(hours=7)])
async def test_a_clock_that_is_wrong_breaks_nothing(house: House, vendor: Vendor, skew: timedelta) -> None:
    async with gate_of(house, vendor, purse_of(house), NOW + skew) as gate:
        result = await gate.call(question("one"), RICH)
    if skew < timedelta(days=-1):
        assert reason(result) is Reason.NOT_CONFIGURED
    else:
        assert isinstance(result, Answer)
    assert all(call.state is CallState.SETTLED for call in await calls(house))


async def test_a_database_that_is_away_costs_no_call(house: House, vendor: Vendor) -> None:
    away = connect(DatabaseConfig("postgresql://nobody:x@127.0.0.1:9/none", connect_timeout_s=1), application="away")
    async with gate_of(house, vendor, LedgerPurse(away, shipped(), month_cap_micro_rupees=MICRO)) as gate:
        assert reason(await gate.call(question("one"), RICH)) is Reason.BUDGET
        assert reason(await gate.call(question("one"), replace(RICH, per_day=None))) is Reason.BUDGET
    await away.dispose()
    assert vendor.asked == []
