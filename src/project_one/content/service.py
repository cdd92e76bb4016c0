"""Loading the library, approving by hash, and the material that planning and sending work with."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.content.domain import (
    APPROVERS_NEEDED,
    Content,
    Frame,
    LibraryPack,
    Subject,
)
from project_one.content.errors import ContentUnknownError
from project_one.content.library import Library
from project_one.content.models import (
    ApprovalRow,
    FrameRow,
    PackRow,
    ScheduleRow,
    VariantRow,
)
from project_one.content.own_approvals import approved_own
from project_one.content.packs import PackState
from project_one.content.terms import TermsByText, TermsOfText, terms
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import Capacity, Language, Slot

_APPROVED = {
    Subject.CONTENT: Action.CONTENT_APPROVED,
    Subject.FRAME: Action.FRAME_APPROVED,
}
_VOIDED = {
    Subject.CONTENT: Action.CONTENT_APPROVAL_VOIDED,
    Subject.FRAME: Action.FRAME_APPROVAL_VOIDED,
}


async def load_library(session: WriteSession, library: Library, *, now: datetime) -> None:
    """Bring packs and frames to the shipped state. Nothing is approved by this; a changed text loses its approval."""
    for pack in library.packs:
        statement = upsert(PackRow).values(
            id=new_id(),
            firm_id=None,
            slug=pack.slug,
            topic_family=pack.topic_family,
            content_class=pack.content_class,
            capacities=[capacity.value for capacity in pack.capacities],
            months=list(pack.months),
            is_fallback=True,
            created_at=now,
        )
        kept = ("topic_family", "content_class", "capacities", "months")
        pack_id = await session.scalar(
            statement.on_conflict_do_update(
                index_elements=["slug"],
                set_={name: statement.excluded[name] for name in kept},
            ).returning(PackRow.id)
        )
        for content in pack.contents:
            variant = upsert(VariantRow).values(
                id=new_id(),
                pack_id=pack_id,
                language=content.language,
                topic=content.topic,
                caption=content.caption,
                content_sha256=content.sha256,
            )
            await session.execute(
                variant.on_conflict_do_update(
                    index_elements=["pack_id", "language"],
                    set_={name: variant.excluded[name] for name in ("topic", "caption", "content_sha256")},
                )
            )
    rows = [
        {
            "id": new_id(),
            "slug": frame.slug,
            "capacity": frame.capacity,
            "language": frame.language,
            "wording": frame.wording,
            "body": frame.body,
            "warning": frame.warning,
            "stop_button": frame.stop_button,
            "sha256": frame.sha256,
        }
        for frame in library.frames
    ]
    await session.execute(upsert(FrameRow).on_conflict_do_nothing(), rows)


async def approve(
    session: WriteSession,
    subject: Subject,
    hashes: Iterable[str],
    *,
    reviewer_id: UUID,
    now: datetime,
    pack_id: UUID | None = None,
) -> int:
    """Record that `reviewer_id` approves these exact texts; how many were new. Raises ContentUnknownError.

    `pack_id`: the firm's own pack they are approved for; such an approval holds for it alone.
    """
    wanted = list(dict.fromkeys(hashes))
    column = VariantRow.content_sha256 if subject is Subject.CONTENT else FrameRow.sha256
    known = set(await session.scalars(select(column).where(column.in_(wanted))))
    for sha256 in wanted:
        if sha256 not in known:
            message = f"No {subject} has the hash {sha256[:12]}…; it may have been edited since you read it."
            raise ContentUnknownError(message, sha256=sha256)
    rows = [
        {
            "id": new_id(),
            "subject": subject,
            "sha256": sha256,
            "reviewer_id": reviewer_id,
            "approved_at": now,
            "pack_id": pack_id,
        }
        for sha256 in wanted
    ]
    if not rows:
        return 0
    statement = upsert(ApprovalRow).on_conflict_do_nothing().returning(ApprovalRow.sha256)
    added = (await session.scalars(statement, rows)).all()
    events = [
        Event(
            _APPROVED[subject],
            subject.value,
            sha256,
            f"reviewer:{reviewer_id}",
            {"sha256": sha256},
        )
        for sha256 in added
    ]
    await audit.record_all(session, events, now=now)
    return len(added)


async def void_approvals(
    session: WriteSession,
    subject: Subject,
    sha256: str,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> int:
    """Withdraw every approval of a text; how many. From the next claim on nothing with it leaves."""
    voided = (
        await session.scalars(
            update(ApprovalRow)
            .where(
                ApprovalRow.subject == subject,
                ApprovalRow.sha256 == sha256,
                ApprovalRow.voided_at.is_(None),
            )
            .values(voided_at=now, void_reason=reason)
            .returning(ApprovalRow.id)
        )
    ).all()
    if voided:
        event = Event(_VOIDED[subject], subject.value, sha256, actor, {"reason": reason})
        await audit.record(session, event, now=now)
    return len(voided)


async def approved(session: ReadSession, hashes: Collection[str]) -> set[str]:
    """Those of `hashes` (of library contents or frames) that enough different people approve right now."""
    rows = await session.scalars(
        select(ApprovalRow.sha256)
        .where(among(ApprovalRow.sha256, hashes), ApprovalRow.voided_at.is_(None), ApprovalRow.pack_id.is_(None))
        .group_by(ApprovalRow.sha256)
        .having(func.count(ApprovalRow.reviewer_id.distinct()) >= APPROVERS_NEEDED)
    )
    return set(rows)


@dataclass(frozen=True)
class Material:
    """Approved texts by hash with their terms, and approved frames."""

    contents: dict[str, Content]
    frames: dict[UUID, Frame]
    terms: TermsByText

    def frames_for(self, capacity: Capacity, language: Language) -> list[Frame]:
        fitting = (frame for frame in self.frames.values() if (frame.capacity, frame.language) == (capacity, language))
        return sorted(fitting, key=lambda frame: (frame.wording, frame.slug))


def _frame(row: FrameRow) -> Frame:
    return Frame(
        id=row.id,
        slug=row.slug,
        capacity=row.capacity,
        language=row.language,
        wording=row.wording,
        body=row.body,
        warning=row.warning,
        stop_button=row.stop_button,
    )


async def all_frames(session: ReadSession) -> list[Frame]:
    """Approved or not, in slug order."""
    return [_frame(row) for row in await session.scalars(select(FrameRow).order_by(FrameRow.slug))]


async def approved_frames(session: ReadSession) -> dict[UUID, Frame]:
    frames = await all_frames(session)
    live = await approved(session, {frame.sha256 for frame in frames})
    return {frame.id: frame for frame in frames if frame.sha256 in live}


async def material(session: ReadSession, content_hashes: Collection[str]) -> Material:
    """What of this may leave now: texts that still hash to their approval, and approved frames."""
    rows = await session.execute(
        select(
            *(VariantRow.topic, VariantRow.caption, VariantRow.language, PackRow.id, PackRow.is_fallback),
            *(PackRow.content_class, PackRow.ad_reference, PackRow.ad_valid_until, PackRow.figures),
        )
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(among(VariantRow.content_sha256, content_hashes))
    )
    live = await approved(session, content_hashes) | await approved_own(session, content_hashes)
    contents: dict[str, Content] = {}
    under: dict[str, TermsOfText] = {}
    for topic, caption, language, pack_id, is_fallback, content_class, reference, valid_until, figures in rows:
        content = Content(topic=topic, caption=caption, language=language)
        if content.sha256 in live:
            contents[content.sha256] = content
            declared = terms(content_class, reference, valid_until, figures)
            under.setdefault(content.sha256, TermsOfText()).add(pack_id, declared, is_library=is_fallback)
    return Material(contents=contents, frames=await approved_frames(session), terms=under)


async def fallback_library(session: ReadSession) -> list[LibraryPack]:
    """Fallback packs with those of their texts that are approved, in slug order."""
    rows = await session.execute(
        select(PackRow, VariantRow.language, VariantRow.content_sha256)
        .join(VariantRow, VariantRow.pack_id == PackRow.id)
        .where(PackRow.is_fallback)
        .order_by(PackRow.slug)
    )
    found = [(pack, language, sha256) for pack, language, sha256 in rows]
    live = await approved(session, {sha256 for _, _, sha256 in found})
    texts: dict[UUID, dict[Language, str]] = {}
    for pack, language, sha256 in found:
        if sha256 in live:
            texts.setdefault(pack.id, {})[language] = sha256
    return [
        LibraryPack(
            pack_id=pack.id,
            slug=pack.slug,
            topic_family=pack.topic_family,
            content_class=pack.content_class,
            capacities=frozenset(Capacity(item) for item in pack.capacities),
            months=frozenset(pack.months),
            contents=texts[pack.id],
        )
        for pack in dict.fromkeys(pack for pack, _, _ in found)
        if pack.id in texts
    ]


@dataclass(frozen=True)
class Scheduled:
    """An advisor's own pack for a day: hash by language, all of them, approved or not."""

    pack_id: UUID
    topic_family: str
    capacities: frozenset[Capacity]
    contents: dict[Language, str]


