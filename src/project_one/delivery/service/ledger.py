"""The part of the ledger that outcomes change: read under lock as plain values, written back where they changed."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from project_one.delivery.domain import AttemptStatus, Cause, Facts, MessageStatus
from project_one.delivery.models import AttemptRow, MessageRow
from project_one.kernel.bulk import among, update_many
from project_one.kernel.db import WriteSession

FACT_NAMES = tuple(item.name for item in fields(Facts))


@dataclass(frozen=True)
class Message:
    """A ledger row, as far as an outcome can change it or asks for it."""

    id: UUID
    morning_id: UUID
    business_date: date
    status: MessageStatus
    cause: Cause | None
    next_at: datetime
    is_held: bool
    attempts_made: int
    resends_after_unknown: int


@dataclass(frozen=True)
class Attempt:
    id: UUID
    message_id: UUID
    sender_id: UUID
    frame_id: UUID | None
    fence: int
    rendered_sha256: str | None
    vendor_message_id: str | None
    facts: Facts

    @property
    def status(self) -> AttemptStatus:
        return self.facts.status


_MESSAGE = tuple(getattr(MessageRow, item.name) for item in fields(Message))
_ATTEMPT = tuple(getattr(AttemptRow, item.name) for item in fields(Attempt) if item.name != "facts")
_FACTS = tuple(getattr(AttemptRow, name) for name in FACT_NAMES)
_WRITTEN = ("id", "status", "cause", "next_at", "is_held", "resends_after_unknown")


@dataclass
class Ledger:
    """Locked messages with all their attempts, first to last. Put a changed value in place of the old one, then `save`."""

    messages: dict[UUID, Message]
    attempts: dict[UUID, Attempt]
    of_message: dict[UUID, list[UUID]] = field(default_factory=dict[UUID, list[UUID]])
    _read: dict[UUID, Message | Attempt] = field(default_factory=dict[UUID, Message | Attempt])

    def __post_init__(self) -> None:
        for attempt in self.attempts.values():
            self.of_message.setdefault(attempt.message_id, []).append(attempt.id)
        self._read = {**self.messages, **self.attempts}

    def attempts_of(self, message_id: UUID) -> list[Attempt]:
        return [self.attempts[attempt_id] for attempt_id in self.of_message[message_id]]

    async def save(self, session: WriteSession) -> None:
        """Write what changed."""
        messages = [item for item in self.messages.values() if item is not self._read[item.id]]
        await update_many(session, MessageRow, [{name: getattr(item, name) for name in _WRITTEN} for item in messages])
        attempts = [item for item in self.attempts.values() if item is not self._read[item.id]]
        await update_many(session, AttemptRow, [_attempt_values(item) for item in attempts])


def _attempt_values(item: Attempt) -> dict[str, Any]:
    facts = {name: getattr(item.facts, name) for name in FACT_NAMES}
    return {"id": item.id, "status": item.status, "vendor_message_id": item.vendor_message_id, **facts}


async def lock_by_attempts(session: WriteSession, attempt_ids: Collection[UUID]) -> Ledger:
    """The messages these attempts belong to; ids that are no attempt's are passed over."""
    owners = select(AttemptRow.message_id).where(among(AttemptRow.id, attempt_ids))
    return await _lock(session, MessageRow.id.in_(owners))


async def lock(session: WriteSession, message_ids: Collection[UUID]) -> Ledger:
    return await _lock(session, among(MessageRow.id, message_ids))


async def _lock(session: WriteSession, which: ColumnElement[bool]) -> Ledger:
    """In id order, as every writer of outcomes does; the attempts are read once the locks are held."""
    locked = select(*_MESSAGE).where(which).order_by(MessageRow.id).with_for_update()
    messages = {row[0]: Message(*row) for row in await session.execute(locked)}
    theirs = among(AttemptRow.message_id, messages)
    query = select(*_ATTEMPT, *_FACTS).where(theirs).order_by(AttemptRow.number)
    split = len(_ATTEMPT)
    rows = await session.execute(query)
    attempts = {row[0]: Attempt(*row[:split], facts=Facts(*row[split:])) for row in rows}
    return Ledger(messages, attempts)
