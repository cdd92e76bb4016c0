"""`make bench`: whole mornings at full speed against the sandbox in its own process, on this machine."""

import asyncio
import hmac
import json
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import aiohttp
import psutil
from sqlalchemy import func, select

from project_one.bootstrap import open_house
from project_one.delivery.domain import MessageStatus
from project_one.delivery.models import AttemptRow, MessageRow
from project_one.delivery.service.release import status_counts
from project_one.entrypoints.up.board import reached
from project_one.entrypoints.up.chaos import throwaway_place
from project_one.entrypoints.up.demo import compare_with_oracle, plan_and_release, prepare
from project_one.entrypoints.up.installed import Installation, Options, running, start_product
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import business_date
from project_one.settings import Settings

_PATIENCE_S = 120
_POSTS, _POSTING = 4_000, 16
_PLANNED = 100_000
_RESTING_CORES = 0.25


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
                await at_rest(installation)
                plan = await plan_and_release(
                    house, advisors=course.advisors, spread_s=course.spread_s, now=house.clock()
                )
                released = house.clock()
                before = cpu_seconds(installation)
                end = time.monotonic() + _PATIENCE_S
                counts = dict.fromkeys(MessageStatus, 0)
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
                cpu = {name: round(used - before.get(name, 0), 2) for name, used in cpu_seconds(installation).items()}
                judged = await compare_with_oracle(installation, house, plan.morning_id)
                peak = await _peak_per_second(installation)
    return {
        "course": course.name,
        "planned": plan.planned,
        "accepted": accepted,
        "release_to_accepted_s": round((last - released).total_seconds(), 2),
        "accepted_p99_s": round(float(p99), 3),
        "messages_per_s": round(accepted / max(0.001, (last - first).total_seconds()), 1),
        "peak_per_number_and_s": peak,
        "unknown": counts[MessageStatus.UNKNOWN],
        "lost": judged["lost"],
        "duplicates": judged["duplicates"],
        "cpu_s": cpu,
    }


async def at_rest(installation: Installation) -> None:
    """Until every process has started: at 06:00 they have been up for hours, with the library read."""
    used, end = sum(cpu_seconds(installation).values()), time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        await asyncio.sleep(1)
        before, used = used, sum(cpu_seconds(installation).values())
        if used - before < _RESTING_CORES:
            return
    message = "The installation did not come to rest; something of it works without being asked."
    raise UpError(message)


def cpu_seconds(installation: Installation) -> dict[str, float]:
    """What each process has used so far; the servers with their children."""
    families = [installation.family] + [item.family for item in (installation.postgres, installation.valkey) if item]
    found: dict[str, float] = {}
    for name, pid in ((name, family.pid(name)) for family in families for name in family.names):
        process = psutil.Process(pid)
        found[name] = sum(map(_used, (process, *process.children(recursive=True))))
    return found


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # a server's helper that has just ended
        return 0.0
    return times.user + times.system


async def _peak_per_second(installation: Installation) -> int:
    """The most messages any number sent within one second, by the sandbox's count."""
    url = f"{installation.sandbox_url}/_sandbox/oracle/summary"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return max((await response.json())["peak_per_second"].values())


async def plan_course(advisors: int) -> dict[str, Any]:
    """Plan one morning in a process of its own."""
    with throwaway_place():
        up = Options(api_port=0, environment={"LOG_LEVEL": "warning"})
        async with running(up) as installation:
            settings = Settings.model_validate({k.lower(): v for k, v in installation.environment.items()})
            async with open_house(settings, process="bench", pool_size=4) as house:
                await prepare(installation, house, advisors=advisors)
                day = business_date(house.clock()) + timedelta(days=1)
            command = [sys.executable, "-m", "project_one.entrypoints.cli", "morning", "plan", "--date", str(day)]
            began = time.monotonic()
            process = subprocess.Popen(  # noqa: ASYNC220, S603  its own memory is asked for, which asyncio does not tell
                [*command, "--json"],
                env={**os.environ, **installation.environment},
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None  # noqa: S101
            output = await asyncio.to_thread(process.stdout.read)
            _, status, usage = await asyncio.to_thread(os.wait4, process.pid, 0)
            took = time.monotonic() - began
    if status != 0:
        message = "The plan failed; its message stands above."
        raise UpError(message)
    planned = json.loads(output.splitlines()[-1])["planned"]
    return {
        "course": f"plan {advisors:,} advisors",
        "planned": planned,
        "plan_s": round(took, 2),
        "plan_rss_mb": round(usage.ru_maxrss / 1024),
    }


async def ingest_course(posts: int) -> dict[str, Any]:
    """Webhook POSTs of 1 to 50 statuses, ten on average, answered once they are durable."""
    lot = random.Random(1)  # noqa: S311
    with throwaway_place():
        up = Options(api_port=0, environment={"LOG_LEVEL": "warning"})
        async with running(up) as installation:
            await start_product(installation, drivers=1)
            secret = installation.environment["WHATSAPP_APP_SECRET"].encode()
            url = f"http://127.0.0.1:{installation.environment['API_PORT']}/webhooks/whatsapp"
            sizes = [min(50, 1 + int(lot.expovariate(1 / 9.3))) for _ in range(posts)]
            bodies = [_statuses(lot, size) for size in sizes]
            waits: list[float] = []
            queue = iter(bodies)

            async def post_all(session: aiohttp.ClientSession) -> None:
                for body in queue:
                    signature = "sha256=" + hmac.new(secret, body, "sha256").hexdigest()
                    began = time.monotonic()
                    async with session.post(url, data=body, headers={"X-Hub-Signature-256": signature}) as response:
                        response.raise_for_status()
                    waits.append(time.monotonic() - began)

            began = time.monotonic()
            async with aiohttp.ClientSession() as session:
                await asyncio.gather(*(post_all(session) for _ in range(_POSTING)))
            took = time.monotonic() - began
    return {
        "course": f"{posts:,} webhook POSTs, {sum(sizes) / posts:.1f} statuses each",
        "statuses_per_s": round(sum(sizes) / took),
        "webhook_p95_ms": round(statistics.quantiles(waits, n=20)[18] * 1000, 1),
    }


def _statuses(lot: random.Random, count: int) -> bytes:
    now = str(int(time.time()))
    statuses = [{"id": f"wamid.{lot.getrandbits(96):x}", "status": "delivered", "timestamp": now} for _ in range(count)]
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "statuses": statuses}
    return json.dumps({"entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}).encode()


async def bench(*, as_json: bool) -> int:
    """Run every course; the figures of the design's group `delivery` on the last line."""
    rows: list[dict[str, Any]] = []
    measures = [
        *(partial(run_course, course) for course in COURSES),
        partial(ingest_course, _POSTS),
        partial(plan_course, _PLANNED),
    ]
    for measure in measures:
        rows.append(await measure())
        sys.stdout.write(json.dumps(rows[-1]) + "\n")
        sys.stdout.flush()
    summary = {
        "release_to_accepted_s": rows[0]["release_to_accepted_s"],
        "accepted_p99_s": rows[1]["accepted_p99_s"],
        "messages_per_s": rows[2]["messages_per_s"],
        **{name: rows[3][name] for name in ("statuses_per_s", "webhook_p95_ms")},
        **{name: rows[4][name] for name in ("plan_s", "plan_rss_mb")},
    }
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    return 0
