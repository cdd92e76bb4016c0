"""One row per scheduled moment. Unique in Postgres, so two clocks, a restart or a leap make one run, not two or none.

raise_once ── row and job in one transaction ──► queue ──► handler ──► mark_done
raise_again ◄── what was not marked done in time ──┘
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel import outbox
from project_one.kernel.db import Base, WriteSession
from project_one.kernel.ids import new_id
from project_one.kernel.jobs import Job


class OccurrenceRow(Base):
    __tablename__ = "occurrences"
    __table_args__ = (
        UniqueConstraint("schedule", "due_at"),
        Index("ix_occurrences_open", "raised_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    schedule: Mapped[str]
    due_at: Mapped[datetime]
    queue: Mapped[str]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    raised_at: Mapped[datetime]  # the last time its job was enqueued
    done_at: Mapped[datetime | None]


async def raise_once(session: WriteSession, *, schedule: str, due_at: datetime, job: Job, now: datetime) -> bool:
    """Enter the moment and promise its job; False if somebody did before."""
    occurrence_id = new_id()
    promised = job.model_copy(update={"occurrence_id": occurrence_id})
    values = {"queue": job.queue, "name": job.name, "payload": promised.model_dump(mode="json")}
    statement = insert(OccurrenceRow).values(
        id=occurrence_id, schedule=schedule, due_at=due_at, raised_at=now, done_at=None, **values
    )
    if await session.scalar(statement.on_conflict_do_nothing().returning(OccurrenceRow.id)) is None:
        return False
    outbox.enqueue(session, promised, now=now)
    return True


async def raise_again(session: WriteSession, *, after: timedelta, until: timedelta, now: datetime) -> int:
    """Promise the jobs again that were not done `after` their last raise, up to `until` past their moment; how many."""
    lost = select(OccurrenceRow).where(
        OccurrenceRow.done_at.is_(None), OccurrenceRow.raised_at < now - after, OccurrenceRow.due_at > now - until
    )
    rows = (await session.scalars(lost.with_for_update(skip_locked=True))).all()
    for row in rows:
        row.raised_at = now
        outbox.enqueue_raw(session, queue=row.queue, name=row.name, payload=row.payload, now=now)
    return len(rows)


async def mark_done(session: WriteSession, occurrence_id: UUID, *, now: datetime) -> None:
    await session.execute(update(OccurrenceRow).where(OccurrenceRow.id == occurrence_id).values(done_at=now))
