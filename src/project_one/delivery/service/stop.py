"""A person says stop: her consent ends and everything still planned for her is withdrawn, in one transaction."""

from datetime import datetime

from sqlalchemy import update

from project_one.advisor import service as advisors
from project_one.delivery.domain import Cause, MessageStatus
from project_one.delivery.models import MessageRow
from project_one.kernel.db import WriteSession
from project_one.privacy import service as privacy


async def stop_advisors(
    session: WriteSession,
    *,
    phone_hash: str,
    channel: str,
    evidence: str,
    now: datetime,
) -> int:
    """Withdraw consent of whoever has this phone; how many planned messages that withdrew."""
    ids = await advisors.opt_out(session, phone_hash=phone_hash)
    await privacy.record_withdrawal(
        session,
        advisor_ids=ids,
        phone_hash=phone_hash,
        channel=channel,
        evidence=evidence,
        actor="recipient",
        now=now,
    )
    withdrawn = await session.scalars(
        update(MessageRow)
        .where(MessageRow.advisor_id.in_(ids), MessageRow.status == MessageStatus.PLANNED)
        .values(status=MessageStatus.WITHDRAWN, cause=Cause.CONSENT, withdrawn_at=now)
        .returning(MessageRow.id)
    )
    return len(withdrawn.all())
