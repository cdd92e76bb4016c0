"""What admins decide on an advisor, over HTTP; each with a reason, each on the trail."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from project_one.advisor import checks, decisions, onboarding
from project_one.advisor.answers import advisor_read, refusals, shown
from project_one.advisor.firm_tier import seats_of_firm
from project_one.advisor.schemas import AdvisorOut, CheckOut, ChecksOut, ReasonIn, TierIn
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.auth.seats import record_moves, seating
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database


def decision_router(database: Database, clock: Clock, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(prefix="/advisors/{advisor_id}", tags=["advisors"])
    decided: dict[str, Any] = {"response_model": AdvisorOut, "responses": refusals(404, 409, 422)}

    @router.post("/approve", summary="Take documents and register entry as proof", **decided)
    async def approve(
        advisor_id: UUID, body: ReasonIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_DECIDE)
        now = clock()
        async with database.scoped(caller.scope).transactions() as session:
            row = await decisions.approve(
                session, advisor_id, reason=body.reason, actor=caller.actor, now=now, today=business_date(now)
            )
            return await advisor_read(session, row, clock(), response)

    @router.post("/suspend", summary="Send her nothing from the next claim on", **decided)
    async def suspend(
        advisor_id: UUID, body: ReasonIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_DECIDE)
        async with database.scoped(caller.scope).transactions() as session:
            row = await decisions.suspend(session, advisor_id, reason=body.reason, actor=caller.actor, now=clock())
            return await advisor_read(session, row, clock(), response)

    @router.post("/reinstate", summary="Lift a suspension", **decided)
    async def reinstate(
        advisor_id: UUID, body: ReasonIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_DECIDE)
        now = clock()
        async with database.scoped(caller.scope).transactions() as session:
            row = await decisions.reinstate(
                session, advisor_id, reason=body.reason, actor=caller.actor, now=now, today=business_date(now)
            )
            return await advisor_read(session, row, clock(), response)

    @router.post("/surrender", summary="She has given the registration up; for ever", **decided)
    async def surrender(
        advisor_id: UUID, body: ReasonIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_DECIDE)
        async with database.scoped(caller.scope).transactions() as session:
            row = await decisions.surrender(session, advisor_id, reason=body.reason, actor=caller.actor, now=clock())
            return await advisor_read(session, row, clock(), response)

    @router.put("/tier", summary="Book a tier", **decided)
    async def book(
        advisor_id: UUID, body: TierIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_DECIDE)
        now = clock()
        async with database.scoped(caller.scope).transactions() as session:
            row = await onboarding.one(session, advisor_id)
            before = await seating(session, row.firm_id, await seats_of_firm(session, row.firm_id, now=now))
            row = await onboarding.set_tier(
                session, advisor_id, body.tier, reason=body.reason, actor=caller.actor, now=now
            )
            after = await seating(session, row.firm_id, await seats_of_firm(session, row.firm_id, now=now))
            await record_moves(session, row.firm_id, before, after, actor=caller.actor, now=now)
            return await advisor_read(session, row, now, response)

    @router.get(
        "/checks",
        response_model=ChecksOut,
        summary="Her line in the registers over time, newest first",
        responses=refusals(404, 422),
    )
    async def read_checks(advisor_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_READ)
        async with database.scoped(caller.scope).readings() as session:
            await onboarding.one(session, advisor_id)
            rows = await checks.history(session, advisor_id)
        return {"items": [shown(row, CheckOut) for row in rows]}

    return router
