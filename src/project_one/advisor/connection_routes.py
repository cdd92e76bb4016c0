"""Her WhatsApp connection and her compliance score, over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from project_one.advisor import connection, numbers, scoring
from project_one.advisor.answers import advisor_read, refusals
from project_one.advisor.connection import Agreement
from project_one.advisor.ports import JudgedPacks
from project_one.advisor.schemas import AdvisorOut, OptInIn, PhoneIn, ScoreStandingOut
from project_one.advisor.scores import score_of
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database
from project_one.vault.domain import Keyring


def connection_router(
    database: Database, keyring: Keyring, clock: Clock, principal: Callable[..., Principal], judged: JudgedPacks
) -> APIRouter:
    router = APIRouter(prefix="/advisors/{advisor_id}", tags=["advisors"])
    changed: dict[str, Any] = {"response_model": AdvisorOut, "responses": refusals(404, 409, 422)}

    @router.post("/whatsapp/opt-in", summary="Note that she agreed, and with which phone", **changed)
    async def opt_in(
        advisor_id: UUID, body: OptInIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_WRITE)
        agreement = Agreement(numbers.phone(body.phone), body.proof_text_version, body.method, body.evidence)
        async with database.scoped(caller.scope).transactions() as session:
            row = await connection.opt_in(session, keyring, advisor_id, agreement, actor=caller.actor, now=clock())
            return await advisor_read(session, row, clock(), response)

    @router.delete("/whatsapp/opt-in", summary="End it; the next claim withdraws what is planned", **changed)
    async def opt_out(advisor_id: UUID, response: Response, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_WRITE)
        async with database.scoped(caller.scope).transactions() as session:
            row = await connection.opt_out(session, advisor_id, actor=caller.actor, now=clock())
            return await advisor_read(session, row, clock(), response)

    @router.put("/whatsapp/phone", summary="Another number; it needs an opt-in of its own", **changed)
    async def move(
        advisor_id: UUID, body: PhoneIn, response: Response, caller: Annotated[Principal, Depends(principal)]
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_WRITE)
        phone = numbers.phone(body.phone)
        async with database.scoped(caller.scope).transactions() as session:
            row = await connection.change_number(session, keyring, advisor_id, phone, actor=caller.actor, now=clock())
            return await advisor_read(session, row, clock(), response)

    @router.get(
        "/compliance-score",
        response_model=ScoreStandingOut,
        summary="Her score, its history and the verdicts behind it",
        responses=refusals(404, 422),
    )
    async def read_score(advisor_id: UUID, caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.ADVISOR_READ)
        async with database.scoped(caller.scope).lookups() as lookup:
            found = await scoring.standing_of(lookup, advisor_id, judged)
        return {
            "current": score_of(found.verdicts),
            "verdicts": [vars(item) for item in found.verdicts],
            "history": found.history,
        }

    return router
