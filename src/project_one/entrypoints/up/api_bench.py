"""`make bench ARGS="api --json"`: advisors and reviewers at their dashboards, 1,000 open connections, a year of rows.

people ── requests with pauses ──► api processes ──► Postgres        latency, errors
one of each ── application in this process ──► statements ──► EXPLAIN  queries, time in Postgres, slowest plans
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import asyncpg
import uvicorn

from project_one.auth.domain import Role
from project_one.auth.people import grant_role
from project_one.bootstrap import House, open_house
from project_one.entrypoints.api import build_app
from project_one.entrypoints.up.api_rows import Person, write_year
from project_one.entrypoints.up.bench import at_rest, cpu_seconds
from project_one.entrypoints.up.chaos import throwaway_place
from project_one.entrypoints.up.demo import prepare
from project_one.entrypoints.up.installed import Installation, Options, running, start_product
from project_one.kernel.clock import business_date
from project_one.kernel.queue import JobProducer
from project_one.kernel.statements import Ran, watched
from project_one.settings import Settings

_ADVISORS, _CONNECTIONS, _REVIEWERS = 2_000, 1_000, 40
_APIS = 2  # one a core
_THINK_S = (1.0, 3.0)
_WARM_S, _MEASURED_S = 20, 60  # everybody signs in within the first; her session is looked up again each minute
_PATIENCE_S = 30
_SAMPLED = 20  # people whose statements are explained
_SHOWN = 3
_HOUR_S = 3_600
_CAPTION = "Small regular sums have more years to grow. No return is assured, and markets may fall. ({number})"


@dataclass(frozen=True)
class Step:
    """One thing a person does at her dashboard. `weight`: how often; the path's names are filled in from what she has."""

    name: str
    weight: int
    method: str
    path: str


ADVISOR_STEPS = (
    Step("me", 2, "GET", "/v1/me"),
    Step("advisors", 2, "GET", "/v1/advisors"),
    Step("score", 1, "GET", "/v1/advisors/{advisor}/compliance-score"),
    Step("packs", 4, "GET", "/v1/content-packs?limit=10"),
    Step("pack", 2, "GET", "/v1/content-packs/{draft}"),
    Step("revisions", 1, "GET", "/v1/content-packs/{draft}/revisions"),
    Step("deliveries", 4, "GET", "/v1/deliveries?limit=7"),
    Step("delivery", 1, "GET", "/v1/deliveries/{message}"),
    Step("autosave", 3, "PATCH", "/v1/content-packs/{draft}"),
    Step("lint", 1, "POST", "/v1/ai/lint?stages=rules"),
)
REVIEWER_STEPS = (
    Step("queue", 4, "GET", "/v1/review-queue?limit=25"),
    Step("reviewed pack", 3, "GET", "/v1/content-packs/{waiting}"),
    Step("reviews", 2, "GET", "/v1/content-packs/{waiting}/reviews"),
    Step("library", 1, "GET", "/v1/fallback/packs?limit=25"),
)


_LEADS_TO: dict[str, Callable[[Any], dict[str, str]]] = {
    "deliveries": lambda item: {"message": item["id"]},
    "queue": lambda item: {"waiting": item["pack"]["id"]},
}
"""What a list shows first is what is opened next."""


@dataclass
class Visit:
    """A person with her own connection, and what she has seen so far."""

    session: aiohttp.ClientSession
    token: str
    steps: Sequence[Step]
    known: dict[str, str]
    version: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def take(self, step: Step, lot: random.Random) -> int:
        """Do it and read the answer whole; its status."""
        headers = self.headers
        body: dict[str, Any] | None = None
        if step.name == "autosave":
            headers["If-Match"] = self.version or '"1"'
            text = {"topic": "Start early", "caption": _CAPTION.format(number=lot.randrange(10_000))}
            body = {"variants": {"en": text}}
        elif step.name == "lint":
            body = {"text": _CAPTION.format(number=lot.randrange(10_000)), "advisor_type": "MFD"}
        path = step.path.format(**self.known)
        async with self.session.request(step.method, path, json=body, headers=headers) as response:
            answer = await response.read()
            if step.name in {"autosave", "pack"}:
                self.version = response.headers.get("ETag", self.version)
            if step.name in _LEADS_TO and response.ok:
                self.known |= _LEADS_TO[step.name](json.loads(answer)["items"][0])
            return response.status

    def can(self, step: Step) -> bool:
        """Whether she has seen what the path names."""
        return not any(f"{{{name}}}" in step.path and not value for name, value in self.known.items())


