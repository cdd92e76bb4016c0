"""The advisors of one firm, as those who write for them see them: no phone."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from project_one.advisor.domain import Identity
from project_one.advisor.models import AdvisorRow
from project_one.kernel.db import ReadSession
from project_one.vocabulary.domain import Language, Slot


@dataclass(frozen=True)
class FirmAdvisor:
    """`language` and `slot`: in which and when her post is delivered."""

    advisor_id: UUID
    identity: Identity
    language: Language
    slot: Slot


async def advisors_of_firm(session: ReadSession, firm_id: UUID) -> list[FirmAdvisor]:
    """In id order, whatever their registration says."""
    rows = await session.execute(
        select(
            AdvisorRow.id,
            AdvisorRow.registered_name,
            AdvisorRow.registration_number,
            AdvisorRow.capacity,
            AdvisorRow.website,
            AdvisorRow.language,
            AdvisorRow.slot,
        )
        .where(AdvisorRow.firm_id == firm_id)
        .order_by(AdvisorRow.id)
    )
    return [
        FirmAdvisor(advisor_id, Identity(name, number, capacity, website), language, Slot(slot))
        for advisor_id, name, number, capacity, website, language, slot in rows
    ]
