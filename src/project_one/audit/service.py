"""Writing the trail."""

from collections.abc import Sequence
from datetime import datetime

from project_one.audit.domain import Event
from project_one.audit.models import AuditEventRow
from project_one.kernel.bulk import insert_many
from project_one.kernel.db import WriteSession
from project_one.kernel.ids import new_id


async def record(session: WriteSession, *events: Event, now: datetime) -> None:
    """Add `events` to the trail in the caller's transaction: no change without them, none of them without the change."""
    await record_all(session, events, now=now)


async def record_all(session: WriteSession, events: Sequence[Event], *, now: datetime) -> None:
    rows = [
        {
            "id": new_id(),
            "at": now,
            "actor": event.actor,
            "action": event.action.value,
            "object_kind": event.object_kind,
            "object_id": event.object_id,
            "business_date": event.business_date,
            "data": dict(event.data),
        }
        for event in events
    ]
    await insert_many(session, AuditEventRow, rows)
