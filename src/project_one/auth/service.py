"""From a bearer token to a principal."""

import hmac

from project_one.auth.domain import OPERATOR, Permission, Principal
from project_one.auth.errors import NotAuthenticatedError, NotPermittedError


def authenticate(authorization: str | None, *, operator_token: str) -> Principal:
    """The caller behind an `Authorization` header. Raises NotAuthenticatedError."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), operator_token.encode()):
        message = "Send the operator's token as: Authorization: Bearer <token>."
        raise NotAuthenticatedError(message)
    return OPERATOR


def require(principal: Principal, permission: Permission) -> None:
    if permission not in principal.permissions:
        message = f"This needs the permission {permission}."
        raise NotPermittedError(message)
