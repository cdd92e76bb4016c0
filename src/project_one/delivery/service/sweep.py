"""What the clock finds undone each second: claims that ran out, unknowns past their wait, numbers without a driver."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.channel import service as channel
from project_one.delivery.domain import (
    AttemptStatus,
    Cause,
    Facts,
    MessageStatus,
    MorningState,
    RetryPolicy,
)
from project_one.delivery.models import AttemptRow, MessageRow, MorningRow
from project_one.delivery.service.lease import live_leases
from project_one.delivery.service.ledger import lock
from project_one.delivery.service.outcomes import News, record_news
from project_one.kernel.db import ReadSession, WriteSession

_BATCH = 500
_ACCEPT_WINDOW = 200
_ACCEPT_LEAST = 0.9
_ACCEPT_SAMPLES = 50


def _open_mornings():  # noqa: ANN202  a subquery of morning ids
    return select(MorningRow.id).where(MorningRow.state == MorningState.RELEASED)


async def numbers_to_drive(session: ReadSession, *, now: datetime) -> list[UUID]:
    """Numbers with due messages in released mornings and no live lease."""
    rows = await session.scalars(
        select(MessageRow.number_id)
        .join(MorningRow, MorningRow.id == MessageRow.morning_id)
        .where(
            MessageRow.status == MessageStatus.PLANNED,
            MessageRow.next_at <= now + timedelta(seconds=1),
            MorningRow.state == MorningState.RELEASED,
            MorningRow.closes_at > now,
            MessageRow.number_id.not_in(live_leases()),
        )
        .distinct()
    )
    return list(rows)


async def next_due(session: ReadSession, number_id: UUID, *, now: datetime) -> datetime | None:
    """When the next planned message of this number is due in an open morning; None when none is left."""
    return await session.scalar(
        select(func.min(MessageRow.next_at))
        .join(MorningRow, MorningRow.id == MessageRow.morning_id)
        .where(
            MessageRow.number_id == number_id,
            MessageRow.status == MessageStatus.PLANNED,
            MorningRow.state == MorningState.RELEASED,
            MorningRow.closes_at > now,
        )
    )


async def needs_reconcile(session: ReadSession, *, policy: RetryPolicy, now: datetime) -> bool:
    expired = select(AttemptRow.id).where(AttemptRow.status == AttemptStatus.CLAIMED, AttemptRow.claim_expires_at < now)
    waited = select(AttemptRow.id).where(
        AttemptRow.status == AttemptStatus.UNKNOWN,
        AttemptRow.unknown_at < now - policy.unknown_wait,
    )
    waited = waited.join(MessageRow, MessageRow.id == AttemptRow.message_id).where(
        MessageRow.status == MessageStatus.UNKNOWN,
        MessageRow.morning_id.in_(_open_mornings()),
    )
    return bool(await session.scalar(select(expired.exists() | waited.exists())))


async def expire_claims(session: WriteSession, *, policy: RetryPolicy, now: datetime) -> int:
    """A claim that ran out is unknown, never planned: its request may have been written."""
    ids = (
        await session.scalars(
            select(AttemptRow.id)
            .where(
                AttemptRow.status == AttemptStatus.CLAIMED,
                AttemptRow.claim_expires_at < now,
            )
            .limit(_BATCH)
        )
    ).all()
    return await record_news(
        session,
        [News(item, Facts(unknown_at=now)) for item in ids],
        policy=policy,
        now=now,
    )


async def resend_unknowns(session: WriteSession, *, policy: RetryPolicy, now: datetime) -> int:
    """Plan again what no receipt settled in time, while the morning is open; each is a possible duplicate, counted."""
    ids = (
        await session.scalars(
            select(AttemptRow.message_id)
            .join(MessageRow, MessageRow.id == AttemptRow.message_id)
            .join(MorningRow, MorningRow.id == MessageRow.morning_id)
            .where(
                AttemptRow.status == AttemptStatus.UNKNOWN,
                AttemptRow.unknown_at < now - policy.unknown_wait,
                MessageRow.status == MessageStatus.UNKNOWN,
                MorningRow.state == MorningState.RELEASED,
                MorningRow.closes_at > now,
            )
            .limit(_BATCH)
        )
    ).all()
    ledger = await lock(session, ids)
    events: list[Event] = []
    for message in list(ledger.messages.values()):
        last = ledger.attempts_of(message.id)[-1]
        waited = last.facts.unknown_at is not None and last.facts.unknown_at < now - policy.unknown_wait
        if message.status is MessageStatus.UNKNOWN and waited:
            resends = message.resends_after_unknown + 1
            ledger.messages[message.id] = replace(
                message, status=MessageStatus.PLANNED, next_at=now, resends_after_unknown=resends
            )
            action, data = Action.MESSAGE_RESENT_AFTER_UNKNOWN, {"attempt_id": str(last.id)}
            events.append(Event(action, "message", str(message.id), "reconcile", data, message.business_date))
    await ledger.save(session)
    await audit.record_all(session, events, now=now)
    return len(events)


async def rest_weak_numbers(session: WriteSession, *, now: datetime) -> None:
    """Stop a number whose accept rate over its last 200 sends fell below 90 %, if another can take over.

    Against it count refusals and answers that never came; not what failed after the accept, nor claims of ours that
    ran out because a driver died.
    """
    able = [number for number in await channel.numbers(session) if number.may_send]
    for number in able:
        if len(able) < 2:  # noqa: PLR2004  the last one is kept: slow is better than silent
            return
        is_refused = (AttemptRow.status == AttemptStatus.FAILED) & AttemptRow.accepted_at.is_(None)
        is_unanswered = AttemptRow.status == AttemptStatus.UNKNOWN
        recent = (
            select((is_refused | is_unanswered).label("is_bad"))
            .where(
                AttemptRow.sender_id == number.id,
                AttemptRow.status.not_in([AttemptStatus.CLAIMED, AttemptStatus.RETURNED]),
                ~(is_unanswered & (AttemptRow.unknown_at >= AttemptRow.claim_expires_at)),
                AttemptRow.morning_id.in_(_open_mornings()),
            )
            .order_by(AttemptRow.claimed_at.desc())
            .limit(_ACCEPT_WINDOW)
            .subquery()
        )
        bad = func.count().filter(recent.c.is_bad)
        total, failed = (await session.execute(select(func.count(), bad).select_from(recent))).one()
        if total >= _ACCEPT_SAMPLES and 1 - failed / total < _ACCEPT_LEAST:
            await channel.stop_number(session, number.id, reason="accept-rate", now=now)
            able = [other for other in able if other.id != number.id]


async def move_from_stopped(session: WriteSession) -> int:
    """Messages planned on a number that may not send go to those that may; spares only when no other is left."""
    numbers = await channel.numbers(session)
    able = [number for number in numbers if number.may_send]
    able = [number for number in able if not number.is_spare] or able
    stopped = [number.id for number in numbers if not number.may_send]
    if not able or not stopped:
        return 0
    ids = (
        await session.scalars(
            select(MessageRow.id)
            .where(
                MessageRow.number_id.in_(stopped),
                MessageRow.status == MessageStatus.PLANNED,
            )
            .where(MessageRow.morning_id.in_(_open_mornings()))
            .with_for_update(skip_locked=True)
        )
    ).all()
    for position, number in enumerate(able):
        share = ids[position :: len(able)]
        await session.execute(update(MessageRow).where(MessageRow.id.in_(share)).values(number_id=number.id))
    return len(ids)


async def give_up_at_close(session: WriteSession, morning_id: UUID) -> None:
    """What is still planned when the morning ends was not sent, and says why."""
    await session.execute(
        update(MessageRow)
        .where(
            MessageRow.morning_id == morning_id,
            MessageRow.status == MessageStatus.PLANNED,
        )
        .values(
            status=MessageStatus.FAILED,
            cause=func.coalesce(MessageRow.cause, Cause.DEADLINE.value),
        )
    )
