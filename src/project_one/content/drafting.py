"""Writing a firm's own packs: create, save, copy, delete. Any edit takes a pack back to draft and its approvals with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select

from project_one.advisor.firm_tier import ensure_languages
from project_one.advisor.of_firm import advisors_of_firm
from project_one.audit.domain import Action
from project_one.compliance.domain import Figure
from project_one.content import pack_rows as rows
from project_one.content.domain import Content
from project_one.content.errors import PackStateError
from project_one.content.models import PackRevisionRow, PackRow, ScheduleRow, VariantRow
from project_one.content.own_approvals import void_own
from project_one.content.pack_rows import Pack
from project_one.content.packs import OWN_FAMILY, REVISE_AFTER, Move, PackState
from project_one.kernel.bulk import put_many
from project_one.kernel.db import WriteSession
from project_one.kernel.ids import new_id
from project_one.kernel.lookups import Statement, run_in
from project_one.vocabulary.domain import Capacity, ContentClass, Language


@dataclass(frozen=True)
class Writer:
    """Who writes, and for which firm."""

    user_id: UUID
    firm_id: UUID
    actor: str


@dataclass(frozen=True)
class Facts:
    """What stands around the text. `wanted_on`: the business date its author has in mind; the queue's deadline."""

    content_class: ContentClass = ContentClass.EDUCATION
    topic_family: str = OWN_FAMILY
    ad_reference: str | None = None
    ad_valid_until: date | None = None
    figures: Sequence[Figure] = ()
    wanted_on: date | None = None


@dataclass(frozen=True)
class Changes:
    """An autosave. `contents`: by language, None takes one away; `facts`: only the named fields change."""

    contents: Mapping[Language, Content | None] = field(default_factory=dict[Language, Content | None])
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


async def create(
    session: WriteSession,
    writer: Writer,
    facts: Facts,
    contents: Mapping[Language, Content],
    *,
    copied_from: UUID | None = None,
    now: datetime,
) -> Pack:
    """A draft with its first revision, in the capacities of the firm's advisors. Raises TierNeededError."""
    await ensure_languages(session, writer.firm_id, len(contents), now=now)
    capacities = {advisor.identity.capacity for advisor in await advisors_of_firm(session, writer.firm_id)}
    pack_id = new_id()
    row = PackRow(
        id=pack_id,
        firm_id=writer.firm_id,
        slug=f"own-{pack_id}",
        topic_family=facts.topic_family,
        content_class=facts.content_class,
        capacities=sorted(capacity.value for capacity in capacities or set(Capacity)),
        months=[],
        is_fallback=False,
        created_at=now,
        updated_at=now,
        state=PackState.DRAFT,
        version=1,
        author_id=writer.user_id,
        ad_reference=facts.ad_reference,
        ad_valid_until=facts.ad_valid_until,
        figures=figures_as_json(facts.figures),
        wanted_on=facts.wanted_on,
        copied_from=copied_from,
    )
    session.add(row)
    await session.flush()  # the foreign key of texts and revision
    pack = Pack(row, dict(contents))
    await _write_texts(session, pack, {})
    rows.add_revision(session, pack, number=1, author_id=writer.user_id, now=now)
    copied = {"copied_from": str(copied_from)} if copied_from else {}
    await rows.note(session, pack, Action.PACK_CREATED, actor=writer.actor, now=now, **copied)
    return pack


