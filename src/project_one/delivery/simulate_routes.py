"""What the night plan obeys, and what it would do, over HTTP."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from project_one.auth.domain import Permission, Principal
from project_one.auth.errors import NotPermittedError
from project_one.auth.policy import require
from project_one.content.domain import APPROVERS_NEEDED
from project_one.delivery.config import DeliveryConfig
from project_one.delivery.errors import RangeInvalidError
from project_one.delivery.guard import Guards
from project_one.delivery.planning import NO_REPEAT
from project_one.delivery.simulate import look, simulate
from project_one.delivery.simulate_schemas import PlanRulesOut, SimulationOut
from project_one.delivery.times import times_of_slot
from project_one.kernel import pages
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Database
from project_one.kernel.pages import DEFAULT_LIMIT, Cursor, Limit
from project_one.kernel.problems import errors
from project_one.vocabulary.domain import DEFAULT_SLOT, Capacity, Language, parse_slot

_FARTHEST = timedelta(days=366)

SlotText = Annotated[
    str,
    Query(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Indian time of day.", examples=["06:00"]),
]


def simulate_router(
    database: Database, guards: Guards, config: DeliveryConfig, clock: Clock, principal: Callable[..., Principal]
) -> APIRouter:
    router = APIRouter(prefix="/fallback", tags=["fallback"])

    @router.get("/policies", response_model=PlanRulesOut, summary="What the choice of a fallback obeys")
    async def read_plan_rules(caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.LIBRARY_READ)
        return {
            "no_repeat_days": NO_REPEAT.days,
            "approvals_needed": APPROVERS_NEEDED,
            "capacities": list(Capacity),
            "languages": list(Language),
            "rules": [
                f"No advisor gets a text again within {NO_REPEAT.days} days.",
                "A pack with months is used in those months only; one without, all year.",
                "A pack is used for the capacities it names, and never for another.",
                "The text is in the language in which the advisor wants her delivery.",
                f"A text is used once {APPROVERS_NEEDED} people approve it, and until one of the approvals is voided.",
                "Plan B is another text, of another topic family where there is one.",
                "The rules in force on the day judge the whole message; what they block is passed over.",
            ],
        }

    @router.get(
        "/simulate",
        response_model=SimulationOut,
        summary="Who would get what on a day, and why",
        description="The night plan over the state of now; nothing is written. In the order of advisor ids.",
        responses=errors(pages.CursorInvalidError, RangeInvalidError),
    )
    async def simulate_night(  # pyright: ignore[reportUnusedFunction]
        caller: Annotated[Principal, Depends(principal)],
        day: Annotated[date | None, Query(alias="date", description="Business date; tomorrow when left out.")] = None,
        slot: SlotText = DEFAULT_SLOT,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Any:
        if Permission.LIBRARY_WRITE not in caller.permissions:
            require(caller, Permission.MORNING_READ)
        if not caller.is_staff:
            message = "The plan of everybody is for the staff of the platform."
            raise NotPermittedError(message)
        after = UUID(int=0) if cursor is None else _position(cursor)
        now, asked = clock(), parse_slot(slot)
        today = business_date(now)
        on = day or today + timedelta(days=1)
        if abs(on - today) > _FARTHEST:
            message = f"{on} is more than {_FARTHEST.days} days away; nothing is known of that day."
            raise RangeInvalidError(message)
        guard = await guards.of(on)
        async with database.scoped(caller.scope).readings() as session:
            looked = await look(session, guard, slot=asked, times=times_of_slot(on, asked, config))
        found = await asyncio.to_thread(simulate, looked, guard, slot=asked, now=now)
        rest = [item for item in found.advisors if item.advisor_id > after]
        page = pages.page([vars(item) for item in rest[: limit + 1]], limit, "advisor_id")
        return vars(found) | page

    return router


def _position(cursor: str) -> UUID:
    try:
        return UUID(pages.decode(cursor, 1)[0])
    except ValueError:
        raise pages.invalid() from None
