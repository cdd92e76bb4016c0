"""`make run`: a morning for demo advisors, released now, watched live, certified and judged by the sandbox's own log."""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
from rich.console import Console
from rich.live import Live

from project_one.bootstrap import House, open_house
from project_one.content import service as content
from project_one.delivery.certificate import Signed, as_text
from project_one.delivery.domain import MessageStatus
from project_one.delivery.service.certify import issue_certificate, ledger_lines
from project_one.delivery.service.plan import PlanResult, plan_morning
from project_one.delivery.service.release import release_morning, status_counts
from project_one.delivery.times import times_from_now
from project_one.entrypoints.demo_people import seed_demo_people
from project_one.entrypoints.seed import seed_demo_advisors, seed_library
from project_one.entrypoints.signals import stop_requested
from project_one.entrypoints.up.board import Board, is_settled
from project_one.entrypoints.up.installed import (
    Installation,
    Options,
    register_templates,
    running,
    start_product,
)
from project_one.kernel.clock import IST, business_date
from project_one.settings import Settings
from project_one.vocabulary.domain import Slot

_SPREAD_S = 10
_WATCH_S = 45


@dataclass(frozen=True)
class DemoOptions:
    advisors: int = 1000
    once: bool = False
    as_json: bool = False


async def demo(up: Options, options: DemoOptions) -> int:
    """Run the demo; the exit code: 0 only if every promise held."""
    console = Console(stderr=options.as_json)
    started = time.monotonic()
    stop = stop_requested()
    with console.status("Starting the servers, the sandbox and the product ..."):
        async with running(up) as installation:
            settings = Settings(**_lowered(installation.environment))
            async with open_house(settings, process="demo", pool_size=4) as house:
                await prepare(installation, house, advisors=options.advisors)
                await start_product(installation, drivers=up.drivers)
                console.print(
                    f"Ready in {time.monotonic() - started:.1f} s. API and docs: http://127.0.0.1:{settings.api_port}/docs"
                )
                result = await _morning(console, installation, house, options, stop)
                if result is not None:
                    _print_result(console, result, options)
                if options.once or stop.is_set():
                    return 0 if result is not None and result.promises_held else 1
                console.print("Serving until Ctrl-C.")
                await stop.wait()
                console.print("Stopping every process ...")
                return 0


def _lowered(environment: dict[str, str]) -> dict[str, Any]:
    return {name.lower(): value for name, value in environment.items()}


async def prepare(installation: Installation, house: House, *, advisors: int) -> None:
    """Library, templates, numbers and demo advisors; the rules have read the library, as long before a morning."""
    await seed_library(house, approve=True)
    async with house.database.readings() as session:
        frames = await content.all_frames(session)
    await register_templates(installation, frames)
    client = house.whatsapp()
    try:
        await house.sync_channel(client)
    finally:
        await client.close()
    await seed_demo_advisors(house, count=advisors)
    await seed_demo_people(house)
    await house.read_library()


@dataclass(frozen=True)
class DemoResult:
    """The figures of the morning; `duplicates` and `lost` from comparing the ledger with the sandbox's oracle log."""

    figures: dict[str, Any]
    certificate: Signed

    @property
    def promises_held(self) -> bool:
        figures = self.figures
        is_clean = figures["duplicates"] == 0 and figures["lost"] == 0 and figures["unaccounted"] == 0
        return is_clean and figures["planned"] > 0 and figures["sent"] + figures["failed"] == figures["planned"]


async def plan_and_release(house: House, *, advisors: int, spread_s: float, now: datetime) -> PlanResult:
    """A morning for everybody, released at once."""
    slot = Slot(now.astimezone(IST).strftime("%H:%M:%S"))
    async with house.database.transactions() as session:
        plan = await plan_morning(
            session,
            await house.guards.of(business_date(now)),
            slot=slot,
            times=times_from_now(now, house.delivery, spread_s=spread_s),
            now=now,
            is_demo=True,
            everyone=True,
            limit=advisors,
        )
        await release_morning(session, plan.morning_id, actor="demo", now=now)
    return plan


