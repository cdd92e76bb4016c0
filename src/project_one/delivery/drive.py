"""Driving one number through its open mornings.

renew ── each second: lease, number's state and rate
claim ── batches of a quarter of a second, ahead of need ──► queue
send  ── one task a message, paced by the bucket ──► outcomes
write ── outcomes in batches, until every one is in the ledger
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError

from project_one.channel import service as channel
from project_one.delivery.bucket import TokenBucket
from project_one.delivery.config import DeliveryConfig
from project_one.delivery.domain import Facts
from project_one.delivery.guard import Guards
from project_one.delivery.ports import (
    Accepted,
    MessageSender,
    NotWritten,
    Outcome,
    Refused,
    Unclear,
)
from project_one.delivery.service import lease as leases
from project_one.delivery.service.claim import Ready, claim
from project_one.delivery.service.outcomes import News, record_news
from project_one.delivery.service.sweep import next_due
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Transactions
from project_one.vault.domain import Keyring

log = structlog.get_logger()

DATABASE_TROUBLE = (DBAPIError, InterfaceError, OSError, TimeoutError)
_IN_FLIGHT_LEAST = 64
_CLAIM_S = 0.25  # of sending in one claim
_AHEAD = 2  # claims kept ready, so that a slow one does not make the sender wait
_IDLE_S = 0.1
_WRITE_TRIES_S = 60


@dataclass(frozen=True)
class Tools:
    """What a driver works with."""

    transactions: Transactions
    sender: MessageSender
    keyring: Keyring
    guards: Guards
    config: DeliveryConfig
    clock: Clock
    driver: str


@dataclass
class _Drive:
    tools: Tools
    lease: leases.Lease
    bucket: TokenBucket
    lease_until: float  # monotonic
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    claimed: asyncio.Queue[tuple[Ready, float]] = field(default_factory=asyncio.Queue[tuple[Ready, float]])
    outcomes: list[News] = field(default_factory=list[News])
    unsettled: int = 0  # claimed attempts whose outcome is not in the ledger yet
    sends: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def may_write(self) -> bool:
        return not self.is_over.is_set() and time.monotonic() < self.lease_until


async def drive_number(tools: Tools, number_id: UUID) -> int:
    """Send what is due on this number until nothing is left or the lease is gone; how many attempts were made.

    Returns at once while another driver holds the number.
    """
    config = tools.config
    started = time.monotonic()
    async with tools.transactions() as session:
        number = await channel.number(session, number_id)
        if number is None or not number.may_send:
            return 0
        lease = await leases.acquire(
            session,
            number_id,
            driver=tools.driver,
            lasts=config.lease_lasts,
        )
    if lease is None:
        return 0
    log.info("delivery.drive.started", number_id=str(number_id), fence=lease.fence)
    bucket = TokenBucket(number.rate_per_s * config.rate_factor)
    drive = _Drive(tools, lease, bucket, started + config.lease_lasts.total_seconds())
    keeper = asyncio.create_task(_renew(drive))
    try:
        if lease.is_taken_over:
            await asyncio.sleep(1)  # one full bucket of the vendor: our predecessor may have just spent it
        made = await _run(drive)
    finally:
        drive.is_over.set()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await _give_back(drive)
    log.info(
        "delivery.drive.ended",
        number_id=str(number_id),
        fence=lease.fence,
        attempts=made,
    )
    return made


async def _run(drive: _Drive) -> int:
    writer = asyncio.create_task(_write(drive))
    sender = asyncio.create_task(_send_all(drive))
    made = 0
    try:
        made = await _claim_all(drive)
    finally:
        drive.is_over.set()
        await asyncio.shield(_finish(drive, sender, writer))
    return made


async def _finish(drive: _Drive, sender: asyncio.Task[None], writer: asyncio.Task[None]) -> None:
    """Let what is in flight end, hand back what was not written, and write all of it down."""
    await sender
    if drive.sends:
        await asyncio.wait(drive.sends)
    while not drive.claimed.empty():
        ready, _ = drive.claimed.get_nowait()
        drive.outcomes.append(News(ready.attempt_id, Facts(returned_at=drive.tools.clock())))
    await writer


async def _renew(drive: _Drive) -> None:
    """Keep the lease and the number's rate current; end the drive when either is lost."""
    config = drive.tools.config
    while True:
        await asyncio.sleep(config.lease_renewal.total_seconds())
        asked = time.monotonic()
        try:
            async with drive.tools.transactions() as session:
                number = await channel.number(session, drive.lease.number_id)
                kept = await leases.renew(
                    session,
                    drive.lease,
                    lasts=config.lease_lasts,
                )
        except DATABASE_TROUBLE as error:
            log.warning(
                "delivery.lease.renewal-failed",
                fence=drive.lease.fence,
                error=type(error).__name__,
            )
            if time.monotonic() >= drive.lease_until:
                drive.is_over.set()
                return
            continue
        if not kept or asked >= drive.lease_until or number is None or not number.may_send:
            log.warning("delivery.lease.lost", fence=drive.lease.fence, kept=kept)
            drive.is_over.set()
            return
        drive.lease_until = asked + config.lease_lasts.total_seconds()
        drive.bucket.rate = number.rate_per_s * config.rate_factor


