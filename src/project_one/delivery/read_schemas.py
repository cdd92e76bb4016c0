"""HTTP bodies of the ledger reads and of the figures an advisor takes away."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from project_one.delivery.domain import AttemptStatus, Cause, MessageStatus, MorningState, Owner


class AttemptTimesOut(BaseModel):
    """One attempt with the times of its receipts. `code`: the vendor's, of a failure."""

    number: int
    status: AttemptStatus
    vendor_message_id: str | None
    claimed_at: datetime
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    code: int | None


class DeliveryOut(BaseModel):
    """One message of the ledger. `owner`: who owns the miss, when it was not sent by the deadline."""

    id: UUID
    advisor_id: UUID
    business_date: date
    slot: str = Field(examples=["06:00"])
    status: MessageStatus
    cause: Cause | None
    owner: Owner | None
    due_at: datetime
    deadline_at: datetime
    left_at: datetime | None = Field(description="The vendor's time at which it left; null until a receipt proves it.")
    is_on_time: bool | None = Field(description="Null while it may still be.")
    on_plan_b: bool
    content_sha256: str = Field(description="The text bound to it now: plan B's when it is on plan B.")
    topic_family: str
    attempts: list[AttemptTimesOut]


class MorningLineOut(BaseModel):
    """`to_look_at`: advisors without a message or without a plan B; `/v1/mornings/{date}` names them."""

    id: UUID
    business_date: date
    slot: str = Field(examples=["06:00"])
    state: MorningState
    release_at: datetime
    released_at: datetime | None
    deadline_at: datetime
    closes_at: datetime
    planned_at_release: int | None
    to_look_at: int
    statuses: dict[MessageStatus, int]


class DayFiguresOut(BaseModel):
    """One business date. `sent` counts what was delivered or read, too; `delivered` what was read, too."""

    business_date: date
    planned: int
    sent: int
    delivered: int
    read: int
    on_time: int
    failed: int
    missed_by_owner: dict[Owner, int]


class FiguresOut(BaseModel):
    """Days without a message are left out. `as_of`: receipts may still come."""

    since: date
    until: date
    as_of: datetime
    days: list[DayFiguresOut]
