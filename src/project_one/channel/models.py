"""Numbers and templates."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from project_one.channel.domain import NumberState, Quality, TemplateState
from project_one.kernel.db import Base, text_enum


class NumberRow(Base):
    __tablename__ = "numbers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    vendor_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[NumberState] = mapped_column(text_enum(NumberState, "state"))
    quality: Mapped[Quality] = mapped_column(text_enum(Quality, "quality"))
    limit_per_s: Mapped[int] = mapped_column(Integer)
    is_spare: Mapped[bool]
    stop_reason: Mapped[str | None]
    checked_at: Mapped[datetime]


class TemplateRow(Base):
    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("name", "language"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    language: Mapped[str]
    state: Mapped[TemplateState] = mapped_column(text_enum(TemplateState, "state"))
    frame_id: Mapped[UUID] = mapped_column(ForeignKey("frames.id"), index=True)
    checked_at: Mapped[datetime]
