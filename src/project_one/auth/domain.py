"""Principals and permissions."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    MORNING_READ = "delivery:morning:read"
    LINT = "compliance:lint"
    POLICY_READ = "compliance:policy:read"
    POLICY_WRITE = "compliance:policy:write"
    POLICY_APPROVE = "compliance:policy:approve"


@dataclass(frozen=True)
class Principal:
    """A verified caller. `actor` is how the audit trail names it."""

    actor: str
    permissions: frozenset[Permission]


OPERATOR = Principal(actor="operator", permissions=frozenset(Permission))


def reviewer(name: str) -> Principal:
    """A member of the platform's staff who reviews."""
    return Principal(actor=f"reviewer:{name}", permissions=frozenset(Permission))
