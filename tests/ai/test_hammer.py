"""Two hundred callers in two processes, one of which is killed in the middle: no cap is exceeded, nothing is forgotten."""

import asyncio
import contextlib
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, text

from project_one.ai.models import CallRow, CallState
from project_one.ai.ports import Scope
from project_one.ai.purse import MICRO
from project_one.audit.models import AuditEventRow
from project_one.bootstrap import House
from project_one.kernel.ids import new_id

from ..conftest import RealServers
from .hammer import WORST
from .spending import budgets, calls, purse_of

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
_RUPEES = 15  # of which a day is one
_BOOKS = text("""
SELECT b.scope || ' ' || b.key FROM ai_budgets b WHERE b.reserved + b.spent > b.cap OR (b.reserved, b.spent) <> (
    SELECT coalesce(sum(c.worst) FILTER (WHERE c.state = 'reserved'), 0), coalesce(sum(c.cost), 0) FROM ai_calls c
    WHERE b.owner IS NULL OR b.owner = c.owner)
""")


async def _start(servers: RealServers, owners: list[str], seed: int) -> asyncio.subprocess.Process:
    values = (servers.api_url, str(_RUPEES * MICRO), str(MICRO * 6 // 10), NOW.isoformat(), ",".join(owners), str(seed))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.ai.hammer", *values, cwd=Path(__file__).parents[2], stdout=asyncio.subprocess.PIPE
    )


async def test_two_processes_and_a_kill(house: House, test_servers: RealServers) -> None:
    owners = [str(new_id()) for _ in range(4)]
    victim, survivor = await asyncio.gather(*(_start(test_servers, owners, seed) for seed in (1, 2)))
    try:
        async with asyncio.timeout(60):
            assert victim.stdout is not None
            while await victim.stdout.readline() != b"paid\n":  # logs come out there too
                assert not victim.stdout.at_eof()
            victim.kill()
            await victim.wait()
            while survivor.returncode is None:  # the books must be right at every moment, not only at the end
                async with house.database.readings() as session:
                    assert (await session.scalars(_BOOKS)).all() == []
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(survivor.wait(), 0.1)
            assert survivor.returncode == 0
    finally:
        for process in (victim, survivor):
            if process.returncode is None:
                process.kill()
                await process.wait()
    await _check_the_end(house)


async def _check_the_end(house: House) -> None:
    purse = purse_of(house, rupees=_RUPEES)
    while await _is_used(house):
        await asyncio.sleep(0.01)  # the server is still at a statement of the dead
    crashed = [row for row in await calls(house) if row.state is CallState.RESERVED]
    before = (await budgets(house))[Scope.DAY, "2026-11-24"]
    assert crashed
    assert before.reserved == sum(row.worst for row in crashed)
    assert await purse.sweep(now=NOW, after_s=0) == len(crashed)
    day = (await budgets(house))[Scope.DAY, "2026-11-24"]
    assert (day.cap, day.reserved, day.spent) == (MICRO, 0, before.spent + before.reserved)
    assert day.cap - WORST - before.reserved <= day.spent <= day.cap
    async with house.database.readings() as session:
        assert (await session.scalars(_BOOKS)).all() == []
        assert (await session.scalars(select(CallRow.id).where(CallRow.cost > CallRow.worst))).all() == []
        told = Counter((row.object_id, row.data["percent"]) for row in await session.scalars(select(AuditEventRow)))
    assert ("2026-11-24", 50) in told or ("2026-11-24", 80) in told
    assert set(told.values()) == {1}


async def _is_used(house: House) -> bool:
    async with house.database.readings() as session:
        query = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hammer'")
        return await session.scalar(query) != 0