async def _claim_all(drive: _Drive) -> int:
    """Claim ahead of need until nothing planned is left on this number."""
    tools, made = drive.tools, 0
    while drive.may_write:
        batch = max(1, int(drive.bucket.rate * _CLAIM_S))
        if drive.claimed.qsize() > batch * _AHEAD:
            await asyncio.sleep(0.01)
            continue
        claimed_at = time.monotonic()
        is_all_written = drive.unsettled == 0  # before we look: an outcome written meanwhile may plan a message again
        try:
            guard = await tools.guards.of(business_date(tools.clock()))
            async with tools.transactions() as session:
                ready = await claim(
                    session,
                    tools.keyring,
                    drive.lease,
                    guard,
                    most=batch,
                    is_loopback=tools.sender.is_loopback,
                    policy=tools.config.retry,
                    now=tools.clock(),
                )
                upcoming = None if ready else await next_due(session, drive.lease.number_id, now=tools.clock())
        except DATABASE_TROUBLE as error:
            log.warning(
                "delivery.claim.failed",
                fence=drive.lease.fence,
                error=type(error).__name__,
            )
            await asyncio.sleep(_IDLE_S)
            continue
        for item in ready:
            drive.claimed.put_nowait((item, claimed_at))
        made += len(ready)
        drive.unsettled += len(ready)
        if not ready:
            if upcoming is None and is_all_written:
                return made
            await asyncio.sleep(_pause(upcoming, tools.clock()))
    return made


def _pause(upcoming: datetime | None, now: datetime) -> float:
    if upcoming is None:
        return _IDLE_S / 4
    return min(_IDLE_S, max(0.005, (upcoming - now).total_seconds()))


async def _send_all(drive: _Drive) -> None:
    """One task a message, at the bucket's pace, a bounded number in flight."""
    slots = asyncio.Semaphore(max(_IN_FLIGHT_LEAST, int(drive.bucket.rate)))
    while not drive.is_over.is_set():
        try:
            ready, claimed_at = await asyncio.wait_for(drive.claimed.get(), _IDLE_S)
        except TimeoutError:
            continue
        await slots.acquire()
        await drive.bucket.take()
        task = asyncio.create_task(_send_one(drive, ready, claimed_at))
        drive.sends.add(task)
        task.add_done_callback(drive.sends.discard)
        task.add_done_callback(lambda _: slots.release())


async def _send_one(drive: _Drive, ready: Ready, claimed_at: float) -> None:
    clock = drive.tools.clock
    is_fresh = time.monotonic() - claimed_at < drive.tools.config.retry.write_within.total_seconds()
    if not (is_fresh and drive.may_write):
        drive.outcomes.append(News(ready.attempt_id, Facts(returned_at=clock())))
        return
    try:
        outcome = await drive.tools.sender.send(ready.outgoing)
    except Exception as error:
        log.exception("delivery.send.broke", error=type(error).__name__)
        outcome = Unclear(type(error).__name__, clock())  # whatever broke, the request may have left
    drive.outcomes.append(_news(ready.attempt_id, outcome))


def _news(attempt_id: UUID, outcome: Outcome) -> News:
    match outcome:
        case Accepted():
            facts = Facts(accepted_at=outcome.at)
            return News(
                attempt_id,
                facts,
                vendor_message_id=outcome.vendor_message_id,
                is_held=outcome.is_held,
            )
        case Refused():
            facts = Facts(failed_at=outcome.at, code=outcome.code)
            return News(attempt_id, facts, action=outcome.action, cause=outcome.cause)
        case Unclear():
            return News(attempt_id, Facts(unknown_at=outcome.at))
        case NotWritten():
            return News(attempt_id, Facts(returned_at=outcome.at))


async def _write(drive: _Drive) -> None:
    """Put outcomes into the ledger until the drive is over and all are in. Outcomes are facts: no lease is needed."""
    tools = drive.tools
    while True:
        batch, drive.outcomes = drive.outcomes, []
        if batch:
            await _write_batch(tools, batch)
            drive.unsettled -= len(batch)
        elif drive.is_over.is_set() and drive.unsettled == 0:
            return
        await asyncio.sleep(tools.config.flush_every_s)


async def _write_batch(tools: Tools, batch: list[News]) -> None:
    give_up_at = time.monotonic() + _WRITE_TRIES_S
    while True:
        try:
            async with tools.transactions() as session:
                await record_news(session, batch, policy=tools.config.retry, now=tools.clock())
        except DATABASE_TROUBLE as error:
            if time.monotonic() > give_up_at:  # receipts and the sweep settle them as unknown
                log.error(
                    "delivery.outcomes.lost",
                    count=len(batch),
                    error=type(error).__name__,
                )  # noqa: TRY400
                return
            await asyncio.sleep(_IDLE_S)
        else:
            return


async def _give_back(drive: _Drive) -> None:
    try:
        async with drive.tools.transactions() as session:
            await leases.give_back(session, drive.lease)
    except DATABASE_TROUBLE as error:
        log.warning("delivery.lease.not-given-back", error=type(error).__name__)
