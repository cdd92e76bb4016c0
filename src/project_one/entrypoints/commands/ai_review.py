"""`project-one ai review`: how the model does."""

from datetime import date, time, timedelta
from typing import Annotated, Any

import typer

from project_one.ai.domain import Purpose
from project_one.ai.figures import call_figures
from project_one.ai.purse import MICRO
from project_one.bootstrap import House, open_house
from project_one.content.agreement import agreement_between
from project_one.entrypoints.commands.common import Json, parse_day, run, settings, show
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import ist_moment


def review(
    first: Annotated[str, typer.Option("--from", help="First business date (IST), YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last business date (IST), included.")],
    *,
    as_json: Json = False,
) -> None:
    """Agreement of the model with the reviewers' decisions, share without a model, latency, cost per verdict."""
    days = parse_day(first), parse_day(last)
    if days[0] > days[1]:
        message = f"--from {first} is after --to {last}; swap them."
        raise UpError(message)
    show(run(_review(*days)), as_json=as_json)


async def _review(first: date, last: date) -> dict[str, Any]:
    async with open_house(settings(), process="ai review") as house:
        return await figures(house, first, last)


async def figures(house: House, first: date, last: date) -> dict[str, Any]:
    """Of decisions and calls on these business dates, both included. Shares and times are None where nothing was counted."""
    begins, ends = ist_moment(first, time()), ist_moment(last + timedelta(days=1), time())
    async with house.database.readings() as session:
        agreed = await agreement_between(session, begins, ends)
        calls = await call_figures(session, {Purpose.LINT, Purpose.PACK_CHECK}, first, last)
    cost = calls.cost_per_call_micro_rupees
    return {
        "decisions": agreed.decisions,
        "looked_at": agreed.looked_at,
        "agreement": _rounded(agreed.agreement),
        "both_clean": agreed.both_clean,
        "both_odd": agreed.both_odd,
        "only_model": agreed.only_model,
        "only_reviewer": agreed.only_reviewer,
        "degraded_share": _rounded(agreed.degraded_share),
        "calls": calls.calls,
        "latency_p50_ms": _rounded(calls.took_p50_ms, 1),
        "latency_p95_ms": _rounded(calls.took_p95_ms, 1),
        "cost_per_verdict_rupees": None if cost is None else round(cost / MICRO, 6),
    }


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