async def scheduled(session: ReadSession, business_date: date, slot: Slot) -> dict[UUID, Scheduled]:
    """Own packs scheduled for this day and slot, by advisor."""
    rows = await session.execute(
        select(
            ScheduleRow.advisor_id,
            PackRow.id,
            PackRow.topic_family,
            PackRow.capacities,
            VariantRow.language,
            VariantRow.content_sha256,
        )
        .join(PackRow, PackRow.id == ScheduleRow.pack_id)
        .join(VariantRow, VariantRow.pack_id == PackRow.id)
        .where(
            ScheduleRow.business_date == business_date,
            ScheduleRow.slot == slot,
            or_(PackRow.state.is_(None), PackRow.state.in_([PackState.SCHEDULED, PackState.SENT])),
        )
    )
    found: dict[UUID, Scheduled] = {}
    for advisor_id, pack_id, family, capacities, language, sha256 in rows:
        entry = found.setdefault(
            advisor_id,
            Scheduled(pack_id, family, frozenset(Capacity(item) for item in capacities), {}),
        )
        entry.contents[language] = sha256
    return found


async def scheduled_dates(session: ReadSession, content_hashes: Collection[str], since: date) -> dict[str, list[date]]:
    """Business dates from `since` on for which packs with these texts are scheduled, by content hash."""
    rows = await session.execute(
        select(VariantRow.content_sha256, ScheduleRow.business_date)
        .join(ScheduleRow, ScheduleRow.pack_id == VariantRow.pack_id)
        .where(among(VariantRow.content_sha256, content_hashes), ScheduleRow.business_date >= since)
        .distinct()
        .order_by(ScheduleRow.business_date)
    )
    found: dict[str, list[date]] = {}
    for sha256, business_date in rows:
        found.setdefault(sha256, []).append(business_date)
    return found


