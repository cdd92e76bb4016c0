"""Pages of a list: opaque cursors over the sort key of the last item, never an offset.

encode("2026-11-24", id) ──► "WyIyMDI2…" ──► ?cursor= ──► decode(cursor, 2)
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from project_one.kernel.errors import DomainError, Kind

T = TypeVar("T")

Cursor = Annotated[
    str | None, Query(max_length=500, description="`next_cursor` of the page before; without it, the first page.")
]
Limit = Annotated[int, Query(ge=1, le=100, description="How many items at most.")]
DEFAULT_LIMIT = 25


class CursorInvalidError(DomainError):
    code = "page.cursor-invalid"
    kind = Kind.INVALID
    title = "Cursor not valid"


class Page(BaseModel, Generic[T]):
    """`next_cursor`: null on the last page."""

    items: list[T]
    next_cursor: str | None = Field(examples=[None])


def encode(*parts: str) -> str:
    """A cursor that `decode` reads back."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str, count: int) -> list[str]:
    """The `count` parts of a cursor. Raises CursorInvalidError."""
    try:
        parts = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        parts = None
    if not isinstance(parts, list) or len(parts) != count or not all(map(_is_plain, parts)):
        raise invalid()
    return [str(part) for part in parts]


def moment_and_id(parts: Sequence[str]) -> tuple[datetime, UUID]:
    """Two parts of a cursor as the time and the id they are. Raises CursorInvalidError."""
    try:
        moment, row_id = datetime.fromisoformat(parts[0]), UUID(parts[1])
    except ValueError:
        raise invalid() from None
    if moment.tzinfo is None:
        raise invalid()
    return moment, row_id


def _is_plain(part: object) -> bool:
    return isinstance(part, str) and part.isprintable()  # neither NUL nor lone surrogates, which Postgres refuses


def page(rows: Sequence[Mapping[str, Any]], limit: int, *key: str) -> dict[str, Any]:
    """The body of a page of rows of which one more than `limit` was asked for. `key`: the columns they are sorted by."""
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else encode(*(str(last[name]) for name in key))
    return {"items": rows[:limit], "next_cursor": cursor}


def invalid() -> CursorInvalidError:
    """For a cursor whose parts do not fit the list either."""
    return CursorInvalidError("Take the cursor from `next_cursor` of the page before, or leave it out to start again.")
