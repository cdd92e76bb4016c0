"""Revisions, reviews and the reviewers' queue. Each is a fixed number of queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, literal, literal_column, select, true, tuple_

from project_one.auth.domain import Principal
from project_one.content import pack_rows
from project_one.content.diffs import Change, word_diff
from project_one.content.errors import RevisionUnknownError
from project_one.content.models import PackRevisionRow, PackRow, ReviewRow, VariantRow
from project_one.content.pack_rows import Pack
from project_one.content.packs import Decision, PackState
from project_one.kernel import pages
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession
from project_one.vocabulary.domain import ContentClass, Language

_NEVER = date(9999, 12, 31)
_MOST_REVIEWS = 100


def _open_to(caller: Principal) -> ColumnElement[bool]:
    return PackRevisionRow.submitted_at.is_not(None) if caller.is_staff else true()


async def revision(session: ReadSession, pack_id: UUID, number: int, caller: Principal) -> PackRevisionRow:
    """Raises RevisionUnknownError."""
    row = await session.scalar(
        select(PackRevisionRow).where(
            PackRevisionRow.pack_id == pack_id, PackRevisionRow.number == number, _open_to(caller)
        )
    )
    if row is None:
        message = "This pack has no revision with that number; GET its revisions for the list."
        raise RevisionUnknownError(message, number=number)
    return row


def compared(older: Mapping[str, Any], newer: Mapping[str, Any]) -> dict[str, dict[str, list[Change]]]:
    """Topic and caption of every language of either, word by word."""
    empty = {"topic": "", "caption": ""}
    return {
        language: {
            part: word_diff(older.get(language, empty)[part], newer.get(language, empty)[part])
            for part in ("topic", "caption")
        }
        for language in sorted({*older, *newer})
    }


async def reviews(session: ReadSession, pack_id: UUID) -> list[ReviewRow]:
    """Newest first, a hundred at most."""
    query = select(ReviewRow).where(ReviewRow.pack_id == pack_id)
    return list(await session.scalars(query.order_by(ReviewRow.at.desc(), ReviewRow.id.desc()).limit(_MOST_REVIEWS)))


@dataclass(frozen=True)
class Waiting:
    """A pack in the queue. `approved`: the text of it, or of the pack it was copied from, that was approved last."""

    pack: Pack
    approved: Mapping[str, Any] | None
    alike: int


async def queue(
    session: ReadSession,
    *,
    not_of: Collection[UUID],
    language: Language | None,
    content_class: ContentClass | None,
    cursor: str | None,
    limit: int,
) -> tuple[list[Waiting], str | None]:
    """Packs in review, the riskiest first, then by deadline, then who waits longest. `not_of`: firms to leave out."""
    # the expressions of the index ix_packs_queue, with their values written out: a parameter would not lead to it
    order: list[ColumnElement[Any]] = [
        -func.coalesce(PackRow.risk_score, literal_column("100")),
        func.coalesce(PackRow.wanted_on, literal_column(f"DATE '{_NEVER}'")),
        func.coalesce(PackRow.submitted_at, PackRow.created_at),
        PackRow.id.expression,
    ]
    query = select(PackRow).where(PackRow.state == PackState.IN_REVIEW, PackRow.firm_id.not_in(list(not_of)))
    if language is not None:
        query = query.where(exists().where(VariantRow.pack_id == PackRow.id, VariantRow.language == language))
    if content_class is not None:
        query = query.where(PackRow.content_class == content_class)
    if cursor is not None:
        query = query.where(tuple_(*order) > tuple_(*_point(pages.decode(cursor, 4))))
    found = (await session.scalars(query.order_by(*order).limit(limit + 1))).all()
    shown = found[:limit]
    contents = await pack_rows.contents_of(session, [row.id for row in shown])
    before = await _approved_before(session, shown)
    groups = await _sizes(session, {row.likeness_group for row in shown if row.likeness_group})
    waiting = [
        Waiting(
            Pack(row, contents.get(row.id, {})),
            before.get(row.id) or (before.get(row.copied_from) if row.copied_from else None),
            groups.get(row.likeness_group, 1) if row.likeness_group else 1,
        )
        for row in shown
    ]
    return waiting, _cursor(shown[-1]) if len(found) > limit else None


def _cursor(row: PackRow) -> str:
    risk = 100 if row.risk_score is None else row.risk_score
    since = row.submitted_at or row.created_at
    return pages.encode(str(risk), (row.wanted_on or _NEVER).isoformat(), since.isoformat(), str(row.id))


def _point(parts: Sequence[str]) -> list[Any]:
    try:
        risk, wanted = -int(parts[0][:4]), date.fromisoformat(parts[1])
    except ValueError:
        raise pages.invalid() from None
    moment, last = pages.moment_and_id(parts[2:])
    return [literal(risk), literal(wanted), literal(moment), literal(last)]


async def _approved_before(session: ReadSession, rows: Sequence[PackRow]) -> dict[UUID, Mapping[str, Any]]:
    """The text approved last, by pack."""
    ids = {row.id for row in rows} | {row.copied_from for row in rows if row.copied_from}
    last = (
        select(ReviewRow.pack_id, func.max(ReviewRow.revision).label("number"))
        .where(among(ReviewRow.pack_id, ids), ReviewRow.decision == Decision.APPROVED)
        .group_by(ReviewRow.pack_id)
        .subquery()
    )
    found = await session.execute(
        select(PackRevisionRow.pack_id, PackRevisionRow.content).join(
            last, (last.c.pack_id == PackRevisionRow.pack_id) & (last.c.number == PackRevisionRow.number)
        )
    )
    return {pack_id: content for pack_id, content in found}


async def _sizes(session: ReadSession, groups: Collection[UUID]) -> dict[UUID, int]:
    """How many packs in review each near-duplicate group has."""
    rows = await session.execute(
        select(PackRow.likeness_group, func.count())
        .where(among(PackRow.likeness_group, groups), PackRow.state == PackState.IN_REVIEW)
        .group_by(PackRow.likeness_group)
    )
    return {group: count for group, count in rows if group is not None}
