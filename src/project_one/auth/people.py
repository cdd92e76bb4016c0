"""People, firms and memberships as the identity provider reports them, and the roles that we give our own staff.

Reports repeat and overtake each other: an older one changes nothing, and what was deleted stays deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.domain import Role
from project_one.auth.errors import MemberAlreadyError, StaffRoleInvalidError, UserClosedError
from project_one.auth.models import EndedOrganisationRow, MembershipRow, OrganisationRow, UserRow, UserStatus
from project_one.auth.policy import STAFF
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.kernel.lookups import Lookup, Statement

VENDOR = "vendor:clerk"


@dataclass(frozen=True)
class MembershipReport:
    """`vendor_id`: of the membership itself; a person who comes back to a firm gets a new one."""

    vendor_id: str
    user: str
    firm_id: UUID
    role: str
    updated_at: datetime


async def serialize_reports(session: WriteSession) -> None:
    """One transaction at a time applies reports: what overtakes is then judged against what is there."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("project_one.auth.people", 0))))


@dataclass(frozen=True)
class Standing:
    """Who a person is here. `firm_id`: the one she acts for; `has_first_seat`: of it, which every tier has."""

    user_id: UUID
    status: UserStatus
    staff_roles: frozenset[Role]
    firm_id: UUID | None
    has_first_seat: bool


# The firm of the organisation she has chosen, unless we know that she left it; without one, her only firm.
_STANDING = Statement(
    text("""
SELECT person.id, person.status, person.staff_roles, firm.id AS firm_id, (
    SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.firm_id = firm.id AND m.ended_at IS NULL AND u.status = 'active'
    ORDER BY m.joined_at, m.user_id LIMIT 1
) AS first_seat
FROM users person LEFT JOIN LATERAL (
    SELECT o.firm_id AS id FROM organisations o
    WHERE o.clerk_org_id = :organisation
      AND NOT EXISTS (SELECT FROM ended_organisations e WHERE e.clerk_org_id = o.clerk_org_id)
      AND NOT EXISTS (
          SELECT FROM memberships m WHERE m.user_id = person.id AND m.firm_id = o.firm_id AND m.ended_at IS NOT NULL
      )
    UNION ALL
    SELECT (array_agg(m.firm_id))[1] FROM memberships m
    WHERE :organisation IS NULL AND m.user_id = person.id AND m.ended_at IS NULL
    HAVING count(*) = 1
) firm ON true
WHERE person.clerk_id = :clerk_id
""").bindparams(bindparam("organisation", type_=Text()), bindparam("clerk_id", type_=Text()))
)


async def standing(lookup: Lookup, clerk_id: str, organisation: str | None) -> Standing | None:
    """None for a person we do not know yet. One statement: it is asked for every session each minute."""
    row = await lookup.row(_STANDING, clerk_id=clerk_id, organisation=organisation)
    if row is None:
        return None
    roles = frozenset(Role(item) for item in row["staff_roles"])
    has_first_seat = row["first_seat"] in {None, row["id"]}
    return Standing(row["id"], UserStatus(row["status"]), roles, row["firm_id"], has_first_seat)


async def ensure_user(session: WriteSession, clerk_id: str, *, actor: str, now: datetime) -> UserRow:
    """The person of this id, entered as active when she is new."""
    entered = await session.scalars(
        insert(UserRow)
        .values(id=new_id(), clerk_id=clerk_id, status=UserStatus.ACTIVE, created_at=now)
        .on_conflict_do_nothing()
        .returning(UserRow.id)
    )
    user_id = entered.one_or_none()
    if user_id is not None:
        await audit.record(session, Event(Action.USER_ENTERED, "user", str(user_id), actor), now=now)
    return (await session.scalars(select(UserRow).where(UserRow.clerk_id == clerk_id))).one()


async def record_user(session: WriteSession, clerk_id: str, *, updated_at: datetime, now: datetime) -> None:
    """A person was created or changed. Of what changed we keep nothing but the time."""
    row = await ensure_user(session, clerk_id, actor=VENDOR, now=now)
    if row.vendor_updated_at is None or row.vendor_updated_at < updated_at:
        row.vendor_updated_at = updated_at


async def delete_user(session: WriteSession, clerk_id: str, *, now: datetime) -> None:
    """A person was deleted: she signs in no more. Also when we never knew her, because her creation may come later."""
    row = await ensure_user(session, clerk_id, actor=VENDOR, now=now)
    if row.status is UserStatus.DELETED:
        return
    row.status = UserStatus.DELETED
    row.staff_roles = []
    await audit.record(session, Event(Action.USER_DELETED, "user", str(row.id), VENDOR), now=now)


async def firm_of(session: ReadSession, clerk_org_id: str) -> UUID | None:
    """The firm that stands for an organisation; None for one that was deleted."""
    ended = select(EndedOrganisationRow.clerk_org_id).where(EndedOrganisationRow.clerk_org_id == clerk_org_id)
    return await session.scalar(
        select(OrganisationRow.firm_id).where(OrganisationRow.clerk_org_id == clerk_org_id, ~ended.exists())
    )