async def save(session: WriteSession, pack: Pack, changes: Changes, writer: Writer, *, now: datetime) -> Pack:
    """Autosave into a locked pack; the pack as it is then. Raises PackStateError for one that was sent or withdrawn,
    TierNeededError for a further language that the tier does not hold; what it has of them may still be edited.

    What changes nothing leaves the version alone. Saves within five minutes of one another are one revision; another
    author, and a submission, begin the next.
    """
    contents = {language: content for language, content in {**pack.contents, **changes.contents}.items() if content}
    facts = {name: value for name, value in changes.facts.items() if getattr(pack.row, name) != value}
    if contents == pack.contents and not facts:
        return pack
    if contents.keys() - pack.contents.keys():
        await ensure_languages(session, writer.firm_id, len(contents), now=now)
    was = pack.state
    rows.move(pack, Move.EDIT, now=now)
    for name, value in facts.items():
        setattr(pack.row, name, value)
    edited = Pack(pack.row, contents)
    if contents != pack.contents:
        await _write_texts(session, edited, pack.contents)
        found = await run_in(session, _LAST_REVISION, pack_id=pack.row.id)
        last = found[0] if found else None
        if last is None or last["author_id"] != writer.user_id or now - last["at"] >= REVISE_AFTER:
            number = (last["number"] if last else 0) + 1
            rows.add_revision(session, edited, number=number, author_id=writer.user_id, now=now)
    if was is not PackState.DRAFT:
        await _take_back(session, edited, writer, now=now)
    await rows.note(session, edited, Action.PACK_EDITED, actor=writer.actor, now=now, before=was.value)
    return edited


_LAST_REVISION = Statement(
    select(PackRevisionRow.number, PackRevisionRow.author_id, PackRevisionRow.at)
    .where(PackRevisionRow.pack_id == bindparam("pack_id"))
    .order_by(PackRevisionRow.number.desc())
    .limit(1)
)


async def _take_back(session: WriteSession, pack: Pack, writer: Writer, *, now: datetime) -> None:
    """What was decided of the text that was is not said of the text that is."""
    row = pack.row
    row.checked = row.risk_score = row.sketch = row.likeness_group = row.scheduled_on = None
    await void_own(session, row.id, reason="the pack was edited", actor=writer.actor, now=now)
    await session.execute(delete(ScheduleRow).where(ScheduleRow.pack_id == row.id))


async def duplicate(session: WriteSession, pack: Pack, writer: Writer, *, now: datetime) -> Pack:
    """A draft with the same text and class; papers and figures belong to the original and are not copied."""
    facts = Facts(pack.row.content_class, pack.row.topic_family)
    return await create(session, writer, facts, pack.contents, copied_from=pack.row.id, now=now)


async def remove(session: WriteSession, pack: Pack, *, actor: str, now: datetime) -> None:
    """Delete a draft that nobody was ever asked about. Raises PackStateError for any other."""
    if pack.state is not PackState.DRAFT or pack.row.submitted_at is not None:
        message = "Only a draft that was never submitted is deleted; withdraw this one, so that its history stays."
        if pack.state is PackState.WITHDRAWN:
            message = "This pack is withdrawn and goes nowhere; it stays for its history."
        raise PackStateError(message, state=pack.state.value)
    await rows.note(session, pack, Action.PACK_DELETED, actor=actor, now=now)
    await session.execute(delete(VariantRow).where(VariantRow.pack_id == pack.row.id))
    await session.execute(delete(PackRow).where(PackRow.id == pack.row.id))  # its revisions go with it


async def _write_texts(session: WriteSession, pack: Pack, before: Mapping[Language, Content]) -> None:
    """The texts of a pack as they are now. `before`: as they stand in the table."""
    taken = before.keys() - pack.contents.keys()
    if taken:
        gone = (VariantRow.pack_id == pack.row.id) & VariantRow.language.in_(taken)
        await session.execute(delete(VariantRow).where(gone))
    texts = [
        {
            "id": new_id(),
            "pack_id": pack.row.id,
            "language": language,
            "topic": content.topic,
            "caption": content.caption,
            "content_sha256": content.sha256,
        }
        for language, content in pack.contents.items()
        if content != before.get(language)
    ]
    await put_many(session, VariantRow, texts, key=("pack_id", "language"))


def figures_as_json(figures: Sequence[Figure]) -> list[dict[str, str | None]]:
    return [{"quote": item.quote, "as_of": item.as_of.isoformat() if item.as_of else None} for item in figures]
