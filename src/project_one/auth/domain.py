"""Principals, roles and permissions. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from project_one.kernel.scope import Scope


class Permission(StrEnum):
    """What somebody may do: room, thing, verb."""

    LINT = "compliance:lint"
    POLICY_READ = "compliance:policy:read"
    POLICY_WRITE = "compliance:policy:write"
    POLICY_APPROVE = "compliance:policy:approve"
    OVERRIDE = "compliance:override"
    MORNING_READ = "delivery:morning:read"
    DELIVERY_READ = "delivery:message:read"
    CHANNEL_READ = "channel:read"
    ADVISOR_READ = "advisor:read"
    ADVISOR_WRITE = "advisor:write"
    ADVISOR_DECIDE = "advisor:decide"
    REGISTER_IMPORT = "advisor:register:import"
    PACK_READ = "content:pack:read"
    PACK_WRITE = "content:pack:write"
    PACK_REVIEW = "content:pack:review"
    GENERATE = "content:generate"
    TRANSLATE = "content:translate"
    AI_USAGE_READ = "ai:usage:read"
    AI_BUDGET_READ = "ai:budget:read"
    LIBRARY_READ = "content:library:read"
    LIBRARY_WRITE = "content:library:write"
    EXPORT = "export:own"
    KEY_WRITE = "auth:key:write"
    SESSION_REVOKE = "auth:session:revoke"


class Role(StrEnum):
    """An advisor belongs to a firm; the others are staff of the platform and belong to none."""

    ADVISOR = "advisor"
    REVIEWER = "reviewer"
    ADMIN = "admin"
    DPO = "dpo"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Principal:
    """A verified caller. `actor` is how the audit trail names it.

    `waits_for_seat`: she is a member of a firm whose seats are taken, and acts for none.
    `tenant`: the firm she acts for; None for staff. `user_id`: None for an API key.
    """

    actor: str
    permissions: frozenset[Permission]
    tenant: UUID | None = None
    is_staff: bool = False
    user_id: UUID | None = None
    roles: frozenset[Role] = field(default_factory=frozenset[Role])
    session_id: str | None = None
    waits_for_seat: bool = False

    @property
    def scope(self) -> Scope:
        """What her sessions see."""
        return Scope(self.tenant, self.is_staff)
