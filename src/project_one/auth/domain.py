"""Principals and permissions."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    MORNING_READ = "delivery:morning:read"
    LINT = "compliance:lint"


@dataclass(frozen=True)
class Principal:
    """A verified caller. `actor` is how the audit trail names it."""

    actor: str
    permissions: frozenset[Permission]


OPERATOR = Principal(actor="operator", permissions=frozenset(Permission))