@dataclass
class Tally:
    """Seconds by step, and how often what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: dict[str, int] = field(default_factory=lambda: defaultdict(int))


async def bench(*, as_json: bool) -> int:
    """Fill, measure, explain; the figures of the design's group `api` on the last line."""
    with throwaway_place():
        up = Options(api_port=0, environment={"LOG_LEVEL": "warning"})
        async with running(up) as installation:
            settings = Settings.model_validate({k.lower(): v for k, v in installation.environment.items()})
            async with open_house(settings, process="bench", pool_size=4) as house:
                await prepare(installation, house, advisors=_ADVISORS)
                await _enter_reviewers(house)
                today = business_date(house.clock())
            began = time.monotonic()
            people = await write_year(installation.environment["DATABASE_OWNER_URL"], today=today)
            sys.stderr.write(
                f"A year of rows for {len(people):,} advisors written in {time.monotonic() - began:.0f} s.\n"
            )
            await start_product(installation, drivers=0, apis=_APIS)
            await at_rest(installation)
            url = f"http://127.0.0.1:{installation.environment['API_PORT']}"
            async with visits(installation, url, people) as everybody:
                tally, cpu = await _at_their_dashboards(installation, everybody)
            explained = await _explained(installation, settings, people)
    figures = _figures(tally) | explained | {"cpu_s": cpu}
    if not as_json:
        for row in (*figures["per_endpoint"], *figures["slowest"]):
            sys.stdout.write(json.dumps(row) + "\n")
        figures = {name: value for name, value in figures.items() if name not in {"per_endpoint", "slowest"}}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 1 if figures["errors"] else 0


def _reviewer(number: int) -> str:
    return f"user_bench_reviewer_{number}"


async def _enter_reviewers(house: House) -> None:
    """Each with an account, since a person has a limit of requests a minute."""
    async with house.database.transactions() as session:
        for number in range(_REVIEWERS):
            await grant_role(session, _reviewer(number), Role.REVIEWER, actor="bench", now=house.clock())


@asynccontextmanager
async def visits(
    installation: Installation,
    url: str,
    people: Sequence[Person],
    *,
    connections: int = _CONNECTIONS,
    reviewers: int = _REVIEWERS,
) -> AsyncGenerator[list[Visit]]:
    """People with a session token and a connection each; the first are reviewers, half of all at most."""
    everybody: list[Visit] = []
    async with aiohttp.ClientSession() as control:
        try:
            for number in range(connections):
                is_reviewer = number < min(reviewers, connections // 2)
                person = people[number % len(people)]
                if is_reviewer:
                    sub, organisation = _reviewer(number), None
                else:
                    sub, organisation = person.clerk_id, person.organisation
                body = {"sub": sub, "sid": f"sess_bench_{number}", "org": organisation, "ttl": _HOUR_S}
                async with control.post(f"{installation.sandbox_url}/_sandbox/clerk/token", json=body) as response:
                    token = (await response.json())["jwt"]
                connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=60)
                timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
                session = aiohttp.ClientSession(url, connector=connector, timeout=timeout)
                known = {"advisor": person.advisor_id, "draft": person.draft_id, "message": "", "waiting": ""}
                steps = REVIEWER_STEPS if is_reviewer else ADVISOR_STEPS
                everybody.append(Visit(session, token, steps, known))
            yield everybody
        finally:
            await asyncio.gather(*(item.session.close() for item in everybody))


async def _at_their_dashboards(
    installation: Installation, everybody: Sequence[Visit]
) -> tuple[Tally, dict[str, float]]:
    tally = Tally()
    measured_from = time.monotonic() + _WARM_S
    until = measured_from + _MEASURED_S
    working = [
        asyncio.create_task(_visit(item, number, tally, measured_from, until)) for number, item in enumerate(everybody)
    ]
    await asyncio.sleep(_WARM_S)
    before, own = cpu_seconds(installation), time.process_time()
    await asyncio.sleep(_MEASURED_S)
    cpu = {name: round(used - before.get(name, 0), 2) for name, used in cpu_seconds(installation).items()}
    cpu["generator"] = round(time.process_time() - own, 2)
    await asyncio.gather(*working)
    return tally, cpu


