"""Verdicts kept with all it takes to give them again, and what another policy would say of the same texts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from project_one.compliance.domain import Band, Context, Verdict
from project_one.compliance.evaluate import evaluate
from project_one.compliance.models import VerdictRow
from project_one.compliance.policy import context_as_json, context_from_json, digest, verdict_as_json
from project_one.compliance.rulebook import Rulebook
from project_one.kernel.bulk import insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id


@dataclass(frozen=True)
class Subject:
    """A text that stands in a frame, by the hash people approve it by, and for whom it speaks."""

    content_sha256: str
    text: str
    context: Context


def judged(subject: Subject, rulebook: Rulebook, *, on: date) -> Verdict:
    return evaluate(subject.text, subject.context, rulebook, on=on, is_framed=True)


async def keep(
    session: WriteSession,
    subjects: Iterable[Subject],
    rulebook: Rulebook,
    *,
    on: date,
    now: datetime,
    firm_id: UUID | None = None,
) -> list[Verdict]:
    """Judge texts and keep the verdicts; one that is kept already (same text, context, policy, day) is not kept twice.

    `firm_id`: whose text it is; None for the library's.
    """
    verdicts: list[Verdict] = []
    rows: list[dict[str, object]] = []
    for subject in subjects:
        verdict = judged(subject, rulebook, on=on)
        verdicts.append(verdict)
        context, said = context_as_json(subject.context), verdict_as_json(verdict)
        rows.append(
            {
                "id": new_id(),
                "content_sha256": subject.content_sha256,
                "text": subject.text,
                "context": context,
                "context_sha256": digest(context),
                "policy_version": rulebook.version,
                "business_date": on,
                "verdict": said,
                "verdict_sha256": digest(said),
                "firm_id": firm_id,
                "given_at": now,
            }
        )
    await insert_many(session, VerdictRow, rows, skip_existing=True)
    return verdicts


@dataclass(frozen=True)
class Kept:
    """A verdict as it was given."""

    subject: Subject
    policy_version: str
    business_date: date
    band: Band
    verdict_sha256: str


async def newest(session: ReadSession) -> list[Kept]:
    """The last verdict on each text and context."""
    rows = await session.scalars(
        select(VerdictRow)
        .ext(distinct_on(VerdictRow.content_sha256, VerdictRow.context_sha256))
        .order_by(VerdictRow.content_sha256, VerdictRow.context_sha256, VerdictRow.given_at.desc())
    )
    return [
        Kept(
            Subject(row.content_sha256, row.text, context_from_json(row.context)),
            row.policy_version,
            row.business_date,
            Band(row.verdict["band"]),
            row.verdict_sha256,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Flip:
    """A text on which a candidate policy decides otherwise. `new_rules`: ids of findings that were not there before."""

    content_sha256: str
    capacity: str
    before: Band
    after: Band
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Replay:
    """`differing`: verdicts of the candidate's own version that are not the same bit for bit (must be none)."""

    replayed: int
    flips: tuple[Flip, ...]
    differing: int


def replay(kept: Sequence[Kept], candidate: Rulebook, *, on: date | None = None) -> Replay:
    """Judge kept texts again with a candidate, each on its own day (or all on `on`)."""
    flips: list[Flip] = []
    differing = 0
    for item in kept:
        verdict = judged(item.subject, candidate, on=on or item.business_date)
        if verdict.band is not item.band:
            rules = tuple(sorted({finding.rule_id for finding in verdict.findings}))
            flips.append(
                Flip(item.subject.content_sha256, item.subject.context.capacity, item.band, verdict.band, rules)
            )
        is_same_question = item.policy_version == candidate.version and on in {None, item.business_date}
        differing += is_same_question and digest(verdict_as_json(verdict)) != item.verdict_sha256
    return Replay(len(kept), tuple(flips), differing)
