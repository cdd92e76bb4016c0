"""The same question in several processes, a process that dies while it asks, and a Redis that is not there."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from project_one.ai.cache import AnswerCache, Held, Kept, Mine, cache_key
from project_one.ai.domain import Answer, Reason, Refused, Result
from project_one.ai.gate import Gate, GateTools

from .conftest import Bench
from .prompt import SUSPICIONS
from .purse import NOW, MemoryPurse
from .questions import LIMITS, Listed, question
from .vendor import good, never

ROOT = Path(__file__).parents[2]


async def start(bench: Bench, caption: str, deadline_s: float = 3) -> Process:
    arguments = ["-m", "tests.ai.asker", bench.vendor.url, bench.redis_url, caption, str(deadline_s)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


async def said(process: Process) -> dict[str, object]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    await process.wait()
    return json.loads(line)


async def test_the_same_question_in_two_processes_is_one_call(bench: Bench) -> None:
    bench.vendor.behave = [good(after_s=0.7)]
    first, second = await asyncio.gather(start(bench, "same"), start(bench, "same"))
    go(first)
    go(second)
    answers = await asyncio.gather(said(first), said(second))
    assert len(bench.vendor.asked) == 1
    assert sorted(answer["cached"] for answer in answers) == [False, True]  # pyright: ignore[reportArgumentType]
    assert len({answer["call"] for answer in answers}) == 1
    assert sorted(answer["calls"] for answer in answers) == [0, 1]  # pyright: ignore[reportArgumentType]


async def test_a_process_that_dies_while_asking_frees_the_others_in_time(bench: Bench) -> None:
    bench.vendor.behave = [never(), good()]
    owner = await start(bench, "same", 20)
    go(owner)
    await bench.vendor.arrived.wait()
    waiting = asyncio.create_task(bench.ask("same", deadline_s=2.0))
    await asyncio.sleep(0)
    owner.kill()
    await owner.wait()
    assert isinstance(await waiting, Answer)
    assert len(bench.vendor.asked) == 2


async def other_gate(bench: Bench, redis_url: str) -> tuple[Gate, AnswerCache]:
    """As another process has it."""
    cache = AnswerCache.connected(redis_url)
    tools = GateTools(
        {"suspicions": SUSPICIONS}, Listed().models, bench.client, MemoryPurse(), cache, lambda: NOW, lambda _: "h"
    )
    return Gate(tools), cache


async def test_a_refusal_of_the_vendor_is_shared_and_never_kept(bench: Bench) -> None:
    bench.vendor.behave = [good("not json", after_s=0.3), good()]
    gate, cache = await other_gate(bench, bench.redis_url)
    mine = asyncio.create_task(bench.ask("same"))
    await bench.vendor.arrived.wait()
    theirs = await gate.call(question("same"), LIMITS)
    assert isinstance(theirs, Refused) and theirs.reason is Reason.UNREADABLE
    assert isinstance(await mine, Refused) and len(bench.vendor.asked) == 1
    assert isinstance(await bench.ask("same"), Answer)
    await gate.close()
    await cache.close()


async def test_an_empty_purse_is_its_owners_own(bench: Bench) -> None:
    gate, cache = await other_gate(bench, bench.redis_url)
    bench.purse.answers.clear()
    bench.purse.left = 0
    mine = asyncio.create_task(bench.ask("same", per_day=None))
    await asyncio.sleep(0.05)
    theirs = asyncio.create_task(gate.call(question("same"), LIMITS))
    await asyncio.sleep(0.05)
    bench.purse.answers.set()
    refusal = await mine
    assert isinstance(refusal, Refused) and refusal.reason is Reason.BUDGET
    assert isinstance(await theirs, Answer)
    await gate.close()
    await cache.close()


@pytest.mark.parametrize("redis_url", ["redis://127.0.0.1:9/0", "redis://127.0.0.1:1/0"])
async def test_without_redis_answers_only_cost_money(bench: Bench, redis_url: str) -> None:
    gate, cache = await other_gate(bench, redis_url)
    for _ in range(2):
        assert isinstance(await gate.call(question("same"), LIMITS), Answer)
    assert len(bench.vendor.asked) == 2
    together = await asyncio.gather(*(gate.call(question("more"), LIMITS) for _ in range(10)))
    assert all(isinstance(result, Answer) for result in together) and len(bench.vendor.asked) == 3
    await gate.close()
    await cache.close()


def is_from_cache(result: Result) -> bool:
    assert isinstance(result, Answer)
    return result.is_cached


async def test_a_wiped_or_damaged_cache_is_asked_again(bench: Bench) -> None:
    redis: Redis = Redis.from_url(bench.redis_url)
    key = "ai:answer:" + cache_key(question("x"), SUSPICIONS, "gpt-6-luna", question("x").fields)
    assert isinstance(await bench.ask("x"), Answer)
    assert 13 * 86_400 < await redis.ttl(key) <= 14 * 86_400
    for damage in (b"", b"{}", b'{"v":2}', b'{"v":1,"call":"x","model":"m","data":{}}'):
        await redis.set(key, damage)
        assert [is_from_cache(await bench.ask("x")) for _ in range(2)] == [False, True]
    unsound = b'{"v":1,"call":"00000000-0000-0000-0000-000000000001","model":"m","data":{"findings":3}}'
    await redis.set(key, unsound)
    assert [is_from_cache(await bench.ask("x")) for _ in range(2)] == [False, True]
    await redis.flushall()
    assert isinstance(await bench.ask("x"), Answer)
    assert len(bench.vendor.asked) == 7
    await redis.aclose()


async def test_who_lost_the_turn_says_nothing(bench: Bench) -> None:
    cache = AnswerCache.connected(bench.redis_url)
    answer = Kept(question("x").owner, "m", {"findings": []})
    assert await cache.look("k", "one") == Mine("one", is_shared=True)
    assert await cache.look("k", "two") == Held("one")
    redis: Redis = Redis.from_url(bench.redis_url)
    await redis.delete("ai:asking:k")
    assert await cache.look("k", "two") == Mine("two", is_shared=True)
    await cache.finish("k", "one", answer=answer, word="kept")
    assert await cache.look("k", "three") == Held("two")
    assert await cache.word("one") is None
    await cache.finish("k", "two", answer=answer, word="kept")
    assert await cache.word("two") == "kept"
    assert await cache.look("k", "three") == answer
    await redis.aclose()
    await cache.close()


def test_what_makes_another_question() -> None:
    asked = question("A  b\n")
    key = cache_key(asked, SUSPICIONS, "m", asked.fields)
    same = cache_key(question("A b"), SUSPICIONS, "m", question("A b").fields)
    assert key == same
    others = {
        cache_key(asked, SUSPICIONS, "n", asked.fields),
        cache_key(asked, replace(SUSPICIONS, sha256="0"), "m", asked.fields),
        cache_key(replace(asked, policy_version="p2"), SUSPICIONS, "m", asked.fields),
        cache_key(asked, SUSPICIONS, "m", question("a b").fields),
    }
    assert len(others | {key}) == 5
