"""Firms (the tenants) and advisors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from project_one.advisor.domain import OptInState, RegistrationStatus
from project_one.kernel.db import Base, text_enum
from project_one.vocabulary.domain import Capacity, Language


class FirmRow(Base):
    __tablename__ = "firms"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class AdvisorRow(Base):
    __tablename__ = "advisors"
    __table_args__ = (Index("ix_advisors_slot", "slot", "id"),)

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
