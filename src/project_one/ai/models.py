"""Purses, calls, quotas and registered prompts. Money is integer micro-rupees.

The api login only reads here, a firm its own rows; it writes through the functions of the migrations `ai` and
`ai_groups` (`ai_reserve_all`, `ai_settle_all`, …), each of which is one statement and so holds the row of the month for no
longer than itself.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.ai.domain import Purpose
from project_one.ai.ports import Scope
from project_one.kernel.db import Base, text_enum


class CallState(StrEnum):
    """Money is set aside; it is booked, once and for all."""

    RESERVED = "reserved"
    SETTLED = "settled"


class BudgetRow(Base):
    """A purse of one month, one day (IST) or one owner in a month.

    `key`: 2026-11, 2026-11-24 or <owner>/2026-11; `alerted`: the highest percentage that somebody was told of.
    """

    __tablename__ = "ai_budgets"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND spent >= 0 AND reserved + spent <= cap", name="within_cap"),
        CheckConstraint("(scope = 'owner') = (owner IS NOT NULL)", name="owned"),
    )

    scope: Mapped[Scope] = mapped_column(text_enum(Scope, "scope"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[UUID | None]
    cap: Mapped[int] = mapped_column(BigInteger)
    reserved: Mapped[int] = mapped_column(BigInteger)
    spent: Mapped[int] = mapped_column(BigInteger)
    alerted: Mapped[int]


class CallRow(Base):
    """One call, from the money set aside to the money booked.

    `business_date`: the purses it is paid from, whenever it is settled; `held_since`: the database's clock, because the
    clocks of processes may differ; `cost` never exceeds `worst`.
    """

    __tablename__ = "ai_calls"
    __table_args__ = (
        CheckConstraint("worst >= 0 AND cost >= 0 AND cost <= worst", name="within_worst"),
        CheckConstraint("(state = 'settled') = (cost IS NOT NULL AND settled_at IS NOT NULL)", name="settled"),
        Index("ix_ai_calls_held_since", "held_since", postgresql_where=text("state = 'reserved'")),
        Index("ix_ai_calls_owner", "owner", "business_date"),
        Index("ix_ai_calls_business_date", "business_date"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[UUID]
    purpose: Mapped[Purpose] = mapped_column(text_enum(Purpose, "purpose"))
    prompt: Mapped[str]
    prompt_version: Mapped[int]
    model: Mapped[str]
    is_hedge: Mapped[bool]
    state: Mapped[CallState] = mapped_column(text_enum(CallState, "state"))
    business_date: Mapped[date]
    worst: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int | None] = mapped_column(BigInteger)
    input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cached_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_written_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None]
    took_ms: Mapped[float | None] = mapped_column(Double())
    reserved_at: Mapped[datetime]
    held_since: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None]


class QuotaRow(Base):
    """How many of a day's calls (IST) an owner has taken."""

    __tablename__ = "ai_quotas"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken"),)

    owner: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[Purpose] = mapped_column(text_enum(Purpose, "purpose"), primary_key=True)
    business_date: Mapped[date] = mapped_column(primary_key=True)
    taken: Mapped[int]


class PromptRow(Base):
    """A version of a prompt that was used. Added and never altered: no login of the services may update it."""

    __tablename__ = "ai_prompts"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    sha256: Mapped[str]
    owner: Mapped[str]
    changelog: Mapped[list[Any]]
    registered_at: Mapped[datetime]
