"""Asking for a review: the rules at once, the model by a job, then a person."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.firm_tier import ensure_languages
from project_one.advisor.of_firm import FirmAdvisor, advisors_of_firm
from project_one.audit.domain import Action
from project_one.compliance.domain import Stage, StageResult
from project_one.compliance.model import Evaluators, ask
from project_one.compliance.policy import never_overridable
from project_one.compliance.rulebook import Rulebook
from project_one.content import day_quota, judging
from project_one.content import pack_rows as rows
from project_one.content.drafting import Writer
from project_one.content.errors import PackBlockedError, PackIncompleteError
from project_one.content.jobs import ComplianceCheck
from project_one.content.models import PackRow
from project_one.content.pack_rows import Pack
from project_one.content.packs import ALIKE, Move, PackState, alike, sketch
from project_one.content.stages import MisfitError, first_and_third
from project_one.content.terms import Terms, terms
from project_one.kernel import outbox
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import ReadSession, Transactions, WriteSession

MODEL_DEADLINE_S = 10.0
CHECK_AGAIN = timedelta(minutes=2)
_WAITING = frozenset({PackState.CHECKING, PackState.IN_REVIEW})


async def submit(session: WriteSession, pack: Pack, rulebook: Rulebook, writer: Writer, *, now: datetime) -> Pack:
    """Check a locked draft and pass it on. Once more is a no-op; a check that got lost is asked for again.

    Raises PackIncompleteError, PackBlockedError (findings nobody may let pass), PackStateError, TierNeededError and
    DayQuotaError.
    """
    if pack.state in _WAITING:
        await _ask_again(session, pack, now=now)
        return pack
    _complete(pack)
    await ensure_languages(session, pack.firm_id, len(pack.contents), now=now)
    await day_quota.ensure_within(session, pack, now=now)
    on = business_date(now)
    advisors = await advisors_of_firm(session, pack.firm_id)
    if not advisors:
        message = "Your firm has no advisor yet whose post this could be; register one first."
        raise PackIncompleteError(message)
    kept = await _first_and_third(session, pack, advisors, rulebook, now=now)
    refused = {
        language: [item for item in told["findings"] if item["rule_id"] in blocked]
        for language, told in kept.items()
        if (blocked := never_overridable(judging.findings_of(told)))
    }
    if refused:
        message = "These findings can never be let through; change the text and submit again."
        raise PackBlockedError(message, findings=refused, policy_version=rulebook.version)
    rows.move(pack, Move.SUBMIT, now=now)
    pack.row.submitted_at = now
    _enter(pack, judging.summary(kept, rulebook.version, on))
    pack.row.capacities = sorted({advisor.identity.capacity.value for advisor in advisors})
    number = await _revise(session, pack, writer, now=now)
    outbox.enqueue(session, ComplianceCheck(pack_id=pack.row.id, version=pack.version), now=now)
    await rows.note(
        session, pack, Action.PACK_SUBMITTED, actor=writer.actor, now=now, policy=rulebook.version, revision=number
    )
    return pack


async def _ask_again(session: WriteSession, pack: Pack, *, now: datetime) -> None:
    since = pack.row.updated_at
    if pack.state is PackState.CHECKING and since is not None and now - since >= CHECK_AGAIN:
        outbox.enqueue(session, ComplianceCheck(pack_id=pack.row.id, version=pack.version), now=now)


async def overdue_checks(session: ReadSession, *, now: datetime) -> list[ComplianceCheck]:
    """Checks that were promised two minutes ago and are not done: the queue may have been emptied."""
    rows = await session.execute(
        select(PackRow.id, PackRow.version).where(
            PackRow.state == PackState.CHECKING, PackRow.updated_at <= now - CHECK_AGAIN
        )
    )
    return [ComplianceCheck(pack_id=pack_id, version=version) for pack_id, version in rows if version is not None]


def _complete(pack: Pack) -> None:
    empty = sorted(
        language.value
        for language, content in pack.contents.items()
        if not content.topic.strip() or not content.caption.strip()
    )
    if empty or not pack.contents:
        message = f"Write topic and caption of {', '.join(empty) or 'one language at least'} before you submit."
        raise PackIncompleteError(message)


async def _revise(session: WriteSession, pack: Pack, writer: Writer, *, now: datetime) -> int:
    """What is submitted is a revision; its number."""
    last = await rows.last_revision(session, pack.row.id)
    if last is not None and last.content == rows.as_json(pack.contents):
        last.submitted_at = last.submitted_at or now
        return last.number
    number = (last.number if last else 0) + 1
    rows.add_revision(session, pack, number=number, author_id=writer.user_id, now=now, submitted_at=now)
    return number


async def _first_and_third(
    session: WriteSession, pack: Pack, advisors: Sequence[FirmAdvisor], rulebook: Rulebook, *, now: datetime
) -> dict[str, dict[str, Any]]:
    """Stages 1 and 3 for every language, in the capacity of every advisor of the firm."""
    row = pack.row
    under = terms(row.content_class, row.ad_reference, row.ad_valid_until, row.figures)
    senders = [advisor.identity for advisor in advisors]
    try:
        seen = await first_and_third(session, pack.contents, senders, under, rulebook, firm_id=pack.firm_id, now=now)
    except MisfitError as error:
        message = f"The text in {error.language} does not make a message: {error}."
        raise PackIncompleteError(message, language=error.language.value) from error
    return {
        language.value: judging.told(item.conclusion(judging.DUE), item.register, language, rulebook)
        for language, item in seen.items()
    }


def _enter(pack: Pack, checked: dict[str, Any]) -> None:
    pack.row.checked, pack.row.risk_score = checked, checked["risk_score"]


@dataclass(frozen=True)
class CheckTools:
    """What the job works with."""

    transactions: Transactions
    evaluators: Evaluators | None
    rulebook_of: Callable[[str], Awaitable[Rulebook]]
    clock: Clock


async def check_with_model(tools: CheckTools, pack_id: UUID, version: int) -> None:
    """Stage 2 of a submitted pack, then the queue of the reviewers. A repeat, and a job of an older text, do nothing."""
    async with tools.transactions() as session:
        pack = await _still_waiting(session, pack_id, version)
    if pack is None or pack.row.checked is None:
        return
    rulebook = await tools.rulebook_of(pack.row.checked["policy_version"])
    kept = pack.row.checked["languages"]
    advisors = await _advisors(tools, pack)
    capacities = {item.identity.capacity: item for item in advisors}
    names = frozenset(item.identity.registered_name for item in advisors)
    by_owner = tools.evaluators
    evaluator = None if by_owner is None else by_owner.for_owner(pack.firm_id, names, rulebook.version)
    languages: dict[str, dict[str, Any]] = {}
    for language, content in sorted(pack.contents.items()):
        results = [
            await ask(
                evaluator,
                content.paragraph,
                Terms(pack.row.content_class).context(advisor.identity, language),
                deadline_s=MODEL_DEADLINE_S,
            )
            for _, advisor in sorted(capacities.items())
        ]
        said = kept[language.value]
        conclusion = judging.joined(said, _one(results))
        languages[language.value] = judging.told(conclusion, conclusion.verdict.register, language, rulebook)
    now = tools.clock()
    async with tools.transactions() as session:
        pack = await _still_waiting(session, pack_id, version)
        if pack is None:
            return
        on = business_date(now)
        _enter(pack, judging.summary(languages, rulebook.version, on))
        await _group(session, pack)
        rows.move(pack, Move.CHECK, now=now)
        degraded = pack.row.checked["degraded"] if pack.row.checked else True
        await rows.note(
            session,
            pack,
            Action.PACK_CHECKED,
            actor="compliance-check",
            now=now,
            policy=rulebook.version,
            risk_score=pack.row.risk_score,
            degraded=degraded,
        )


async def _still_waiting(session: WriteSession, pack_id: UUID, version: int) -> Pack | None:
    row = await session.scalar(select(PackRow).where(PackRow.id == pack_id, PackRow.state == PackState.CHECKING))
    if row is None or row.version != version:
        return None
    pack = await rows.locked(session, pack_id)
    return pack if pack.state is PackState.CHECKING and pack.version == version else None


async def _advisors(tools: CheckTools, pack: Pack) -> list[FirmAdvisor]:
    async with tools.transactions() as session:
        return await advisors_of_firm(session, pack.firm_id)


def _one(results: Sequence[StageResult]) -> StageResult:
    """What the model says in all capacities, as one stage."""
    trouble = next((item.trouble for item in results if item.trouble), None if results else "no advisor to ask for")
    findings = [finding for item in results for finding in item.findings]
    took, dropped = sum(item.took_ms for item in results), sum(item.dropped for item in results)
    return StageResult(Stage.MODEL, findings, trouble, took, dropped)


async def _group(session: WriteSession, pack: Pack) -> None:
    """Put a pack with those that wait and say nearly the same."""
    mine = sketch(content.paragraph for _, content in sorted(pack.contents.items()))
    pack.row.sketch, pack.row.likeness_group = mine, None
    waiting = await session.execute(
        select(PackRow.id, PackRow.sketch, PackRow.likeness_group)
        .where(PackRow.state == PackState.IN_REVIEW, PackRow.sketch.is_not(None), PackRow.id != pack.row.id)
        .order_by(PackRow.submitted_at)
    )
    best, best_share = None, ALIKE
    for other, theirs, group in waiting:
        share = alike(mine, theirs or ())
        if share >= best_share:
            best, best_share = group or other, share
    pack.row.likeness_group = best or pack.row.id
