"""`make bench ARGS="ai --json"`: linting with a model, generation, the cache, the gate's own time, and a vendor that is down.

callers ── POST /v1/ai/lint, /v1/ai/generate ──► api ──► gate ──► the sandbox's OpenAI (log-normal, median 0.75 s)
"""

import asyncio
import json
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import aiohttp

from project_one.ai.domain import Limits, Purpose, Question, Usage
from project_one.ai.ports import ModelReply, ModelRequest
from project_one.bootstrap import gate_over, open_house
from project_one.compliance.domain import Stage
from project_one.compliance.routes import MODEL_DEADLINE_S
from project_one.entrypoints.up.api_bench import Visit, visits
from project_one.entrypoints.up.api_rows import write_people
from project_one.entrypoints.up.bench import at_rest
from project_one.entrypoints.up.chaos import throwaway_place
from project_one.entrypoints.up.demo import prepare
from project_one.entrypoints.up.installed import Installation, Options, running, start_product
from project_one.kernel.ids import new_id
from project_one.settings import Settings

_CALLERS, _EACH = 50, 12
_FIRMS = 300  # so that nobody's daily quota is used up
_WARMING = 20  # calls before anything is measured
_GENERATIONS, _GENERATING = 60, 5
_OVERHEAD_CALLS, _VENDOR_S = 20, (0.2, 0.4)
_RULES_S, _DOWN_S, _BACK_S = 5, 12, 100
_NO_WAIT_MS = 50  # beyond the rules' own time: the gate was asked and said no, the vendor was not
_USUAL = {"openai": {"uniform_ms": None}}
_QUICK = {"openai": {"uniform_ms": [300, 900]}}
_NUMBERS = count(1)
_WORDS = [
    "habit",
    "goal",
    "plan",
    "budget",
    "saving",
    "review",
    "nominee",
    "family",
    "record",
    "statement",
    "expense",
    "reserve",
    "school",
    "house",
]


@dataclass(frozen=True)
class Lint:
    """One answer: how long it took, and why the model did not look; None when it did."""

    seconds: float
    trouble: str | None


async def bench(*, as_json: bool) -> int:
    """The figures of the design's group `ai` on the last line."""
    with throwaway_place():
        up = Options(api_port=0, environment={"LOG_LEVEL": "warning"})
        async with running(up) as installation:
            settings = Settings.model_validate({k.lower(): v for k, v in installation.environment.items()})
            async with open_house(settings, process="bench", pool_size=4) as house:
                await prepare(installation, house, advisors=_FIRMS)
            people = await write_people(installation.environment["DATABASE_OWNER_URL"])
            await start_product(installation, drivers=0)
            await at_rest(installation)
            url = f"http://127.0.0.1:{installation.environment['API_PORT']}"
            async with visits(installation, url, people, connections=_FIRMS, reviewers=0) as callers:
                figures = await _lints(installation, callers)
                figures |= await _generations(installation, callers)
                sys.stderr.write(json.dumps(figures) + "\n")
                figures |= await _vendor_down(installation, callers)
            figures |= await _overhead(settings)
    for name, value in figures.items():
        if not as_json:
            sys.stdout.write(f"{name:<24} {value}\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


async def _lints(installation: Installation, callers: Sequence[Visit]) -> dict[str, Any]:
    for caller in callers[-_WARMING:]:  # connections are opened by the first
        await _lint(caller, _caption())
    usual = await _at_once(callers)
    await _control(installation, "PATCH", "config", _QUICK)
    quick = await _at_once(callers)
    known = _caption()
    await _lint(callers[0], known)
    kept = [await _lint(callers[index % 20], known) for index in range(200)]
    seconds = [item.seconds for item in usual]
    return {
        "lint_p95_ms": _p95_ms(seconds),
        "lint_max_ms": round(max(seconds) * 1000),
        "lint_completed_pct": _completed_pct(usual),
        "quick_completed_pct": _completed_pct(quick),
        "troubles": Counter(item.trouble for item in (*usual, *quick) if item.trouble),
        "cache_hit_p95_ms": _p95_ms([item.seconds for item in kept]),
    }


async def _at_once(callers: Sequence[Visit]) -> list[Lint]:
    """Fifty at a time, each with texts of her own, all firms in turn."""
    found: list[Lint] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / _CALLERS)
        for turn in range(_EACH):
            found.append(await _lint(callers[(number + turn * _CALLERS) % len(callers)], _caption()))

    await asyncio.gather(*(one(number) for number in range(_CALLERS)))
    return found


async def _lint(caller: Visit, text: str, stages: str = "rules,model") -> Lint:
    began = time.monotonic()
    body, path = {"text": text, "advisor_type": "MFD"}, f"/v1/ai/lint?stages={stages}"
    async with caller.session.post(path, json=body, headers=caller.headers) as response:
        answer = json.loads(await response.read())
        response.raise_for_status()
    trouble = next((item["trouble"] for item in answer["stages_done"] if item["stage"] == Stage.MODEL), "not asked")
    return Lint(time.monotonic() - began, trouble)


