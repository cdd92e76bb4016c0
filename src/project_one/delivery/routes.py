"""Reading a morning over HTTP."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from project_one.advisor import service as advisors
from project_one.advisor.errors import AdvisorUnknownError
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.delivery.errors import CertificateUnknownError, MessageUnknownError, MorningUnknownError
from project_one.delivery.queries import message_of
from project_one.delivery.schemas import MessageOut, MorningOut
from project_one.delivery.service.certify import certificate_of
from project_one.delivery.service.release import find_morning, status_counts
from project_one.kernel.db import Database
from project_one.kernel.problems import errors
from project_one.vocabulary.domain import Slot

_SLOT = Query(
    pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$",
    description="Indian time of day; without it, the last planned of the date.",
    examples=["06:00"],
)

SlotQuery = Annotated[str | None, _SLOT]


def delivery_router(database: Database, principal: Callable[..., Principal]) -> APIRouter:
    router = APIRouter(tags=["mornings"])

    @router.get(
        "/mornings/{business_date}",
        response_model=MorningOut,
        summary="How far a morning is",
        responses=errors(MorningUnknownError),
    )
    async def read_morning(
        business_date: date, caller: Annotated[Principal, Depends(principal)], slot: SlotQuery = None
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.MORNING_READ)
        async with database.scoped(caller.scope).readings() as session:
            row = await find_morning(session, business_date, Slot(slot) if slot else None)
            statuses = await status_counts(session, row.id)
        names = set(MorningOut.model_fields) - {"statuses"}
        return {name: getattr(row, name) for name in names} | {"statuses": statuses}

    @router.get(
        "/mornings/{business_date}/certificate",
        summary="Its newest signed certificate",
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}}
        | errors(MorningUnknownError, CertificateUnknownError),
    )
    async def read_certificate(
        business_date: date, caller: Annotated[Principal, Depends(principal)], slot: SlotQuery = None
    ) -> Response:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.MORNING_READ)
        async with database.scoped(caller.scope).readings() as session:
            row = await find_morning(session, business_date, Slot(slot) if slot else None)
            signed, _ = await certificate_of(session, row.id)
        return Response(signed.to_file(), media_type="application/json")

    @router.get(
        "/mornings/{business_date}/messages/{advisor_id}",
        response_model=MessageOut,
        summary="One advisor's message",
        responses=errors(MorningUnknownError, MessageUnknownError, AdvisorUnknownError),
    )
    async def read_message(
        business_date: date, advisor_id: UUID, caller: Annotated[Principal, Depends(principal)], slot: SlotQuery = None
    ) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.MORNING_READ)
        async with database.scoped(caller.scope).readings() as session:
            await advisors.ensure_known(session, advisor_id)
            row = await find_morning(session, business_date, Slot(slot) if slot else None)
            message, attempts = await message_of(session, row.id, advisor_id)
        names = set(MessageOut.model_fields) - {"attempts"}
        return {name: getattr(message, name) for name in names} | {"attempts": [vars(item) for item in attempts]}

    return router
