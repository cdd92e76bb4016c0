"""`make chaos`: seeded mornings with faults, kills, pauses and wipes, judged by the sandbox's oracle log."""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any

import aiohttp
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, InterfaceError

from project_one.bootstrap import House, open_house
from project_one.delivery.domain import MessageStatus
from project_one.delivery.errors import MorningNotStoppedError
from project_one.delivery.service.plan import PlanResult
from project_one.delivery.service.release import resume_morning, status_counts
from project_one.entrypoints.up.demo import compare_with_oracle, plan_and_release, prepare
from project_one.entrypoints.up.installed import Installation, Options, running, start_product
from project_one.settings import Settings

TIME_SCALE = 10
ADVISORS = 200
_SPREAD_S = 60  # of product time: six real seconds
_TRAIL_S = 1  # for late receipts
_OPEN = (MessageStatus.PLANNED, MessageStatus.CLAIMED, MessageStatus.UNKNOWN)
_TROUBLE = (DBAPIError, InterfaceError, OSError, TimeoutError)

_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "accept_then_timeout", "probability": 0.03, "hold_ms": 150_000},
    {"kind": "reset_after", "probability": 0.05},
    {"kind": "reset_before", "probability": 0.05},
    {"kind": "bad_gateway", "probability": 0.05, "http_status": 502},
    {"kind": "throttle", "probability": 0.1},
    {"kind": "error", "probability": 0.1, "code": 131000},
    {"kind": "error", "probability": 0.05, "code": 131016},
    {"kind": "receipt_duplicate", "probability": 0.3, "times": 2},
    {"kind": "receipt_reorder", "probability": 0.3},
    {"kind": "receipt_early", "probability": 0.2},
    {"kind": "receipt_no_correlation", "probability": 0.1, "statuses": ["sent", "delivered"]},
    {"kind": "receipt_lost", "probability": 0.1, "statuses": ["sent", "delivered", "read"]},
)
_CLOCK_STEP_S = 40
_TRIAL_S = _CLOCK_STEP_S + 30  # what a process wrote with its clock ahead comes due that much later
_RESUME_TRIES = 10
_STOPPABLE = ("worker", "driver-1", "driver-2", "clock", "api")


@contextlib.contextmanager
def throwaway_place() -> Generator[None]:
    """A data folder of its own for what runs inside, gone afterwards."""
    before = os.environ.get("PROJECT_ONE_DATA")
    with tempfile.TemporaryDirectory(prefix="project-one-") as folder:
        Path(folder).chmod(0o711)
        os.environ["PROJECT_ONE_DATA"] = folder
        try:
            yield
        finally:
            os.environ.pop("PROJECT_ONE_DATA")
            if before is not None:
                os.environ["PROJECT_ONE_DATA"] = before


async def one_trial(seed: int) -> dict[str, int]:
    """One morning with what this seed has in store; the judgement."""
    lot = random.Random(seed)  # noqa: S311
    with throwaway_place():
        environment = {"TIME_SCALE": str(TIME_SCALE), "LOG_LEVEL": "warning"}
        up = Options(api_port=0, drivers=2, numbers=2, environment=environment, sandbox_config={"seed": seed})
        async with running(up) as installation:
            settings = Settings.model_validate({k.lower(): v for k, v in installation.environment.items()})
            async with open_house(settings, process="chaos", pool_size=4) as house:
                await prepare(installation, house, advisors=ADVISORS)
                await start_product(installation, drivers=up.drivers)
                await _ask(installation, "POST", "faults", lot.sample(_FAULTS, k=3))
                plan = await plan_and_release(house, advisors=ADVISORS, spread_s=_SPREAD_S, now=house.clock())
                trouble = asyncio.create_task(_make_trouble(installation, lot))
                await trouble
                await _resume_if_stopped(house, plan)
                counts = await _until_settled(house, plan)
                await asyncio.sleep(_TRAIL_S)
                figures = await compare_with_oracle(installation, house, plan.morning_id)
    figures["unsettled"] = sum(counts.get(status, 0) for status in _OPEN)
    return figures


async def _ask(installation: Installation, method: str, path: str, body: Any = None) -> Any:
    """The sandbox's control API."""
    url = f"{installation.sandbox_url}/_sandbox/{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as response:
        response.raise_for_status()
        return await response.json()


async def _until_settled(house: House, plan: PlanResult) -> dict[MessageStatus, int]:
    """Wait until every message has an outcome, or the trial's time is over."""
    end = time.monotonic() + _TRIAL_S
    counts: dict[MessageStatus, int] = {}
    while time.monotonic() < end:
        try:
            async with house.database.readings() as session:
                counts = await status_counts(session, plan.morning_id)
        except _TROUBLE:
            pass  # Postgres is among what gets killed
        else:
            if not any(counts[status] for status in _OPEN):
                return counts
        await asyncio.sleep(0.2)
    return counts


