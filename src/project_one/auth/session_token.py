"""A Clerk session token, verified offline: key, signature and claims, at the moment we are told."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

import jwt

from project_one.auth.errors import (
    TokenEarlyError,
    TokenExpiredError,
    TokenForgedError,
    TokenPartyError,
    TokenPendingError,
    TokenVersionError,
)
from project_one.auth.ports import SigningKeys

LEEWAY = timedelta(seconds=5)
_ALGORITHM = "RS256"
_VERSION = 2
_MOST = 8_192  # characters; Clerk keeps a token below the 4 KB of a cookie
_REQUIRED = ["exp", "iat", "nbf", "iss", "sub", "sid"]
# PyJWT would ask the wall clock; we judge times, issuer and parties ourselves, each with an error of its own.
_OPTIONS: Any = {"require": _REQUIRED} | {
    f"verify_{name}": False for name in ("exp", "nbf", "iat", "iss", "aud", "sub", "jti")
}


@dataclass(frozen=True)
class TokenRules:
    """Which tokens are ours. `parties`: origins that may have asked for one."""

    issuer: str
    parties: frozenset[str]


@dataclass(frozen=True)
class Claims:
    """What a genuine token says. `expires_at`: seconds of Unix time; `impersonator`: Clerk's id of who acts as the user."""

    user: str
    session: str
    expires_at: float
    organisation: str | None = None
    impersonator: str | None = None


async def verify(token: str, keys: SigningKeys, rules: TokenRules, *, now: datetime) -> Claims:
    """Raises NotAuthenticatedError with the code of what is wrong, SigningKeysUnavailableError."""
    if len(token) > _MOST:
        _forged("it is longer than any session token")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError):
        _forged("it is no signed token")
    if header.get("alg") != _ALGORITHM:
        _forged(f"it is not signed with {_ALGORITHM}")
    kid = header.get("kid")
    key = await keys.key(kid) if isinstance(kid, str) else None
    if key is None:
        _forged("its key is not one of the issuer's")
    try:
        claims = jwt.decode(token, key, algorithms=[_ALGORITHM], options=_OPTIONS)
    except (jwt.InvalidTokenError, ValueError):
        _forged("its signature or its shape is wrong")
    return _judge(claims, rules, now)


def _judge(claims: Mapping[str, Any], rules: TokenRules, now: datetime) -> Claims:
    if claims["iss"] != rules.issuer:
        _forged("another issuer signed it")
    _check_times(claims, now)
    party = claims.get("azp")
    if party is not None and (not isinstance(party, str) or party not in rules.parties):
        message = "The token was made for another application (azp); sign in through one of CLERK_AUTHORIZED_PARTIES."
        raise TokenPartyError(message)
    if claims.get("sts") == "pending":
        message = "Sign-up is not complete; finish its open steps in the application."
        raise TokenPendingError(message)
    if claims.get("v") != _VERSION:
        message = "The token is not of version 2; update the application's Clerk library."
        raise TokenVersionError(message)
    return Claims(
        user=_text(claims, "sub"),
        session=_text(claims, "sid"),
        expires_at=_number(claims, "exp"),
        organisation=_inner(claims, "o", "id"),
        impersonator=_inner(claims, "act", "sub"),
    )


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    at, leeway = now.timestamp(), LEEWAY.total_seconds()
    expires, begins = (_number(claims, name) for name in ("exp", "nbf"))
    if not lasts(expires, now):
        message = "The token has expired; fetch a fresh one from Clerk and send the request again."
        raise TokenExpiredError(message)
    if at < begins - leeway:
        message = "The token is not valid yet; check the clock of the machine that made it."
        raise TokenEarlyError(message)


def lasts(expires_at: float, now: datetime) -> bool:
    """Whether a token that expires then is still good."""
    return now.timestamp() < expires_at + LEEWAY.total_seconds()


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _forged(f"{name} is no number")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims[name]
    if not isinstance(value, str) or not value:
        _forged(f"{name} is no text")
    return value


def _inner(claims: Mapping[str, Any], name: str, field: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        _forged(f"{name} is no object")
    return _text(value if field in value else {field: None}, field)


def _forged(why: str) -> NoReturn:
    message = f"The token is refused: {why}. Sign in again."
    raise TokenForgedError(message)
