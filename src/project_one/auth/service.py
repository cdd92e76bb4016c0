"""From a bearer token to a principal."""

import hmac
from collections.abc import Mapping

from project_one.auth.domain import OPERATOR, Permission, Principal, reviewer
from project_one.auth.errors import NotAuthenticatedError, NotPermittedError


def authenticate(
    authorization: str | None, *, operator_token: str, reviewer_tokens: Mapping[str, str] | None = None
) -> Principal:
    """The caller behind an `Authorization` header; `reviewer_tokens` by name. Raises NotAuthenticatedError."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() == "bearer":
        if hmac.compare_digest(token.encode(), operator_token.encode()):
            return OPERATOR
        for name, expected in (reviewer_tokens or {}).items():
            if hmac.compare_digest(token.encode(), expected.encode()):
                return reviewer(name)
    message = "Send a staff token as: Authorization: Bearer <token>."
    raise NotAuthenticatedError(message)


def require(principal: Principal, permission: Permission) -> None:
    if permission not in principal.permissions:
        message = f"This needs the permission {permission}."
        raise NotPermittedError(message)
