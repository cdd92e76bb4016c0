"""What a generation is grounded in, read in one transaction: advisors, frames, reviewed texts, earlier texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.of_firm import FirmAdvisor, advisors_of_firm
from project_one.content import ai_runs
from project_one.content import service as content
from project_one.content.domain import Content, Frame
from project_one.content.generation import Wish
from project_one.content.models import PackRow, VariantRow
from project_one.kernel.clock import business_date
from project_one.kernel.db import ReadSession
from project_one.vocabulary.domain import Language


@dataclass(frozen=True)
class Material:
    """`library`: approved texts in the wish's language and capacity that may be used this month, in slug order."""

    advisors: Sequence[FirmAdvisor]
    frames: Sequence[Frame]
    library: Sequence[Content]
    cached: Sequence[Content]


async def gathered(session: ReadSession, firm_id: UUID, wish: Wish, *, now: datetime) -> Material:
    month = business_date(now).month
    packs = await content.fallback_library(session)
    hashes = [
        pack.contents[wish.language]
        for pack in packs
        if wish.language in pack.contents
        and wish.capacity in pack.capacities
        and (not pack.months or month in pack.months)
    ]
    material = await content.material(session, hashes)
    return Material(
        await advisors_of_firm(session, firm_id),
        material.frames_for(wish.capacity, wish.language),
        [material.contents[sha256] for sha256 in hashes if sha256 in material.contents],
        await ai_runs.cached(session, firm_id, wish, now=now),
    )


async def reviewed_translation(session: ReadSession, source: Content, to: Language) -> Content | None:
    """The text that stands beside a text of the library in another language, if both are approved."""
    pack = (
        select(VariantRow.pack_id)
        .join(PackRow, PackRow.id == VariantRow.pack_id)
        .where(PackRow.is_fallback, VariantRow.content_sha256 == source.sha256)
    )
    sha256 = await session.scalar(
        select(VariantRow.content_sha256).where(VariantRow.pack_id.in_(pack), VariantRow.language == to).limit(1)
    )
    if sha256 is None:
        return None
    material = await content.material(session, {sha256, source.sha256})
    return material.contents.get(sha256) if source.sha256 in material.contents else None
