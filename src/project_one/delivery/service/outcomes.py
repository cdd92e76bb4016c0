"""Writing what became of attempts: facts join under the message's row lock, then policy decides what is next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.audit import service as audit
from project_one.audit.domain import Action as Audited
from project_one.audit.domain import Event
from project_one.channel import service as channel
from project_one.delivery.domain import (
    Action,
    AttemptStatus,
    Cause,
    Facts,
    GiveUp,
    MessageStatus,
    RetryPolicy,
    after_refusal,
    best_of,
)
from project_one.delivery.models import AttemptRow, MessageRow, MorningRow
from project_one.delivery.service.release import stop_morning
from project_one.kernel.db import WriteSession

FACT_NAMES = tuple(field.name for field in fields(Facts))


@dataclass(frozen=True)
class News:
    """Something learned about one attempt. `action` and `cause` come with a refusal."""

    attempt_id: UUID
    facts: Facts
    vendor_message_id: str | None = None
    is_held: bool | None = None
    action: Action | None = None
    cause: Cause | None = None


def facts_of(row: AttemptRow) -> Facts:
    return Facts(**{name: getattr(row, name) for name in FACT_NAMES})


async def record_news(session: WriteSession, news: Sequence[News], *, policy: RetryPolicy, now: datetime) -> int:
    """Join the news into attempts and messages; how many attempts were known.

    Locks the messages in id order: every writer of a message's outcome does.
    """
    owners = await session.execute(
        select(AttemptRow.id, AttemptRow.message_id).where(AttemptRow.id.in_({item.attempt_id for item in news}))
    )
    message_of = {attempt_id: message_id for attempt_id, message_id in owners}
    messages = await lock_messages(session, message_of.values())
    attempts = await attempts_of(session, messages)
    by_id = {row.id: row for rows in attempts.values() for row in rows}
    touched: dict[UUID, list[News]] = {}
    for item in news:
        row = by_id.get(item.attempt_id)
        if row is None:
            continue
        _join(row, item)
        if item.is_held is not None:
            messages[row.message_id].is_held = item.is_held
        touched.setdefault(row.message_id, []).append(item)
    mornings: dict[UUID, MorningRow] = {}
    for message_id, items in touched.items():
        await _settle(
            session,
            messages[message_id],
            attempts[message_id],
            items,
            mornings,
            policy=policy,
            now=now,
        )
    sent = [
        by_id[item.attempt_id]
        for item in news
        if item.vendor_message_id and item.attempt_id in by_id and item.is_held is not None
    ]
    await audit.record_all(session, [_sent_event(row) for row in sent], now=now)
    return len(by_id.keys() & {item.attempt_id for item in news})


async def lock_messages(session: WriteSession, message_ids: object) -> dict[UUID, MessageRow]:
    """The rows, locked in id order and read afresh."""
    ids = sorted(set(message_ids))  # pyright: ignore[reportArgumentType, reportUnknownArgumentType, reportUnknownVariableType]
    query = (
        select(MessageRow)
        .where(MessageRow.id.in_(ids))  # pyright: ignore[reportUnknownArgumentType]
        .order_by(MessageRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in await session.scalars(query)}


async def attempts_of(session: WriteSession, messages: Mapping[UUID, MessageRow]) -> dict[UUID, list[AttemptRow]]:
    """Attempts by message, first to last."""
    query = (
        select(AttemptRow)
        .where(AttemptRow.message_id.in_(messages))
        .order_by(AttemptRow.number)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[AttemptRow]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.message_id, []).append(row)
    return found


def _join(row: AttemptRow, item: News) -> None:
    joined = facts_of(row) | item.facts
    for name in FACT_NAMES:
        value = getattr(joined, name)
        if getattr(row, name) != value:
            setattr(row, name, value)
    if row.status is not joined.status:
        row.status = joined.status
    if item.vendor_message_id and row.vendor_message_id is None:
        row.vendor_message_id = item.vendor_message_id


async def _settle(
    session: WriteSession,
    message: MessageRow,
    attempts: list[AttemptRow],
    items: list[News],
    mornings: dict[UUID, MorningRow],
    *,
    policy: RetryPolicy,
    now: datetime,
) -> None:
    best = best_of([facts_of(row) for row in attempts])
    if best is not None:
        if message.status is not best:
            message.status = best
        if message.cause is not None:
            message.cause = None
        return
    last = attempts[-1]
    if message.status in (MessageStatus.PLANNED, MessageStatus.WITHDRAWN) or not any(
        item.attempt_id == last.id for item in items
    ):
        return  # already decided, or news of an earlier attempt that changes nothing
    match last.status:
        case AttemptStatus.UNKNOWN:
            message.status = MessageStatus.UNKNOWN
        case AttemptStatus.RETURNED:
            message.status, message.next_at = MessageStatus.PLANNED, now + policy.base  # a dead vendor is not hammered
        case AttemptStatus.FAILED:
            refusal = next(item for item in reversed(items) if item.attempt_id == last.id)
            await _after_failure(session, message, last, refusal, mornings, policy=policy, now=now)
        case _:
            pass


async def _after_failure(
    session: WriteSession,
    message: MessageRow,
    attempt: AttemptRow,
    refusal: News,
    mornings: dict[UUID, MorningRow],
    *,
    policy: RetryPolicy,
    now: datetime,
) -> None:
    action, cause = (
        refusal.action or Action.GIVE_UP,
        refusal.cause or Cause.VENDOR_TROUBLE,
    )
    if message.morning_id not in mornings:
        mornings[message.morning_id] = await session.get_one(MorningRow, message.morning_id)
    morning = mornings[message.morning_id]
    if action is Action.SWITCH_FRAME and attempt.frame_id is not None:
        await channel.pause_frame(session, attempt.frame_id, now=now)
    elif action is Action.STOP_NUMBER:
        await channel.stop_number(session, attempt.sender_id, reason=f"code-{attempt.code}", now=now)
    elif action is Action.STOP_MORNING:
        await stop_morning(session, morning.id, reason=f"code-{attempt.code}", actor="driver", now=now)
    decision = after_refusal(
        action,
        cause,
        attempts=message.attempts_made,
        now=now,
        closes_at=morning.closes_at,
        policy=policy,
    )
    message.cause = cause
    if isinstance(decision, GiveUp):
        message.status = MessageStatus.FAILED
    else:
        message.status, message.next_at = MessageStatus.PLANNED, decision.at


def _sent_event(row: AttemptRow) -> Event:
    data = {
        "attempt_id": str(row.id),
        "rendered_sha256": row.rendered_sha256,
        "vendor_message_id": row.vendor_message_id,
    }
    return Event(
        Audited.MESSAGE_SENT,
        "message",
        str(row.message_id),
        f"driver:{row.fence}",
        data,
        row.business_date,
    )
