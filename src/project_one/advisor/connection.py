"""Where an advisor's posts go: the proof that she agreed, the end of it, and another number."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from project_one.advisor.domain import OptInState
from project_one.advisor.errors import PersonForgottenError, PhoneTakenError
from project_one.advisor.models import AdvisorRow
from project_one.advisor.onboarding import locked
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.db import WriteSession
from project_one.privacy import service as privacy
from project_one.privacy.service import OptIn
from project_one.vault import service as vault
from project_one.vault.domain import Keyring


class OptInMethod(StrEnum):
    """How she agreed. Each leaves a proof outside this system that `evidence` names."""

    DASHBOARD = "dashboard"
    WHATSAPP_MESSAGE = "whatsapp-message"
    PAPER_FORM = "paper-form"


@dataclass(frozen=True)
class Agreement:
    """`phone`: E.164; `proof_text_version`: of the words she agreed to; `evidence`: names the proof, e.g. a form number."""

    phone: str
    proof_text_version: str
    method: OptInMethod
    evidence: str


async def opt_in(
    session: WriteSession, keyring: Keyring, advisor_id: UUID, agreement: Agreement, *, actor: str, now: datetime
) -> AdvisorRow:
    """Note the agreement for this phone; another phone than before takes its place, and the old one is suppressed."""
    row = await locked(session, advisor_id)
    await _move_to(session, keyring, row, agreement.phone, actor=actor, now=now)
    row.opt_in_state = OptInState.IN
    row.version += 1
    proof = OptIn(row.id, row.phone_hash, agreement.method.value, agreement.evidence, agreement.proof_text_version)
    await privacy.record_opt_ins(session, [proof], actor=actor, now=now)
    return row


async def change_number(
    session: WriteSession, keyring: Keyring, advisor_id: UUID, phone: str, *, actor: str, now: datetime
) -> AdvisorRow:
    """Enter another phone. Nothing is sent until she agrees for the new one; the old one stays suppressed."""
    row = await locked(session, advisor_id)
    if await _move_to(session, keyring, row, phone, actor=actor, now=now):
        row.opt_in_state = OptInState.NONE
        row.version += 1
    return row


async def opt_out(session: WriteSession, advisor_id: UUID, *, actor: str, now: datetime) -> AdvisorRow:
    """End it: the next claim withdraws what is planned. Twice is once."""
    row = await locked(session, advisor_id)
    if row.opt_in_state is OptInState.OUT:
        return row
    row.opt_in_state = OptInState.OUT
    row.version += 1
    await _suppress(session, row, "dashboard", actor, now)
    return row


async def opt_in_again(session: WriteSession, *, phone_hash: str, evidence: str, now: datetime) -> int:
    """She wrote START from the phone she had stopped: her agreement stands again. How many advisors that is."""
    rows = (
        await session.scalars(
            select(AdvisorRow)
            .where(AdvisorRow.phone_hash == phone_hash, AdvisorRow.opt_in_state == OptInState.OUT)
            .with_for_update()
        )
    ).all()
    for row in rows:
        row.opt_in_state = OptInState.IN
        row.version += 1
    proofs = [OptIn(row.id, phone_hash, "reply", evidence, "") for row in rows]
    await privacy.record_opt_ins(session, proofs, actor="recipient", now=now)
    return len(rows)


async def _move_to(
    session: WriteSession, keyring: Keyring, row: AdvisorRow, phone: str, *, actor: str, now: datetime
) -> bool:
    """False when it is the phone she has. Raises PhoneTakenError, PersonForgottenError."""
    hashed = keyring.lookup_hash(phone)
    if hashed == row.phone_hash:
        return False
    key = (await vault.keys_of(session, keyring, [str(row.id)])).get(str(row.id))
    if key is None:
        message = "Her key was destroyed on her wish; no number can be kept for her."
        raise PersonForgottenError(message)
    await _suppress(session, row, "number-change", actor, now)
    row.phone_sealed, row.phone_hash = key.seal("phone", phone.encode()), hashed
    try:
        await session.flush()  # the unique index answers
    except IntegrityError:
        message = "Another advisor uses this phone; each needs one of her own."
        raise PhoneTakenError(message) from None
    changed = Event(Action.ADVISOR_CHANGED, "advisor", str(row.id), actor, {"fields": ["phone"]})
    await audit.record(session, changed, now=now)
    return True


async def _suppress(session: WriteSession, row: AdvisorRow, channel: str, actor: str, now: datetime) -> None:
    await privacy.record_withdrawal(
        session,
        advisor_ids=[row.id],
        phone_hash=row.phone_hash,
        channel=channel,
        evidence="",
        actor=actor,
        now=now,
    )
