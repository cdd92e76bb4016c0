"""Releasing a morning once, stopping it, and what a person may ask about it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.delivery.domain import MessageStatus, MorningState
from project_one.delivery.errors import (
    MorningAlreadyReleasedError,
    MorningNotStoppedError,
    MorningUnknownError,
)
from project_one.delivery.jobs import DriveNumber
from project_one.delivery.models import MessageRow, MorningRow
from project_one.kernel import outbox
from project_one.kernel.db import ReadSession, WriteSession
from project_one.vocabulary.domain import Slot


async def find_morning(session: ReadSession, business_date: date, slot: Slot | None = None) -> MorningRow:
    """The morning of a date; without a slot, the last planned of that date. Raises MorningUnknownError."""
    query = select(MorningRow).where(MorningRow.business_date == business_date).order_by(MorningRow.planned_at.desc())
    if slot is not None:
        query = query.where(MorningRow.slot == slot)
    row = (await session.scalars(query.limit(1))).one_or_none()
    if row is None:
        where = f"{business_date}" + (f" {slot}" if slot else "")
        message = f"No morning is planned for {where}; plan it with: project-one morning plan --date {business_date}."
        raise MorningUnknownError(message, business_date=str(business_date))
    return row


async def is_planned(session: ReadSession, business_date: date, slot: Slot) -> bool:
    query = select(MorningRow.id).where(MorningRow.business_date == business_date, MorningRow.slot == slot)
    return await session.scalar(query) is not None


async def lock_morning(session: WriteSession, morning_id: UUID) -> MorningRow:
    """The row as it stands once it is ours, whatever this session had read of it before."""
    return await session.get_one(MorningRow, morning_id, with_for_update=True, populate_existing=True)


async def release_morning(session: WriteSession, morning_id: UUID, *, actor: str, now: datetime) -> int:
    """Let the planned messages of a morning leave; how many there are. Raises MorningAlreadyReleasedError."""
    row = await lock_morning(session, morning_id)
    if row.state is not MorningState.PLANNED:
        message = f"The morning of {row.business_date} {row.slot} went out at {row.released_at}; it is released once."
        raise MorningAlreadyReleasedError(message, business_date=str(row.business_date), slot=row.slot)
    counts = await session.execute(
        select(MessageRow.number_id, func.count())
        .where(
            MessageRow.morning_id == morning_id,
            MessageRow.status == MessageStatus.PLANNED,
        )
        .group_by(MessageRow.number_id)
    )
    planned = 0
    for number_id, count in counts:
        planned += count
        outbox.enqueue(session, DriveNumber(number_id=number_id), now=now)
    row.state = MorningState.RELEASED
    row.released_at = now
    row.planned_at_release = planned
    event = Event(
        Action.MORNING_RELEASED,
        "morning",
        str(row.id),
        actor,
        {"planned": planned},
        row.business_date,
    )
    await audit.record(session, event, now=now)
    return planned


async def release_due(session: WriteSession, *, now: datetime) -> None:
    """Release every planned morning whose moment has come and whose end has not; rows held by another clock are skipped."""
    due = select(MorningRow.id).where(
        MorningRow.state == MorningState.PLANNED,
        MorningRow.release_at <= now,
        MorningRow.closes_at > now,
    )
    for morning_id in (await session.scalars(due.with_for_update(skip_locked=True))).all():
        await release_morning(session, morning_id, actor="clock", now=now)


async def stop_morning(session: WriteSession, morning_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Nothing more of it is claimed until somebody resumes it."""
    row = await lock_morning(session, morning_id)
    if row.state is MorningState.RELEASED:
        row.state = MorningState.STOPPED
        event = Event(
            Action.MORNING_STOPPED,
            "morning",
            str(row.id),
            actor,
            {"reason": reason},
            row.business_date,
        )
        await audit.record(session, event, now=now)


async def resume_morning(session: WriteSession, morning_id: UUID, *, actor: str, now: datetime) -> None:
    """Go on with a stopped morning. Raises MorningNotStoppedError."""
    row = await lock_morning(session, morning_id)
    if row.state is not MorningState.STOPPED:
        message = f"The morning of {row.business_date} {row.slot} is {row.state}; only a stopped one can be resumed."
        raise MorningNotStoppedError(message, business_date=str(row.business_date))
    row.state = MorningState.RELEASED
    event = Event(Action.MORNING_RESUMED, "morning", str(row.id), actor, {}, row.business_date)
    await audit.record(session, event, now=now)


async def status_counts(session: ReadSession, morning_id: UUID) -> dict[MessageStatus, int]:
    """Messages by status, every status named."""
    rows = await session.execute(
        select(MessageRow.status, func.count()).where(MessageRow.morning_id == morning_id).group_by(MessageRow.status)
    )
    found = {status: count for status, count in rows}
    return {status: found.get(status, 0) for status in MessageStatus}
