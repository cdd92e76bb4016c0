"""A gate over a real Redis and a real HTTP server, with a purse in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from project_one.ai.breaker import Breakers
from project_one.ai.cache import AnswerCache
from project_one.ai.domain import Result
from project_one.ai.gate import Gate, GateTools
from project_one.ai.hedging import HedgeAllowance
from project_one.vendors.openai.client import OpenAIClient, OpenAIConfig

from ..conftest import RealServers
from .prompt import SUSPICIONS
from .purse import NOW, MemoryPurse
from .questions import LIMITS, Listed, question
from .vendor import Vendor, running


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
    tools: GateTools
    client: OpenAIClient
    listed: dict[date, tuple[str, ...]]

    async def ask(self, caption: str = "सबसे अच्छा!", *, names: frozenset[str] = frozenset(), **limits: Any) -> Result:
        return await self.gate.call(question(caption, names), replace(LIMITS, **limits))


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

    succession = Listed()
    tools = GateTools(
        {"suspicions": SUSPICIONS}, succession.models, client, purse, cache, lambda: NOW, lambda _: "owner-hash"
    )
    allowance = HedgeAllowance()
    for _ in range(10):
        allowance.count_call()
    gate = Gate(tools, breakers=Breakers(steady), allowance=allowance)
    bench = Bench(vendor, purse, gate, steady, test_servers.redis_url, tools, client, succession.listed)
    yield bench
    await gate.close()
    await client.close()
    await cache.close()
