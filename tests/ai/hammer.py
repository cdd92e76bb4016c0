"""One of two processes that hammer the purse: a hundred callers until the money is gone. Started by test_hammer.

Writes a line once a quarter of its callers have paid for a call, and holds money all the time, so that a kill hits calls under way.
"""

import asyncio
import random
import sys
from datetime import datetime
from uuid import UUID

from project_one.ai.domain import Purpose, Usage
from project_one.ai.ports import Bill, Spending
from project_one.ai.prices import shipped
from project_one.ai.purse import LedgerPurse
from project_one.kernel.db import DatabaseConfig, connect
from project_one.kernel.ids import new_id

CALLERS = 100
WORST = 5_000


async def _call(purse: LedgerPurse, owner: UUID, cap: int, now: datetime, chance: random.Random) -> bool:
    """Reserve, ask nobody, settle; False when the money is gone."""
    worst = chance.randint(1_000, WORST)
    asked = Spending(
        new_id(), owner, cap, Purpose.LINT, "gpt-6-luna", "suspicions", 1, worst, is_hedge=chance.random() < 0.3
    )
    if await purse.reserve(asked, now=now) is not None:
        return False
    await asyncio.sleep(chance.uniform(0, 0.05))  # the vendor
    known = chance.random() < 0.9
    usage = Usage(chance.randint(0, 80), chance.randint(0, 3)) if known else None
    await purse.settle(asked.call_id, Bill("answered" if known else "too-slow", usage, 1), now=now)
    return True


async def main(url: str, month_cap: int, owner_cap: int, moment: str, owners: list[str], seed: int) -> None:
    database = connect(DatabaseConfig(url, pool_size=10), application="hammer")
    purse = LedgerPurse(database, shipped(), month_cap_micro_rupees=month_cap)
    chance, paid = random.Random(seed), 0
    now = datetime.fromisoformat(moment)

    async def caller(owner: UUID) -> None:
        nonlocal paid
        while await _call(purse, owner, owner_cap, now, chance):
            paid += 1
            if paid == CALLERS // 4:
                sys.stdout.write("paid\n")
                sys.stdout.flush()

    async with asyncio.TaskGroup() as group:
        for index in range(CALLERS):
            group.create_task(caller(UUID(owners[index % len(owners)])))
    await database.dispose()


if __name__ == "__main__":
    address, month, owner, at, names, number = sys.argv[1:]
    asyncio.run(main(address, int(month), int(owner), at, names.split(","), int(number)))
