"""Organisations at the identity provider that end or change; their firms stay, with what they wrote."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.models import EndedOrganisationRow, MembershipRow, OrganisationRow
from project_one.auth.people import VENDOR, firm_of
from project_one.kernel.db import ReadSession, WriteSession


async def is_ended(session: ReadSession, clerk_org_id: str) -> bool:
    """Whether it was deleted: no later report of it, or of a member, counts."""
    return await session.get(EndedOrganisationRow, clerk_org_id) is not None


async def end_organisation(session: WriteSession, clerk_org_id: str, *, now: datetime) -> None:
    """Nobody is a member of its firm any more; also when its creation is reported later. A second time changes nothing."""
    firm_id = await firm_of(session, clerk_org_id)
    entered = await session.scalars(
        insert(EndedOrganisationRow)
        .values(clerk_org_id=clerk_org_id, ended_at=now)
        .on_conflict_do_nothing()
        .returning(EndedOrganisationRow.clerk_org_id)
    )
    if entered.one_or_none() is None or firm_id is None:
        return
    members = await session.scalars(
        select(MembershipRow)
        .where(MembershipRow.firm_id == firm_id, MembershipRow.ended_at.is_(None))
        .order_by(MembershipRow.user_id)
        .with_for_update()
    )
    events = [Event(Action.ORGANISATION_ENDED, "firm", str(firm_id), VENDOR, {"organisation": clerk_org_id})]
    for row in members:
        row.ended_at = now
        data = {"firm": str(firm_id), "role": row.role}
        events.append(Event(Action.MEMBERSHIP_ENDED, "user", str(row.user_id), VENDOR, data))
    await audit.record(session, *events, now=now)


async def note_report(session: WriteSession, clerk_org_id: str, *, updated_at: datetime) -> UUID | None:
    """The firm that a report is news of; None when a newer one was applied."""
    row = await session.get(OrganisationRow, clerk_org_id, with_for_update=True)
    if row is None or (row.vendor_updated_at is not None and row.vendor_updated_at >= updated_at):
        return None
    row.vendor_updated_at = updated_at
    return row.firm_id
