"""The clock: scheduled moments are raised once, promised again when lost, and no night is slept through."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from project_one.advisor import service as advisors
from project_one.bootstrap import House, handlers
from project_one.channel import service as channel
from project_one.channel.domain import NumberReport
from project_one.delivery.models import MorningRow
from project_one.entrypoints.clock import ClockWork, plan_moment
from project_one.entrypoints.seed import demo_advisor, seed_library
from project_one.kernel import inbox
from project_one.kernel.clock import business_date
from project_one.kernel.occurrences import OccurrenceRow
from project_one.vault import service as vault
from project_one.vocabulary.domain import DEFAULT_SLOT
from tests.delivery.morning import Vendor

DAY = date(2026, 11, 25)
EVE = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 20:30 IST


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (EVE - timedelta(seconds=1), None),
        (EVE, EVE),
        (EVE + timedelta(minutes=19), EVE + timedelta(minutes=10)),
        (EVE + timedelta(hours=9), EVE + timedelta(hours=9)),
        (EVE + timedelta(hours=9, minutes=45), EVE + timedelta(hours=9)),
        (EVE + timedelta(hours=10), None),
    ],
)
def test_planning_moments(now: datetime, expected: datetime | None) -> None:
    assert plan_moment(DAY, DEFAULT_SLOT, now) == expected


class Sink:
    """Takes jobs; loses them until told to keep them."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, str, dict[str, Any]]] = []

    async def add(self, queue: str, name: str, payload: dict[str, Any], *, job_id: str) -> None:
        assert job_id
        self.jobs.append((queue, name, payload))


class Time:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def at(house: House, moment: datetime) -> tuple[House, Time]:
    time = Time(moment)
    moved = replace(house, clock=time)
    await seed_library(moved, approve=True)
    async with moved.database.transactions() as session:
        await channel.record_numbers(session, [NumberReport("100", is_connected=True)], now=moment)
        await advisors.enrol(session, moved.keyring, [demo_advisor(0)], opted_in=True, now=moment)
    return moved, time


async def run(house: House, sink: Sink, *names: str) -> None:
    table = handlers(house, Vendor())  # pyright: ignore[reportArgumentType]
    jobs, sink.jobs = sink.jobs, []
    for queue, name, payload in jobs:
        if name in names:
            await table[queue][name](payload)


async def test_a_lost_plan_is_promised_again_until_it_ran(house: House) -> None:
    moved, time = await at(house, EVE)
    sink = Sink()
    clock = ClockWork(moved, sink)  # pyright: ignore[reportArgumentType]
    await clock.tick()
    await clock.relay()
    assert Counter(name for _, name, _ in sink.jobs)["plan-morning"] == 1
    sink.jobs.clear()  # Valkey was wiped
    time.now += timedelta(seconds=30)
    await clock.tick()
    await clock.relay()
    assert not [name for _, name, _ in sink.jobs if name == "plan-morning"]
    time.now += timedelta(seconds=40)
    await clock.tick()
    await clock.relay()
    await run(moved, sink, "plan-morning")
    async with moved.database.readings() as session:
        assert (await session.scalars(select(MorningRow.business_date))).all() == [DAY]
        query = select(OccurrenceRow.done_at).where(OccurrenceRow.schedule.startswith("night-plan"))
        assert (await session.scalars(query)).all() == [time.now]
    time.now += timedelta(minutes=2)
    await clock.tick()
    await clock.relay()
    assert not [name for _, name, _ in sink.jobs if name == "plan-morning"]


async def test_a_clock_that_slept_all_night_still_plans_and_releases(house: House) -> None:
    moved, time = await at(house, EVE + timedelta(hours=9, minutes=20))  # 05:50
    sink = Sink()
    clock = ClockWork(moved, sink)  # pyright: ignore[reportArgumentType]
    await clock.tick()
    await clock.relay()
    await run(moved, sink, "plan-morning")
    time.now = EVE + timedelta(hours=9, minutes=31)  # 06:01
    await clock.tick()
    async with moved.database.readings() as session:
        assert (await session.scalars(select(MorningRow.planned_at_release))).all() == [1]


async def test_after_the_freeze_a_planned_morning_is_left_alone(house: House) -> None:
    moved, time = await at(house, EVE)
    sink = Sink()
    clock = ClockWork(moved, sink)  # pyright: ignore[reportArgumentType]
    await clock.tick()
    await clock.relay()
    await run(moved, sink, "plan-morning")
    time.now = EVE + timedelta(hours=9, minutes=10)
    await clock.tick()
    await clock.relay()
    await run(moved, sink, "plan-morning")
    async with moved.database.readings() as session:
        assert (await session.scalars(select(MorningRow.planned_at))).all() == [EVE]


async def test_two_clocks_raise_a_moment_once(house: House) -> None:
    moved, _ = await at(house, EVE)
    sink = Sink()
    for _ in range(2):
        clock = ClockWork(moved, sink)  # pyright: ignore[reportArgumentType]
        await clock.tick()
        await clock.relay()
    assert Counter(name for _, name, _ in sink.jobs)["plan-morning"] == 1


async def test_what_was_posted_400_days_ago_can_never_be_read_again(house: House) -> None:
    moved, time = await at(house, EVE)
    days = [inbox.key_subject(business_date(EVE) - timedelta(days=age)) for age in (401, 400, 0)]
    async with moved.database.transactions() as session:
        await vault.create_keys(session, moved.keyring, [*days, "someone"], now=EVE)
    await ClockWork(moved, Sink()).tidy()  # pyright: ignore[reportArgumentType]
    async with moved.database.readings() as session:
        left = await vault.keys_of(session, moved.keyring, [*days, "someone"])
    assert set(left) == {*days[1:], "someone"}
    assert time.now == EVE
