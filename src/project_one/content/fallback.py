"""The fallback library as people work on it: listed, added to through the rules, approved text by text by two people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, insert, or_, select, tuple_

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.compliance.domain import Band, Finding, Severity, Stage
from project_one.compliance.rulebook import Rulebook
from project_one.content import judging, parity
from project_one.content import service as content
from project_one.content.domain import (
    APPROVERS_NEEDED,
    MAX_CAPTION,
    STAND_INS,
    Content,
    Subject,
    utf16_units,
)
from project_one.content.errors import (
    LibraryAuthorError,
    LibraryPackUnknownError,
    LibraryTextBlockedError,
    LibraryTextChangedError,
    LibraryTextUnfitError,
)
from project_one.content.models import ApprovalRow, PackRow, VariantRow
from project_one.content.own_approvals import void_of_library
from project_one.content.stages import MisfitError, first_and_third
from project_one.content.terms import Terms
from project_one.kernel.bulk import among
from project_one.kernel.canonical import Json
from project_one.kernel.clock import business_date
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import Capacity, ContentClass, Language

Row = dict[str, Any]

_DUE = frozenset({Stage.RULES, Stage.RENDERED})

_PACK = (
    PackRow.id,
    PackRow.slug,
    PackRow.topic_family,
    PackRow.content_class,
    PackRow.capacities,
    PackRow.months,
    PackRow.added_by,
    PackRow.created_at,
    PackRow.checked,
)
_APPROVALS = (
    select(func.count(ApprovalRow.reviewer_id.distinct()))
    .where(ApprovalRow.sha256 == VariantRow.content_sha256, ApprovalRow.voided_at.is_(None))
    .correlate(VariantRow)
    .scalar_subquery()
)
_IS_APPROVED = ~exists().where(VariantRow.pack_id == PackRow.id, _APPROVALS < APPROVERS_NEEDED)


@dataclass(frozen=True)
class Wanted:
    """Which packs. `language`: that have a text in it; `month`: that may be used in it, 1 for January."""

    language: Language | None = None
    capacity: Capacity | None = None
    month: int | None = None
    is_approved: bool | None = None


@dataclass(frozen=True)
class NewPack:
    """A pack to add. `months`: none means every month."""

    topic_family: str
    content_class: ContentClass
    capacities: frozenset[Capacity]
    months: frozenset[int]
    contents: Sequence[Content]


async def packs(session: ReadSession, wanted: Wanted, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """Packs of the library with their texts and how many people stand for each; oldest first."""
    query = select(*_PACK).where(PackRow.is_fallback, PackRow.firm_id.is_(None), *_which(wanted))
    if after is not None:
        query = query.where(tuple_(PackRow.created_at, PackRow.id) > tuple_(*after))
    ordered = query.order_by(PackRow.created_at, PackRow.id).limit(limit)
    return await _with_texts(session, [dict(row) for row in (await session.execute(ordered)).mappings()])


async def pack(session: ReadSession, pack_id: UUID, *, is_approved: bool | None = None) -> Row:
    """One pack of the library; with `is_approved`, only such a one. Raises LibraryPackUnknownError."""
    wanted = _which(Wanted(is_approved=is_approved))
    query = select(*_PACK).where(PackRow.is_fallback, PackRow.firm_id.is_(None), PackRow.id == pack_id, *wanted)
    found = await _with_texts(session, [dict(row) for row in (await session.execute(query)).mappings()])
    if not found:
        message = "There is no pack with this id in the library; ids come from its list."
        raise LibraryPackUnknownError(message, pack_id=str(pack_id))
    return found[0]


def _which(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.language is not None:
        conditions.append(exists().where(VariantRow.pack_id == PackRow.id, VariantRow.language == wanted.language))
    if wanted.capacity is not None:
        conditions.append(PackRow.capacities.contains([wanted.capacity.value]))
    if wanted.month is not None:
        conditions.append(or_(PackRow.months == [], PackRow.months.contains([wanted.month])))
    if wanted.is_approved is not None:
        conditions.append(_IS_APPROVED if wanted.is_approved else ~_IS_APPROVED)
    return conditions


async def _with_texts(session: ReadSession, rows: list[Row]) -> list[Row]:
    query = (
        select(
            VariantRow.pack_id,
            VariantRow.language,
            VariantRow.topic,
            VariantRow.caption,
            VariantRow.content_sha256,
            _APPROVALS.label("approvals"),
        )
        .where(among(VariantRow.pack_id, [row["id"] for row in rows]))
        .order_by(VariantRow.language)
    )
    texts: defaultdict[UUID, list[Row]] = defaultdict(list)
    for row in (await session.execute(query)).mappings():
        texts[row["pack_id"]].append(dict(row) | {"is_approved": row["approvals"] >= APPROVERS_NEEDED})
    return [
        row
        | {
            "texts": _with_parity(texts[row["id"]]),
            "is_approved": all(text["is_approved"] for text in texts[row["id"]]),
        }
        for row in rows
    ]


def _with_parity(texts: list[Row]) -> list[Row]:
    """Each text with what it says otherwise than the others, for the people who approve it."""
    odd = _parity(Content(topic=text["topic"], caption=text["caption"], language=text["language"]) for text in texts)
    return [
        text | {"findings": [_shown(odd[text["language"]], text["language"])] if text["language"] in odd else []}
        for text in texts
    ]


def _parity(contents: Iterable[Content]) -> dict[Language, Finding]:
    return parity.parity_findings({content.language: content.paragraph for content in contents})


def _shown(finding: Finding, language: Language) -> Row:
    message, remedy = parity.explained(finding, language)
    return {
        "rule_id": finding.rule_id,
        "severity": finding.severity.value,
        "quote": finding.quote,
        "message": message,
        "remedy": remedy,
    }


async def add(session: WriteSession, new: NewPack, rulebook: Rulebook, *, author: str, now: datetime) -> UUID:
    """Keep a pack that the rules let pass; nobody has approved it yet.

    It goes through the stages of a firm's pack, with a stand-in for each sender; what for review adds up to a block
    blocks. Raises LibraryTextUnfitError for a text that no frame can carry, LibraryTextBlockedError with the findings.
    """
    for item in new.contents:
        _check_shape(item)
    checked = await _checked(session, new, rulebook, now=now)
    pack_id = new_id()
    await session.execute(
        insert(PackRow).values(
            id=pack_id,
            firm_id=None,
            slug=f"{new.topic_family}-{pack_id.hex[-12:]}",
            topic_family=new.topic_family,
            content_class=new.content_class,
            capacities=sorted(capacity.value for capacity in new.capacities),
            months=sorted(new.months),
            is_fallback=True,
            added_by=author,
            created_at=now,
            checked=checked,
            risk_score=checked["risk_score"],
        )
    )
    texts = [
        {
            "id": new_id(),
            "pack_id": pack_id,
            "language": item.language,
            "topic": item.topic,
            "caption": item.caption,
            "content_sha256": item.sha256,
        }
        for item in new.contents
    ]
    await session.execute(insert(VariantRow), texts)
    hashes: dict[str, Json] = {item.language.value: item.sha256 for item in new.contents}
    data: dict[str, Json] = {"texts": hashes, "policy_version": rulebook.version}
    await audit.record(session, Event(Action.LIBRARY_PACK_ADDED, "pack", str(pack_id), author, data), now=now)
    return pack_id


def _check_shape(item: Content) -> None:
    for part in (item.topic, item.caption):
        if not part.strip() or any(char in part for char in "\n\r\t{}") or "     " in part:
            message = (
                f"The text in {item.language} is empty or holds a line break, a tab, a brace or five spaces in a row; "
                "the post is one paragraph."
            )
            raise LibraryTextUnfitError(message, language=item.language.value)
    units = utf16_units(item.paragraph)
    if units > MAX_CAPTION:
        message = f"Topic and text in {item.language} have {units} UTF-16 units together; {MAX_CAPTION} are allowed."
        raise LibraryTextUnfitError(message, language=item.language.value)


async def _checked(session: WriteSession, new: NewPack, rulebook: Rulebook, *, now: datetime) -> dict[str, Any]:
    """What stages 1 and 3 say, as it is kept on the pack. Raises LibraryTextUnfitError, LibraryTextBlockedError."""
    contents, under = {item.language: item for item in new.contents}, Terms(new.content_class)
    by_capacity: dict[Capacity, dict[Language, judging.Seen]] = {}
    try:
        for capacity in sorted(new.capacities):
            by_capacity[capacity] = await first_and_third(
                session, contents, [STAND_INS[capacity]], under, rulebook, firm_id=None, now=now
            )
    except MisfitError as error:
        message = f"The text in {error.language} does not make a message: {error}."
        raise LibraryTextUnfitError(message, language=error.language.value) from error
    joined = {language: judging.together([seen[language] for seen in by_capacity.values()]) for language in contents}
    refused = [
        {"language": language.value, "advisor_type": capacity.value, **finding}
        for language, all_of_it in joined.items()
        if all_of_it.conclusion(_DUE).verdict.band is Band.BLOCK
        for capacity, seen in by_capacity.items()
        for finding in _told(seen[language], language, rulebook)["findings"]
        if finding["severity"] != Severity.WARN
    ]
    if refused:
        message = (
            "The rules block a text of this pack; `findings` says which words, for whom and what to write instead."
        )
        raise LibraryTextBlockedError(message, findings=refused)
    languages = {language.value: _told(seen, language, rulebook) for language, seen in joined.items()}
    return judging.summary(languages, rulebook.version, business_date(now))


def _told(seen: judging.Seen, language: Language, rulebook: Rulebook) -> dict[str, Any]:
    return judging.told(seen.conclusion(_DUE), seen.register, language, rulebook)


async def approve(
    session: WriteSession,
    pack_id: UUID,
    hashes: Mapping[Language, str],
    *,
    reviewer_id: UUID,
    actor: str,
    now: datetime,
) -> Row:
    """One person's approval of the pack's texts exactly as she read them; the pack is in use once two people approve.

    Raises LibraryPackUnknownError, LibraryAuthorError for whoever added it, LibraryTextChangedError when a text is not
    the one she read.
    """
    found = await pack(session, pack_id)
    if found["added_by"] == actor:
        message = f"You added this pack; {APPROVERS_NEEDED} other people approve it."
        raise LibraryAuthorError(message, pack_id=str(pack_id))
    current = {text["language"]: text["content_sha256"] for text in found["texts"]}
    if dict(hashes) != current:
        message = "These are not the hashes of the pack's texts now; read it again and approve what you then see."
        raise LibraryTextChangedError(message, pack_id=str(pack_id))
    await content.approve(session, Subject.CONTENT, current.values(), reviewer_id=reviewer_id, now=now)
    return await pack(session, pack_id)


async def take_back(session: WriteSession, pack_id: UUID, *, reason: str, actor: str, now: datetime) -> Row:
    """Void the approvals of a pack's texts, whoever gave them: nothing with them leaves until two people approve anew.

    Of a pack that nobody approves nothing changes. Raises LibraryPackUnknownError.
    """
    found = await pack(session, pack_id)
    hashes = [text["content_sha256"] for text in found["texts"]]
    await void_of_library(session, pack_id, hashes, reason=reason, actor=actor, now=now)
    return await pack(session, pack_id)
