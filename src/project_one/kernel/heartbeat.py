"""When each process was last seen alive: the dead man's switch that `/readyz` reads."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base, ReadSession, WriteSession


class HeartbeatRow(Base):
    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]


async def beat(session: WriteSession, *, process: str, now: datetime) -> None:
    statement = insert(HeartbeatRow).values(process=process, seen_at=now)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["process"], set_={"seen_at": statement.excluded.seen_at})
    )


async def last_seen(session: ReadSession) -> dict[str, datetime]:
    rows = await session.execute(select(HeartbeatRow.process, HeartbeatRow.seen_at))
    return {process: seen_at for process, seen_at in rows}
