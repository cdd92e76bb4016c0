"""HTTP bodies of the simulated night plan."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from project_one.delivery.planning import Reason
from project_one.vocabulary.domain import Capacity, Language


class PlanRulesOut(BaseModel):
    """What the code holds to; nobody can switch it off."""

    no_repeat_days: int
    approvals_needed: int
    capacities: list[Capacity]
    languages: list[Language]
    rules: list[str]


class ChoiceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    content_sha256: str
    topic_family: str
    topic: str


class ForecastOut(BaseModel):
    """One advisor. Without `gets` the reasons say why she would get nothing; with it, what a person should look at."""

    advisor_id: UUID
    capacity: Capacity
    language: Language
    is_own: bool = Field(description="Her own pack, not one of the library.")
    gets: ChoiceOut | None
    plan_b: ChoiceOut | None
    due_at: datetime | None
    candidates: int = Field(description="Approved texts of the library for her capacity, language and that month.")
    recent: int = Field(description="Texts she had within the days of no repeat; they are out.")
    reasons: list[Reason]


class SimulationOut(BaseModel):
    business_date: date
    slot: str
    policy_version: str
    planned: int
    unplanned: int
    items: list[ForecastOut]
    next_cursor: str | None
