"""What a person of the staff decides on a registration."""

from datetime import date, datetime
from uuid import UUID

from project_one.advisor.checks import check
from project_one.advisor.documents import is_complete
from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.matching import MatchResult
from project_one.advisor.models import AdvisorRow
from project_one.advisor.onboarding import locked
from project_one.advisor.papers import documents
from project_one.advisor.registration import Evidence, Mover, ensure_step, standing
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.db import WriteSession

_GENUINE = frozenset({MatchResult.MATCHED, MatchResult.NAME_DIFFERS})
"""A name written otherwise is for the person who decides to weigh; a number that is not there is not."""


async def approve(
    session: WriteSession, advisor_id: UUID, *, reason: str, actor: str, now: datetime, today: date
) -> AdvisorRow:
    """Take her documents and her line in the newest register as proof. Raises when one of them is missing."""
    row = await locked(session, advisor_id)
    return await _verify(session, row, reason=reason, actor=actor, now=now, today=today)


async def suspend(session: WriteSession, advisor_id: UUID, *, reason: str, actor: str, now: datetime) -> AdvisorRow:
    """Nothing is sent to her from the next claim on."""
    row = await locked(session, advisor_id)
    return await _decided(session, row, RegistrationStatus.SUSPENDED, {Evidence.REASON}, reason, actor, now)


async def surrender(session: WriteSession, advisor_id: UUID, *, reason: str, actor: str, now: datetime) -> AdvisorRow:
    """She has given her registration up: for ever; a new registration is a new advisor."""
    row = await locked(session, advisor_id)
    return await _decided(session, row, RegistrationStatus.SURRENDERED, {Evidence.REASON}, reason, actor, now)


async def reinstate(
    session: WriteSession, advisor_id: UUID, *, reason: str, actor: str, now: datetime, today: date
) -> AdvisorRow:
    """Lift a suspension. Who was verified must stand in the newest register; who was not goes back to her evidence."""
    row = await locked(session, advisor_id)
    if row.verified_at is not None:
        return await _verify(session, row, reason=reason, actor=actor, now=now, today=today)
    kinds = {item.kind for item in await documents(session, advisor_id)}
    complete = is_complete(row.capacity, kinds)
    to = RegistrationStatus.EVIDENCE_UPLOADED if complete else RegistrationStatus.FORMAT_OK
    if row.registration_status is not RegistrationStatus.SUSPENDED:
        to = row.registration_status  # no such step: the refusal says so
    return await _decided(session, row, to, {Evidence.REASON}, reason, actor, now)


async def _verify(
    session: WriteSession, row: AdvisorRow, *, reason: str, actor: str, now: datetime, today: date
) -> AdvisorRow:
    found = await check(session, row, today=today)
    evidence = {Evidence.REASON}
    if is_complete(row.capacity, {item.kind for item in await documents(session, row.id)}):
        evidence.add(Evidence.DOCUMENTS)
    valid_until = row.valid_until
    if found is not None and found.result in _GENUINE:
        evidence.add(Evidence.REGISTER_ENTRY)
        valid_until = found.valid_until
    to = standing(valid_until, today)
    before = row.registration_status
    await _decided(session, row, to, evidence, reason, actor, now)
    row.valid_until, row.verified_at = valid_until, row.verified_at or now
    if found is not None:
        await found.record(session, row, before=before, actor=actor, now=now)
    return row


async def _decided(
    session: WriteSession,
    row: AdvisorRow,
    to: RegistrationStatus,
    evidence: set[Evidence],
    reason: str,
    actor: str,
    now: datetime,
) -> AdvisorRow:
    before = row.registration_status
    row.registration_status = ensure_step(before, to, by=Mover.STAFF, evidence=evidence)
    row.version += 1
    data = {"before": before.value, "after": to.value, "reason": reason}
    await audit.record(session, Event(Action.REGISTRATION_MOVED, "advisor", str(row.id), actor, data), now=now)
    return row
