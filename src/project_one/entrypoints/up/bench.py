"""`make bench`: whole mornings at full speed against the sandbox in its own process, on this machine."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from project_one.bootstrap import open_house
from project_one.delivery.domain import MessageStatus
from project_one.delivery.models import AttemptRow, MessageRow
from project_one.delivery.service.release import status_counts
from project_one.entrypoints.up.board import reached
from project_one.entrypoints.up.chaos import throwaway_place
from project_one.entrypoints.up.demo import compare_with_oracle, plan_and_release, prepare
from project_one.entrypoints.up.installed import Options, running, start_product
from project_one.entrypoints.up.places import UpError
from project_one.settings import Settings

_PATIENCE_S = 120


@dataclass(frozen=True)
class Course:
    """One morning to measure. `limit`: messages a second the vendor allows each number."""

    name: str
    advisors: int
    numbers: int
    limit: int
    spread_s: float


COURSES = (
    Course("one number at 80/s, no spread", advisors=2000, numbers=1, limit=80, spread_s=0),
    Course("four numbers, spread of 60 s", advisors=2000, numbers=4, limit=80, spread_s=60),
    Course("one number at 1,000/s, no spread", advisors=12_000, numbers=1, limit=1000, spread_s=0),
)


async def run_course(course: Course) -> dict[str, Any]:
    """Release, wait until every message is accepted, measure from the ledger, judge by the oracle."""
    with throwaway_place():
        latency = {"latency_ms": {"median": 20, "p95": 60}}
        up = Options(
            api_port=0,
            drivers=2,
            numbers=course.numbers,
            number_limit=course.limit,
            sandbox_config=latency,
            environment={"LOG_LEVEL": "warning"},
        )
        async with running(up) as installation:
            settings = Settings.model_validate({k.lower(): v for k, v in installation.environment.items()})
            async with open_house(settings, process="bench", pool_size=4) as house:
                await prepare(installation, house, advisors=course.advisors)
                await start_product(installation, drivers=up.drivers)
                plan = await plan_and_release(
                    house, advisors=course.advisors, spread_s=course.spread_s, now=house.clock()
                )
                released = house.clock()
                end = time.monotonic() + _PATIENCE_S
                while time.monotonic() < end:
                    async with house.database.readings() as session:
                        counts = await status_counts(session, plan.morning_id)
                    if reached(counts, MessageStatus.ACCEPTED) + counts[MessageStatus.FAILED] == plan.planned:
                        break
                    await asyncio.sleep(0.25)
                async with house.database.readings() as session:
                    wait = func.extract("epoch", AttemptRow.accepted_at - MessageRow.due_at)
                    query = select(
                        func.min(AttemptRow.accepted_at),
                        func.max(AttemptRow.accepted_at),
                        func.count(),
                        func.percentile_cont(0.99).within_group(wait),
                    ).join(MessageRow, MessageRow.id == AttemptRow.message_id)
                    first, last, accepted, p99 = (
                        await session.execute(query.where(AttemptRow.accepted_at.is_not(None)))
                    ).one()
                if first is None or last is None:
                    message = "Nothing was accepted; the logs of the run say why."
                    raise UpError(message)
                judged = await compare_with_oracle(installation, house, plan.morning_id)
    return {
        "course": course.name,
        "planned": plan.planned,
        "accepted": accepted,
        "release_to_accepted_s": round((last - released).total_seconds(), 2),
        "accepted_p99_s": round(float(p99), 3),
        "messages_per_s": round(accepted / max(0.001, (last - first).total_seconds()), 1),
        "duplicates": judged["duplicates"],
    }


async def bench(*, as_json: bool) -> int:
    """Run every course; the figures of the design's group `delivery` on the last line."""
    rows: list[dict[str, Any]] = []
    for course in COURSES:
        row = await run_course(course)
        rows.append(row)
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    summary = {
        "release_to_accepted_s": rows[0]["release_to_accepted_s"],
        "accepted_p99_s": rows[1]["accepted_p99_s"],
        "messages_per_s": rows[2]["messages_per_s"],
    }
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    return 0
