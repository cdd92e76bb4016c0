"""`project-one ai`: what the model costs and may cost."""

from dataclasses import asdict
from typing import Annotated

import typer

from project_one.ai import usage
from project_one.ai.budget import set_month_cap
from project_one.ai.purse import MICRO
from project_one.bootstrap import open_house
from project_one.entrypoints.commands.ai_review import review
from project_one.entrypoints.commands.common import Json, run, settings, show

ai = typer.Typer(no_args_is_help=True, help="The gate to the model.")
budget = typer.Typer(no_args_is_help=True, help="What a month may cost.")
ai.add_typer(budget, name="budget")
ai.command()(review)


@budget.command(name="show")
def show_budget(*, as_json: Json = False) -> None:
    """This month and today: caps, what is spent and set aside, by whom, for what and with which model."""
    run(_show(as_json=as_json))


@budget.command(name="set")
def set_budget(
    rupees: Annotated[int, typer.Argument(help="What this month may cost, in whole rupees.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
    *,
    as_json: Json = False,
) -> None:
    """Give this month another cap; the next one begins with AI_BUDGET_RUPEES again."""
    run(_set(rupees, reason, as_json=as_json))


async def _show(*, as_json: bool) -> None:
    config = settings()
    async with open_house(config, process="ai") as house, house.database.readings() as session:
        cap = config.ai_budget_rupees * MICRO
        found = await usage.of_platform(session, month_cap_micro_rupees=cap, now=house.clock())
    answer = {
        "month": _purse(found.month),
        "day": _purse(found.day),
        "owners": [{"owner": str(item.owner), **_purse(item.budget)} for item in found.owners],
        "by_purpose": [_figure(item) for item in found.by_purpose],
        "by_model": [_figure(item) for item in found.by_model],
    }
    show(answer, as_json=as_json)


async def _set(rupees: int, reason: str, *, as_json: bool) -> None:
    async with open_house(settings(), process="ai") as house, house.database.transactions() as session:
        caps = await set_month_cap(session, rupees=rupees, reason=reason, actor="operator", now=house.clock())
    answer: dict[str, object] = {"month_rupees": caps.month / MICRO, "day_rupees": caps.day / MICRO}
    if caps.month > rupees * MICRO:
        answer["note"] = "More than asked for is spent or set aside already: no further call is made this month."
    show(answer, as_json=as_json)


def _purse(item: usage.Budget) -> dict[str, object]:
    rupees = {"cap": item.cap, "spent": item.spent, "reserved": item.reserved, "left": item.left}
    return {"key": item.key, **{f"{name}_rupees": value / MICRO for name, value in rupees.items()}}


def _figure(item: usage.Figure) -> dict[str, object]:
    per_question = item.cost_per_question
    counted = {name: value for name, value in asdict(item).items() if name != "cost"}
    each = None if per_question is None else per_question / MICRO
    return {**counted, "cost_rupees": item.cost / MICRO, "rupees_per_question": each}
