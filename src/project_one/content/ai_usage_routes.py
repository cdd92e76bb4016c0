"""What the model costs, over HTTP: to a firm its own, to admins the platform's."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from project_one.ai import usage
from project_one.ai.limits import owner_of
from project_one.ai.purse import MICRO
from project_one.auth.domain import Permission, Principal
from project_one.auth.policy import require
from project_one.content import ai_usage
from project_one.content.ai_schemas import BudgetOut, UsageOut
from project_one.content.ai_usage import AiCaps
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database


def ai_usage_router(
    database: Database,
    caps: AiCaps,
    clock: Clock,
    principal: Callable[..., Principal],
    warnings: Callable[[], list[str]],
) -> APIRouter:
    """`warnings`: what somebody should see to, a sentence each."""
    router = APIRouter(prefix="/ai", tags=["ai"])

    @router.get(
        "/usage",
        response_model=UsageOut,
        summary="What is left of today's calls and this month's money",
        description="Of your firm; of yourself where you act for none. Days and months as in India.",
    )
    async def read_usage(caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.AI_USAGE_READ)
        owner = owner_of(caller.actor, firm_id=caller.tenant, person=caller.user_id)
        async with database.scoped(caller.scope).readings() as session:
            found = await ai_usage.of_caller(session, owner, caller.tenant, cap_micro_rupees=caps.owner, now=clock())
        return {
            "quotas": [
                {"purpose": item.purpose, "per_day": item.per_day, "taken": item.taken, "left": item.left}
                for item in found.used.quotas
            ],
            "month": _money(found.used.budget),
            "by_purpose": [_figure(item) for item in found.used.by_purpose],
            "packs": found.packs,
            "rupees_per_pack": _rupees(found.per_pack),
        }

    @router.get(
        "/budget",
        response_model=BudgetOut,
        summary="The platform's budget for the model",
        description="This month and today, who spends most, for what and with which model; and what to see to.",
    )
    async def read_budget(caller: Annotated[Principal, Depends(principal)]) -> Any:  # pyright: ignore[reportUnusedFunction]
        require(caller, Permission.AI_BUDGET_READ)
        async with database.scoped(caller.scope).readings() as session:
            found = await usage.of_platform(session, month_cap_micro_rupees=caps.month, now=clock())
        return {
            "month": _money(found.month),
            "day": _money(found.day),
            "owners": [{"owner": item.owner, **_money(item.budget)} for item in found.owners],
            "by_purpose": [_figure(item) for item in found.by_purpose],
            "by_model": [_figure(item) for item in found.by_model],
            "warnings": warnings(),
        }

    return router


def _rupees(micro: float | None) -> float | None:
    return None if micro is None else round(micro / MICRO, 6)


def _money(budget: usage.Budget) -> dict[str, Any]:
    return {
        "key": budget.key,
        "cap_rupees": _rupees(budget.cap),
        "reserved_rupees": _rupees(budget.reserved),
        "spent_rupees": _rupees(budget.spent),
        "left_rupees": _rupees(budget.left),
    }


def _figure(item: usage.Figure) -> dict[str, Any]:
    return {
        "name": item.name,
        "calls": item.calls,
        "hedges": item.hedges,
        "unknown": item.unknown,
        "cost_rupees": _rupees(item.cost),
        "rupees_per_question": _rupees(item.cost_per_question),
    }
