"""Who may come in: people and firms as the identity provider knows them, revoked sessions, keys for exports.

Read without a tenant, because they are what finds it; only `api_keys` are rows of a firm. No names, no addresses.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from project_one.kernel.db import Base, text_enum


class UserStatus(StrEnum):
    ACTIVE = "active"
    DELETED = "deleted"  # for ever: the provider never uses an id again


class UserRow(Base):
    """`staff_roles`: given by our own command only, never by the provider. `vendor_updated_at`: of the last report applied."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    clerk_id: Mapped[str] = mapped_column(unique=True)
    status: Mapped[UserStatus] = mapped_column(text_enum(UserStatus, "status"))
    staff_roles: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    vendor_updated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class OrganisationRow(Base):
    __tablename__ = "organisations"

    clerk_org_id: Mapped[str] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"), index=True)
    vendor_updated_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class EndedOrganisationRow(Base):
    """A tombstone: also of one whose creation is reported later."""

    __tablename__ = "ended_organisations"

    clerk_org_id: Mapped[str] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime]


class MembershipRow(Base):
    """A person in a firm. One that has ended stays as a tombstone, so that a late report does not bring it back.

    `joined_at`: when we learned of it, or that she came back; seats go by it.
    """

    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"), primary_key=True, index=True)
    role: Mapped[str]
    vendor_id: Mapped[str]
    vendor_updated_at: Mapped[datetime]
    joined_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]


class RevokedSessionRow(Base):
    __tablename__ = "revoked_sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    actor: Mapped[str]
    reason: Mapped[str]
    revoked_at: Mapped[datetime]


class ApiKeyRow(Base):
    """`sha256` of the key, which nobody keeps; `prefix`: its first characters, to tell keys apart."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_firm_id", "firm_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    firm_id: Mapped[UUID] = mapped_column(ForeignKey("firms.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    prefix: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
