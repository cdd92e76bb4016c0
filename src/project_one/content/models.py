"""Packs, their variants, frames, approvals and what is scheduled for whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.content.domain import Subject
from project_one.kernel.db import Base, text_enum
from project_one.vocabulary.domain import Capacity, ContentClass, Language


class PackRow(Base):
    __tablename__ = "packs"

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
            postgresql_where=text("voided_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[Subject] = mapped_column(text_enum(Subject, "subject"))
    sha256: Mapped[str]
    reviewer_id: Mapped[UUID]
    approved_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]


class ScheduleRow(Base):
    __tablename__ = "schedules"

    advisor_id: Mapped[UUID] = mapped_column(ForeignKey("advisors.id"), primary_key=True)
    business_date: Mapped[date] = mapped_column(primary_key=True)
    slot: Mapped[str] = mapped_column(primary_key=True)
    pack_id: Mapped[UUID] = mapped_column(ForeignKey("packs.id"))
