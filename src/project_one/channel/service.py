"""Keeping numbers and templates as the vendor has them, and stopping what must not send."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.channel.domain import (
    NumberReport,
    NumberState,
    Quality,
    SendingNumber,
    TemplateReport,
    TemplateState,
)
from project_one.channel.errors import NumberNotStoppedError, NumberUnknownError
from project_one.channel.models import NumberRow, TemplateRow
from project_one.channel.ports import ChannelDirectory
from project_one.content import service as content
from project_one.kernel.clock import Clock
from project_one.kernel.db import ReadSession, Transactions, WriteSession
from project_one.kernel.ids import new_id

_DEFAULT_LIMIT_PER_S = 80


def _number(row: NumberRow) -> SendingNumber:
    return SendingNumber(
        id=row.id,
        vendor_id=row.vendor_id,
        state=row.state,
        quality=row.quality,
        limit_per_s=row.limit_per_s,
        is_spare=row.is_spare,
        stop_reason=row.stop_reason,
    )


async def numbers(session: ReadSession) -> list[SendingNumber]:
    """All our numbers, by vendor id."""
    return [_number(row) for row in await session.scalars(select(NumberRow).order_by(NumberRow.vendor_id))]


async def number(session: ReadSession, number_id: UUID) -> SendingNumber | None:
    row = await session.get(NumberRow, number_id, populate_existing=True)
    return _number(row) if row else None


async def record_numbers(
    session: WriteSession,
    reports: Iterable[NumberReport],
    *,
    spares: frozenset[str] = frozenset(),
    now: datetime,
) -> None:
    """Enter what the vendor reports; an unknown number is added. A number we stopped ourselves stays stopped."""
    for report in reports:
        query = select(NumberRow).where(NumberRow.vendor_id == report.vendor_id).with_for_update()
        row = await session.scalar(query.execution_options(populate_existing=True))
        if row is None:
            row = NumberRow(
                id=new_id(),
                vendor_id=report.vendor_id,
                state=NumberState.CONNECTED,
                quality=Quality.UNKNOWN,
                limit_per_s=_DEFAULT_LIMIT_PER_S,
                is_spare=False,
                stop_reason=None,
                checked_at=now,
            )
            session.add(row)
        row.quality = report.quality or row.quality
        row.limit_per_s = report.limit_per_s or row.limit_per_s
        row.is_spare = report.vendor_id in spares
        row.checked_at = now
        if report.is_connected is False and row.state is NumberState.CONNECTED:
            await stop_number(session, row.id, reason="vendor", now=now)
        elif report.is_connected and row.stop_reason == "vendor":
            row.state, row.stop_reason = NumberState.CONNECTED, None
            await audit.record(
                session,
                Event(Action.NUMBER_RESUMED, "number", str(row.id), "vendor:whatsapp"),
                now=now,
            )


async def sync(
    transactions: Transactions, directory: ChannelDirectory, *, spares: frozenset[str], clock: Clock
) -> list[str]:
    """Take numbers and templates over from the vendor's own list; names of templates whose text is not ours.

    Webhooks only hint that something changed: they may come late, twice or never, and name a number by its digits.
    """
    numbers_now, templates_now = await directory.numbers(), await directory.templates()
    async with transactions() as session:
        await record_numbers(session, numbers_now, spares=spares, now=clock())
        return await record_templates(session, templates_now, now=clock())


async def stop_number(session: WriteSession, number_id: UUID, *, reason: str, now: datetime) -> None:
    """Nothing more is sent with this number; its planned messages move to others at the next sweep."""
    stopped = await session.scalar(
        update(NumberRow)
        .where(NumberRow.id == number_id, NumberRow.state == NumberState.CONNECTED)
        .values(state=NumberState.STOPPED, stop_reason=reason)
        .returning(NumberRow.id)
    )
    if stopped is not None:
        await audit.record(
            session,
            Event(
                Action.NUMBER_STOPPED,
                "number",
                str(number_id),
                "channel",
                {"reason": reason},
            ),
            now=now,
        )


async def resume_number(session: WriteSession, vendor_id: str, *, actor: str, now: datetime) -> None:
    """Let a stopped number send again. Raises NumberUnknownError or NumberNotStoppedError."""
    row = await session.scalar(select(NumberRow).where(NumberRow.vendor_id == vendor_id).with_for_update())
    if row is None:
        known = ", ".join(item.vendor_id for item in await numbers(session)) or "none yet"
        message = f"There is no number {vendor_id}; known are: {known}."
        raise NumberUnknownError(message, number=vendor_id)
    if row.state is not NumberState.STOPPED:
        message = f"Number {vendor_id} is {row.state}; only a stopped one can be resumed."
        raise NumberNotStoppedError(message, number=vendor_id)
    row.state, row.stop_reason = NumberState.CONNECTED, None
    await audit.record(session, Event(Action.NUMBER_RESUMED, "number", str(row.id), actor), now=now)


async def record_templates(session: WriteSession, reports: Sequence[TemplateReport], *, now: datetime) -> list[str]:
    """Link the vendor's templates to our frames by name, language and identical text.

    Returns the names of templates that are ours by name but differ in text: those are never used.
    """
    if not reports:
        return []
    frames = {(frame.template_name, frame.language.value): frame for frame in await content.all_frames(session)}
    altered: list[str] = []
    for report in reports:
        frame = frames.get((report.name, report.language))
        if frame is None:
            continue
        state = report.state
        if report.body is not None and report.body != frame.body:
            altered.append(report.name)
            state = TemplateState.OTHER
        statement = insert(TemplateRow).values(
            id=new_id(),
            name=report.name,
            language=report.language,
            state=state,
            frame_id=frame.id,
            checked_at=now,
        )
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["name", "language"],
                set_={"state": state, "checked_at": now},
            )
        )
    return altered


async def pause_frame(session: WriteSession, frame_id: UUID, *, now: datetime) -> None:
    """The vendor refused this frame's template: use another wording until the vendor reports it approved again."""
    await session.execute(
        update(TemplateRow).where(TemplateRow.frame_id == frame_id).values(state=TemplateState.PAUSED, checked_at=now)
    )


async def usable_frames(session: ReadSession) -> dict[UUID, str]:
    """Frames whose template may be used now: template name by frame id."""
    rows = await session.execute(
        select(TemplateRow.frame_id, TemplateRow.name).where(TemplateRow.state == TemplateState.APPROVED)
    )
    return {frame_id: name for frame_id, name in rows}
