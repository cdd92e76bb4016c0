"""Ending a session at once."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.models import RevokedSessionRow
from project_one.kernel.db import WriteSession


async def revoke_session(session: WriteSession, session_id: str, *, actor: str, reason: str, now: datetime) -> None:
    """Enter a session as revoked, for ever; a second time changes nothing. After the commit publish it to `Revocations`."""
    entered = await session.scalars(
        insert(RevokedSessionRow)
        .values(session_id=session_id, actor=actor, reason=reason, revoked_at=now)
        .on_conflict_do_nothing()
        .returning(RevokedSessionRow.session_id)
    )
    if entered.one_or_none() is not None:
        event = Event(Action.SESSION_REVOKED, "session", session_id, actor, {"reason": reason})
        await audit.record(session, event, now=now)
