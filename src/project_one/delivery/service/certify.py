"""Issuing certificates from the ledger and keeping every version with its export."""

import gzip
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.delivery.certificate import (
    Attempt,
    Header,
    Line,
    Signed,
    certificate_body,
    export_bytes,
    sign,
)
from project_one.delivery.domain import Facts, MorningState
from project_one.delivery.errors import CertificateUnknownError
from project_one.delivery.models import (
    AttemptRow,
    CertificateRow,
    MessageRow,
    MorningRow,
)
from project_one.delivery.service.ledger import FACT_NAMES
from project_one.delivery.service.receipts import orphan_count
from project_one.delivery.service.release import lock_morning
from project_one.delivery.service.sweep import give_up_at_close
from project_one.kernel.canonical import iso_utc, sha256_hex
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id


async def ledger_lines(session: ReadSession, morning_id: UUID) -> list[Line]:
    """The ledger of a morning as the export has it."""
    attempts: dict[UUID, list[AttemptRow]] = {}
    query = select(AttemptRow).where(AttemptRow.morning_id == morning_id).order_by(AttemptRow.number)
    for row in await session.scalars(query):
        attempts.setdefault(row.message_id, []).append(row)
    return [
        Line(
            message_id=str(row.id),
            advisor_id=str(row.advisor_id),
            due_at=row.due_at,
            status=row.status,
            cause=row.cause,
            is_held=row.is_held,
            on_plan_b=row.on_plan_b,
            resends_after_unknown=row.resends_after_unknown,
            withdrawn_at=row.withdrawn_at,
            attempts=tuple(
                Attempt(
                    id=str(item.id),
                    number=item.number,
                    sender=str(item.sender_id),
                    rendered_sha256=item.rendered_sha256,
                    vendor_message_id=item.vendor_message_id,
                    facts=Facts(**{name: getattr(item, name) for name in FACT_NAMES}),
                )
                for item in attempts.get(row.id, [])
            ),
        )
        for row in await session.scalars(select(MessageRow).where(MessageRow.morning_id == morning_id))
    ]


async def issue_certificate(
    session: WriteSession,
    morning_id: UUID,
    *,
    kind: str,
    private_key: bytes,
    now: datetime,
) -> Signed:
    """A new version for this morning, signed and kept. An unchanged ledger still gives a new version: `as_of` moved."""
    morning = await lock_morning(session, morning_id)
    last = await session.scalar(
        select(CertificateRow)
        .where(CertificateRow.morning_id == morning_id)
        .order_by(CertificateRow.version.desc())
        .limit(1)
    )
    header = Header(
        morning_id=str(morning.id),
        business_date=morning.business_date.isoformat(),
        slot=morning.slot,
        kind=kind,
        as_of=iso_utc(now),
        released_at=iso_utc(morning.released_at or morning.release_at),
        deadline_at=iso_utc(morning.deadline_at),
        closes_at=iso_utc(morning.closes_at),
        version=last.version + 1 if last else 1,
        supersedes=sha256_hex(last.body) if last else None,
        planned_at_release=morning.planned_at_release or 0,
        orphan_receipts=await orphan_count(session),
    )
    export = export_bytes(header, await ledger_lines(session, morning_id))
    signed = sign(certificate_body(export), private_key)
    session.add(
        CertificateRow(
            id=new_id(),
            morning_id=morning_id,
            version=header.version,
            as_of=now,
            body=signed.body,
            signature=signed.signature,
            public_key=signed.public_key,
            export_gzip=gzip.compress(export, compresslevel=6, mtime=0),
            export_sha256=sha256_hex(export),
        )
    )
    data = {
        "kind": kind,
        "version": header.version,
        "body_sha256": sha256_hex(signed.body),
        "export_sha256": sha256_hex(export),
    }
    event = Event(
        Action.CERTIFICATE_ISSUED,
        "morning",
        str(morning_id),
        "certifier",
        data,
        morning.business_date,
    )
    await audit.record(session, event, now=now)
    return signed


async def close_morning(session: WriteSession, morning_id: UUID, *, private_key: bytes, now: datetime) -> Signed | None:
    """What is owed now: the preliminary certificate after the deadline, the final one after the close; None if neither."""
    morning = await lock_morning(session, morning_id)
    if morning.state not in (MorningState.RELEASED, MorningState.STOPPED):
        return None
    if now >= morning.closes_at:
        await give_up_at_close(session, morning_id)
        morning.state = MorningState.CLOSED
        event = Event(
            Action.MORNING_CLOSED,
            "morning",
            str(morning_id),
            "clock",
            {},
            morning.business_date,
        )
        await audit.record(session, event, now=now)
        return await issue_certificate(session, morning_id, kind="final", private_key=private_key, now=now)
    if now >= morning.deadline_at and not await _has_any_since(session, morning_id, morning.deadline_at):
        return await issue_certificate(session, morning_id, kind="preliminary", private_key=private_key, now=now)
    return None


async def _has_any_since(session: ReadSession, morning_id: UUID, moment: datetime) -> bool:
    query = select(func.count()).where(CertificateRow.morning_id == morning_id, CertificateRow.as_of >= moment)
    return bool(await session.scalar(query))


async def mornings_to_close(session: ReadSession, *, now: datetime) -> list[UUID]:
    """Open mornings that owe a certificate: past the close, or past the deadline without one since."""
    certified = select(CertificateRow.id).where(
        CertificateRow.morning_id == MorningRow.id,
        CertificateRow.as_of >= MorningRow.deadline_at,
    )
    rows = await session.scalars(
        select(MorningRow.id).where(
            MorningRow.state.in_([MorningState.RELEASED, MorningState.STOPPED]),
            (MorningRow.closes_at <= now) | ((MorningRow.deadline_at <= now) & ~certified.exists()),
        )
    )
    return list(rows)


async def certificate_of(session: ReadSession, morning_id: UUID, version: int | None = None) -> tuple[Signed, bytes]:
    """A certificate and its export; the newest version unless one is named. Raises CertificateUnknownError."""
    query = (
        select(CertificateRow).where(CertificateRow.morning_id == morning_id).order_by(CertificateRow.version.desc())
    )
    if version is not None:
        query = query.where(CertificateRow.version == version)
    row = (await session.scalars(query.limit(1))).one_or_none()
    if row is None:
        message = "This morning has no such certificate; the first is issued one minute after its deadline."
        raise CertificateUnknownError(message, morning_id=str(morning_id))
    return Signed(row.body, row.signature, row.public_key), gzip.decompress(row.export_gzip)
