"""Claiming due messages of a number, rebuilding what was approved and asking the rules: the last gate before the vendor."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, Boolean, Date, Text, Uuid, bindparam, text, update
from sqlalchemy.dialects.postgresql import JSONB

from project_one.advisor import service as advisors
from project_one.advisor.domain import MAY_SEND, Contact
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.channel import service as channel
from project_one.compliance import overrides
from project_one.content import service as content
from project_one.content.domain import CompositionError, Content, Frame, compose
from project_one.content.terms import Terms
from project_one.delivery.domain import AttemptStatus, Cause, MessageStatus, RetryPolicy
from project_one.delivery.guard import Granted, Guard
from project_one.delivery.models import AttemptRow, MessageRow
from project_one.delivery.ports import Outgoing
from project_one.delivery.service.lease import Lease
from project_one.kernel.bulk import update_many
from project_one.kernel.db import WriteSession
from project_one.kernel.ids import new_id
from project_one.privacy import service as privacy
from project_one.vault.domain import Keyring

log = structlog.get_logger()

# One statement: the fence is checked under a row lock, so a driver that lost its lease claims nothing.
_CLAIM_TEXT = text("""
WITH held AS (
    SELECT fence FROM number_leases
    WHERE number_id = :number_id AND fence = :fence AND expires_at > clock_timestamp()
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
    RETURNING m.id, m.morning_id, m.business_date, m.slot, m.attempts_made, m.advisor_id,
              m.content_sha256, m.renders, m.plan_b_sha256, m.plan_b_renders, m.on_plan_b
), numbered AS (
    SELECT taken.*, row_number() OVER () AS position FROM taken
), attempted AS (
    INSERT INTO attempts (id, message_id, morning_id, business_date, number, sender_id, fence, claimed_at, claim_expires_at, status)
    SELECT fresh.id, n.id, n.morning_id, n.business_date, n.attempts_made, :number_id, :fence, :now, :expires_at, 'claimed'
    FROM numbered n JOIN unnest(:ids) WITH ORDINALITY AS fresh(id, position) USING (position)
    RETURNING id, message_id
)
SELECT a.id AS attempt_id, a.message_id, t.business_date, t.advisor_id,
       t.content_sha256, t.renders, t.plan_b_sha256, t.plan_b_renders, t.on_plan_b,
       (SELECT s.pack_id FROM schedules s
        WHERE s.advisor_id = t.advisor_id AND s.business_date = t.business_date AND s.slot = t.slot) AS own_pack_id
