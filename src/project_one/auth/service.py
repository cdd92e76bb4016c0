"""From a bearer token to a principal."""

import hmac
from collections.abc import Mapping

from project_one.auth.domain import Principal
from project_one.auth.errors import NotAuthenticatedError
from project_one.auth.policy import OPERATOR, reviewer


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
