"""Policies, the verdicts they gave and what two reviewers let through."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.compliance.policy import PolicyState
from project_one.kernel.db import Base, text_enum


class PolicyRow(Base):
    """One version of all policy files. `files`: gzipped JSON of folder/name to text."""

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint("approver IS NULL OR approver <> author", name="four_eyes"),
        CheckConstraint(
            "state <> 'approved' OR (approver IS NOT NULL AND effective_from IS NOT NULL)", name="approved"
        ),
    )

    version: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[PolicyState] = mapped_column(text_enum(PolicyState, "state"))
    files: Mapped[bytes] = mapped_column(LargeBinary)
    author: Mapped[str]
    note: Mapped[str]
    drafted_at: Mapped[datetime]
    regression: Mapped[dict[str, Any] | None]
    tested_at: Mapped[datetime | None]
    approver: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    effective_from: Mapped[date | None]


class VerdictRow(Base):
    """What a policy version said of an approved or submitted text, with all it takes to say it again."""

    __tablename__ = "verdicts"
    __table_args__ = (
        Index(
            "uq_verdicts_question",
            "content_sha256",
            "context_sha256",
            "policy_version",
            "business_date",
            unique=True,
            postgresql_where=text("firm_id IS NULL"),
        ),
        Index(
            "uq_verdicts_question_of_firm",
            "firm_id",
            "content_sha256",
            "context_sha256",
            "policy_version",
            "business_date",
            unique=True,
        ),
        Index("ix_verdicts_policy_version", "policy_version"),
        Index("ix_verdicts_of_firm", "firm_id", "given_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    content_sha256: Mapped[str]
    text: Mapped[str]
    context: Mapped[dict[str, Any]]
    context_sha256: Mapped[str]
    policy_version: Mapped[str]
    business_date: Mapped[date]
    verdict: Mapped[dict[str, Any]]
    verdict_sha256: Mapped[str]
    firm_id: Mapped[UUID | None]
    given_at: Mapped[datetime]


class OverrideRow(Base):
    """Two reviewers' decision that a text may pass in spite of the named findings."""

    __tablename__ = "overrides"
    __table_args__ = (
        CheckConstraint("second_reviewer IS NULL OR second_reviewer <> first_reviewer", name="four_eyes"),
        CheckConstraint(
            "first_reviewer <> author AND (second_reviewer IS NULL OR second_reviewer <> author)", name="not_author"
        ),
        Index("ix_overrides_content_sha256", "content_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    content_sha256: Mapped[str]
    policy_version: Mapped[str]
    fingerprints: Mapped[list[Any]]
    reason: Mapped[str]
    author: Mapped[str]
    first_reviewer: Mapped[str]
    asked_at: Mapped[datetime]
    second_reviewer: Mapped[str | None]
    granted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
