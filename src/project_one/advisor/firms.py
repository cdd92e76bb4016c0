"""Opening and renaming a firm, and finding one to show."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.models import AdvisorRow, FirmRow
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id


async def open_firm(session: WriteSession, name: str, *, now: datetime) -> UUID:
    """A new tenant with nobody in it; its id."""
    row = FirmRow(id=new_id(), name=name, created_at=now)
    session.add(row)
    await session.flush()  # others of this transaction point to its id
    return row.id


async def rename_firm(session: WriteSession, firm_id: UUID, name: str, *, actor: str, now: datetime) -> None:
    """Keep another name; the same one changes nothing."""
    row = await session.get_one(FirmRow, firm_id, with_for_update=True)
    if row.name != name:
        row.name = name
        await audit.record(session, Event(Action.FIRM_RENAMED, "firm", str(firm_id), actor), now=now)


async def first_demo_firm(session: ReadSession) -> UUID | None:
    """The firm of the first demo advisor; None where there are none."""
    first = select(AdvisorRow.firm_id).where(AdvisorRow.is_demo).order_by(AdvisorRow.registration_number).limit(1)
    return await session.scalar(first)
