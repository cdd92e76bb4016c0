"""HTTP bodies of packs, revisions, reviews and templates."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from project_one.compliance.domain import Band, Figure, Register, Severity, Stage
from project_one.content.domain import Content
from project_one.content.packs import OWN_FAMILY, PackState
from project_one.vocabulary.domain import ContentClass, Language

MAX_TOPIC, MAX_CAPTION = 200, 2_000
_MOST_FIGURES = 50


def storable(text: str) -> str:
    """Postgres holds no NUL and UTF-8 no lone surrogate. Raises ValueError."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        message = "must not hold NUL or lone surrogates"
        raise ValueError(message)
    return text


Stored = AfterValidator(storable)
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["5f" * 32])]
Note = Annotated[str, Field(min_length=3, max_length=2_000), Stored]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TextIn(In):
    """One language of a pack. May be empty while it is a draft; the finished message holds about 500 characters."""

    topic: Annotated[str, Field(max_length=MAX_TOPIC, examples=["Start early"]), Stored]
    caption: Annotated[
        str,
        Field(max_length=MAX_CAPTION, examples=["Small regular sums have more years to grow. No return is assured."]),
        Stored,
    ]

    def content(self, language: Language) -> Content:
        return Content(topic=self.topic, caption=self.caption, language=language)


class FigureIn(In):
    """A price, level or rate in the text, and the day it is of."""

    quote: Annotated[str, Field(min_length=1, max_length=100, examples=["24,100"]), Stored]
    as_of: date | None = Field(default=None, examples=["2026-10-01"])

    def figure(self) -> Figure:
        return Figure(self.quote, self.as_of)


Reference = Annotated[str, Field(max_length=100, examples=["BASL/AD/2026/0042"]), Stored]
Family = Annotated[str, Field(min_length=1, max_length=60, examples=[OWN_FAMILY]), Stored]
Figures = Annotated[list[FigureIn], Field(max_length=_MOST_FIGURES)]


class PackIn(In):
    """A new draft. `template_id`: a template of the firm to start from; named languages replace its texts."""

    variants: dict[Language, TextIn] = Field(default_factory=dict[Language, TextIn])
    template_id: UUID | None = None
    content_class: ContentClass | None = Field(
        default=None, description="EDUCATION, unless the template says otherwise."
    )
    topic_family: Family = OWN_FAMILY
    ad_reference: Reference | None = Field(default=None, description="Of the supervisory body, for ADVERTISEMENT.")
    ad_valid_until: date | None = None
    figures: Figures = Field(default_factory=list[FigureIn])
    wanted_on: date | None = Field(
        default=None, description="Business date (IST) you have in mind; the queue's deadline."
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"variants": {"en": {"topic": "Start early", "caption": "Time does much of the work."}}}]
        },
    )


class PackPatch(In):
    """An autosave: only what is named changes. A language that is null is taken away."""

    variants: dict[Language, TextIn | None] = Field(default_factory=dict[Language, TextIn | None])
    content_class: ContentClass = ContentClass.EDUCATION
    topic_family: Family = OWN_FAMILY
    ad_reference: Reference | None = None
    ad_valid_until: date | None = None
    figures: Figures = Field(default_factory=list[FigureIn])
    wanted_on: date | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"variants": {"hi": {"topic": "जल्दी शुरू करें", "caption": "समय साथ देता है।"}}}]},
    )


class TextOut(BaseModel):
    language: Language
    topic: str
    caption: str
    sha256: str = Field(description="What an approval binds; an edit makes another.")


class FigureOut(BaseModel):
    quote: str
    as_of: date | None


class PackFindingOut(BaseModel):
    """`start`, `end`: code points of `topic: caption` (stage rules, model) or of the finished message (rendered)."""

    stage: Stage
    rule_id: str
    category: str
    severity: Severity
    start: int
    end: int
    quote: str
    message: str | None
    remedy: str | None
    basis: str | None
    fingerprint: str


class StageDone(BaseModel):
    stage: Stage
    took_ms: float
    trouble: str | None
    dropped: int


class LanguageCheck(BaseModel):
    register_: Register = Field(alias="register")
    band: Band
    risk_score: int
    degraded: bool
    stages: list[StageDone]
    findings: list[PackFindingOut]


class CheckOut(BaseModel):
    """As bad as the worst language. `degraded`: a stage that was due is not done."""

    policy_version: str
    checked_on: date
    band: Band
    risk_score: int
    degraded: bool
    languages: dict[Language, LanguageCheck]


class PackOut(BaseModel):
    id: UUID
    state: PackState
    version: int = Field(description="The ETag without its quotes.")
    author_id: UUID
    content_class: ContentClass
    topic_family: str
    ad_reference: str | None
    ad_valid_until: date | None
    figures: list[FigureOut]
    wanted_on: date | None
    copied_from: UUID | None
    variants: list[TextOut]
    checked: CheckOut | None
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    scheduled_on: date | None
    sent_at: datetime | None


class RevisionOut(BaseModel):
    number: int
    author_id: UUID
    at: datetime
    variants: list[TextOut]


class ChangeOut(BaseModel):
    op: Literal["equal", "insert", "delete"]
    text: str


class DiffOut(BaseModel):
    topic: list[ChangeOut]
    caption: list[ChangeOut]


class RevisionDiffOut(BaseModel):
    number: int
    against: int
    languages: dict[Language, DiffOut]


class ProgressOut(BaseModel):
    """`done`: nothing more will come."""

    state: PackState
    version: int
    stages_done: list[Stage]
    band: Band | None
    done: bool


class ScheduleIn(In):
    """`slot` and `advisor_ids`: leave out for all advisors of the firm, each in her own slot."""

    business_date: date = Field(examples=["2026-11-25"], description="IST.")
    slot: str | None = Field(default=None, pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["06:00"])
    advisor_ids: list[UUID] | None = Field(default=None, min_length=1, max_length=500)


class WithdrawIn(In):
    reason: Note = Field(examples=["The date of the tax deadline has moved."])


class TemplateIn(In):
    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Monday lesson"]), Stored]
    content_class: ContentClass = ContentClass.EDUCATION
    variants: dict[Language, TextIn] = Field(
        min_length=1, examples=[{"en": {"topic": "Start early", "caption": "Time does much of the work."}}]
    )


class TemplateOut(BaseModel):
    id: UUID
    name: str
    content_class: ContentClass
    version: int
    variants: list[TextOut]
    created_at: datetime
    updated_at: datetime
