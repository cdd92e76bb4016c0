"""Telling the content room which packs went out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.content import scheduling
from project_one.delivery.domain import MessageStatus
from project_one.delivery.models import MessageRow, MorningRow
from project_one.kernel.db import WriteSession
from project_one.vocabulary.domain import Slot

_LEFT = (MessageStatus.ACCEPTED, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)


async def settle_packs(session: WriteSession, morning_id: UUID, *, now: datetime) -> int:
    """Mark the packs that left as planned on a morning as sent; how many. Again and again gives the same."""
    morning = await session.get_one(MorningRow, morning_id)
    rows = await session.execute(
        select(MessageRow.advisor_id, MessageRow.content_sha256).where(
            MessageRow.morning_id == morning_id, MessageRow.status.in_(_LEFT), MessageRow.on_plan_b.is_(False)
        )
    )
    left = {advisor_id: sha256 for advisor_id, sha256 in rows}
    return await scheduling.mark_sent(session, morning.business_date, Slot(morning.slot), left, now=now)
