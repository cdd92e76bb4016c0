"""What a registration rests on: documents, imported registers, checks; and the compliance scores over time."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from project_one.advisor.documents import DocumentKind, MediaType
from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.matching import MatchResult, Register
from project_one.kernel.db import Base, text_enum


class DocumentRow(Base):
    """A document she gave. The bytes lie sealed under her key in the storage; `sha256`: of the plain bytes."""

    __tablename__ = "advisor_documents"
    __table_args__ = (Index("ix_advisor_documents_advisor", "advisor_id", "uploaded_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID] = mapped_column(ForeignKey("advisors.id"))
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"))
    kind: Mapped[DocumentKind] = mapped_column(text_enum(DocumentKind, "kind"))
    media_type: Mapped[MediaType] = mapped_column(text_enum(MediaType, "media_type"))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str]
    storage_key: Mapped[str] = mapped_column(unique=True)
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime]


class SnapshotRow(Base):
    """A public register as one file showed it. `as_of`: the day it was taken from the register's own site."""

    __tablename__ = "register_snapshots"
    __table_args__ = (
        UniqueConstraint("register", "as_of", "file_sha256"),
        Index("ix_register_snapshots_newest", "register", "as_of", "imported_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    register: Mapped[Register] = mapped_column(text_enum(Register, "register"))
    as_of: Mapped[date]
    file_sha256: Mapped[str]
    rows: Mapped[int] = mapped_column(Integer)
    report: Mapped[dict[str, Any]]
    imported_by: Mapped[str]
    imported_at: Mapped[datetime]


class RegisterRow(Base):
    """A line of a snapshot: public data. `row_hash`: SHA-256 over every cell as it came."""

    __tablename__ = "register_rows"

    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("register_snapshots.id"), primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    trade_name: Mapped[str]
    city: Mapped[str]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    row_hash: Mapped[str]


class RegistrationCheckRow(Base):
    """An advisor held against a snapshot, and what followed; rows are added, never changed."""

    __tablename__ = "registration_checks"
    __table_args__ = (Index("ix_registration_checks_advisor", "advisor_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID] = mapped_column(ForeignKey("advisors.id"))
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"))
    at: Mapped[datetime]
    snapshot_id: Mapped[UUID] = mapped_column(ForeignKey("register_snapshots.id"))
    as_of: Mapped[date]
    result: Mapped[MatchResult] = mapped_column(text_enum(MatchResult, "result"))
    row_hash: Mapped[str | None]
    register_name: Mapped[str | None]
    valid_until: Mapped[date | None]
    status_before: Mapped[RegistrationStatus] = mapped_column(text_enum(RegistrationStatus, "status_before"))
    status_after: Mapped[RegistrationStatus] = mapped_column(text_enum(RegistrationStatus, "status_after"))


class ComplianceScoreRow(Base):
    """A score as it stood from `at` on, and the verdicts it was computed from."""

    __tablename__ = "compliance_scores"

    advisor_id: Mapped[UUID] = mapped_column(ForeignKey("advisors.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"))
    score: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    verdict_ids: Mapped[list[Any]]
