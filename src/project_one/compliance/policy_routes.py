"""The life of a policy over HTTP, and what a candidate would change."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.compliance import policies
from project_one.compliance.domain import ADVISOR_TYPES
from project_one.compliance.errors import FourEyesError, PolicyInvalidError, PolicyStateError, PolicyUnknownError
from project_one.compliance.models import PolicyRow
from project_one.compliance.rulebook import load
from project_one.compliance.schemas import (
    PolicyApproveIn,
    PolicyDraftIn,
    PolicyListOut,
    PolicyOut,
    PolicyWithdrawIn,
    ReplayOut,
    as_dict,
)
from project_one.compliance.trial import ScheduledDates, run_examples, what_would_flip
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database, ReadSession
from project_one.kernel.problems import errors

_TYPE_OF = {capacity.value: name for name, capacity in ADVISOR_TYPES.items()}


def policy_router(
    database: Database, clock: Clock, principal: Callable[..., Principal], scheduled: ScheduledDates
) -> APIRouter:
    router = APIRouter(prefix="/policies", tags=["policies"])
    shipped_version = load().version

    def out(row: PolicyRow, in_force: str) -> dict[str, Any]:
        return as_dict(row, PolicyOut) | {"is_in_force": row.version == in_force}

    async def in_force_now(session: ReadSession) -> str:
        return await policies.current_version(session, business_date(clock())) or shipped_version

    async def shown(version: str) -> dict[str, Any]:
        async with database.readings() as session:
            return out(await policies.policy(session, version), await in_force_now(session))

    @router.get("", response_model=PolicyListOut, summary="All versions, newest first")
    async def read_all(caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.POLICY_READ)
        async with database.readings() as session:
            in_force = await in_force_now(session)
            rows = await policies.all_policies(session)
        return {
            "in_force": in_force,
            "shipped": shipped_version,
            "policies": [out(row, in_force) for row in rows],
        }

    @router.get("/{version}", response_model=PolicyOut, summary="One version", responses=errors(PolicyUnknownError))
    async def read_one(version: str, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.POLICY_READ)
        return await shown(version)

    @router.get(
        "/{version}/files", response_model=dict[str, str], summary="Its files", responses=errors(PolicyUnknownError)
    )
    async def read_files(version: str, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.POLICY_READ)
        async with database.readings() as session:
            return await policies.files_of(session, version)

    @router.post(
        "",
        response_model=PolicyOut,
        status_code=201,
        summary="Draft a version from changes to another",
        responses=errors(PolicyUnknownError, PolicyInvalidError),
    )
    async def draft(body: PolicyDraftIn, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.POLICY_WRITE)
        if body.is_too_large:
            message = f"The files hold {body.size()} characters; 3,000,000 are allowed."
            raise PolicyInvalidError(message)
        async with database.readings() as session:
            base = await policies.files_of(session, body.base)
        files = await asyncio.to_thread(policies.with_changes, base, body.files)
        async with database.transactions() as session:
            made = await policies.draft(session, files, author=caller.actor, note=body.note, now=clock())
        return await shown(made.version)

    @router.post(
        "/{version}/regression",
        response_model=PolicyOut,
        summary="Run its examples",
        responses=errors(PolicyUnknownError, PolicyStateError, PolicyInvalidError),
    )
    async def regress(version: str, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.POLICY_WRITE)
        await run_examples(database, version, actor=caller.actor, clock=clock)
        return await shown(version)

    @router.post(
        "/{version}/approve",
        response_model=PolicyOut,
        summary="Put it in force from a date on",
        responses=errors(PolicyUnknownError, PolicyStateError, FourEyesError),
    )
    async def approve(  # pyright: ignore[reportUnusedFunction]
        version: str, body: PolicyApproveIn, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.POLICY_APPROVE)
        now = clock()
        async with database.transactions() as session:
            await policies.approve(
                session,
                version,
                approver=caller.actor,
                effective_from=body.effective_from,
                now=now,
                today=business_date(now),
            )
        return await shown(version)

    @router.post(
        "/{version}/withdraw",
        response_model=PolicyOut,
        summary="Take it out of force",
        responses=errors(PolicyUnknownError, PolicyStateError),
    )
    async def withdraw(  # pyright: ignore[reportUnusedFunction]
        version: str, body: PolicyWithdrawIn, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:
        require(caller, Permission.POLICY_APPROVE)
        async with database.transactions() as session:
            await policies.withdraw(session, version, actor=caller.actor, reason=body.reason, now=clock())
        return await shown(version)

    @router.post(
        "/{version}/replay",
        response_model=ReplayOut,
        summary="What would flip under it",
        responses=errors(PolicyUnknownError),
    )
    async def replay(version: str, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.POLICY_READ)
        replayed, dates = await what_would_flip(
            database.scoped(caller.scope), version, scheduled, today=business_date(clock())
        )
        return {
            "version": version,
            "replayed": replayed.replayed,
            "differing": replayed.differing,
            "flips": [
                vars(flip)
                | {"advisor_type": _TYPE_OF[flip.capacity], "scheduled_on": dates.get(flip.content_sha256, ())}
                for flip in replayed.flips
            ],
        }

    return router
