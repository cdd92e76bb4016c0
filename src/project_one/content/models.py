"""Packs, their variants, frames, approvals and what is scheduled for whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.content.domain import Subject
from project_one.content.packs import Decision, PackState
from project_one.content.runs import RunKind, RunState
from project_one.kernel.db import Base, text_enum
from project_one.vocabulary.domain import Capacity, ContentClass, Language


class PackRow(Base):
    """A pack of the library or, with a state, a firm's own. `checked`: what the stages said of the text as submitted."""

    __tablename__ = "packs"
    __table_args__ = (
        CheckConstraint(
            "state IS NULL OR (firm_id IS NOT NULL AND author_id IS NOT NULL AND version IS NOT NULL)", name="own"
        ),
        Index("ix_packs_own", "firm_id", "updated_at", "id"),
        Index("ix_packs_state", "state", "risk_score"),
        Index("ix_packs_updated", "updated_at", "id", postgresql_where=text("state IS NOT NULL")),
        Index(
            "ix_packs_queue",
            "state",
            text("(- COALESCE(risk_score, 100))"),
            text("COALESCE(wanted_on, '9999-12-31'::date)"),
            text("COALESCE(submitted_at, created_at)"),
            "id",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID | None] = mapped_column(ForeignKey("firms.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    topic_family: Mapped[str]
    content_class: Mapped[ContentClass] = mapped_column(text_enum(ContentClass, "content_class"))
    capacities: Mapped[list[Any]]
    months: Mapped[list[Any]]
    is_fallback: Mapped[bool]
    added_by: Mapped[str | None]
    created_at: Mapped[datetime]
    state: Mapped[PackState | None] = mapped_column(text_enum(PackState, "state"))
    version: Mapped[int | None] = mapped_column(Integer)
    author_id: Mapped[UUID | None]
    ad_reference: Mapped[str | None]
    ad_valid_until: Mapped[date | None]
    figures: Mapped[list[Any] | None]
    wanted_on: Mapped[date | None]
    copied_from: Mapped[UUID | None]
    updated_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    checked: Mapped[dict[str, Any] | None]
    risk_score: Mapped[int | None] = mapped_column(Integer)
    sketch: Mapped[list[Any] | None]
    likeness_group: Mapped[UUID | None]
    scheduled_on: Mapped[date | None]
    sent_at: Mapped[datetime | None]


class VariantRow(Base):
    __tablename__ = "variants"
    __table_args__ = (UniqueConstraint("pack_id", "language"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    pack_id: Mapped[UUID] = mapped_column(ForeignKey("packs.id"))
    language: Mapped[Language] = mapped_column(text_enum(Language, "language"))
    topic: Mapped[str]
    caption: Mapped[str]
    content_sha256: Mapped[str] = mapped_column(index=True)


class FrameRow(Base):
    __tablename__ = "frames"
    __table_args__ = (UniqueConstraint("slug", "sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str]
    capacity: Mapped[Capacity] = mapped_column(text_enum(Capacity, "capacity"))
    language: Mapped[Language] = mapped_column(text_enum(Language, "language"))
    wording: Mapped[int] = mapped_column(Integer)
    body: Mapped[str]
    warning: Mapped[str]
    stop_button: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)


class ApprovalRow(Base):
    __tablename__ = "approvals"
    __table_args__ = (
        Index(
            "uq_approvals_live",
            "sha256",
            "reviewer_id",
            unique=True,
            postgresql_where=text("voided_at IS NULL AND pack_id IS NULL"),
        ),
        Index(
            "uq_approvals_live_of_pack",
            "pack_id",
            "sha256",
            "reviewer_id",
            unique=True,
            postgresql_where=text("voided_at IS NULL"),
        ),
        Index("ix_approvals_live_own", "sha256", postgresql_where=text("voided_at IS NULL AND pack_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[Subject] = mapped_column(text_enum(Subject, "subject"))
    sha256: Mapped[str]
    reviewer_id: Mapped[UUID]
    approved_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    pack_id: Mapped[UUID | None] = mapped_column(ForeignKey("packs.id"))


class ScheduleRow(Base):
    __tablename__ = "schedules"

    advisor_id: Mapped[UUID] = mapped_column(ForeignKey("advisors.id"), primary_key=True)
    business_date: Mapped[date] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    pack_id: Mapped[UUID] = mapped_column(ForeignKey("packs.id"))


class PackRevisionRow(Base):
    """A pack's text as it stood, never changed. `content`: topic, caption and hash by language.

    `submitted_at`: when reviewers were first asked about it; None: they never saw it.
    """

    __tablename__ = "pack_revisions"
    __table_args__ = (UniqueConstraint("pack_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"), index=True)
    pack_id: Mapped[UUID] = mapped_column(ForeignKey("packs.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    author_id: Mapped[UUID]
    at: Mapped[datetime]
    content: Mapped[dict[str, Any]]
    submitted_at: Mapped[datetime | None]


class ReviewRow(Base):
    """One decision of one reviewer over the named hashes. `bulk_id`: of the decision that named several packs.

    `model`: what the model's stage had said of these texts; None for decisions from before it was kept.
    """

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_pack_id", "pack_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"), index=True)
    pack_id: Mapped[UUID] = mapped_column(ForeignKey("packs.id"))
    revision: Mapped[int] = mapped_column(Integer)
    decision: Mapped[Decision] = mapped_column(text_enum(Decision, "decision"))
    reasons: Mapped[list[Any]]
    suggestions: Mapped[list[Any]]
    note: Mapped[str]
    reviewer_id: Mapped[UUID]
    policy_version: Mapped[str]
    hashes: Mapped[dict[str, Any]]
    bulk_id: Mapped[UUID | None]
    model: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]


class PackTemplateRow(Base):
    """A pack a firm starts others from. `content`: topic and caption by language."""

    __tablename__ = "pack_templates"
    __table_args__ = (UniqueConstraint("firm_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"))
    name: Mapped[str]
    content_class: Mapped[ContentClass] = mapped_column(text_enum(ContentClass, "content_class"))
    content: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class AiRunRow(Base):
    """What a firm asked a model to write. `question`: as it was asked; `question_sha256`: the same for the same wish.

    `claimed_until`: who works on it has until then; afterwards another may begin again. `result`: texts that passed.
    """

    __tablename__ = "ai_runs"
    __table_args__ = (
        Index("ix_ai_runs_question", "firm_id", "question_sha256", "created_at"),
        Index("ix_ai_runs_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"))
    asked_by: Mapped[UUID]
    kind: Mapped[RunKind] = mapped_column(text_enum(RunKind, "kind"))
    state: Mapped[RunState] = mapped_column(text_enum(RunState, "state"))
    question: Mapped[dict[str, Any]]
    question_sha256: Mapped[str]
    result: Mapped[dict[str, Any] | None]
    claimed_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
