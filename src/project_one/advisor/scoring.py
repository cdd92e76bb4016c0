"""Compliance scores over time: kept when they change, read with the verdicts behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on

from project_one.advisor.evidence_models import ComplianceScoreRow
from project_one.advisor.models import AdvisorRow
from project_one.advisor.ports import JudgedPacks
from project_one.advisor.scores import COUNTED, Judged, score_of
from project_one.advisor.service import unknown
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.lookups import Lookup, Row, Statement

_FIRM = Statement(select(AdvisorRow.firm_id).where(AdvisorRow.id == bindparam("advisor_id")))
_HISTORY = Statement(
    select(ComplianceScoreRow.at, ComplianceScoreRow.score, ComplianceScoreRow.verdict_ids)
    .where(ComplianceScoreRow.advisor_id == bindparam("advisor_id"))
    .order_by(ComplianceScoreRow.at.desc())
    .limit(100)
)


@dataclass(frozen=True)
class Standing:
    """`verdicts`: those the current score comes from, newest first; `history`: newest first."""

    verdicts: Sequence[Judged]
    history: Sequence[Row]


async def standing_of(lookup: Lookup, advisor_id: UUID, judged: JudgedPacks) -> Standing:
    """Three reads, however much she has written. Raises AdvisorUnknownError, also for another firm's."""
    advisor = await lookup.row(_FIRM, advisor_id=advisor_id)
    if advisor is None:
        raise unknown(advisor_id)
    history = await lookup.rows(_HISTORY, advisor_id=advisor_id)
    return Standing(await judged(lookup, advisor["firm_id"], COUNTED), history)


async def record_scores(
    session: WriteSession, lookup: Lookup, judged: JudgedPacks, *, after: UUID | None, limit: int = 200, now: datetime
) -> UUID | None:
    """Write down the scores of the next advisors that changed; where the next batch begins, None at the end."""
    query = select(AdvisorRow.id, AdvisorRow.firm_id).order_by(AdvisorRow.id).limit(limit)
    if after is not None:
        query = query.where(AdvisorRow.id > after)
    advisors = (await session.execute(query)).all()
    last = await _last_scores(session, [advisor_id for advisor_id, _ in advisors])
    for advisor_id, firm_id in advisors:
        verdicts = await judged(lookup, firm_id, COUNTED)
        score = score_of(verdicts)
        ids = [str(item.verdict_id) for item in verdicts]
        if score is not None and last.get(advisor_id) != ids:
            session.add(
                ComplianceScoreRow(advisor_id=advisor_id, at=now, firm_id=firm_id, score=score, verdict_ids=ids)
            )
    return advisors[-1][0] if len(advisors) == limit else None


async def _last_scores(session: ReadSession, advisor_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """The verdicts behind each advisor's last kept score."""
    rows = await session.execute(
        select(ComplianceScoreRow.advisor_id, ComplianceScoreRow.verdict_ids)
        .where(among(ComplianceScoreRow.advisor_id, advisor_ids))
        .ext(distinct_on(ComplianceScoreRow.advisor_id))
        .order_by(ComplianceScoreRow.advisor_id, ComplianceScoreRow.at.desc())
    )
    return {advisor_id: kept for advisor_id, kept in rows}
