"""HTTP bodies of the channel room."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from project_one.channel.domain import NumberState, Quality, TemplateState
from project_one.vocabulary.domain import Capacity


class NumberOut(BaseModel):
    """`vendor_id`: WhatsApp's id of the number, never its digits. Rates are messages a second."""

    id: UUID
    vendor_id: str
    state: NumberState
    quality: Quality
    limit_per_s: int = Field(description="What the vendor allows.")
    rate_per_s: float = Field(description="What we allow ourselves now; 0 when nothing may be sent with it.")
    is_spare: bool
    stop_reason: str | None
    checked_at: datetime


class TemplateOut(BaseModel):
    """`state`: the vendor's word; `is_approved`: whether two people of ours stand for its text."""

    id: UUID
    name: str
    language: str = Field(examples=["hi"])
    capacity: Capacity
    state: TemplateState
    frame: str
    body: str
    is_approved: bool
    checked_at: datetime
