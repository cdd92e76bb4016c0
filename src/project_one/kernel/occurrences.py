"""One row per scheduled moment. Unique in Postgres, so two clocks, a restart or a leap make one run, not two or none."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base, WriteSession
from project_one.kernel.ids import new_id


class OccurrenceRow(Base):
    __tablename__ = "occurrences"
    __table_args__ = (
        UniqueConstraint("schedule", "due_at"),
        Index("ix_occurrences_open", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    schedule: Mapped[str]
    due_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


async def raise_once(session: WriteSession, *, schedule: str, due_at: datetime, now: datetime) -> UUID | None:
    """The id of the new occurrence, or None if somebody raised it before."""
    statement = (
        insert(OccurrenceRow)
        .values(id=new_id(), schedule=schedule, due_at=due_at, raised_at=now)
        .on_conflict_do_nothing()
        .returning(OccurrenceRow.id)
    )
    return await session.scalar(statement)


async def mark_done(session: WriteSession, *, schedule: str, due_at: datetime, now: datetime) -> None:
    await session.execute(
        update(OccurrenceRow)
        .where(
            OccurrenceRow.schedule == schedule,
            OccurrenceRow.due_at == due_at,
            OccurrenceRow.done_at.is_(None),
        )
        .values(done_at=now)
    )
