"""API keys of a firm: shown once, kept as a hash, for reading and exporting only."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NoReturn
from uuid import UUID

from sqlalchemy import Row, select, text, tuple_, update

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.domain import Permission, Principal
from project_one.auth.errors import (
    KeyExpiredError,
    KeyInvalidError,
    KeyLifetimeError,
    KeyUnknownError,
    NotPermittedError,
)
from project_one.auth.models import ApiKeyRow, MembershipRow, UserRow, UserStatus
from project_one.auth.policy import KEY_SCOPES
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id

LONGEST = timedelta(days=365)
_LOOKS = "p1_"  # so that a leaked key can be recognised by scanners
_SHOWN = 11
_SHORTEST_USE = timedelta(minutes=1)


@dataclass(frozen=True)
class MadeKey:
    """`secret` exists here and nowhere else."""

    row: ApiKeyRow
    secret: str


async def make_key(
    session: WriteSession,
    owner: Principal,
    *,
    name: str,
    scopes: Collection[Permission],
    expires_at: datetime,
    now: datetime,
) -> MadeKey:
    """A key of the owner's firm. Raises NotPermittedError, KeyLifetimeError."""
    if owner.tenant is None or owner.user_id is None:
        message = "Only a member of a firm makes API keys; sign in with her account."
        raise NotPermittedError(message)
    if not now < expires_at <= now + LONGEST:
        message = f"expires_at must lie in the future and at most {LONGEST.days} days ahead."
        raise KeyLifetimeError(message)
    secret = _LOOKS + secrets.token_urlsafe(32)
    row = ApiKeyRow(
        id=new_id(),
        firm_id=owner.tenant,
        user_id=owner.user_id,
        name=name,
        prefix=secret[:_SHOWN],
        sha256=_hash(secret),
        scopes=sorted(scopes),
        created_at=now,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    session.add(row)
    event = Event(Action.API_KEY_MADE, "api-key", str(row.id), owner.actor, {"scopes": sorted(scopes)})
    await audit.record(session, event, now=now)
    return MadeKey(row, secret)


async def keys_of_firm(session: ReadSession, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[ApiKeyRow]:
    """Keys that the session may see, newest first. `after`: moment and id of the last one seen."""
    query = select(ApiKeyRow).order_by(ApiKeyRow.created_at.desc(), ApiKeyRow.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(ApiKeyRow.created_at, ApiKeyRow.id) < after)
    return (await session.scalars(query)).all()


async def revoke_key(session: WriteSession, key_id: UUID, *, actor: str, now: datetime) -> None:
    """End a key at once; a second time changes nothing. Raises KeyUnknownError."""
    row = await session.get(ApiKeyRow, key_id)
    if row is None:
        message = "Your firm has no API key with this id; list them with GET /v1/api-keys."
        raise KeyUnknownError(message)
    if row.revoked_at is None:
        row.revoked_at = now
        await audit.record(session, Event(Action.API_KEY_REVOKED, "api-key", str(key_id), actor), now=now)


@dataclass(frozen=True)
class PresentedKey:
    """`is_due`: its last use should be noted."""

    principal: Principal
    firm_id: UUID
    key_id: UUID
    is_due: bool


async def present(session: ReadSession, secret: str, *, now: datetime) -> PresentedKey:
    """Whom a key lets in, while its maker is a member of the firm. Raises KeyInvalidError, KeyExpiredError."""
    digest = _hash(secret)
    await session.execute(text("SELECT set_config('app.key_sha256', :digest, true)"), {"digest": digest})
    found = (
        await session.execute(
            select(ApiKeyRow, UserRow.status, MembershipRow.ended_at)
            .join(UserRow, UserRow.id == ApiKeyRow.user_id)
            .outerjoin(
                MembershipRow,
                (MembershipRow.user_id == ApiKeyRow.user_id) & (MembershipRow.firm_id == ApiKeyRow.firm_id),
            )
            .where(ApiKeyRow.sha256 == digest)
        )
    ).one_or_none()
    row = _usable(found, now)
    principal = Principal(
        actor=f"api-key:{row.id}",
        permissions=frozenset(Permission(item) for item in row.scopes) & KEY_SCOPES,
        tenant=row.firm_id,
    )
    is_due = row.last_used_at is None or now - row.last_used_at >= _SHORTEST_USE
    return PresentedKey(principal, row.firm_id, row.id, is_due)


def _usable(found: Row[ApiKeyRow, UserStatus, datetime | None] | None, now: datetime) -> ApiKeyRow:
    if found is None:
        _invalid()
    row, status, left_at = found
    if row.revoked_at is not None or status is not UserStatus.ACTIVE or left_at is not None:
        _invalid()
    if row.expires_at <= now:
        message = "The API key has expired; make a new one with POST /v1/api-keys."
        raise KeyExpiredError(message)
    return row


async def note_use(session: WriteSession, key_id: UUID, *, now: datetime) -> None:
    await session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(last_used_at=now))


def _hash(secret: str) -> str:
    """A plain hash will do: the secret is 256 random bits, not a password."""
    return sha256(secret.encode()).hexdigest()


def _invalid() -> NoReturn:
    message = "X-API-Key is no valid key of a firm; make one with POST /v1/api-keys."
    raise KeyInvalidError(message)