FROM attempted a JOIN taken t ON t.id = a.message_id
""").bindparams(bindparam("number_id", type_=Uuid()), bindparam("ids", type_=ARRAY(Uuid())))
_CLAIM = _CLAIM_TEXT.columns(
    attempt_id=Uuid(),
    message_id=Uuid(),
    business_date=Date(),
    advisor_id=Uuid(),
    content_sha256=Text(),
    renders=JSONB(),
    plan_b_sha256=Text(),
    plan_b_renders=JSONB(),
    on_plan_b=Boolean(),
    own_pack_id=Uuid(),
)


@dataclass(frozen=True)
class Ready:
    """A claimed attempt with the message that may leave under it."""

    attempt_id: UUID
    message_id: UUID
    outgoing: Outgoing


@dataclass(frozen=True)
class _Claimed:
    """A message in our hands, with what it is bound to."""

    attempt_id: UUID
    message_id: UUID
    business_date: date
    advisor_id: UUID
    content_sha256: str
    renders: Mapping[str, str]
    plan_b_sha256: str | None
    plan_b_renders: Mapping[str, str]
    on_plan_b: bool
    own_pack_id: UUID | None


@dataclass(frozen=True)
class _Refusal:
    """Why a claimed message must not leave. `is_content`: plan B may take its place at once."""

    cause: Cause
    is_content: bool


async def claim(
    session: WriteSession,
    keyring: Keyring,
    lease: Lease,
    guard: Guard,
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
    claimed = [_Claimed(**row) for row in (await session.execute(_CLAIM, parameters)).mappings()]
    if not claimed:
        return []
    gate = await _open_gate(session, keyring, claimed, lease, guard, is_loopback=is_loopback, now=now)
    ready: list[Ready] = []
    written: list[dict[str, Any]] = []
    for row in claimed:
        outcome = gate.build(row)
        if isinstance(outcome, _Refusal) and outcome.is_content and not row.on_plan_b and row.plan_b_sha256:
            await _take_plan_b(session, row, outcome.cause, now=now)
            outcome = gate.build(replace(row, on_plan_b=True))
        if isinstance(outcome, _Refusal):
            await _settle_refusal(session, row, outcome, policy=policy, now=now)
            continue
        outgoing, frame_id, sha256, phone_hash = outcome
        ready.append(Ready(row.attempt_id, row.message_id, outgoing))
        proof = {"frame_id": frame_id, "rendered_sha256": sha256, "recipient_hash": phone_hash}
        written.append({"id": row.attempt_id, **proof})
    await update_many(session, AttemptRow, written)
    return ready


@dataclass
class _Gate:
    """Everything the approval, identity and consent checks look at, read in the claiming transaction."""

    contacts: dict[UUID, Contact]
    suppressed: set[str]
    material: content.Material
    templates: dict[UUID, str]
    number_vendor_id: str
    guard: Guard
    granted: Granted
    is_loopback: bool
    now: datetime

    def build(self, row: _Claimed) -> tuple[Outgoing, UUID, str, str] | _Refusal:
        contact = self.contacts[row.advisor_id]
        if contact.phone is None or not contact.opted_in or contact.phone_hash in self.suppressed:
            return _Refusal(Cause.CONSENT, is_content=False)
        if contact.registration not in MAY_SEND:
            return _Refusal(Cause.REGISTRATION, is_content=False)
        if contact.is_demo and not self.is_loopback:
            return _Refusal(Cause.OUR_REQUEST, is_content=False)
        sha256 = row.plan_b_sha256 if row.on_plan_b else row.content_sha256
        text_now = self.material.contents.get(sha256 or "")
        terms = self.material.terms[sha256].under(row.own_pack_id) if sha256 and text_now else ()
        if text_now is None or not terms:
            return _Refusal(Cause.CONTENT, is_content=True)
        renders = row.plan_b_renders if row.on_plan_b else row.renders
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
            if rendered.sha256 != expected or self._is_refused(frame, text_now, terms, contact, rendered.text):
                return _Refusal(Cause.CONTENT, is_content=True)
            outgoing = Outgoing(
                number_vendor_id=self.number_vendor_id,
                to=contact.phone,
                template=template,
                language=frame.language.value,
                parameters=rendered.parameters,
                correlation_id=str(row.attempt_id),
            )
            return outgoing, frame.id, rendered.sha256, contact.phone_hash
        return _Refusal(
            Cause.TEMPLATE if any_approved else Cause.CONTENT,
            is_content=not any_approved,
        )

    def _is_refused(self, frame: Frame, content: Content, terms: Sequence[Terms], contact: Contact, text: str) -> bool:
        granted = self.granted.get(content.sha256, ())
        rules = self.guard.refused_by(
            frame, content, contact.identity, text, terms=terms, granted=granted, now=self.now
        )
        if rules:
            log.error("delivery.rules.refused", advisor_id=str(contact.advisor_id), rules=rules)
        return bool(rules)


async def _open_gate(
    session: WriteSession,
    keyring: Keyring,
    rows: list[_Claimed],
    lease: Lease,
    guard: Guard,
    *,
    is_loopback: bool,
    now: datetime,
) -> _Gate:
    contacts = await advisors.contacts(session, keyring, {row.advisor_id for row in rows})
    hashes = {row.content_sha256 for row in rows} | {row.plan_b_sha256 for row in rows if row.plan_b_sha256}
    number = await channel.number(session, lease.number_id)
    material = await content.material(session, hashes)
    await _learn(guard, material, rows)
    return _Gate(
        contacts=contacts,
        suppressed=await privacy.suppressed(session, {contact.phone_hash for contact in contacts.values()}),
        material=material,
        templates=await channel.usable_frames(session),
        number_vendor_id=number.vendor_id if number else "",
        guard=guard,
        granted=await overrides.granted(session, hashes, guard.rulebook.version),
        is_loopback=is_loopback,
        now=now,
    )


async def _learn(guard: Guard, material: content.Material, rows: list[_Claimed]) -> None:
    """Have the rules read what is new to this process off the event loop, which sends meanwhile."""
    bound = {(row.content_sha256, row.own_pack_id, UUID(frame_id)) for row in rows for frame_id in row.renders}
    new = [
        (frame, text, terms)
        for sha256, pack_id, frame_id in bound
        if (frame := material.frames.get(frame_id)) and (text := material.contents.get(sha256))
        for terms in material.terms[sha256].under(pack_id)
        if not guard.knows(frame, text, terms)
    ]
    if new:
        await asyncio.to_thread(guard.learn, new)


async def _take_plan_b(session: WriteSession, row: _Claimed, cause: Cause, *, now: datetime) -> None:
    log.error("delivery.plan-b.taken", message_id=str(row.message_id), cause=cause.value)
    await _set(session, row.message_id, on_plan_b=True, plan_b_cause=cause.value)
    data = {"from": row.content_sha256, "to": row.plan_b_sha256, "cause": cause.value}
    event = Event(Action.MESSAGE_REBOUND, "message", str(row.message_id), "gate", data, row.business_date)
    await audit.record(session, event, now=now)


async def _settle_refusal(
    session: WriteSession, row: _Claimed, refusal: _Refusal, *, policy: RetryPolicy, now: datetime
) -> None:
    """The attempt is returned unwritten. No usable template may heal until the close; anything else is final."""
    returned = update(AttemptRow).where(AttemptRow.id == row.attempt_id)
    await session.execute(returned.values(status=AttemptStatus.RETURNED, returned_at=now))
    values: dict[str, Any]
    match refusal.cause:
        case Cause.CONSENT:
            values = {"status": MessageStatus.WITHDRAWN, "withdrawn_at": now}
        case Cause.TEMPLATE:
            values = {"status": MessageStatus.PLANNED, "next_at": now + policy.base * 2}
        case _:
            values = {"status": MessageStatus.FAILED}
    await _set(session, row.message_id, cause=refusal.cause, **values)


async def _set(session: WriteSession, message_id: UUID, **values: Any) -> None:
    await session.execute(update(MessageRow).where(MessageRow.id == message_id).values(**values))
