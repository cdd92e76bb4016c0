"""HTTP bodies of delivery."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from project_one.delivery.domain import Cause, MessageStatus, MorningState


class UnplannedOut(BaseModel):
    advisor_id: UUID
    reason: str


class MorningOut(BaseModel):
    """A morning and how far it is."""

    id: UUID
    business_date: date
    slot: str = Field(examples=["06:00"])
    state: MorningState
    release_at: datetime
    released_at: datetime | None
    deadline_at: datetime
    closes_at: datetime
    planned_at_release: int | None
    statuses: dict[MessageStatus, int]
    unplanned: list[UnplannedOut]


class AttemptOut(BaseModel):
    number: int
    status: str
    vendor_message_id: str | None
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    code: int | None


class MessageOut(BaseModel):
    """One advisor's message of a morning with its attempts."""

    id: UUID
    advisor_id: UUID
    status: MessageStatus
    cause: Cause | None
    due_at: datetime
    on_plan_b: bool
    content_sha256: str
    attempts: list[AttemptOut]