async def _visit(visit: Visit, number: int, tally: Tally, measured_from: float, until: float) -> None:
    lot = random.Random(number)  # noqa: S311
    weights = [step.weight for step in visit.steps]
    await asyncio.sleep(lot.uniform(0, _WARM_S * 0.8))
    while time.monotonic() < until:
        step = lot.choices(visit.steps, weights)[0]
        if not visit.can(step):
            continue
        began = time.monotonic()
        try:
            status = await visit.take(step, lot)
        except (aiohttp.ClientError, TimeoutError) as error:
            status = type(error).__name__
        if began >= measured_from:
            tally.seconds[step.name].append(time.monotonic() - began)
            if status not in {200, 201}:
                tally.errors[f"{step.name} {status}"] += 1
        await asyncio.sleep(lot.uniform(*_THINK_S))


def _figures(tally: Tally) -> dict[str, Any]:
    every = [item for seconds in tally.seconds.values() for item in seconds]
    return {
        "requests_per_s": round(len(every) / _MEASURED_S),
        **_percentiles(every),
        "errors": dict(tally.errors),
        "per_endpoint": [
            {"endpoint": name, "requests": len(seconds), **_percentiles(seconds)}
            for name, seconds in sorted(tally.seconds.items())
        ],
    }


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    parts = statistics.quantiles([*seconds, *seconds], n=100, method="inclusive")  # twice: it refuses a single one
    return {f"p{part}_ms": round(parts[part - 1] * 1000, 1) for part in (50, 95, 99)}


async def _explained(installation: Installation, settings: Settings, people: Sequence[Person]) -> dict[str, Any]:
    """Statements of each step, and what Postgres says they take."""
    producer = JobProducer(settings.redis_url.get_secret_value())
    async with (
        open_house(settings, process="bench-api", pool_size=2, database_url=settings.api_database_url) as house,
        _served(build_app(house, producer)) as url,
        visits(installation, url, people, connections=_SAMPLED) as everybody,
    ):
        with watched(house.database.engine) as ran:
            asked = [(step.name, await _statements(visit, step, ran)) for visit in everybody for step in visit.steps]
    await producer.close()
    connection = await asyncpg.connect(installation.environment["API_DATABASE_URL"].replace("+asyncpg", ""))
    try:
        return await _explain(connection, asked)
    finally:
        await connection.close()


async def _statements(visit: Visit, step: Step, ran: list[Ran]) -> list[Ran]:
    """What a step runs the second time: the first has the caller looked up, which holds for a minute."""
    for _ in range(2):
        ran.clear()
        await visit.take(step, random.Random(step.name))  # noqa: S311
    return list(ran)


async def _explain(connection: asyncpg.Connection, asked: Sequence[tuple[str, list[Ran]]]) -> dict[str, Any]:
    queries: dict[str, int] = {}
    times: list[float] = []
    slowest: dict[str, dict[str, Any]] = {}
    for name, statements in asked:
        queries[name] = max(queries.get(name, 0), len(statements))
        total = 0.0
        async with connection.transaction(readonly=False):
            for statement, parameters in statements:
                if "set_config" in statement:
                    await connection.execute(statement, *parameters)
                elif statement.lstrip().upper().startswith(("SELECT", "WITH")):
                    said: Any = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *parameters)
                    plan = json.loads(said)[0]
                    total += plan["Execution Time"]
                    if plan["Execution Time"] > slowest.get(statement, {"ms": 0})["ms"]:
                        slowest[statement] = {
                            "endpoint": name,
                            "ms": round(plan["Execution Time"], 2),
                            "plan": _tree(plan["Plan"]),
                        }
        times.append(total)
    ordered = sorted(slowest.items(), key=lambda item: -item[1]["ms"])[:_SHOWN]
    return {
        "queries": queries,
        "dashboard_sql_p95_ms": round(statistics.quantiles(times, n=20)[18], 2),
        "slowest": [{**told, "statement": statement} for statement, told in ordered],
    }


def _tree(node: dict[str, Any]) -> str:
    """A plan in one line: the nodes with their rows, outermost first."""
    where = node.get("Index Name") or node.get("Relation Name") or ""
    own = f"{node['Node Type']}{f' on {where}' if where else ''} ({node['Actual Rows']:.0f})"
    return " > ".join([own, *(_tree(child) for child in node.get("Plans", ()))])


@asynccontextmanager
async def _served(app: Any) -> AsyncGenerator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, http="httptools"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
