"""How often model and reviewers agree: counted from what was kept with each decision."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from project_one.ai.domain import Question
from project_one.bootstrap import House
from project_one.content.agreement import Agreement, agreement_between, agreement_of
from project_one.content.packs import Decision
from project_one.entrypoints.commands.ai_review import figures, review
from project_one.entrypoints.up.places import UpError
from project_one.kernel.clock import business_date

from ..ai.scripted import ScriptedAsker
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


@pytest.mark.parametrize(
    ("days", "says"),
    [(["2026-11-24", "2026-11-01"], "swap them"), (["yesterday", "2026-11-24"], "not a date")],
)
def test_days_that_make_no_sense_are_one_sentence(days: list[str], says: str) -> None:
    with pytest.raises(UpError, match=says):
        review(*days)
