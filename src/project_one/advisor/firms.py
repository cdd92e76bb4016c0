"""Opening a firm, and finding one to show."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.models import AdvisorRow, FirmRow
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id


async def open_firm(session: WriteSession, name: str, *, now: datetime) -> UUID:
    """A new tenant with nobody in it; its id."""
    row = FirmRow(id=new_id(), name=name, created_at=now)
    session.add(row)
    await session.flush()  # others of this transaction point to its id
    return row.id


async def first_demo_firm(session: ReadSession) -> UUID | None:
    """The firm of the first demo advisor; None where there are none."""
    first = select(AdvisorRow.firm_id).where(AdvisorRow.is_demo).order_by(AdvisorRow.registration_number).limit(1)
    return await session.scalar(first)