async def link_organisation(
    session: WriteSession, clerk_org_id: str, firm_id: UUID, *, actor: str = VENDOR, now: datetime
) -> None:
    """Let a firm stand for an organisation; one that has a firm keeps it."""
    linked = await session.scalars(
        insert(OrganisationRow)
        .values(clerk_org_id=clerk_org_id, firm_id=firm_id, created_at=now)
        .on_conflict_do_nothing()
        .returning(OrganisationRow.firm_id)
    )
    if linked.one_or_none() is not None:
        event = Event(Action.ORGANISATION_LINKED, "firm", str(firm_id), actor, {"organisation": clerk_org_id})
        await audit.record(session, event, now=now)


async def record_membership(session: WriteSession, report: MembershipReport, *, now: datetime) -> None:
    """A membership was made or changed."""
    await _apply(session, report, ended=False, now=now)


async def end_membership(session: WriteSession, report: MembershipReport, *, now: datetime) -> None:
    """A membership has ended; another one of the same person in the same firm goes on."""
    await _apply(session, report, ended=True, now=now)


async def _apply(session: WriteSession, report: MembershipReport, *, ended: bool, now: datetime) -> None:
    user = await ensure_user(session, report.user, actor=VENDOR, now=now)
    row = await session.get(MembershipRow, (user.id, report.firm_id))
    if row is not None and not _is_news(row, report, ended=ended):
        return
    if row is None:
        row = MembershipRow(user_id=user.id, firm_id=report.firm_id, joined_at=now)
        session.add(row)
    elif row.ended_at is not None and not ended:
        row.joined_at = now
    row.role = report.role
    row.vendor_id = report.vendor_id
    row.vendor_updated_at = report.updated_at
    row.ended_at = now if ended else None
    action = Action.MEMBERSHIP_ENDED if ended else Action.MEMBERSHIP_SET
    data = {"firm": str(report.firm_id), "role": report.role}
    await audit.record(session, Event(action, "user", str(user.id), VENDOR, data), now=now)


async def join_own_firm(session: WriteSession, user_id: UUID, firm_id: UUID, *, now: datetime) -> None:
    """Make a person the first member of the firm she has just opened. Raises MemberAlreadyError."""
    joined = await session.scalar(select(func.app_join_own_firm(user_id, firm_id, now)))
    if not joined:
        message = "You belong to a firm already; leave it first, or ask its owner."
        raise MemberAlreadyError(message)
    data = {"firm": str(firm_id), "role": "owner"}
    await audit.record(session, Event(Action.MEMBERSHIP_SET, "user", str(user_id), f"user:{user_id}", data), now=now)


def _is_news(row: MembershipRow, report: MembershipReport, *, ended: bool) -> bool:
    """Within one membership the end is final and else the newer wins; a later membership replaces an earlier one."""
    if row.vendor_id == report.vendor_id:
        return row.ended_at is None and (ended or row.vendor_updated_at < report.updated_at)
    return not ended and row.vendor_updated_at < report.updated_at


async def live_firms(session: ReadSession, user_id: UUID) -> Sequence[UUID]:
    """The firms she is a member of."""
    rows = await session.scalars(
        select(MembershipRow.firm_id)
        .where(MembershipRow.user_id == user_id, MembershipRow.ended_at.is_(None))
        .order_by(MembershipRow.firm_id)
    )
    return rows.all()


async def grant_role(session: WriteSession, clerk_id: str, role: str, *, actor: str, now: datetime) -> frozenset[Role]:
    """Make somebody staff; all her staff roles. Raises StaffRoleInvalidError, UserClosedError."""
    return await _set_role(session, clerk_id, role, granted=True, actor=actor, now=now)


async def revoke_role(session: WriteSession, clerk_id: str, role: str, *, actor: str, now: datetime) -> frozenset[Role]:
    """Take a staff role away; the roles that are left. Holds within a minute everywhere. Raises as `grant_role`."""
    return await _set_role(session, clerk_id, role, granted=False, actor=actor, now=now)


async def _set_role(
    session: WriteSession, clerk_id: str, role: str, *, granted: bool, actor: str, now: datetime
) -> frozenset[Role]:
    if role not in STAFF:
        message = f"{role!r} is no role of staff; there are: {', '.join(sorted(STAFF))}."
        raise StaffRoleInvalidError(message)
    row = await ensure_user(session, clerk_id, actor=actor, now=now)
    await session.refresh(row, with_for_update=True)
    if row.status is UserStatus.DELETED:
        message = f"{clerk_id} is deleted at the identity provider; ask the person for her present account."
        raise UserClosedError(message)
    before = set(row.staff_roles)
    after = before | {role} if granted else before - {role}
    if after != before:
        row.staff_roles = sorted(after)
        action = Action.STAFF_ROLE_GRANTED if granted else Action.STAFF_ROLE_REVOKED
        await audit.record(session, Event(action, "user", str(row.id), actor, {"role": role}), now=now)
    return frozenset(Role(item) for item in after)
