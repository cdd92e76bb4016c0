"""Our numbers and templates as they stood when the vendor was last asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_

from project_one.channel.domain import NumberState, Quality, SendingNumber, TemplateState
from project_one.channel.models import NumberRow, TemplateRow
from project_one.content import service as content
from project_one.kernel.db import ReadSession
from project_one.vocabulary.domain import Language


@dataclass(frozen=True)
class Number:
    """`rate_per_s`: what we allow ourselves now; 0 when nothing may be sent with it."""

    sending: SendingNumber
    checked_at: datetime

    @property
    def rate_per_s(self) -> float:
        return self.sending.rate_per_s if self.sending.may_send else 0


async def numbers(
    session: ReadSession, *, state: NumberState | None, quality: Quality | None, after: str | None, limit: int
) -> list[Number]:
    """By vendor id, those behind `after`."""
    query = select(
        NumberRow.id,
        NumberRow.vendor_id,
        NumberRow.state,
        NumberRow.quality,
        NumberRow.limit_per_s,
        NumberRow.is_spare,
        NumberRow.stop_reason,
        NumberRow.checked_at,
    ).order_by(NumberRow.vendor_id)
    if state is not None:
        query = query.where(NumberRow.state == state)
    if quality is not None:
        query = query.where(NumberRow.quality == quality)
    if after is not None:
        query = query.where(NumberRow.vendor_id > after)
    return [Number(SendingNumber(*row[:-1]), row[-1]) for row in await session.execute(query.limit(limit))]


async def templates(
    session: ReadSession,
    *,
    state: TemplateState | None,
    language: Language | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """By name and language, those behind `after`, each with the frame whose text it carries."""
    columns = (TemplateRow.id, TemplateRow.name, TemplateRow.language, TemplateRow.state, TemplateRow.checked_at)
    query = select(*columns, TemplateRow.frame_id).order_by(TemplateRow.name, TemplateRow.language)
    if state is not None:
        query = query.where(TemplateRow.state == state)
    if language is not None:
        query = query.where(TemplateRow.language == language)
    if after is not None:
        query = query.where(tuple_(TemplateRow.name, TemplateRow.language) > tuple_(*after))
    rows = (await session.execute(query.limit(limit))).mappings().all()
    frames = {frame.id: frame for frame in await content.all_frames(session)}
    live = await content.approved(session, [frame.sha256 for frame in frames.values()])
    found: list[dict[str, Any]] = []
    for row in rows:
        frame_id: UUID = row["frame_id"]
        frame = frames[frame_id]
        about = {
            "frame": frame.slug,
            "capacity": frame.capacity,
            "body": frame.body,
            "is_approved": frame.sha256 in live,
        }
        found.append(dict(row) | about)
    return found
