"""HTTP bodies of generation and translation."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from project_one.advisor.domain import Tone
from project_one.ai.domain import Purpose, Reason
from project_one.content.generation import MOST_VARIANTS, Source
from project_one.content.pack_schemas import MAX_CAPTION, MAX_TOPIC, In, Stored
from project_one.content.runs import RunKind, RunState
from project_one.vocabulary.domain import Capacity, ContentClass, Language

WhyNot = Annotated[str, Field(json_schema_extra={"enum": [reason.value for reason in Reason]})]
_TOPIC = "Why an emergency fund comes first"
_CAPTION = "Small regular sums over 15 years have more time to grow. No return is assured."


class GenerateIn(In):
    """`capacity`: in which the post will speak; left out: that of your firm's first advisor."""

    topic: Annotated[str, Field(min_length=3, max_length=MAX_TOPIC, pattern=r"\S", examples=[_TOPIC]), Stored]
    language: Language = Field(examples=["en"])
    tone: Tone = Tone.PLAIN
    capacity: Capacity | None = Field(default=None, examples=["MFD"])
    content_class: ContentClass = ContentClass.EDUCATION
    count: int = Field(default=MOST_VARIANTS, ge=1, le=MOST_VARIANTS)


class TranslateIn(In):
    topic: Annotated[str, Field(min_length=1, max_length=MAX_TOPIC, pattern=r"\S", examples=["Start early"]), Stored]
    caption: Annotated[str, Field(min_length=1, max_length=MAX_CAPTION, pattern=r"\S", examples=[_CAPTION]), Stored]
    from_language: Language = Field(examples=["en"])
    to_language: Language = Field(examples=["hi"])

    @model_validator(mode="after")
    def _two_languages(self) -> Self:
        if self.from_language is self.to_language:
            message = "from_language and to_language must differ"
            raise ValueError(message)
        return self


class VariantOut(BaseModel):
    """A text that has passed the rules, alone and in your advisors' frames.

    `source`: `model`, `cached` (written for you before), `baseline` (a plain text of ours), `library` (reviewed by two people).
    """

    topic: str
    caption: str
    language: Language
    sha256: str
    source: Source
    is_repaired: bool


class TextOut(BaseModel):
    topic: str
    caption: str
    language: Language
    sha256: str


class TranslationOut(BaseModel):
    """`text`: null when it was refused; then `differences` say in what it differs from the source."""

    accepted: bool
    text: TextOut | None
    source: Source
    differences: list[str]


class RunOut(BaseModel):
    """`trouble`: why the model gave nothing, or not all, in a sentence; `reason`: the same as a word.

    `dropped`: texts of the model that the rules refused, for `refused_categories`.
    """

    id: UUID
    kind: RunKind
    state: RunState
    done: bool
    variants: list[VariantOut]
    translation: TranslationOut | None
    trouble: str | None
    reason: WhyNot | None
    dropped: int
    refused_categories: list[str]
    policy_version: str | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


class QuotaOut(BaseModel):
    """Calls of one purpose on today's business date (IST); null where any number may be asked."""

    purpose: Purpose
    per_day: int | None
    taken: int
    left: int | None


class MoneyOut(BaseModel):
    """Rupees with tax. `reserved`: set aside for calls under way."""

    key: str
    cap_rupees: float
    reserved_rupees: float
    spent_rupees: float
    left_rupees: float


class FigureOut(BaseModel):
    """Calls of this month under one heading. `unknown`: booked at the worst case, because nobody knows what they cost."""

    name: str
    calls: int
    hedges: int
    unknown: int
    cost_rupees: float
    rupees_per_question: float | None


class UsageOut(BaseModel):
    """`rupees_per_pack`: what the model's look at a submitted pack has cost this month; null before the first."""

    quotas: list[QuotaOut]
    month: MoneyOut
    by_purpose: list[FigureOut]
    packs: int
    rupees_per_pack: float | None


class OwnerOut(MoneyOut):
    owner: UUID


class BudgetOut(BaseModel):
    """The platform's purses. `owners`: who spent most this month, first."""

    month: MoneyOut
    day: MoneyOut
    owners: list[OwnerOut]
    by_purpose: list[FigureOut]
    by_model: list[FigureOut]
    warnings: list[str]