async def _generations(installation: Installation, callers: Sequence[Visit]) -> dict[str, Any]:
    await _control(installation, "PATCH", "config", _USUAL)
    turns = iter(range(_GENERATIONS))
    seconds: list[float] = []
    sources: dict[str, int] = {}

    async def one() -> None:
        for turn in turns:
            caller = callers[turn % len(callers)]
            body = {"topic": f"Saving early, part {turn}", "language": "en", "capacity": "MFD"}
            began = time.monotonic()
            async with caller.session.post("/v1/ai/generate?wait=true", json=body, headers=caller.headers) as response:
                answer = json.loads(await response.read())
                if not response.ok:
                    sources[f"status {response.status}"] = sources.get(f"status {response.status}", 0) + 1
                    continue
            seconds.append(time.monotonic() - began)
            for variant in answer["variants"]:
                sources[variant["source"]] = sources.get(variant["source"], 0) + 1

    await asyncio.gather(*(one() for _ in range(_GENERATING)))
    return {"generate_p95_ms": _p95_ms(seconds), "generated_from": sources}


async def _vendor_down(installation: Installation, callers: Sequence[Visit]) -> dict[str, Any]:
    """How soon nobody waits for a vendor that does not answer, and how soon it is asked again when it does."""
    rules = await _for_a_while(callers, "rules", _RULES_S)
    own_ms = _p95_ms([took for _, took in rules])
    made = await _control(installation, "POST", "openai/faults", [{"kind": "silent"}])
    waited = await _for_a_while(callers, "rules,model", _DOWN_S)
    first_failure = min(at + took for at, took in waited if took >= MODEL_DEADLINE_S * 0.9)
    fallen_back = next(
        (
            half / 2
            for half in range(2 * _DOWN_S)
            if (later := [took for at, took in waited if at >= first_failure + half / 2])
            and _p95_ms(later) <= own_ms + _NO_WAIT_MS
        ),
        None,
    )
    fallen_ms = None if fallen_back is None else _p95_ms([t for at, t in waited if at >= first_failure + fallen_back])
    await _control(installation, "DELETE", f"openai/faults/{made['faults'][0]['id']}")
    mended, turns = time.monotonic(), count()
    while time.monotonic() - mended < _BACK_S:
        if (await _lint(callers[next(turns) % len(callers)], _caption())).trouble is None:
            break
        await asyncio.sleep(0.5)
    return {
        "rules_alone_p95_ms": own_ms,
        "down_fallback_s": fallen_back,  # from the first failure until nobody waits for the vendor
        "down_p95_ms": fallen_ms,
        "recovered_after_s": round(time.monotonic() - mended, 1),
    }


async def _for_a_while(callers: Sequence[Visit], stages: str, seconds: float) -> list[tuple[float, float]]:
    """Fifty callers, each with a pause after an answer: when each was asked, by the steady clock, and how long it took."""
    began = time.monotonic()
    waited: list[tuple[float, float]] = []

    async def one(number: int) -> None:
        lot, turn = random.Random(number), 0  # noqa: S311
        await asyncio.sleep(lot.random())
        while time.monotonic() - began < seconds:
            asked = time.monotonic()
            found = await _lint(callers[(number + turn * _CALLERS) % len(callers)], _caption(), stages)
            turn += 1
            waited.append((asked, found.seconds))
            await asyncio.sleep(lot.uniform(0.3, 0.7))

    await asyncio.gather(*(one(number) for number in range(_CALLERS)))
    return waited


class _Timed:
    """A vendor that knows how long each answer took it: what is beyond that is the gate's own.

    Its times differ, or fifty callers would march in step and each wait for the other forty-nine.
    """

    def __init__(self) -> None:
        self._lot = random.Random(1)  # noqa: S311
        self.took: dict[str, float] = {}

    async def respond(self, request: ModelRequest) -> ModelReply:
        began = time.monotonic()
        await asyncio.sleep(self._lot.uniform(*_VENDOR_S))
        self.took[json.loads(request.user)["caption"]] = time.monotonic() - began
        return ModelReply('{"findings":[]}', request.model, Usage(1400, 8))


async def _overhead(settings: Settings) -> dict[str, Any]:
    """The gate's own time at fifty callers, with its real purse, cache and database."""
    seconds: list[float] = []
    vendor = _Timed()
    async with open_house(settings, process="bench", pool_size=20) as house, gate_over(house, vendor) as gate:
        limits = Limits(deadline_s=3, owner_cap_micro_rupees=10**9)

        async def one(number: int) -> None:
            owner = new_id()
            await asyncio.sleep(number / _CALLERS * _VENDOR_S[0])
            for turn in range(_OVERHEAD_CALLS + 1):
                caption = _caption()
                fields = {"caption": caption, "capacity": "MFD", "content_class": "EDUCATION", "language": "en"}
                began = time.monotonic()
                await gate.call(Question(Purpose.LINT, "suspicions", fields, owner), limits)
                if turn:  # the first opens connections
                    seconds.append(time.monotonic() - began - vendor.took[caption])

        await asyncio.gather(*(one(number) for number in range(_CALLERS)))
    return {"gate_overhead_ms": round(statistics.mean(seconds) * 1000, 2), "gate_overhead_p95_ms": _p95_ms(seconds)}


def _caption() -> str:
    """A text nobody has asked about before."""
    number = next(_NUMBERS)
    words = [_WORDS[number // len(_WORDS) ** place % len(_WORDS)] for place in range(4)]
    return f"Write down your {' and your '.join(words)}, and look at them once a year with your family."


def _p95_ms(seconds: Sequence[float]) -> float:
    return round(statistics.quantiles([*seconds, *seconds], n=20, method="inclusive")[18] * 1000, 1)


def _completed_pct(found: Sequence[Lint]) -> float:
    return round(100 * sum(item.trouble is None for item in found) / len(found), 1)


async def _control(installation: Installation, method: str, path: str, body: Any = None) -> Any:
    url = f"{installation.sandbox_url}/_sandbox/{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as response:
        response.raise_for_status()
        return await response.json()
