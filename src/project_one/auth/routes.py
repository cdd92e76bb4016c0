"""Who am I, end a session, keys for exports."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path

from project_one.auth import keys as api_keys
from project_one.auth.domain import Permission, Principal
from project_one.auth.errors import KeyLifetimeError, KeyUnknownError
from project_one.auth.models import ApiKeyRow
from project_one.auth.policy import require
from project_one.auth.ports import FirmTerms
from project_one.auth.revocation import Revocations
from project_one.auth.schemas import KeyIn, KeyOut, MadeKeyOut, MeOut, RevokedOut, RevokeIn
from project_one.auth.sessions import revoke_session
from project_one.kernel import pages
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.kernel.problems import errors

_SESSION = Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", examples=["sess_2g7np7Hrk0SN6kj5EDMLDaKNL0S"])
_NOT_MADE = errors(KeyLifetimeError)
_NOT_FOUND = errors(KeyUnknownError)
_NEVER_STORED = {"Cache-Control": {"schema": {"type": "string"}, "description": "no-store: the key is shown once"}}


def access_router(
    database: Database, clock: Clock, principal: Callable[..., Principal], revocations: Revocations
) -> APIRouter:
    router = APIRouter(tags=["access"])

    @router.get("/me", response_model=MeOut, summary="Who you are and what you may do")
    async def read_me(caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        return {
            "actor": caller.actor,
            "user_id": caller.user_id,
            "firm_id": caller.tenant,
            "is_staff": caller.is_staff,
            "roles": sorted(caller.roles),
            "permissions": sorted(caller.permissions),
            "session_id": caller.session_id,
            "waits_for_seat": caller.waits_for_seat,
        }

    @router.post("/sessions/{session_id}/revoke", response_model=RevokedOut, summary="End a session at once")
    async def revoke(  # pyright: ignore[reportUnusedFunction]
        session_id: Annotated[str, _SESSION], body: RevokeIn, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.SESSION_REVOKE)
        async with database.scoped(caller.scope).transactions() as session:
            await revoke_session(session, session_id, actor=caller.actor, reason=body.reason, now=clock())
        await revocations.publish(session_id)
        return {"session_id": session_id, "is_revoked": True}

    return router


def key_router(database: Database, clock: Clock, principal: Callable[..., Principal], terms: FirmTerms) -> APIRouter:
    router = APIRouter(prefix="/api-keys", tags=["access"])

    @router.post(
        "",
        response_model=MadeKeyOut,
        status_code=201,
        summary="Make an API key; it is shown this once",
        responses={201: {"headers": _NEVER_STORED}, **_NOT_MADE},
        description="Needs the tier pro, as does every use of the key.",
    )
    async def make(body: KeyIn, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.KEY_WRITE)
        scopes = [Permission(item) for item in body.scopes]
        async with database.scoped(caller.scope).transactions() as session:
            if caller.tenant is not None:
                await terms.ensure_keys(session, caller.tenant)
            made = await api_keys.make_key(
                session, caller, name=body.name, scopes=scopes, expires_at=body.expires_at, now=clock()
            )
        return _out(made.row) | {"key": made.secret}

    @router.get("", response_model=pages.Page[KeyOut], summary="Your firm's API keys, newest first")
    async def read_all(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        cursor: pages.Cursor = None,
        limit: pages.Limit = pages.DEFAULT_LIMIT,
    ) -> Any:
        require(caller, Permission.KEY_WRITE)
        after = None if cursor is None else pages.moment_and_id(pages.decode(cursor, 2))
        async with database.scoped(caller.scope).readings() as session:
            rows = await api_keys.keys_of_firm(session, after=after, limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        return {
            "items": [_out(row) for row in rows[:limit]],
            "next_cursor": None if last is None else pages.encode(last.created_at.isoformat(), str(last.id)),
        }

    @router.delete("/{key_id}", status_code=204, summary="Revoke an API key at once", responses=_NOT_FOUND)
    async def revoke_key(key_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> None:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.KEY_WRITE)
        async with database.scoped(caller.scope).transactions() as session:
            await api_keys.revoke_key(session, key_id, actor=caller.actor, now=clock())

    return router


def _out(row: ApiKeyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in KeyOut.model_fields}
