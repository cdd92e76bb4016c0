"""Approvals taken back; those of an advisor's own pack: one reviewer who is not its author, bound to pack and text."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.content.models import ApprovalRow, PackRow, VariantRow
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession, WriteSession


async def approved_own(session: ReadSession, hashes: Collection[str]) -> set[str]:
    """Those of `hashes` that one reviewer approved as a firm's own; never a text of the library, which needs two."""
    of_library = (
        select(VariantRow.content_sha256)
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(PackRow.is_fallback, among(VariantRow.content_sha256, hashes))
    )
    rows = await session.scalars(
        select(ApprovalRow.sha256)
        .where(
            among(ApprovalRow.sha256, hashes),
            ApprovalRow.voided_at.is_(None),
            ApprovalRow.pack_id.is_not(None),
            ApprovalRow.sha256.not_in(of_library),
        )
        .distinct()
    )
    return set(rows)


async def void_own(session: WriteSession, pack_id: UUID, *, reason: str, actor: str, now: datetime) -> list[str]:
    """Take every approval of a pack back; the hashes. From the next claim on nothing with them leaves for it."""
    return await _void(session, pack_id, ApprovalRow.pack_id == pack_id, reason=reason, actor=actor, now=now)


async def void_of_library(
    session: WriteSession, pack_id: UUID, hashes: Collection[str], *, reason: str, actor: str, now: datetime
) -> list[str]:
    """The same for the texts of a pack of the library; what a firm was approved in the same words stays."""
    whose = and_(ApprovalRow.pack_id.is_(None), among(ApprovalRow.sha256, hashes))
    return await _void(session, pack_id, whose, reason=reason, actor=actor, now=now)


async def _void(
    session: WriteSession, pack_id: UUID, whose: ColumnElement[bool], *, reason: str, actor: str, now: datetime
) -> list[str]:
    voided = sorted(
        set(
            await session.scalars(
                update(ApprovalRow)
                .where(whose, ApprovalRow.voided_at.is_(None))
                .values(voided_at=now, void_reason=reason)
                .returning(ApprovalRow.sha256)
            )
        )
    )
    data = {"reason": reason, "pack": str(pack_id)}
    events = [Event(Action.CONTENT_APPROVAL_VOIDED, "content", sha256, actor, data) for sha256 in voided]
    await audit.record_all(session, events, now=now)
    return voided
