"""From the headers of a request to a principal.

Authorization: Bearer ── Clerk session token ── verified offline, person, firm, roles (kept 60 s) ── revoked?
X-API-Key ────────────── key of a firm, asked for each time
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from project_one.auth import keys as api_keys
from project_one.auth import people
from project_one.auth.domain import Principal, Role
from project_one.auth.errors import (
    AccountClosedError,
    NotAuthenticatedError,
    SessionRevokedError,
)
from project_one.auth.models import UserStatus
from project_one.auth.policy import STAFF, impersonated, principal_of
from project_one.auth.ports import FirmTerms, SigningKeys
from project_one.auth.revocation import Revocations
from project_one.auth.seats import seating
from project_one.auth.session_token import Claims, TokenRules, lasts, verify
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.kernel.scope import Scope

log = structlog.get_logger()

_KEPT_S = 60.0
_MOST_KEPT = 10_000
_DOTS = 2  # of a signed token


@dataclass(frozen=True)
class Provider:
    """The identity provider of this installation."""

    rules: TokenRules
    keys: SigningKeys


@dataclass(frozen=True)
class Known:
    """Who a token was found to be. `since`: seconds of the monotonic clock."""

    since: float
    claims: Claims
    principal: Principal


class Authenticator:
    """One a process. `provider`: None when nobody signs in with an account of her own here."""

    def __init__(
        self,
        database: Database,
        *,
        provider: Provider | None,
        revocations: Revocations,
        terms: FirmTerms,
        clock: Clock,
    ) -> None:
        self._database = database
        self._provider = provider
        self._revocations = revocations
        self._terms = terms
        self._clock = clock
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    async def authenticate(self, authorization: str | None, api_key: str | None) -> Principal:
        """Raises NotAuthenticatedError with the code of what is wrong, SigningKeysUnavailableError.

        Also what `terms.ensure_keys` raises, for a key of a firm that has fallen below the tier with keys.
        """
        if authorization is None and api_key is not None:
            return await self._by_key(api_key)
        header = authorization or ""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "Send a session token as `Authorization: Bearer <token>`, or an API key as `X-API-Key`."
            raise NotAuthenticatedError(message)
        if self._provider is None or token.count(".") != _DOTS:
            message = "The bearer token is not a session token; sign in, and send the one you are given."
            raise NotAuthenticatedError(message)
        claims = await verify(token, self._provider.keys, self._provider.rules, now=self._clock())
        await self.ensure_open(claims.session)
        return await self._person(header, claims)

    def remembered(self, authorization: str | None) -> "Known | None":
        """Who was found behind this very header a moment ago; her session may have been ended since."""
        if authorization is None:
            return None
        known = self._known.get(_key(authorization))
        if known is None or time.monotonic() - known.since >= _KEPT_S:
            return None
        return known if lasts(known.claims.expires_at, self._clock()) else None

    async def ensure_open(self, session_id: str, *, read: Sequence[str | None] | None = None) -> None:
        """`read`: as of `Revocations.is_revoked`. Raises SessionRevokedError."""
        if await self._revocations.is_revoked(session_id, read=read):
            message = "This session was ended; sign in again."
            raise SessionRevokedError(message)

    async def _by_key(self, secret: str) -> Principal:
        now = self._clock()
        async with self._database.readings() as session:
            presented = await api_keys.present(session, secret, now=now)
        async with self._database.scoped(presented.principal.scope).transactions() as session:
            await self._terms.ensure_keys(session, presented.firm_id)
            if presented.is_due:
                await api_keys.note_use(session, presented.key_id, now=now)
        return presented.principal

    async def _person(self, authorization: str, claims: Claims) -> Principal:
        since = time.monotonic()
        principal = await self._looked_up(claims)
        if not principal.permissions:
            return principal  # whoever may do nothing yet registers next, and must not wait for it
        self._known[_key(authorization)] = Known(since, claims, principal)
        self._known.move_to_end(_key(authorization))
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return principal

    async def _looked_up(self, claims: Claims) -> Principal:
        person = await self._standing(claims)
        if person is None:
            async with self._database.transactions() as session:
                await people.ensure_user(session, claims.user, actor="sign-in", now=self._clock())
            person = await self._standing(claims)
        if person is None or person.status is not UserStatus.ACTIVE:
            message = "The account behind this session is deleted; sign in with another one."
            raise AccountClosedError(message)
        roles = person.staff_roles or frozenset({Role.ADVISOR})
        tenant = person.firm_id
        sits = tenant is None or person.has_first_seat or roles & STAFF or await self._has_seat(person.user_id, tenant)
        if not sits:
            waiting = principal_of(person.user_id, roles, tenant=None, session_id=claims.session)
            return replace(waiting, waits_for_seat=True)
        principal = principal_of(person.user_id, roles, tenant=tenant, session_id=claims.session)
        if claims.impersonator is None:
            return principal
        log.warning("auth.impersonated", user_id=str(person.user_id), impersonator=claims.impersonator)
        return impersonated(principal)

    async def _standing(self, claims: Claims) -> people.Standing | None:
        async with self._database.lookups() as lookup:
            return await people.standing(lookup, claims.user, claims.organisation)

    async def _has_seat(self, user_id: UUID, firm_id: UUID) -> bool:
        """Asked of who has not the first seat, which every tier has."""
        async with self._database.scoped(Scope(tenant=firm_id)).readings() as session:
            seats = await self._terms.seats(session, firm_id)
            return (await seating(session, firm_id, seats)).has_seat(user_id, seats)


def _key(authorization: str) -> bytes:
    """What was verified is remembered by hash: a dump of the memory gives no sessions away."""
    return hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
