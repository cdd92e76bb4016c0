"""Folding vendor receipts into the ledger, whatever their order, and keeping those that belong to nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from project_one.audit import service as audit
from project_one.audit.domain import Action as Audited
from project_one.audit.domain import Event
from project_one.channel import service as channel
from project_one.delivery.domain import (
    Action,
    AttemptStatus,
    MorningState,
    Report,
    RetryPolicy,
)
from project_one.delivery.models import AttemptRow, MorningRow, ReceiptRow
from project_one.delivery.service.outcomes import News, record_news
from project_one.delivery.service.stop import stop_advisors
from project_one.kernel.bulk import among, insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vault.domain import Keyring

_OPEN = (AttemptStatus.CLAIMED, AttemptStatus.UNKNOWN, AttemptStatus.ACCEPTED)


@dataclass(frozen=True)
class Post:
    """One webhook POST: the hash of its bytes and the statuses in it."""

    body_sha256: str
    reports: Sequence[Report]


async def record_receipts(
    session: WriteSession,
    keyring: Keyring,
    posts: Sequence[Post],
    *,
    policy: RetryPolicy,
    now: datetime,
) -> None:
    """Fold every status of these POSTs; a repeat changes nothing. One audit event a POST."""
    reports = [report for post in posts for report in post.reports]
    owners = await _match(session, keyring, reports)
    hashes = [keyring.lookup_hash(report.recipient) if report.recipient else None for report in reports]
    rows = [
        {
            "id": new_id(),
            "vendor_message_id": report.vendor_message_id,
            "status": report.status,
            "attempt_id": owner,
            "vendor_at": report.at,
            "received_at": now,
            "code": report.facts.code,
            "recipient_hash": hashed,
            "post_sha256": post_sha256,
        }
        for report, owner, hashed, post_sha256 in zip(
            reports,
            owners,
            hashes,
            (post.body_sha256 for post in posts for _ in post.reports),
            strict=True,
        )
    ]
    await insert_many(session, ReceiptRow, rows, skip_existing=True)
    news = [
        News(
            attempt_id=owner,
            facts=report.facts,
            vendor_message_id=report.vendor_message_id,
            action=report.action,
            cause=report.cause,
        )
        for report, owner in zip(reports, owners, strict=True)
        if owner is not None
    ]
    await record_news(session, news, policy=policy, now=now)
    for report, hashed in zip(reports, hashes, strict=True):
        if report.action is Action.END_CONSENT and hashed:
            await stop_advisors(
                session,
                phone_hash=hashed,
                channel="vendor-opt-out",
                evidence=report.vendor_message_id,
                now=now,
            )
    events = [
        Event(
            Audited.RECEIPTS_RECEIVED,
            "webhook",
            post.body_sha256,
            "vendor:whatsapp",
            {"statuses": len(post.reports)},
        )
        for post in posts
    ]
    await audit.record_all(session, events, now=now)


async def _match(session: WriteSession, keyring: Keyring, reports: Sequence[Report]) -> list[UUID | None]:
    """Which attempt each report is about: by correlation id, by vendor id, or by the only open attempt to that phone."""
    wanted = {report.correlation for report in reports if report.correlation}
    known = set(await session.scalars(select(AttemptRow.id).where(among(AttemptRow.id, wanted))))
    vendor_ids = {report.vendor_message_id for report in reports if report.correlation not in known}
    by_vendor_id: dict[str, UUID] = {}
    if vendor_ids:
        rows = await session.execute(
            select(AttemptRow.vendor_message_id, AttemptRow.id).where(among(AttemptRow.vendor_message_id, vendor_ids))
        )
        by_vendor_id = {vendor_id: attempt_id for vendor_id, attempt_id in rows if vendor_id is not None}
    owners: list[UUID | None] = []
    for report in reports:
        if report.correlation in known:
            owners.append(report.correlation)
        elif report.vendor_message_id in by_vendor_id:
            owners.append(by_vendor_id[report.vendor_message_id])
        else:
            owners.append(await _only_open_attempt(session, keyring, report))
    return owners


async def _only_open_attempt(session: WriteSession, keyring: Keyring, report: Report) -> UUID | None:
    if report.recipient is None:
        return None
    sender = next(
        (item for item in await channel.numbers(session) if item.vendor_id == report.number_vendor_id),
        None,
    )
    if sender is None:
        return None
    candidates = (
        await session.scalars(
            select(AttemptRow.id)
            .join(MorningRow, MorningRow.id == AttemptRow.morning_id)
            .where(
                AttemptRow.recipient_hash == keyring.lookup_hash(report.recipient),
                AttemptRow.sender_id == sender.id,
                AttemptRow.status.in_(_OPEN),
                AttemptRow.vendor_message_id.is_(None),
                MorningRow.state.in_([MorningState.RELEASED, MorningState.STOPPED]),
            )
            .limit(2)
        )
    ).all()
    return candidates[0] if len(candidates) == 1 else None


async def orphan_count(session: ReadSession) -> int:
    """Receipts that belong to no attempt we know."""
    return (
        await session.scalar(select(func.count()).select_from(ReceiptRow).where(ReceiptRow.attempt_id.is_(None))) or 0
    )
