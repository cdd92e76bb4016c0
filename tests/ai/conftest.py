"""A gate over a real Redis and a real HTTP server, with a purse in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from project_one.ai.breaker import Breakers
from project_one.ai.cache import AnswerCache
from project_one.ai.domain import Limits, Purpose, Question, Result, Role
from project_one.ai.gate import Gate, GateTools
from project_one.ai.hedging import HedgeAllowance
from project_one.vendors.openai.client import OpenAIClient, OpenAIConfig

from ..conftest import RealServers
from .prompt import SUSPICIONS
from .purse import NOW, MemoryPurse
from .vendor import Vendor, running

OWNER = UUID(int=7)
LIMITS = Limits(deadline_s=1.0, owner_cap_micro_rupees=1_000_000, per_day=20)


class Steady:
    """A steady clock that only moves by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    vendor: Vendor
    purse: MemoryPurse
    gate: Gate
    steady: Steady
    redis_url: str
    client: OpenAIClient
    listed: dict[date, tuple[str, ...]] = field(default_factory=dict[date, tuple[str, ...]])

    async def ask(self, caption: str = "सबसे अच्छा!", *, names: frozenset[str] = frozenset(), **limits: Any) -> Result:
        return await self.gate.call(question(caption, names), replace(LIMITS, **limits))


def question(caption: str, names: frozenset[str] = frozenset()) -> Question:
    return Question(Purpose.LINT, "suspicions", {"caption": caption, "language": "hi"}, OWNER, "p1", names)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    async with running() as vendor:
        yield vendor


@pytest.fixture
async def bench(test_servers: RealServers, vendor: Vendor) -> AsyncIterator[Bench]:
    redis: Redis = Redis.from_url(test_servers.redis_url)
    await redis.flushall()
    await redis.aclose()
    purse, steady = MemoryPurse(), Steady()
    client = OpenAIClient(OpenAIConfig(vendor.url, SecretStr("sk-test")))
    cache = AnswerCache.connected(test_servers.redis_url)

    async def models(_role: Role, on: date) -> tuple[str, ...]:
        return bench.listed.get(on, ("gpt-6-luna", "gpt-6.1-terra"))

    tools = GateTools({"suspicions": SUSPICIONS}, models, client, purse, cache, lambda: NOW, lambda _: "owner-hash")
    allowance = HedgeAllowance()
    for _ in range(10):
        allowance.count_call()
    gate = Gate(tools, breakers=Breakers(steady), allowance=allowance)
    bench = Bench(vendor, purse, gate, steady, test_servers.redis_url, client)
    yield bench
    await gate.close()
    await client.close()
    await cache.close()