async def _morning(
    console: Console,
    installation: Installation,
    house: House,
    options: DemoOptions,
    stop: asyncio.Event,
) -> DemoResult | None:
    """Plan, release, watch, certify; None when asked to stop in between."""
    plan = await plan_and_release(house, advisors=options.advisors, spread_s=_SPREAD_S, now=house.clock())
    board = Board(planned=plan.planned, ends_at=time.monotonic() + _WATCH_S)
    with Live(console=console, refresh_per_second=4, transient=False) as live:
        while True:
            async with house.database.readings() as session:
                counts = await status_counts(session, plan.morning_id)
            board.update(counts, time.monotonic())
            live.update(board.render())
            if is_settled(counts) or time.monotonic() >= board.ends_at or stop.is_set():
                break
            await asyncio.sleep(0.25)
    if stop.is_set():
        return None
    async with house.database.transactions() as session:
        signed = await issue_certificate(
            session,
            plan.morning_id,
            kind="demo",
            private_key=house.certificate_key,
            now=house.clock(),
        )
        counts = await status_counts(session, plan.morning_id)
    path = installation.place.root / f"certificate-{business_date(house.clock())}.json"
    path.write_bytes(signed.to_file())
    figures = _figures(options, plan, counts, json.loads(signed.body), board)
    figures |= await compare_with_oracle(installation, house, plan.morning_id)
    figures["certificate"] = str(path)
    return DemoResult(figures, signed)


def _figures(
    options: DemoOptions,
    plan: PlanResult,
    counts: dict[MessageStatus, int],
    body: dict[str, Any],
    board: Board,
) -> dict[str, Any]:
    read = counts[MessageStatus.READ]
    delivered = counts[MessageStatus.DELIVERED] + read
    sent = counts[MessageStatus.SENT] + delivered
    return {
        "advisors": options.advisors,
        "planned": plan.planned,
        "accepted": counts[MessageStatus.ACCEPTED] + sent,
        "sent": sent,
        "delivered": delivered,
        "failed": counts[MessageStatus.FAILED],
        "unknown": counts[MessageStatus.UNKNOWN],
        "on_time_pct": float(body["on_time_pct"]),
        "accepted_p99_s": float(body["accepted_after_due_s"]["p99"] or 0),
        "messages_per_s": round(board.peak_rate, 1),
    }


async def oracle_records(url: str) -> list[dict[str, Any]]:
    """Every send request the sandbox saw, from its own log."""
    found: list[dict[str, Any]] = []
    async with aiohttp.ClientSession() as session:
        since = 0
        while True:
            async with session.get(
                f"{url}/_sandbox/oracle", params={"since": str(since), "limit": "10000"}
            ) as response:
                page = await response.json()
            found += page["records"]
            if not page["records"]:
                return found
            since = page["next"]


async def compare_with_oracle(installation: Installation, house: House, morning_id: UUID) -> dict[str, int]:
    """Judge the morning by what the vendor accepted, not by what we believe.

    duplicates: accepted twice for one message, not explained by a counted resend after an unknown outcome.
    lost: no accept at the vendor and no cause in the ledger. unaccounted: accepted there, unknown or planned here.
    """
    async with house.database.readings() as session:
        lines = await ledger_lines(session, morning_id)
    message_of = {attempt.id: line for line in lines for attempt in line.attempts}
    accepts: Counter[str] = Counter()
    for record in await oracle_records(installation.sandbox_url):
        line = message_of.get(record["opaque"] or "")
        if line is not None and record["outcome"] == "accepted":
            accepts[line.message_id] += 1
    doubled = [line for line in lines if accepts[line.message_id] > 1]
    explained = [line for line in doubled if line.resends_after_unknown >= accepts[line.message_id] - 1]
    proven = {
        MessageStatus.ACCEPTED,
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
        MessageStatus.READ,
    }
    quiet = [line for line in lines if accepts[line.message_id] == 0]
    lost = [
        line
        for line in quiet
        if line.status in proven or (line.cause is None and line.status is not MessageStatus.WITHDRAWN)
    ]
    settled = proven | {MessageStatus.FAILED}
    unaccounted = [line for line in lines if accepts[line.message_id] and line.status not in settled]
    return {
        "duplicates": len(doubled) - len(explained),
        "double_accepts_explained": len(explained),
        "resends_after_unknown": sum(line.resends_after_unknown for line in lines),
        "lost": len(lost),
        "unaccounted": len(unaccounted),
    }


def _print_result(console: Console, result: DemoResult, options: DemoOptions) -> None:
    console.print(as_text(result.certificate.body), highlight=False, markup=False)
    verdict = "All promises held" if result.promises_held else "A promise was broken"
    figures = result.figures
    console.print(
        f"{verdict}: {figures['duplicates']} duplicates, {figures['lost']} lost, judged by the sandbox's own log. "
        f"Certificate: {figures['certificate']}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
    if options.as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