async def _resume_if_stopped(house: House, plan: PlanResult) -> None:
    """What an operator does once a ban is lifted: a ban speaks of the whole account and stops the morning."""
    for _ in range(_RESUME_TRIES):
        try:
            async with house.database.transactions() as session:
                await resume_morning(session, plan.morning_id, actor="operator", now=house.clock())
        except MorningNotStoppedError:
            return
        except _TROUBLE:
            await asyncio.sleep(1)
        else:
            await asyncio.sleep(1)  # a late answer to a request of before may stop it once more


async def _make_trouble(installation: Installation, lot: random.Random) -> None:
    """Two to four blows at random moments of the first eight seconds."""
    blows: list[Callable[[Installation, random.Random], Awaitable[None]]] = [
        _kill_one,
        _kill_one,
        _pause_one,
        _wipe_valkey,
        _kill_valkey,
        _kill_postgres,
        _step_clock,
        _pause_templates,
        _ban_number,
    ]
    for _ in range(lot.randint(2, 4)):
        await asyncio.sleep(lot.uniform(0.2, 2.0))
        await lot.choice(blows)(installation, lot)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # between two lives


async def _kill_one(installation: Installation, lot: random.Random) -> None:
    _signal(installation.family.pid(lot.choice(_STOPPABLE)), signal.SIGKILL)


async def _pause_one(installation: Installation, lot: random.Random) -> None:
    pid = installation.family.pid(lot.choice(_STOPPABLE))
    _signal(pid, signal.SIGSTOP)
    await asyncio.sleep(lot.uniform(3, 9))
    _signal(pid, signal.SIGCONT)


async def _wipe_valkey(installation: Installation, _lot: random.Random) -> None:
    try:
        async with Redis.from_url(installation.environment["REDIS_URL"]) as client:
            await client.flushall()
    except RedisError:
        return  # it is being killed as well


async def _kill_valkey(installation: Installation, lot: random.Random) -> None:
    await _wipe_valkey(installation, lot)
    if installation.valkey is not None:
        _signal(installation.valkey.pid, signal.SIGKILL)


async def _kill_postgres(installation: Installation, _lot: random.Random) -> None:
    if installation.postgres is not None:
        _signal(installation.postgres.pid, signal.SIGKILL)


async def _step_clock(installation: Installation, lot: random.Random) -> None:
    """One process comes back with its clock off by up to forty seconds."""
    name = lot.choice(_STOPPABLE)
    installation.family.set_environment(name, CLOCK_OFFSET_S=str(round(lot.uniform(-_CLOCK_STEP_S, _CLOCK_STEP_S), 1)))
    _signal(installation.family.pid(name), signal.SIGKILL)


async def _pause_templates(installation: Installation, lot: random.Random) -> None:
    """One wording of every template is paused for a while."""
    wording = lot.choice(("_1_", "_2_"))
    templates = (await _ask(installation, "GET", "config"))["templates"]
    names = sorted({item["name"] for item in templates if wording in item["name"]})
    for status, pause_s in (("PAUSED", lot.uniform(1, 4)), ("APPROVED", 0)):
        for name in names:
            await _ask(installation, "PATCH", f"templates/{name}", {"status": status})
        await asyncio.sleep(pause_s)


async def _ban_number(installation: Installation, lot: random.Random) -> None:
    """One of the numbers is banned for a while."""
    number = lot.choice((await _ask(installation, "GET", "config"))["numbers"])["id"]
    await _ask(installation, "PATCH", f"numbers/{number}", {"status": "BANNED"})
    await asyncio.sleep(lot.uniform(1, 4))
    await _ask(installation, "PATCH", f"numbers/{number}", {"status": "CONNECTED"})


async def chaos(trials: int, seed: int, *, as_json: bool) -> int:
    """Run the trials; 0 only if nothing was lost, doubled or unaccounted."""
    total: Counter[str] = Counter()
    failed: list[int] = []
    for number in range(seed, seed + trials):
        figures = await one_trial(number)
        total.update(figures)
        is_bad = any(figures[name] for name in ("lost", "duplicates", "unaccounted", "unsettled"))
        failed += [number] if is_bad else []
        sys.stdout.write(f"seed {number}: {'FAILED' if is_bad else 'held'} {json.dumps(figures)}\n")
        sys.stdout.flush()
    names = ("lost", "duplicates", "resends_after_unknown", "double_accepts_explained", "unaccounted")
    summary = {"trials": trials, **{name: total[name] for name in names}, "failed_seeds": failed}
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    return 1 if failed else 0
