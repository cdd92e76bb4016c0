"""Working through what Clerk reported: sealed bodies from the inbox, one transaction each, until none is waiting."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from project_one.advisor.firm_tier import seats_of_firm
from project_one.advisor.firms import open_firm, rename_firm
from project_one.auth import organisations, people
from project_one.auth.people import MembershipReport
from project_one.auth.seats import record_moves, seating
from project_one.auth.sessions import revoke_session
from project_one.kernel import inbox
from project_one.kernel.clock import Clock
from project_one.kernel.db import Transactions, WriteSession
from project_one.vault import service as vault
from project_one.vault.domain import Keyring, SealBrokenError
from project_one.vendors.clerk.webhook import (
    Change,
    MembershipChanged,
    OrganisationChanged,
    OrganisationDeleted,
    PayloadUnreadableError,
    SessionEnded,
    UserChanged,
    UserDeleted,
    parse,
)

log = structlog.get_logger()

SOURCE = "clerk"


@dataclass(frozen=True)
class ClerkInboxTools:
    transactions: Transactions
    keyring: Keyring
    clock: Clock
    publish_revoked: Callable[[str], Awaitable[None]]


async def work_clerk_inbox(tools: ClerkInboxTools) -> int:
    """Settle every waiting report; how many. Of a session that ended every process is told once that is committed."""
    total = 0
    while True:
        async with tools.transactions() as session:
            settled, ended = await _work_one(session, tools, now=tools.clock())
        for session_id in ended:
            await tools.publish_revoked(session_id)
        if not settled:
            return total
        total += settled


async def _work_one(session: WriteSession, tools: ClerkInboxTools, *, now: datetime) -> tuple[int, list[str]]:
    """How many reports were settled, and the sessions that ended by them."""
    ended: list[str] = []
    rows = await inbox.claim(session, source=SOURCE, limit=1)
    for row in rows:
        keys = await vault.keys_of(session, tools.keyring, {row.key_subject})
        try:
            change = parse(keys[row.key_subject].open("body", row.sealed_body))
        except (PayloadUnreadableError, SealBrokenError, KeyError) as error:
            reason = type(error).__name__
            log.error("clerk.webhook.set-aside", inbox_id=str(row.id), reason=reason)  # noqa: TRY400
            await inbox.set_aside(session, row.id, reason=reason, now=now)
            continue
        if change is not None:
            await people.serialize_reports(session)
            await apply(session, change, now=now)
        if isinstance(change, SessionEnded):
            ended.append(change.session)
        await inbox.settle(session, [row.id], now=now)
    return len(rows), ended


async def apply(session: WriteSession, change: Change, *, now: datetime) -> None:
    """Bring our tables in step with one report; the same again, or an older one, changes nothing."""
    match change:
        case UserChanged():
            await people.record_user(session, change.user, updated_at=change.updated_at, now=now)
        case UserDeleted():
            await people.delete_user(session, change.user, now=now)
        case OrganisationChanged():
            await _apply_organisation(session, change, now=now)
        case OrganisationDeleted():
            await organisations.end_organisation(session, change.organisation, now=now)
        case SessionEnded():
            await revoke_session(session, change.session, actor=people.VENDOR, reason=change.how, now=now)
        case MembershipChanged():
            await _apply_membership(session, change, now=now)


async def _apply_organisation(session: WriteSession, change: OrganisationChanged, *, now: datetime) -> None:
    if await organisations.is_ended(session, change.organisation):
        return
    await _firm(session, change.organisation, change.name, now=now)
    firm_id = await organisations.note_report(session, change.organisation, updated_at=change.updated_at)
    if firm_id is not None:
        await rename_firm(session, firm_id, change.name, actor=people.VENDOR, now=now)


async def _apply_membership(session: WriteSession, change: MembershipChanged, *, now: datetime) -> None:
    if await organisations.is_ended(session, change.organisation):
        return
    firm_id = await _firm(session, change.organisation, change.organisation_name, now=now)
    report = MembershipReport(change.membership, change.user, firm_id, change.role, change.updated_at)
    record = people.end_membership if change.has_ended else people.record_membership
    seats = await seats_of_firm(session, firm_id, now=now)
    before = await seating(session, firm_id, seats)
    await record(session, report, now=now)
    after = await seating(session, firm_id, seats)
    await record_moves(session, firm_id, before, after, actor=people.VENDOR, now=now)


async def _firm(session: WriteSession, organisation: str, name: str, *, now: datetime) -> UUID:
    """The firm of an organisation, opened when there is none: reports of its members may come before its own."""
    firm_id = await people.firm_of(session, organisation)
    if firm_id is None:
        firm_id = await open_firm(session, name, now=now)
        await people.link_organisation(session, organisation, firm_id, now=now)
    return firm_id
