"""What waits together is sent together, and each hears of its own."""

import asyncio
from collections.abc import Sequence

import pytest

from project_one.ai.grouped import Grouped


class Books:
    """`gate`: closed while a group is on its way."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.trouble: Exception | None = None

    async def send(self, items: Sequence[int]) -> list[str]:
        self.groups.append(list(items))
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return [f"kept {item}" for item in items]


async def test_who_comes_while_one_is_on_its_way_goes_with_the_next() -> None:
    books = Books()
    grouped = Grouped(books.send)
    first = asyncio.create_task(grouped.one(0))
    while not books.groups:
        await asyncio.sleep(0)
    others = [asyncio.create_task(grouped.one(number)) for number in range(1, 4)]
    await asyncio.sleep(0)
    books.gate.set()
    assert await asyncio.gather(first, *others) == ["kept 0", "kept 1", "kept 2", "kept 3"]
    assert books.groups == [[0], [1, 2, 3]]


async def test_a_failure_is_told_to_all_of_its_group_and_to_nobody_else() -> None:
    books = Books()
    grouped = Grouped(books.send)
    books.gate.set()
    books.trouble = OSError("away")
    found = await asyncio.gather(*(grouped.one(number) for number in range(3)), return_exceptions=True)
    assert [type(item) for item in found] == [OSError] * 3
    books.trouble = None
    assert await grouped.one(7) == "kept 7"


async def test_who_goes_away_is_sent_all_the_same() -> None:
    books = Books()
    grouped = Grouped(books.send)
    gone, stays = (asyncio.create_task(grouped.one(number)) for number in range(2))
    while not books.groups:
        await asyncio.sleep(0)
    gone.cancel()
    books.gate.set()
    assert await stays == "kept 1"
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert books.groups == [[0, 1]]
