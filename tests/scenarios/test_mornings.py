"""A worker killed or stopped, Valkey emptied, answers lost, mid-morning: judged by the sandbox's own log."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import psutil
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select

from project_one.channel import service as channel
from project_one.channel.domain import Quality
from project_one.delivery.domain import MessageStatus
from project_one.delivery.models import AttemptRow, MessageRow, NumberLeaseRow
from project_one.delivery.service.plan import PlanResult
from project_one.delivery.service.release import status_counts
from project_one.entrypoints.up.board import is_settled, reached
from project_one.entrypoints.up.demo import compare_with_oracle, oracle_records, plan_and_release
from tests.scenarios.conftest import ADVISORS, Scene

pytestmark = pytest.mark.timeout(240)

_PATIENCE_S = 90
_LIMIT = 80  # a second and number, the sandbox's own


async def start(scene: Scene, *, advisors: int = ADVISORS) -> PlanResult:
    await until_second_turns()
    return await plan_and_release(scene.house, advisors=advisors, spread_s=0, now=scene.house.clock())


async def until_second_turns() -> None:
    """A slot is named by its second; two mornings must not share one."""
    await asyncio.sleep(1.01 - time.time() % 1)


async def when(question: Callable[[], Awaitable[bool]], *, within_s: float = _PATIENCE_S) -> float:
    """Seconds until the answer is yes."""
    began = time.monotonic()
    while not await question():
        assert time.monotonic() - began < within_s, "it did not come to pass"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def counts(scene: Scene, plan: PlanResult) -> dict[MessageStatus, int]:
    async with scene.house.database.readings() as session:
        return await status_counts(session, plan.morning_id)


async def accepted(scene: Scene, plan: PlanResult, least: int) -> float:
    async def enough() -> bool:
        return reached(await counts(scene, plan), MessageStatus.ACCEPTED) >= least

    return await when(enough)


async def drivers(scene: Scene) -> set[int]:
    """Process ids that hold a number right now."""
    async with scene.house.database.readings() as session:
        query = select(NumberLeaseRow.driver).where(NumberLeaseRow.expires_at > func.clock_timestamp())
        pids = {int(driver.split("-")[0]) for driver in await session.scalars(query)}
    return {pid for pid in pids if psutil.pid_exists(pid)}


async def a_driver(scene: Scene) -> int:
    found: set[int] = set()

    async def anyone() -> bool:
        found.update(await drivers(scene))
        return bool(found)

    await when(anyone)
    return found.pop()


async def judged(scene: Scene, plan: PlanResult) -> dict[MessageStatus, int]:
    """Wait for the end; nothing lost, nothing doubled, the rate kept."""

    async def over() -> bool:
        return is_settled(await counts(scene, plan))

    await when(over)
    figures = await compare_with_oracle(scene.installation, scene.house, plan.morning_id)
    assert {name: figures[name] for name in ("lost", "duplicates", "unaccounted")} == {
        "lost": 0,
        "duplicates": 0,
        "unaccounted": 0,
    }
    summary = await scene.ask("GET", "oracle/summary")
    assert max(summary["peak_per_second"].values()) <= _LIMIT
    return await counts(scene, plan)


async def first_gap_s(scene: Scene, plan: PlanResult, since: datetime) -> float:
    """From `since` to the first accept after the vendor had heard nothing for a second; 0 when it was never silent."""
    async with scene.house.database.readings() as session:
        query = select(AttemptRow.accepted_at).join(MessageRow, MessageRow.id == AttemptRow.message_id)
        query = query.where(MessageRow.morning_id == plan.morning_id, AttemptRow.accepted_at > since)
        moments = sorted(moment for moment in await session.scalars(query) if moment is not None)
    gaps = [
        (later - since).total_seconds()
        for earlier, later in zip([since, *moments], moments, strict=False)
        if (later - earlier).total_seconds() > 1
    ]
    return gaps[0] if gaps else 0.0


async def test_killed_with_9_and_killed_again(scene: Scene) -> None:
    plan = await start(scene)
    await accepted(scene, plan, 40)
    for _ in range(2):
        before = scene.house.clock()
        done = reached(await counts(scene, plan), MessageStatus.ACCEPTED)
        os.kill(await a_driver(scene), signal.SIGKILL)
        await accepted(scene, plan, min(done + 60, ADVISORS))
        assert await first_gap_s(scene, plan, before) <= 10
    ended = await judged(scene, plan)
    assert reached(ended, MessageStatus.SENT) == ADVISORS


async def test_stopped_for_nine_seconds(scene: Scene) -> None:
    plan = await start(scene)
    await accepted(scene, plan, 40)
    before = scene.house.clock()
    pid = await a_driver(scene)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(9)
    finally:
        os.kill(pid, signal.SIGCONT)
    ended = await judged(scene, plan)
    assert await first_gap_s(scene, plan, before) <= 10
    assert reached(ended, MessageStatus.SENT) == ADVISORS


async def test_valkey_emptied(scene: Scene) -> None:
    plan = await start(scene)
    await accepted(scene, plan, 40)
    before = scene.house.clock()
    async with Redis.from_url(scene.installation.environment["REDIS_URL"]) as client:
        await client.flushall()
    ended = await judged(scene, plan)
    assert await first_gap_s(scene, plan, before) <= 10
    assert reached(ended, MessageStatus.SENT) == ADVISORS


async def test_accepted_and_then_silent_is_unknown_until_the_receipt(scene: Scene) -> None:
    rule = {"kind": "accept_then_timeout", "hold_ms": 20_000, "nth": [5, 9]}
    slow = {"kind": "receipt_delay", "extra_ms": 14_000, "nth": [5, 9]}
    await scene.ask("POST", "faults", [rule, slow])
    plan = await start(scene, advisors=30)

    async def both_unknown() -> bool:
        return (await counts(scene, plan))[MessageStatus.UNKNOWN] == 2

    await when(both_unknown, within_s=25)
    ended = await judged(scene, plan)
    assert reached(ended, MessageStatus.SENT) == 30
    async with scene.house.database.readings() as session:
        query = select(MessageRow.resends_after_unknown).where(MessageRow.morning_id == plan.morning_id)
        assert sum(await session.scalars(query)) == 0


async def test_two_processes_release_at_once(scene: Scene) -> None:
    """The same command twice: one release, the other is told so."""
    environment = {**os.environ, **scene.installation.environment}
    command = [sys.executable, "-m", "project_one.entrypoints.cli", "morning"]
    day = "2026-11-20"

    async def cli(*arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *command, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        return process.returncode or 0, (out + err).decode()

    code, text = await cli("plan", "--date", day, "--json")
    assert code == 0, text
    assert json.loads(text.splitlines()[-1])["planned"] == ADVISORS
    answers = await asyncio.gather(*(cli("release", "--date", day) for _ in range(2)))
    assert sorted(code for code, _ in answers) == [0, 1], answers
    assert any("delivery.morning-already-released" in text for code, text in answers if code == 1)


async def test_a_red_number_hands_over_and_comes_back(scene: Scene) -> None:
    first = sorted(number["id"] for number in (await scene.ask("GET", "config"))["numbers"])[0]

    async def quality() -> Quality:
        async with scene.house.database.readings() as session:
            return next(item.quality for item in await channel.numbers(session) if item.vendor_id == first)

    plan = await start(scene)
    await accepted(scene, plan, 40)
    try:
        await scene.ask("PATCH", f"numbers/{first}", {"quality_rating": "RED"})

        async def is_red() -> bool:
            return await quality() is Quality.RED

        assert await when(is_red) < 10
        await asyncio.sleep(2)  # what is claimed may still leave
        used = len([item for item in await oracle_records(scene.installation.sandbox_url) if item["number"] == first])
        ended = await judged(scene, plan)
        assert reached(ended, MessageStatus.SENT) == ADVISORS
        after = [item for item in await oracle_records(scene.installation.sandbox_url) if item["number"] == first]
        assert len(after) == used
    finally:
        await scene.ask("PATCH", f"numbers/{first}", {"quality_rating": "GREEN"})

    async def is_green() -> bool:
        return await quality() is Quality.GREEN

    await when(is_green)


async def test_a_paused_template_gives_way_to_the_other_wording(scene: Scene) -> None:
    async with scene.house.database.readings() as session:
        names = set((await channel.usable_frames(session)).values())
    paused = [name for name in names if "_1_" in name]
    assert paused
    for name in paused:
        await scene.ask("PATCH", f"templates/{name}", {"status": "PAUSED"})
    try:
        plan = await start(scene, advisors=60)
        ended = await judged(scene, plan)
        assert reached(ended, MessageStatus.SENT) == 60
    finally:
        for name in paused:
            await scene.ask("PATCH", f"templates/{name}", {"status": "APPROVED"})

    async def all_usable() -> bool:
        async with scene.house.database.readings() as session:
            return set((await channel.usable_frames(session)).values()) == names

    await when(all_usable)
