"""The consent ledger: rows are added, never changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base, text_enum
from project_one.privacy.domain import ConsentAction, Purpose


class ConsentRow(Base):
    __tablename__ = "consents"
    __table_args__ = (Index("ix_consents_advisor", "advisor_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    advisor_id: Mapped[UUID]
    purpose: Mapped[Purpose] = mapped_column(text_enum(Purpose, "purpose"))
    action: Mapped[ConsentAction] = mapped_column(text_enum(ConsentAction, "action"))
    channel: Mapped[str]
    evidence: Mapped[str]
    notice_version: Mapped[str]
    at: Mapped[datetime]


class SuppressionRow(Base):
    __tablename__ = "suppressions"

    phone_hash: Mapped[str] = mapped_column(primary_key=True, info={"pii": "phone"})
    since: Mapped[datetime]
    reason: Mapped[str]
