"""Reading overrides: those asked for, granted and revoked."""

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select, tuple_

from project_one.compliance.errors import OverrideUnknownError
from project_one.compliance.models import OverrideRow
from project_one.kernel import pages
from project_one.kernel.db import ReadSession


class OverrideState(StrEnum):
    ASKED = "asked"  # waits for the second reviewer
    GRANTED = "granted"
    REVOKED = "revoked"


_IS: Mapping[OverrideState, ColumnElement[bool]] = {
    OverrideState.ASKED: OverrideRow.granted_at.is_(None) & OverrideRow.revoked_at.is_(None),
    OverrideState.GRANTED: OverrideRow.granted_at.is_not(None) & OverrideRow.revoked_at.is_(None),
    OverrideState.REVOKED: OverrideRow.revoked_at.is_not(None),
}


async def read(session: ReadSession, override_id: UUID) -> OverrideRow:
    """Raises OverrideUnknownError."""
    row = await session.get(OverrideRow, override_id)
    if row is None:
        message = "There is no override with this id."
        raise OverrideUnknownError(message)
    return row


async def listed(
    session: ReadSession, *, state: OverrideState | None, sha256: str | None, cursor: str | None, limit: int
) -> tuple[list[OverrideRow], str | None]:
    """Newest first, and the cursor of the next page. `sha256`: of the text they are about."""
    query = select(OverrideRow)
    if state is not None:
        query = query.where(_IS[state])
    if sha256 is not None:
        query = query.where(OverrideRow.content_sha256 == sha256)
    if cursor is not None:
        asked_at, override_id = pages.moment_and_id(pages.decode(cursor, 2))
        key = tuple_(OverrideRow.asked_at, OverrideRow.id)
        query = query.where(key < tuple_(literal(asked_at), literal(override_id)))
    found = list(
        await session.scalars(query.order_by(OverrideRow.asked_at.desc(), OverrideRow.id.desc()).limit(limit + 1))
    )
    last_row = found[limit - 1] if len(found) > limit else None
    return found[:limit], pages.encode(last_row.asked_at.isoformat(), str(last_row.id)) if last_row else None
