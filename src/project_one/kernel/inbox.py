"""What the outside sent, as it came: sealed bytes in a row before we answer, worked through afterwards, each row once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, LargeBinary, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base, ReadSession, WriteSession, text_enum
from project_one.kernel.ids import new_id


class InboxState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    SET_ASIDE = "set_aside"  # genuine by its signature, unreadable by us: kept for a person


class InboxRow(Base):
    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_inbox_waiting",
            "received_at",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "uq_inbox_sender_id",
            "source",
            "sender_id",
            unique=True,
            postgresql_where=text("sender_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    received_at: Mapped[datetime]
    key_subject: Mapped[str]
    sealed_body: Mapped[bytes] = mapped_column(LargeBinary)
    body_sha256: Mapped[str]
    state: Mapped[InboxState] = mapped_column(text_enum(InboxState, "state"))
    reason: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    sender_id: Mapped[str | None]


_DAY_KEY = "inbox:"
KEPT = timedelta(days=400)


def key_subject(day: date) -> str:
    """Whose key seals what came on that day; in text order of the days."""
    return f"{_DAY_KEY}{day.isoformat()}"


def expired_subjects(today: date) -> tuple[str, str]:
    """First subject and end of those whose bodies are to be forgotten: older than KEPT."""
    return _DAY_KEY, key_subject(today - KEPT)


@dataclass(frozen=True)
class Arrival:
    """One POST as received. `key_subject` names the vault key that opens `sealed_body`; `sender_id`: the same on every
    repeat of the POST, where the sender gives such an id."""

    source: str
    key_subject: str
    sealed_body: bytes
    body_sha256: str
    sender_id: str | None = None


def keep(session: WriteSession, arrivals: Sequence[Arrival], *, now: datetime) -> None:
    session.add_all(
        InboxRow(
            id=new_id(),
            source=arrival.source,
            received_at=now,
            key_subject=arrival.key_subject,
            sealed_body=arrival.sealed_body,
            body_sha256=arrival.body_sha256,
            state=InboxState.WAITING,
            reason=None,
            settled_at=None,
            sender_id=arrival.sender_id,
        )
        for arrival in arrivals
    )


async def keep_once(session: WriteSession, arrival: Arrival, *, now: datetime) -> bool:
    """Keep a POST that carries its sender's id; False when one with this id was kept before."""
    kept = await session.scalars(
        insert(InboxRow)
        .values(
            id=new_id(),
            source=arrival.source,
            received_at=now,
            key_subject=arrival.key_subject,
            sealed_body=arrival.sealed_body,
            body_sha256=arrival.body_sha256,
            state=InboxState.WAITING,
            sender_id=arrival.sender_id,
        )
        .on_conflict_do_nothing()
        .returning(InboxRow.id)
    )
    return kept.one_or_none() is not None


async def claim(session: WriteSession, *, source: str, limit: int) -> Sequence[InboxRow]:
    """The oldest waiting rows, locked until the caller's transaction ends; rows held elsewhere are skipped."""
    waiting = (
        select(InboxRow)
        .where(InboxRow.source == source, InboxRow.state == InboxState.WAITING)
        .order_by(InboxRow.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(waiting)).all()


async def settle(session: WriteSession, ids: Sequence[UUID], *, now: datetime) -> None:
    await session.execute(update(InboxRow).where(InboxRow.id.in_(ids)).values(state=InboxState.DONE, settled_at=now))


async def set_aside(session: WriteSession, row_id: UUID, *, reason: str, now: datetime) -> None:
    await session.execute(
        update(InboxRow).where(InboxRow.id == row_id).values(state=InboxState.SET_ASIDE, settled_at=now, reason=reason)
    )


async def backlog(session: ReadSession) -> dict[InboxState, int]:
    """Rows still waiting and rows set aside."""
    counted = await session.execute(
        select(InboxRow.state, func.count()).where(InboxRow.state != InboxState.DONE).group_by(InboxRow.state)
    )
    found = {state: count for state, count in counted}
    return {state: found.get(state, 0) for state in (InboxState.WAITING, InboxState.SET_ASIDE)}
