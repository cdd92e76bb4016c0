"""The clock process, with the relay: schedules become due rows, what lies undone is woken, the outbox is carried out.

Any number may run: due rows are unique in Postgres, everything else is only a wake-up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, InterfaceError

from project_one.advisor import service as advisors
from project_one.advisor.jobs import RecheckRegistrations
from project_one.ai.jobs import SettleCrashedCalls
from project_one.bootstrap import House, open_house
from project_one.channel.jobs import SyncChannel
from project_one.content.submitting import CHECK_AGAIN, overdue_checks
from project_one.delivery.jobs import CloseMorning, DriveNumber, PlanMorning, Reconcile
from project_one.delivery.service import sweep
from project_one.delivery.service.certify import mornings_to_close
from project_one.delivery.service.release import release_due
from project_one.delivery.times import freeze_at, night_plan_at
from project_one.entrypoints.memory import spare_what_is_built
from project_one.entrypoints.signals import stop_requested
from project_one.kernel import heartbeat, inbox, logs, occurrences, outbox
from project_one.kernel.clock import business_date, ist_moment
from project_one.kernel.ids import new_id
from project_one.kernel.inbox import InboxState
from project_one.kernel.jobs import Job
from project_one.kernel.queue import JobProducer
from project_one.settings import Settings
from project_one.vault import service as vault
from project_one.vendors.clerk.jobs import WorkClerkInbox
from project_one.vendors.whatsapp.jobs import WorkInbox
from project_one.vocabulary.domain import Slot

log = structlog.get_logger()

_TICK_S = 1.0
_RELAY_S = 0.05
_REPLAN_EVERY = timedelta(minutes=10)
_SYNC_EVERY = timedelta(minutes=5)
_RECHECK_AT = time(2)
_OVERDUE = timedelta(seconds=60)
_CATCH_UP = timedelta(hours=6)
_FREEZE_TO_END = timedelta(hours=1)
_OUTBOX_KEPT = timedelta(days=7)
_TROUBLE = (DBAPIError, InterfaceError, RedisError, OSError, TimeoutError)


class ClockWork:
    """One tick is a handful of indexed reads and the jobs they call for."""

    def __init__(self, house: House, producer: JobProducer) -> None:
        self._house = house
        self._producer = producer

    async def tick(self) -> None:
        """Raise what is due, then wake what lies undone."""
        await self._raise_due()
        now, policy = self._house.clock(), self._house.delivery.retry
        async with self._house.database.transactions() as session:
            await heartbeat.beat(session, process="clock", now=now)
            await release_due(session, now=now)
            await sweep.rest_weak_numbers(session, now=now)
            await sweep.move_from_stopped(session)
        async with self._house.database.readings() as session:
            jobs: list[Job] = [DriveNumber(number_id=item) for item in await sweep.numbers_to_drive(session, now=now)]
            if await sweep.needs_reconcile(session, policy=policy, now=now):
                jobs.append(Reconcile())
            jobs += [CloseMorning(morning_id=item) for item in await mornings_to_close(session, now=now)]
            if (await inbox.backlog(session))[InboxState.WAITING]:
                jobs += [WorkInbox(), WorkClerkInbox()]
            checks = await overdue_checks(session, now=now)
        if await self._house.purse.crashed():
            jobs.append(SettleCrashedCalls())
        for job in jobs:
            await self._producer.add(job.queue, job.name, job.model_dump(mode="json"), job_id=str(new_id()))
        once = f"{_floor(now, CHECK_AGAIN):%Y%m%dT%H%M}"  # a check that is repeated each second would only queue up
        for check in checks:
            job_id = f"{check.name}-{check.pack_id}-{check.version}-{once}"
            await self._producer.add(check.queue, check.name, check.model_dump(mode="json"), job_id=job_id)

    async def _raise_due(self) -> None:
        """Enter the scheduled moments that have come, and promise again what was not done."""
        now, pace = self._house.clock(), self._house.pace
        due: list[tuple[str, datetime, Job]] = [("channel-sync", _floor(now, pace.delta(_SYNC_EVERY)), SyncChannel())]
        due.append(("registrations", recheck_moment(now), RecheckRegistrations()))
        async with self._house.database.transactions() as session:
            for slot in await advisors.slots_in_use(session):
                for day in (business_date(now), business_date(now) + timedelta(days=1)):
                    moment = plan_moment(day, slot, now)
                    if moment is not None:
                        due.append((f"night-plan {day} {slot}", moment, PlanMorning(business_date=day, slot=slot)))
            for schedule, due_at, job in due:
                await occurrences.raise_once(session, schedule=schedule, due_at=due_at, job=job, now=now)
            await occurrences.raise_again(session, after=_OVERDUE, until=_CATCH_UP, now=now)

    async def relay(self) -> int:
        async with self._house.database.transactions() as session:
            return await outbox.relay_once(session, self._producer, now=self._house.clock())

    async def tidy(self) -> None:
        """Forget what need not be kept: carried jobs, and for ever what vendors posted 400 days ago."""
        now = self._house.clock()
        async with self._house.database.transactions() as session:
            await outbox.forget_dispatched(session, before=now - _OUTBOX_KEPT)
            first, end = inbox.expired_subjects(business_date(now))
            await vault.destroy_keys_between(session, first, end, now=now)


def plan_moment(day: date, slot: Slot, now: datetime) -> datetime | None:
    """The latest planning moment of that morning that has passed; None before 20:30 of the eve and once it has ended.

    Every ten minutes until the freeze, as approvals come. From the freeze on it stays the last moment, so that a clock
    that slept all night still plans a morning that nobody planned.
    """
    start, freeze = night_plan_at(day), freeze_at(day, slot)
    if not start <= now < freeze + _FREEZE_TO_END:
        return None
    return start + (min(now, freeze) - start) // _REPLAN_EVERY * _REPLAN_EVERY


def recheck_moment(now: datetime) -> datetime:
    """The latest moment at which registrations were due to be checked again: 02:00 in India, before any night plan freezes."""
    today = ist_moment(business_date(now), _RECHECK_AT)
    return today if today <= now else today - timedelta(days=1)


def _floor(now: datetime, every: timedelta) -> datetime:
    epoch = datetime.fromtimestamp(0, UTC)
    return epoch + (now - epoch) // every * every


async def run_clock(settings: Settings) -> None:
    """Run until told to stop."""
    logs.configure(process="clock", level=settings.log_level)
    stop = stop_requested()
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with open_house(settings, process="clock", pool_size=4) as house:
        clockwork = ClockWork(house, producer)
        spare_what_is_built()
        await asyncio.gather(
            _every(stop, _TICK_S, clockwork.tick),
            _every(stop, _RELAY_S, clockwork.relay),
            _every(stop, 3600, clockwork.tidy),
        )
    await producer.close()


async def _every(stop: asyncio.Event, seconds: float, step: Callable[[], Awaitable[object]]) -> None:
    """Run `step` again and again; trouble with a server is logged and tried again at the next beat."""
    while not stop.is_set():
        try:
            await step()
        except _TROUBLE as error:
            log.warning(
                "clock.step-failed",
                step=getattr(step, "__name__", "step"),
                error=type(error).__name__,
            )
        try:
            await asyncio.wait_for(stop.wait(), seconds)
        except TimeoutError:
            continue