async def schedule(
    session: WriteSession,
    *,
    pack_id: UUID,
    advisor_ids: Sequence[UUID],
    business_date: date,
    slot: Slot,
) -> None:
    """Bind a pack to advisors for a day; the night plan uses it if it is approved by then."""
    rows = [
        {
            "advisor_id": advisor_id,
            "business_date": business_date,
            "slot": slot,
            "pack_id": pack_id,
        }
        for advisor_id in advisor_ids
    ]
    if rows:
        statement = upsert(ScheduleRow)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["advisor_id", "business_date", "slot"],
                set_={"pack_id": statement.excluded.pack_id},
            ),
            rows,
        )


async def add_pack(
    session: WriteSession,
    *,
    slug: str,
    firm_id: UUID | None,
    topic_family: str,
    capacities: Collection[Capacity],
    contents: Sequence[Content],
    now: datetime,
) -> UUID:
    """An advisor's own pack; not part of the fallback library."""
    pack_id = new_id()
    pack = PackRow(
        id=pack_id,
        firm_id=firm_id,
        slug=slug,
        topic_family=topic_family,
        content_class="EDUCATION",
        capacities=sorted(capacity.value for capacity in capacities),
        months=[],
        is_fallback=False,
        created_at=now,
    )
    session.add(pack)
    await session.flush()  # the variants' foreign key
    await session.execute(
        insert(VariantRow),
        [
            {
                "id": new_id(),
                "pack_id": pack_id,
                "language": content.language,
                "topic": content.topic,
                "caption": content.caption,
                "content_sha256": content.sha256,
            }
            for content in contents
        ],
    )
    return pack_id
