"""What reviewers decide of packs. An approval binds one person to the exact texts she names."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.compliance import override_list, overrides
from project_one.compliance.domain import Band
from project_one.content import judging, scheduling
from project_one.content import pack_rows as rows
from project_one.content import service as content
from project_one.content.domain import Subject
from project_one.content.errors import (
    PackBlockedError,
    PackChangedError,
    PackUnknownError,
    ReviewerNotAllowedError,
)
from project_one.content.models import PackRevisionRow, PackRow, ReviewRow, VariantRow
from project_one.content.own_approvals import void_own
from project_one.content.pack_rows import Pack
from project_one.content.packs import APPROVED, MOVE_OF, Decision, Move, PackState, Reason, Suggestion
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id

FirmsOf = Callable[[ReadSession, UUID], Awaitable[Collection[UUID]]]
"""The firms a person is a member of."""

_ACTION = {
    Decision.APPROVED: Action.PACK_APPROVED,
    Decision.REJECTED: Action.PACK_REJECTED,
    Decision.CHANGES_REQUESTED: Action.PACK_CHANGES_REQUESTED,
}


@dataclass(frozen=True)
class Reviewer:
    """`firms`: of which she is a member; she reviews none of their packs."""

    user_id: UUID
    actor: str
    firms: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Opinion:
    """A decision with its grounds. `hashes`: by language, the texts that were read."""

    decision: Decision
    hashes: Mapping[str, str]
    note: str = ""
    reasons: Sequence[Reason] = ()
    suggestions: Sequence[Suggestion] = field(default_factory=tuple[Suggestion, ...])
    bulk_id: UUID | None = None


async def decide(
    session: WriteSession, pack: Pack, opinion: Opinion, reviewer: Reviewer, *, now: datetime
) -> ReviewRow:
    """Enter a decision over a locked pack. Of two reviewers at once the second gets PackStateError with the new state.

    Raises PackChangedError when these are not the texts she read, ReviewerNotAllowedError for its author and for members
    of the firm, PackBlockedError when the rules block it and no override covers every finding.
    """
    await ensure_outsider(session, pack, reviewer)
    if pack.state is PackState.IN_REVIEW:
        _ensure_read(pack, opinion)
    rows.move(pack, MOVE_OF[opinion.decision], now=now)
    checked = pack.row.checked or {}
    if opinion.decision is Decision.APPROVED:
        await _ensure_not_blocked(session, pack, checked)
        hashes = pack.hashes.values()
        await content.approve(
            session, Subject.CONTENT, hashes, reviewer_id=reviewer.user_id, pack_id=pack.row.id, now=now
        )
    return await _enter(session, pack, opinion, reviewer, now=now)


async def take_back(
    session: WriteSession, pack: Pack, opinion: Opinion, reviewer: Reviewer, *, now: datetime
) -> ReviewRow:
    """Take the approval of a locked pack back, whoever gave it; a message that is planned with it takes its plan B.

    Raises PackStateError for one that is not approved or sent already, PackChangedError, ReviewerNotAllowedError.
    """
    await ensure_outsider(session, pack, reviewer)
    if pack.state in APPROVED:
        _ensure_read(pack, opinion)
    return await _taken_back(session, pack, opinion, reviewer, now=now)


async def revoke_override(
    session: WriteSession, override_id: UUID, reviewer: Reviewer, *, reason: str, now: datetime
) -> None:
    """Take an override back, and the approvals that stood on it: without it the rules block these texts.

    Raises OverrideUnknownError, PolicyStateError for one that is revoked already.
    """
    await overrides.revoke(session, override_id, actor=reviewer.actor, reason=reason, now=now)
    override = await override_list.read(session, override_id)
    found = await session.scalars(
        select(VariantRow.pack_id)
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(
            VariantRow.content_sha256 == override.content_sha256, PackRow.state.in_(APPROVED | {PackState.IN_REVIEW})
        )
        .order_by(VariantRow.pack_id)
    )
    for pack_id in found.all():
        pack = await rows.locked(session, pack_id)  # an approval at the same time is over now
        if pack.state not in APPROVED:
            continue
        try:
            await _ensure_not_blocked(session, pack, pack.row.checked or {})
        except PackBlockedError:
            why = Reason(f"The override this text stood on was taken back: {reason}")
            opinion = Opinion(Decision.CHANGES_REQUESTED, pack.hashes, reasons=[why])
            await _taken_back(session, pack, opinion, reviewer, now=now)


async def _taken_back(
    session: WriteSession, pack: Pack, opinion: Opinion, reviewer: Reviewer, *, now: datetime
) -> ReviewRow:
    was = pack.state
    rows.move(pack, Move.TAKE_BACK, now=now)
    await void_own(session, pack.row.id, reason="a reviewer took it back", actor=reviewer.actor, now=now)
    entered = await _enter(session, pack, opinion, reviewer, now=now, before=was.value)
    await scheduling.unschedule(session, pack)
    return entered


def _ensure_read(pack: Pack, opinion: Opinion) -> None:
    if dict(opinion.hashes) != pack.hashes:
        message = "These are not the texts of the pack now; read it again and decide about what it says."
        raise PackChangedError(message, hashes=pack.hashes, version=pack.version)


async def _enter(
    session: WriteSession, pack: Pack, opinion: Opinion, reviewer: Reviewer, *, now: datetime, **more: str
) -> ReviewRow:
    """Keep a decision with what it was about. `more`: also for the trail."""
    checked = pack.row.checked or {}
    policy = str(checked.get("policy_version", ""))
    row = ReviewRow(
        id=new_id(),
        firm_id=pack.firm_id,
        pack_id=pack.row.id,
        revision=await rows.revision_number(session, pack.row.id),
        decision=opinion.decision,
        reasons=[asdict(item) for item in opinion.reasons],
        suggestions=[asdict(item) for item in opinion.suggestions],
        note=opinion.note,
        reviewer_id=reviewer.user_id,
        policy_version=policy,
        hashes=pack.hashes,
        bulk_id=opinion.bulk_id,
        model=judging.model_said(checked),
        at=now,
    )
    session.add(row)
    rules = sorted({item.rule_id for item in opinion.reasons if item.rule_id})
    data = {"policy": policy, "review": str(row.id), "rules": rules, **more}
    await rows.note(session, pack, _ACTION[opinion.decision], actor=reviewer.actor, now=now, **data)
    return row


async def ensure_outsider(session: ReadSession, pack: Pack, reviewer: Reviewer) -> None:
    """Raises ReviewerNotAllowedError for who wrote any of it and for members of the firm."""
    if pack.firm_id in reviewer.firms:
        message = "You are a member of this firm; somebody else of the platform must review its packs."
        raise ReviewerNotAllowedError(message)
    wrote = select(PackRevisionRow.id).where(
        PackRevisionRow.pack_id == pack.row.id, PackRevisionRow.author_id == reviewer.user_id
    )
    if pack.row.author_id == reviewer.user_id or await session.scalar(wrote.limit(1)) is not None:
        message = "You wrote this pack; another person must review it."
        raise ReviewerNotAllowedError(message)


async def _ensure_not_blocked(session: ReadSession, pack: Pack, checked: Mapping[str, Any]) -> None:
    """A blocked text passes only under a granted override that covers every finding of it."""
    languages: Mapping[str, Any] = checked.get("languages", {})
    for language, sha256 in pack.hashes.items():
        kept = languages[language]
        if kept["band"] != Band.BLOCK:
            continue
        findings = judging.findings_of(kept)
        if not await overrides.is_overridden(session, sha256, checked["policy_version"], findings):
            message = f"The rules block the text in {language} and no granted override covers all its findings."
            raise PackBlockedError(message, findings={language: kept["findings"]})


async def bulk_approve(
    session: WriteSession, hashes: Collection[str], name: str, reviewer: Reviewer, *, now: datetime
) -> list[Pack]:
    """One named decision over the packs whose every text is listed; all of them or none.

    Raises PackChangedError for a hash that no pack in review has, and what `decide` raises.
    """
    wanted = set(hashes)
    found = await session.execute(
        select(VariantRow.pack_id, VariantRow.content_sha256)
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(VariantRow.content_sha256.in_(wanted), PackRow.state == PackState.IN_REVIEW)
    )
    by_pack: dict[UUID, set[str]] = {}
    for pack_id, sha256 in found:
        by_pack.setdefault(pack_id, set()).add(sha256)
    bulk_id = new_id()
    approved: list[Pack] = []
    for pack_id in sorted(by_pack):  # in id order, so that two decisions cannot wait for each other
        pack = await rows.locked(session, pack_id)
        if set(pack.hashes.values()) <= wanted:
            opinion = Opinion(Decision.APPROVED, pack.hashes, note=name, bulk_id=bulk_id)
            await decide(session, pack, opinion, reviewer, now=now)
            approved.append(pack)
    left = sorted(wanted - {sha256 for pack in approved for sha256 in pack.hashes.values()})
    if left:
        message = (
            "Some listed texts are not in review, or not every language of their pack is listed; nothing was decided."
        )
        raise PackChangedError(message, hashes=left)
    data = {"name": name, "hashes": sorted(wanted), "packs": [str(pack.row.id) for pack in approved]}
    event = Event(Action.PACKS_BULK_APPROVED, "decision", str(bulk_id), reviewer.actor, data)
    await audit.record(session, event, now=now)
    return approved


async def ask_override(
    session: WriteSession, pack: Pack, language: str, reviewer: Reviewer, *, reason: str, now: datetime
) -> UUID:
    """The first half of letting one text of a pack pass. Raises PackUnknownError for a language it does not have."""
    await ensure_outsider(session, pack, reviewer)
    kept = (pack.row.checked or {}).get("languages", {}).get(language)
    if kept is None or language not in pack.hashes:
        message = f"This pack has no checked text in {language}."
        raise PackUnknownError(message, pack_id=str(pack.row.id))
    return await overrides.ask(
        session,
        pack.hashes[language],
        str((pack.row.checked or {})["policy_version"]),
        judging.findings_of(kept),
        author=f"user:{pack.row.author_id}",
        reviewer=reviewer.actor,
        reason=reason,
        now=now,
    )


async def ensure_may_grant(session: ReadSession, override_id: UUID, reviewer: Reviewer) -> None:
    """Raises ReviewerNotAllowedError for who wrote, or is a member of the firm of, any own pack with this text."""
    override = await override_list.read(session, override_id)
    packs = await session.scalars(
        select(VariantRow.pack_id)
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(VariantRow.content_sha256 == override.content_sha256, PackRow.state.is_not(None))
    )
    for pack_id in packs.all():
        await ensure_outsider(session, await rows.read(session, pack_id), reviewer)
