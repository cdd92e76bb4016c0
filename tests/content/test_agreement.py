"""How often model and reviewers agree: counted from what was kept with each decision."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from project_one.ai.domain import Question, Usage
from project_one.ai.ports import Bill
from project_one.ai.purse import CRASHED, MICRO
from project_one.ai.tries import NOT_SENT
from project_one.bootstrap import House
from project_one.content.agreement import Agreement, agreement_between, agreement_of
from project_one.content.packs import Decision
from project_one.entrypoints.commands import ai_review
from project_one.entrypoints.commands.ai_review import figures, review
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id

from ..ai.scripted import ScriptedAsker
from ..ai.spending import calls, purse_of, spending
from .packs_api import EN, Api, firms, hashes, member, serving, staff


def said(*categories: str, degraded: bool = False, took_ms: float = 500.0) -> dict[str, Any]:
    return {"degraded": degraded, "categories": list(categories), "took_ms": took_ms}


def test_of_nothing_nothing_is_said() -> None:
    assert agreement_of([]) == Agreement(0, 0, 0, 0, 0, 0, None, None)
    assert (agreement_of([]).agreement, agreement_of([]).degraded_share) == (None, None)


def test_both_must_say_the_same_of_what_the_model_looked_at() -> None:
    found = agreement_of(
        [
            (Decision.APPROVED, said(took_ms=100)),
            (Decision.APPROVED, said("urgency", took_ms=900)),
            (Decision.REJECTED, said("urgency", "superlative")),
            (Decision.CHANGES_REQUESTED, said()),
            (Decision.APPROVED, said(degraded=True, took_ms=9_000)),
        ]
    )
    assert (found.decisions, found.looked_at) == (5, 4)
    assert (found.both_clean, found.both_odd, found.only_model, found.only_reviewer) == (1, 1, 1, 1)
    assert (found.agreement, round(found.degraded_share or 0, 2)) == (0.5, 0.2)
    assert (found.took_p50_ms, found.took_p95_ms) == (500, 900)


@pytest.fixture
async def asked(house: House, api_house: House) -> AsyncIterator[tuple[Api, ScriptedAsker]]:
    asker = ScriptedAsker()
    async with serving(replace(house, asker=asker), replace(api_house, asker=asker)) as api:
        yield api, asker


async def test_a_decision_keeps_what_the_model_had_said(asked: tuple[Api, ScriptedAsker], house: House) -> None:
    api, asker = asked
    firm = (await firms(house, 1))[0]

    def urgent(question: Question) -> dict[str, Any]:
        quote = question.fields["caption"][:10]
        return {"findings": [{"category": "urgency", "quote": quote, "reason": "x", "confidence": 0.5}]}

    asker.acts = {"suspicions": urgent}
    pack = await api.submitted(member(firm), variants={"en": EN})
    reason = {"note": "It presses the reader.", "category": "urgency"}
    body = {"hashes": hashes(pack), "reasons": [reason], "note": "Please say it calmly."}
    status, answer, _ = await api.call(staff(), "POST", f"/content-packs/{pack['id']}/request-changes", body)
    assert status == 200, answer
    now = house.clock()
    async with house.database.readings() as session:
        found = await agreement_between(session, now - timedelta(hours=1), now + timedelta(hours=1))
        none = await agreement_between(session, now + timedelta(hours=1), now + timedelta(hours=2))
    assert (found.decisions, found.looked_at, found.both_odd, found.agreement) == (1, 1, 1, 1.0)
    assert none.decisions == 0
    today = business_date(now)
    told = await figures(house, today, today)
    assert (told["decisions"], told["agreement"], told["degraded_share"]) == (1, 1.0, 0.0)
    assert (told["calls"], told["cost_per_verdict_rupees"]) == (0, None)


async def test_the_command_prints_what_calls_took_and_cost_beside_the_decisions(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    purse, owner, now = purse_of(house), new_id(), house.clock()
    usual = Usage(1_400, 40)
    for is_hedge, known in [
        (False, Bill("answered", usual, 400)),
        (False, Bill("cut-off", None, 900)),
        (True, Bill("answered", usual, 300)),
        (False, Bill(NOT_SENT, Usage(0, 0), 1)),
        (False, Bill(CRASHED, None, 60_000)),
    ]:
        one = replace(spending(owner, 1_000_000), is_hedge=is_hedge)
        assert await purse.reserve(one, now=now) is None
        await purse.settle(one.call_id, known, now=now)
    monkeypatch.setattr(ai_review, "settings", lambda: house.settings)
    today = str(business_date(now))
    await asyncio.to_thread(review, today, today, as_json=True)
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["calls"], told["latency_p50_ms"], told["latency_p95_ms"]) == (3, 650.0, 875.0)
    booked = sum(call.cost or 0 for call in await calls(house))
    assert told["cost_per_verdict_rupees"] == round(booked / 3 / MICRO, 6) > 0
    assert (told["decisions"], told["agreement"], told["degraded_share"]) == (0, None, None)


@pytest.mark.parametrize(
    ("days", "says"),
    [(["2026-11-24", "2026-11-01"], "swap them"), (["yesterday", "2026-11-24"], "not a date")],
)
def test_days_that_make_no_sense_are_one_sentence(days: list[str], says: str) -> None:
    with pytest.raises(UpError, match=says):
        review(*days)
