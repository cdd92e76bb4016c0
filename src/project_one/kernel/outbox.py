"""Work that leaves with the commit: a row in the caller's transaction, carried to the queue by the relay."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Index, delete, select, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base, WriteSession
from project_one.kernel.ids import new_id
from project_one.kernel.jobs import Job


class OutboxRow(Base):
    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "available_at",
            postgresql_where=text("dispatched_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    queue: Mapped[str]
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    available_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]


class JobSink(Protocol):
    """Where the relay puts jobs. A repeat of a `job_id` that is still stored is a no-op."""

    async def add(self, queue: str, name: str, payload: dict[str, Any], *, job_id: str) -> None: ...


def enqueue(session: WriteSession, job: Job, *, now: datetime) -> UUID:
    """Promise `job` in this transaction; it runs at least once after the commit, never if it rolls back."""
    return enqueue_raw(session, queue=job.queue, name=job.name, payload=job.model_dump(mode="json"), now=now)


def enqueue_raw(session: WriteSession, *, queue: str, name: str, payload: dict[str, Any], now: datetime) -> UUID:
    """The same for a job that was stored as its payload."""
    row = OutboxRow(id=new_id(), queue=queue, name=name, payload=payload, available_at=now, dispatched_at=None)
    session.add(row)
    return row.id


async def relay_once(session: WriteSession, sink: JobSink, *, now: datetime, limit: int = 100) -> int:
    """Carry due rows to the queue; how many went. Skips rows another relay holds."""
    due = (
        select(OutboxRow)
        .where(OutboxRow.dispatched_at.is_(None), OutboxRow.available_at <= now)
        .order_by(OutboxRow.available_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.scalars(due)).all()
    for row in rows:
        await sink.add(row.queue, row.name, row.payload, job_id=str(row.id))
        row.dispatched_at = now
    return len(rows)


async def forget_dispatched(session: WriteSession, *, before: datetime) -> None:
    await session.execute(delete(OutboxRow).where(OutboxRow.dispatched_at < before))
