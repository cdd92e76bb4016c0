"""Packs and their revisions as dashboards show them, straight from the columns."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, bindparam, exists, func, or_, select

from project_one.auth.domain import Principal
from project_one.content.models import PackRevisionRow, PackRow, VariantRow
from project_one.content.pack_rows import SHOWN, is_submitted, unknown
from project_one.content.packs import PackState
from project_one.kernel import pages
from project_one.kernel.lookups import Lookup, Row, Statement, containing, in_order
from project_one.vocabulary.domain import Language

_TEXT = [part for name in ("language", "topic", "caption") for part in (name, getattr(VariantRow, name))]
_TEXTS = (
    select(
        func.json_agg(
            func.json_build_object(*_TEXT, "sha256", VariantRow.content_sha256), type_=JSON
        ).aggregate_order_by(VariantRow.language)
    )
    .where(VariantRow.pack_id == PackRow.id)
    .correlate(PackRow)
    .scalar_subquery()
)
_OF_PACK = ("state", "version", "figures", *SHOWN)
_PACKS = select(*(getattr(PackRow, name) for name in _OF_PACK), _TEXTS.label("variants")).where(
    PackRow.state.is_not(None)
)
_ONE = Statement(_PACKS.where(PackRow.id == bindparam("pack_id")))
_SUBMITTED_AT = Statement(
    select(PackRow.submitted_at).where(PackRow.id == bindparam("pack_id"), PackRow.state.is_not(None))
)


@dataclass(frozen=True)
class Wanted:
    """What of the list is wanted. `q`: words of topic or caption, as they stand."""

    state: PackState | None = None
    language: Language | None = None
    q: str | None = None
    sort: str = "-updated_at"
    cursor: str | None = None
    limit: int = pages.DEFAULT_LIMIT


async def listed(lookup: Lookup, wanted: Wanted, caller: Principal) -> tuple[list[Row], str | None]:
    """A page of the packs she may see, and the cursor of the next; for staff no drafts."""
    point, last = pages.moment_and_id(pages.decode(wanted.cursor, 2)) if wanted.cursor is not None else (None, None)
    given = {
        "tenant": None if caller.is_staff else caller.tenant,
        "state": wanted.state,
        "language": wanted.language,
        "words": None if not wanted.q else containing(wanted.q),
        "point": point,
        "last": last,
    }
    named = {name: value for name, value in given.items() if value is not None}
    statement = _list(caller.is_staff, wanted.sort, frozenset(named))
    found = await lookup.rows(statement, limit=wanted.limit + 1, **named)
    packs = [_completed(row) for row in found[: wanted.limit]]
    if len(found) <= wanted.limit:
        return packs, None
    moment = packs[-1]["updated_at" if "updated" in wanted.sort else "created_at"]
    return packs, pages.encode(moment.isoformat(), str(packs[-1]["id"]))


@cache
def _list(is_staff: bool, sort: str, given: frozenset[str]) -> Statement:  # noqa: FBT001  cached by position
    column, is_descending = _SORTS[sort]
    # what row-level security would hide anyway is named, because only a named firm leads to its index
    query = _PACKS.where(is_submitted() if is_staff else PackRow.firm_id == bindparam("tenant"))
    if "state" in given:
        query = query.where(PackRow.state == bindparam("state"))
    if given & {"language", "words"}:
        query = query.where(_has_text(given))
    ordered = in_order(query, column, PackRow.id.expression, is_descending=is_descending, is_continued="point" in given)
    return Statement(ordered.limit(bindparam("limit")))


_SORTS: dict[str, tuple[ColumnElement[Any], bool]] = {
    "-updated_at": (PackRow.updated_at.expression, True),
    "updated_at": (PackRow.updated_at.expression, False),
    "-created_at": (PackRow.created_at.expression, True),
    "created_at": (PackRow.created_at.expression, False),
}


def _has_text(given: frozenset[str]) -> ColumnElement[bool]:
    found = exists().where(VariantRow.pack_id == PackRow.id)
    if "language" in given:
        found = found.where(VariantRow.language == bindparam("language"))
    if "words" in given:
        found = found.where(
            or_(VariantRow.topic.ilike(bindparam("words")), VariantRow.caption.ilike(bindparam("words")))
        )
    return found


async def one(lookup: Lookup, pack_id: UUID, caller: Principal) -> Row:
    """For staff no draft, also not one that was taken back. Raises PackUnknownError."""
    row = await lookup.row(_ONE, pack_id=pack_id)
    if row is None or (caller.is_staff and row["checked"] is None):
        raise unknown(pack_id)
    return _completed(row)


def _completed(row: Row) -> Row:
    return row | {"figures": row["figures"] or [], "variants": row["variants"] or []}


async def revisions(
    lookup: Lookup, pack_id: UUID, caller: Principal, *, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """Newest first; for staff those that were submitted. Raises PackUnknownError."""
    pack = await lookup.row(_SUBMITTED_AT, pack_id=pack_id)
    if pack is None or (caller.is_staff and pack["submitted_at"] is None):
        raise unknown(pack_id)
    before = _number(cursor) if cursor is not None else _BEYOND
    statement = _REVISIONS_OF_STAFF if caller.is_staff else _REVISIONS
    found = await lookup.rows(statement, pack_id=pack_id, before=before, limit=limit + 1)
    following = pages.encode(str(found[limit - 1]["number"])) if len(found) > limit else None
    return found[:limit], following


_BEYOND = 2**31 - 1
_EVERY_REVISION = (
    select(PackRevisionRow.number, PackRevisionRow.author_id, PackRevisionRow.at, PackRevisionRow.content)
    .where(PackRevisionRow.pack_id == bindparam("pack_id"), PackRevisionRow.number < bindparam("before"))
    .order_by(PackRevisionRow.number.desc())
    .limit(bindparam("limit"))
)
_REVISIONS = Statement(_EVERY_REVISION)
_REVISIONS_OF_STAFF = Statement(_EVERY_REVISION.where(PackRevisionRow.submitted_at.is_not(None)))


def _number(cursor: str) -> int:
    (number,) = pages.decode(cursor, 1)
    if not number.isdecimal() or len(number) > 9:
        raise pages.invalid()
    return int(number)
