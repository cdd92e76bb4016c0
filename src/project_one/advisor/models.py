"""Firms (the tenants) and advisors."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.advisor.domain import OptInState, RegistrationStatus, Tone
from project_one.kernel.db import Base, text_enum
from project_one.vocabulary.domain import Capacity, Language, Tier


class FirmRow(Base):
    __tablename__ = "firms"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class AdvisorRow(Base):
    """`further_languages`: besides `language`, in which her posts go out; `valid_until`: last valid day by the register.

    `verified_at`: when a person first found her registration genuine. `version`: counts the edits, for `If-Match`.
    """

    __tablename__ = "advisors"
    __table_args__ = (Index("ix_advisors_slot", "slot", "id"), Index("ix_advisors_page", "created_at", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"), index=True)
    capacity: Mapped[Capacity] = mapped_column(text_enum(Capacity, "capacity"))
    registered_name: Mapped[str]
    registration_number: Mapped[str] = mapped_column(unique=True)
    registration_status: Mapped[RegistrationStatus] = mapped_column(
        text_enum(RegistrationStatus, "registration_status")
    )
    website: Mapped[str]
    language: Mapped[Language] = mapped_column(text_enum(Language, "language"))
    slot: Mapped[str]
    phone_sealed: Mapped[bytes] = mapped_column(LargeBinary, info={"pii": "phone"})
    phone_hash: Mapped[str] = mapped_column(unique=True, info={"pii": "phone"})
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"pii": "email"})
    email_hash: Mapped[str | None] = mapped_column(index=True, info={"pii": "email"})
    opt_in_state: Mapped[OptInState] = mapped_column(text_enum(OptInState, "opt_in_state"))
    is_demo: Mapped[bool]
    created_at: Mapped[datetime]
    further_languages: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    tone: Mapped[Tone] = mapped_column(text_enum(Tone, "tone"), server_default=Tone.PLAIN.value)
    brand: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    tier: Mapped[Tier] = mapped_column(text_enum(Tier, "tier"), server_default=Tier.BASIC.value)
    trial_ends_at: Mapped[datetime | None]
    valid_until: Mapped[date | None]
    verified_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
