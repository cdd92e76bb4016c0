"""What each role may do."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from project_one.auth.domain import Permission, Principal, Role
from project_one.auth.errors import NotPermittedError, SeatNeededError

_P = Permission

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADVISOR: frozenset(
        {
            _P.LINT,
            _P.ADVISOR_READ,
            _P.ADVISOR_WRITE,
            _P.PACK_READ,
            _P.PACK_WRITE,
            _P.GENERATE,
            _P.TRANSLATE,
            _P.AI_USAGE_READ,
            _P.LIBRARY_READ,
            _P.DELIVERY_READ,
            _P.EXPORT,
            _P.KEY_WRITE,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            _P.LINT,
            _P.POLICY_READ,
            _P.POLICY_WRITE,
            _P.POLICY_APPROVE,
            _P.OVERRIDE,
            _P.ADVISOR_READ,
            _P.PACK_READ,
            _P.PACK_REVIEW,
            _P.LIBRARY_READ,
            _P.LIBRARY_WRITE,
            _P.MORNING_READ,
        }
    ),
    Role.ADMIN: frozenset(
        {
            _P.LINT,
            _P.AI_USAGE_READ,
            _P.AI_BUDGET_READ,
            _P.POLICY_READ,
            _P.ADVISOR_READ,
            _P.ADVISOR_DECIDE,
            _P.REGISTER_IMPORT,
            _P.PACK_READ,
            _P.LIBRARY_READ,
            _P.MORNING_READ,
            _P.DELIVERY_READ,
            _P.CHANNEL_READ,
            _P.SESSION_REVOKE,
        }
    ),
    Role.DPO: frozenset({_P.ADVISOR_READ, _P.PACK_READ, _P.DELIVERY_READ, _P.MORNING_READ}),
    Role.OPERATOR: frozenset({_P.LINT, _P.MORNING_READ, _P.DELIVERY_READ, _P.CHANNEL_READ, _P.LIBRARY_READ}),
}

STAFF = frozenset(Role) - {Role.ADVISOR}


def principal_of(
    user_id: UUID, roles: Iterable[Role], *, tenant: UUID | None, session_id: str | None = None
) -> Principal:
    """The principal of a person. Staff never acts for a firm, whatever memberships say."""
    held = frozenset(roles)
    staff = held & STAFF
    if staff:
        permissions = frozenset().union(*(PERMISSIONS[role] for role in staff))
        return Principal(f"user:{user_id}", permissions, None, True, user_id, staff, session_id)
    permissions = PERMISSIONS[Role.ADVISOR] if tenant is not None and Role.ADVISOR in held else frozenset[Permission]()
    return Principal(f"user:{user_id}", permissions, tenant, False, user_id, held, session_id)


READING = frozenset(item for item in Permission if item.endswith(":read")) | {Permission.LINT}
"""What somebody may do who acts as another person: look, so as to help; never write, approve, override or export."""

KEY_SCOPES = frozenset({_P.EXPORT, _P.DELIVERY_READ, _P.PACK_READ})
"""What an API key may be given."""


def impersonated(principal: Principal) -> Principal:
    """The person as somebody else sees with her eyes."""
    return replace(principal, permissions=principal.permissions & READING)


def require(principal: Principal, permission: Permission) -> None:
    """Raises NotPermittedError, SeatNeededError."""
    if principal.waits_for_seat:
        message = "All seats of your firm are taken; yours comes free when a member leaves or a larger tier is booked."
        raise SeatNeededError(message)
    if permission not in principal.permissions:
        message = f"This needs the permission {permission}."
        if not principal.permissions and principal.user_id is not None:
            message += " You act for no firm yet: register with POST /v1/advisors, or choose your firm's organisation when you sign in."
        raise NotPermittedError(message)
