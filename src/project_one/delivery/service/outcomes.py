"""Writing what became of attempts: facts join under the message's row lock, then policy decides what is next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
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
from project_one.delivery.models import MorningRow
from project_one.delivery.service.ledger import Attempt, Ledger, Message, lock_by_attempts
from project_one.delivery.service.release import stop_morning
from project_one.kernel.db import WriteSession


@dataclass(frozen=True)
class News:
    """Something learned about one attempt. `action` and `cause` come with a refusal."""

    attempt_id: UUID
    facts: Facts
    vendor_message_id: str | None = None
    is_held: bool | None = None
    action: Action | None = None
    cause: Cause | None = None


async def record_news(session: WriteSession, news: Sequence[News], *, policy: RetryPolicy, now: datetime) -> int:
    """Join the news into attempts and messages; how many attempts were known. A repeat changes nothing.

    Locks the messages in id order: every writer of a message's outcome does.
    """
    if not news:
        return 0
    ledger = await lock_by_attempts(session, {item.attempt_id for item in news})
    known = [item for item in news if item.attempt_id in ledger.attempts]
    changed: dict[UUID, list[News]] = {}
    for item in known:
        if _join(ledger, item):
            changed.setdefault(ledger.attempts[item.attempt_id].message_id, []).append(item)
    closes = _Closes(session)
    for message_id, items in changed.items():
        await _settle(session, ledger, ledger.messages[message_id], items, closes, policy=policy, now=now)
    await ledger.save(session)
    sent = [
        ledger.attempts[item.attempt_id] for items in changed.values() for item in items if item.is_held is not None
    ]
    days = {item.id: item.business_date for item in ledger.messages.values()}
    await audit.record_all(session, [_sent_event(item, days[item.message_id]) for item in sent], now=now)
    return len({item.attempt_id for item in known})


class _Closes:
    """When mornings end, read at most once each."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session
        self._known: dict[UUID, datetime] = {}

    async def of(self, morning_id: UUID) -> datetime:
        if morning_id not in self._known:
            query = select(MorningRow.closes_at).where(MorningRow.id == morning_id)
            self._known[morning_id] = (await self._session.scalars(query)).one()
        return self._known[morning_id]


def _join(ledger: Ledger, item: News) -> bool:
    """Whether it told anything new."""
    attempt = ledger.attempts[item.attempt_id]
    joined = replace(
        attempt,
        facts=attempt.facts | item.facts,
        vendor_message_id=attempt.vendor_message_id or item.vendor_message_id,
    )
    message = ledger.messages[attempt.message_id]
    flagged = message if item.is_held is None else replace(message, is_held=item.is_held)
    if joined == attempt and flagged == message:
        return False
    ledger.attempts[attempt.id] = joined
    if flagged != message:
        ledger.messages[message.id] = flagged
    return True


async def _settle(
    session: WriteSession,
    ledger: Ledger,
    message: Message,
    items: list[News],
    closes: _Closes,
    *,
    policy: RetryPolicy,
    now: datetime,
) -> None:
    attempts = ledger.attempts_of(message.id)
    best = best_of([item.facts for item in attempts])
    if best is not None:
        if message.status is not best or message.cause is not None:
            ledger.messages[message.id] = replace(message, status=best, cause=None)
        return
    last = attempts[-1]
    if message.status in (MessageStatus.PLANNED, MessageStatus.WITHDRAWN) or not any(
        item.attempt_id == last.id for item in items
    ):
        return  # already decided, or news of an earlier attempt that changes nothing
    match last.status:
        case AttemptStatus.UNKNOWN:
            ledger.messages[message.id] = replace(message, status=MessageStatus.UNKNOWN)
        case AttemptStatus.RETURNED:
            again_at = now + policy.base  # a dead vendor is not hammered
            ledger.messages[message.id] = replace(message, status=MessageStatus.PLANNED, next_at=again_at)
        case AttemptStatus.FAILED:
            refusal = next(item for item in reversed(items) if item.attempt_id == last.id)
            closes_at = await closes.of(message.morning_id)
            ledger.messages[message.id] = await _after_failure(
                session, message, last, refusal, closes_at=closes_at, policy=policy, now=now
            )
        case _:
            pass


async def _after_failure(
    session: WriteSession,
    message: Message,
    attempt: Attempt,
    refusal: News,
    *,
    closes_at: datetime,
    policy: RetryPolicy,
    now: datetime,
) -> Message:
    action = refusal.action or Action.GIVE_UP
    cause = refusal.cause or Cause.VENDOR_TROUBLE
    code = attempt.facts.code
    if action is Action.SWITCH_FRAME and attempt.frame_id is not None:
        await channel.pause_frame(session, attempt.frame_id, now=now)
    elif action is Action.STOP_NUMBER:
        await channel.stop_number(session, attempt.sender_id, reason=f"code-{code}", now=now)
    elif action is Action.STOP_MORNING:
        await stop_morning(session, message.morning_id, reason=f"code-{code}", actor="driver", now=now)
    decision = after_refusal(action, cause, attempts=message.attempts_made, now=now, closes_at=closes_at, policy=policy)
    if isinstance(decision, GiveUp):
        return replace(message, cause=cause, status=MessageStatus.FAILED)
    return replace(message, cause=cause, status=MessageStatus.PLANNED, next_at=decision.at)


def _sent_event(attempt: Attempt, business_date: date) -> Event:
    data = {
        "attempt_id": str(attempt.id),
        "rendered_sha256": attempt.rendered_sha256,
        "vendor_message_id": attempt.vendor_message_id,
    }
    actor = f"driver:{attempt.fence}"
    return Event(Audited.MESSAGE_SENT, "message", str(attempt.message_id), actor, data, business_date)
