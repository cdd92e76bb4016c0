"""Mornings, the ledger with its attempts and receipts, leases and certificates."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from project_one.delivery.domain import (
    AttemptStatus,
    Cause,
    MessageStatus,
    MorningState,
)
from project_one.kernel.db import Base, text_enum


class MorningRow(Base):
    __tablename__ = "mornings"
    __table_args__ = (UniqueConstraint("business_date", "slot"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    business_date: Mapped[date]
    slot: Mapped[str]
    state: Mapped[MorningState] = mapped_column(text_enum(MorningState, "state"))
    is_demo: Mapped[bool]
    release_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    spread_s: Mapped[float] = mapped_column(Float)
    planned_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    planned_at_release: Mapped[int | None] = mapped_column(Integer)
    unplanned: Mapped[list[Any]]


class MessageRow(Base):
    """The ledger: the only licence to send. Its uniqueness is promise P2."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("advisor_id", "business_date", "slot"),
        Index(
            "ix_messages_claimable",
            "number_id",
            "next_at",
            postgresql_where=text("status = 'planned'"),
        ),
        Index("ix_messages_morning_status", "morning_id", "status"),
        Index("ix_messages_history", "business_date", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    morning_id: Mapped[UUID] = mapped_column(ForeignKey("mornings.id"))
    business_date: Mapped[date]
    slot: Mapped[str]
    advisor_id: Mapped[UUID] = mapped_column(ForeignKey("advisors.id"))
    number_id: Mapped[UUID] = mapped_column(ForeignKey("numbers.id"))
    due_at: Mapped[datetime]
    next_at: Mapped[datetime]
    status: Mapped[MessageStatus] = mapped_column(text_enum(MessageStatus, "status"))
    cause: Mapped[Cause | None] = mapped_column(text_enum(Cause, "cause"))
    is_held: Mapped[bool]
    content_sha256: Mapped[str]
    renders: Mapped[dict[str, Any]]
    topic_family: Mapped[str]
    plan_b_sha256: Mapped[str | None]
    plan_b_renders: Mapped[dict[str, Any]]
    on_plan_b: Mapped[bool]
    plan_b_cause: Mapped[str | None]
    attempts_made: Mapped[int] = mapped_column(Integer)
    resends_after_unknown: Mapped[int] = mapped_column(Integer)
    withdrawn_at: Mapped[datetime | None]


class AttemptRow(Base):
    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        Index("ix_attempts_vendor_message_id", "vendor_message_id"),
        Index(
            "ix_attempts_open",
            "claim_expires_at",
            postgresql_where=text("status IN ('claimed', 'unknown')"),
        ),
        Index("ix_attempts_sender_recent", "sender_id", "claimed_at"),
        Index("ix_attempts_recipient", "morning_id", "recipient_hash"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    morning_id: Mapped[UUID]
    business_date: Mapped[date]
    number: Mapped[int] = mapped_column(Integer)  # 1 for the first attempt of a message
    sender_id: Mapped[UUID]
    fence: Mapped[int] = mapped_column(Integer)
    frame_id: Mapped[UUID | None]
    rendered_sha256: Mapped[str | None]
    recipient_hash: Mapped[str | None]
    claimed_at: Mapped[datetime]
    claim_expires_at: Mapped[datetime]
    status: Mapped[AttemptStatus] = mapped_column(text_enum(AttemptStatus, "status"))
    vendor_message_id: Mapped[str | None]
    unknown_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    code: Mapped[int | None] = mapped_column(Integer)


class ReceiptRow(Base):
    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("vendor_message_id", "status"),
        Index(
            "ix_receipts_orphans",
            "received_at",
            postgresql_where=text("attempt_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    vendor_message_id: Mapped[str]
    status: Mapped[AttemptStatus] = mapped_column(text_enum(AttemptStatus, "status"))
    attempt_id: Mapped[UUID | None] = mapped_column(index=True)
    vendor_at: Mapped[datetime]
    received_at: Mapped[datetime]
    code: Mapped[int | None] = mapped_column(Integer)
    recipient_hash: Mapped[str | None]
    post_sha256: Mapped[str]


class NumberLeaseRow(Base):
    __tablename__ = "number_leases"

    number_id: Mapped[UUID] = mapped_column(ForeignKey("numbers.id"), primary_key=True)
    driver: Mapped[str]
    fence: Mapped[int] = mapped_column(Integer)
    expires_at: Mapped[datetime]


class CertificateRow(Base):
    __tablename__ = "certificates"
    __table_args__ = (UniqueConstraint("morning_id", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    morning_id: Mapped[UUID] = mapped_column(ForeignKey("mornings.id"))
    version: Mapped[int] = mapped_column(Integer)
    as_of: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    export_gzip: Mapped[bytes] = mapped_column(LargeBinary)
    export_sha256: Mapped[str]
