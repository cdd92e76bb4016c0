"""Recording consent and its withdrawal; asking who must not be messaged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.bulk import among, insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.privacy.domain import ConsentAction, Purpose
from project_one.privacy.models import ConsentRow, SuppressionRow


@dataclass(frozen=True)
class OptIn:
    """Proof that a person agreed to the posts. `evidence` names the proof, it does not quote it."""

    advisor_id: UUID
    phone_hash: str
    channel: str
    evidence: str
    notice_version: str


async def record_opt_ins(session: WriteSession, opt_ins: Sequence[OptIn], *, actor: str, now: datetime) -> None:
    """Note each consent and lift a suppression of that phone."""
    if not opt_ins:
        return
    rows = [
        {
            "id": new_id(),
            "advisor_id": item.advisor_id,
            "purpose": Purpose.WHATSAPP_POST,
            "action": ConsentAction.GIVEN,
            "channel": item.channel,
            "evidence": item.evidence,
            "notice_version": item.notice_version,
            "at": now,
        }
        for item in opt_ins
    ]
    await insert_many(session, ConsentRow, rows)
    hashes = [item.phone_hash for item in opt_ins]
    await session.execute(delete(SuppressionRow).where(among(SuppressionRow.phone_hash, hashes)))
    events = [
        Event(
            Action.CONSENT_GIVEN,
            "advisor",
            str(item.advisor_id),
            actor,
            {"notice_version": item.notice_version},
        )
        for item in opt_ins
    ]
    await audit.record_all(session, events, now=now)


async def record_withdrawal(
    session: WriteSession,
    *,
    advisor_ids: Sequence[UUID],
    phone_hash: str,
    channel: str,
    evidence: str,
    actor: str,
    now: datetime,
) -> None:
    """Suppress the phone and note the withdrawal. The caller withdraws what is planned in the same transaction."""
    for advisor_id in advisor_ids:
        session.add(
            ConsentRow(
                id=new_id(),
                advisor_id=advisor_id,
                purpose=Purpose.WHATSAPP_POST,
                action=ConsentAction.WITHDRAWN,
                channel=channel,
                evidence=evidence,
                notice_version="",
                at=now,
            )
        )
        await audit.record(
            session,
            Event(
                Action.CONSENT_WITHDRAWN,
                "advisor",
                str(advisor_id),
                actor,
                {"channel": channel},
            ),
            now=now,
        )
    statement = upsert(SuppressionRow).values(phone_hash=phone_hash, since=now, reason=channel)
    await session.execute(statement.on_conflict_do_nothing())


async def suppressed(session: ReadSession, phone_hashes: Collection[str]) -> set[str]:
    """Those of `phone_hashes` that must not be messaged."""
    return set(
        await session.scalars(select(SuppressionRow.phone_hash).where(among(SuppressionRow.phone_hash, phone_hashes)))
    )
