"""Claiming due messages of a number, and rebuilding what was approved: the last gate before the vendor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, select, text, update

from project_one.advisor import service as advisors
from project_one.advisor.domain import MAY_SEND, Contact
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.channel import service as channel
from project_one.content import service as content
from project_one.content.domain import CompositionError, compose
from project_one.delivery.domain import AttemptStatus, Cause, MessageStatus, RetryPolicy
from project_one.delivery.models import AttemptRow, MessageRow
from project_one.delivery.ports import Outgoing
from project_one.delivery.service.lease import Lease
from project_one.kernel.db import WriteSession
from project_one.kernel.ids import new_id
from project_one.privacy import service as privacy
from project_one.vault.domain import Keyring

# One statement: the fence is checked under a row lock, so a driver that lost its lease claims nothing.
_CLAIM = text("""
WITH held AS (
    SELECT fence FROM number_leases
    WHERE number_id = :number_id AND fence = :fence AND expires_at > :now
    FOR SHARE
), due AS (
    SELECT m.id FROM messages m
    WHERE m.number_id = :number_id AND m.status = 'planned' AND m.next_at <= :now AND EXISTS (SELECT 1 FROM held)
      AND m.morning_id IN (SELECT id FROM mornings WHERE state = 'released' AND closes_at > :now)
    ORDER BY m.next_at, m.id LIMIT :most
    FOR UPDATE OF m SKIP LOCKED
), taken AS (
    UPDATE messages m SET status = 'claimed', attempts_made = m.attempts_made + 1
    FROM due WHERE m.id = due.id
    RETURNING m.id, m.morning_id, m.business_date, m.attempts_made
), numbered AS (
    SELECT taken.*, row_number() OVER () AS position FROM taken
)
INSERT INTO attempts (id, message_id, morning_id, business_date, number, sender_id, fence, claimed_at, claim_expires_at, status)
SELECT fresh.id, n.id, n.morning_id, n.business_date, n.attempts_made, :number_id, :fence, :now, :expires_at, 'claimed'
FROM numbered n JOIN unnest(:ids) WITH ORDINALITY AS fresh(id, position) USING (position)
RETURNING id, message_id
""").bindparams(bindparam("number_id", type_=Uuid()), bindparam("ids", type_=ARRAY(Uuid())))


@dataclass(frozen=True)
class Ready:
    """A claimed attempt with the message that may leave under it."""

    attempt_id: UUID
    message_id: UUID
    outgoing: Outgoing


@dataclass(frozen=True)
class _Refusal:
    """Why a claimed message must not leave. `is_content`: plan B may take its place at once."""

    cause: Cause
    is_content: bool


async def claim(
    session: WriteSession,
    keyring: Keyring,
    lease: Lease,
    *,
    most: int,
    is_loopback: bool,
    policy: RetryPolicy,
    now: datetime,
) -> list[Ready]:
    """Claim up to `most` due messages and rebuild each from what is approved right now.

    What must not leave is settled here in the same transaction: to plan B, failed or withdrawn, with its cause.
    """
    parameters = {
        "number_id": lease.number_id,
        "fence": lease.fence,
        "now": now,
        "most": most,
        "expires_at": now + policy.claim_lasts,
        "ids": [new_id() for _ in range(most)],
    }
    claimed = {message_id: attempt_id for attempt_id, message_id in (await session.execute(_CLAIM, parameters))}
    if not claimed:
        return []
    gate = await _open_gate(session, keyring, list(claimed), lease, is_loopback=is_loopback)
    ready: list[Ready] = []
    fields: list[dict[str, Any]] = []
    for row in gate.rows:
        attempt_id = claimed[row.id]
        outcome = gate.build(row, attempt_id)
        if isinstance(outcome, _Refusal) and outcome.is_content and not row.on_plan_b and row.plan_b_sha256:
            await _take_plan_b(session, row, outcome.cause, now=now)
            outcome = gate.build(row, attempt_id)
        if isinstance(outcome, _Refusal):
            await _settle_refusal(session, row, attempt_id, outcome, policy=policy, now=now)
            continue
        outgoing, frame_id, sha256, phone_hash = outcome
        ready.append(Ready(attempt_id, row.id, outgoing))
        fields.append(
            {
                "row_id": attempt_id,
                "frame": frame_id,
                "sha": sha256,
                "phone": phone_hash,
            }
        )
    if fields:
        table = AttemptRow.__table__
        statement = (
            update(table)  # pyright: ignore[reportArgumentType]  Core update: many rows, one statement
            .where(table.c.id == bindparam("row_id"))
            .values(
                frame_id=bindparam("frame"),
                rendered_sha256=bindparam("sha"),
                recipient_hash=bindparam("phone"),
            )
        )
        connection = await session.connection()
        await connection.execute(statement, fields)
    return ready


@dataclass
class _Gate:
    """Everything the approval, identity and consent checks look at, read in the claiming transaction."""

    rows: list[MessageRow]
    contacts: dict[UUID, Contact]
    suppressed: set[str]
    material: content.Material
    templates: dict[UUID, str]
    number_vendor_id: str
    is_loopback: bool

    def build(self, row: MessageRow, attempt_id: UUID) -> tuple[Outgoing, UUID, str, str] | _Refusal:
        contact = self.contacts[row.advisor_id]
        if contact.phone is None or not contact.opted_in or contact.phone_hash in self.suppressed:
            return _Refusal(Cause.CONSENT, is_content=False)
        if contact.registration not in MAY_SEND:
            return _Refusal(Cause.REGISTRATION, is_content=False)
        if contact.is_demo and not self.is_loopback:
            return _Refusal(Cause.OUR_REQUEST, is_content=False)
        sha256 = row.plan_b_sha256 if row.on_plan_b else row.content_sha256
        text_now = self.material.contents.get(sha256 or "")
        if text_now is None:
            return _Refusal(Cause.CONTENT, is_content=True)
        renders: dict[str, str] = row.plan_b_renders if row.on_plan_b else row.renders
        any_approved = False
        for frame_id, expected in sorted(renders.items()):
            frame = self.material.frames.get(UUID(frame_id))
            if frame is None:
                continue
            any_approved = True
            template = self.templates.get(frame.id)
            if template is None:
                continue
            try:
                rendered = compose(frame, text_now, contact.identity)
            except CompositionError:
                return _Refusal(Cause.CONTENT, is_content=True)
            if rendered.sha256 != expected:
                return _Refusal(Cause.CONTENT, is_content=True)
            outgoing = Outgoing(
                number_vendor_id=self.number_vendor_id,
                to=contact.phone,
                template=template,
                language=frame.language.value,
                parameters=rendered.parameters,
                correlation_id=str(attempt_id),
            )
            return outgoing, frame.id, rendered.sha256, contact.phone_hash
        return _Refusal(
            Cause.TEMPLATE if any_approved else Cause.CONTENT,
            is_content=not any_approved,
        )


async def _open_gate(
    session: WriteSession,
    keyring: Keyring,
    message_ids: list[UUID],
    lease: Lease,
    *,
    is_loopback: bool,
) -> _Gate:
    rows = list(
        await session.scalars(
            select(MessageRow).where(MessageRow.id.in_(message_ids)).execution_options(populate_existing=True)
        )
    )
    contacts = await advisors.contacts(session, keyring, {row.advisor_id for row in rows})
    hashes = {row.content_sha256 for row in rows} | {row.plan_b_sha256 for row in rows if row.plan_b_sha256}
    number = await channel.number(session, lease.number_id)
    return _Gate(
        rows=rows,
        contacts=contacts,
        suppressed=await privacy.suppressed(session, {contact.phone_hash for contact in contacts.values()}),
        material=await content.material(session, hashes),
        templates=await channel.usable_frames(session),
        number_vendor_id=number.vendor_id if number else "",
        is_loopback=is_loopback,
    )


async def _take_plan_b(session: WriteSession, row: MessageRow, cause: Cause, *, now: datetime) -> None:
    row.on_plan_b = True
    row.plan_b_cause = cause.value
    data = {"from": row.content_sha256, "to": row.plan_b_sha256, "cause": cause.value}
    event = Event(Action.MESSAGE_REBOUND, "message", str(row.id), "gate", data, row.business_date)
    await audit.record(session, event, now=now)


async def _settle_refusal(
    session: WriteSession,
    row: MessageRow,
    attempt_id: UUID,
    refusal: _Refusal,
    *,
    policy: RetryPolicy,
    now: datetime,
) -> None:
    """The attempt is returned unwritten. No usable template may heal until the close; anything else is final."""
    await session.execute(
        update(AttemptRow).where(AttemptRow.id == attempt_id).values(status=AttemptStatus.RETURNED, returned_at=now)
    )
    match refusal.cause:
        case Cause.CONSENT:
            row.status, row.withdrawn_at = MessageStatus.WITHDRAWN, now
        case Cause.TEMPLATE:
            row.status, row.next_at = MessageStatus.PLANNED, now + policy.base * 2
        case _:
            row.status = MessageStatus.FAILED
    row.cause = refusal.cause
