"""What the rules said of a firm's own packs."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.scores import Judged
from project_one.compliance.models import VerdictRow
from project_one.content.models import PackRow, VariantRow
from project_one.kernel.db import ReadSession


async def judged_packs(session: ReadSession, firm_id: UUID, limit: int) -> Sequence[Judged]:
    """The newest verdicts on the texts of the firm's packs, newest first."""
    texts = (
        select(VariantRow.content_sha256)
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(PackRow.firm_id == firm_id)
    )
    rows = await session.execute(
        select(VerdictRow.id, VerdictRow.verdict, VerdictRow.given_at)
        .where(VerdictRow.firm_id == firm_id, VerdictRow.content_sha256.in_(texts))
        .order_by(VerdictRow.given_at.desc(), VerdictRow.id.desc())
        .limit(limit)
    )
    return [
        Judged(verdict_id, verdict["band"], int(verdict["risk_score"]), given_at)
        for verdict_id, verdict, given_at in rows
    ]
