"""Reads of the ledger that deserve a name."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from project_one.delivery.errors import MessageUnknownError
from project_one.delivery.models import AttemptRow, MessageRow
from project_one.kernel.db import ReadSession


async def message_of(
    session: ReadSession, morning_id: UUID, advisor_id: UUID
) -> tuple[MessageRow, Sequence[AttemptRow]]:
    """An advisor's message in a morning with its attempts. Raises MessageUnknownError."""
    query = select(MessageRow).where(MessageRow.morning_id == morning_id, MessageRow.advisor_id == advisor_id)
    message = (await session.scalars(query)).one_or_none()
    if message is None:
        detail = "Nothing was planned for this advisor in this morning; the morning's `unplanned` says why."
        raise MessageUnknownError(detail, advisor_id=str(advisor_id))
    attempts = await session.scalars(
        select(AttemptRow).where(AttemptRow.message_id == message.id).order_by(AttemptRow.number)
    )
    return message, attempts.all()
