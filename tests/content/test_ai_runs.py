"""Generation and translation through their doors: runs, events, the ladder, tiers, tenancy, a request that died."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from project_one.advisor.models import AdvisorRow
from project_one.ai.domain import Purpose, Question, Reason, Refused
from project_one.bootstrap import House, handlers
from project_one.content import ai_runs, ai_work
from project_one.content.drafting import Writer
from project_one.content.models import AiRunRow, PackRow, VariantRow
from project_one.content.runs import LEASE, RunKind, RunState
from project_one.content.topics import safe_topics
from project_one.kernel.ids import new_id
from project_one.kernel.outbox import OutboxRow
from project_one.vocabulary.domain import Language, Tier

from ..ai.scripted import ScriptedAsker
from .packs_api import Api, firms, member, serving, staff

GOOD = {
    "topic": "Money for hard days",
    "caption": "Money kept apart for hard days can spare a family a costly loan. A small sum each month builds the habit.",
}
OTHER = {
    "topic": "A page for the month",
    "caption": "Write down every expense for a month on one page. Many questions answer themselves when they stand side by side.",
}
BAD = {"topic": "Sure money", "caption": "Guaranteed returns of 15% every year, with no risk at all."}
WISH = {"topic": "Emergency savings", "language": "en", "capacity": "MFD"}
EN = {"topic": "Start early", "caption": "Save for 15 years. No return is assured."}
HI = {"topic": "जल्दी शुरू करें", "caption": "15 साल तक बचत करें। कोई रिटर्न निश्चित नहीं है।"}
TRANSLATE = {**EN, "from_language": "en", "to_language": "hi"}


@dataclass
class Desk:
    api: Api
    asker: ScriptedAsker
    firms: list[UUID]

    @property
    def writer(self) -> dict[str, str]:
        return member(self.firms[0])

    async def generated(self, **wish: Any) -> dict[str, Any]:
        status, run, _ = await self.api.call(self.writer, "POST", "/ai/generate?wait=true", WISH | wish)
        assert status == 200, run
        return run

    async def translated(self, **body: Any) -> dict[str, Any]:
        status, run, _ = await self.api.call(self.writer, "POST", "/ai/translate?wait=true", TRANSLATE | body)
        assert status == 200, run
        return run


@pytest.fixture
async def desk(house: House, api_house: House) -> AsyncIterator[Desk]:
    asker = ScriptedAsker()
    async with serving(replace(house, asker=asker), replace(api_house, asker=asker)) as api:
        found = await firms(house)
        async with house.database.transactions() as session:
            await session.execute(update(AdvisorRow).values(tier=Tier.STANDARD))
        yield Desk(api, asker, found)


def says(*captions: Mapping[str, str]) -> Any:
    return lambda _question: {"captions": list(captions)}


async def test_safe_texts_come_back_and_nothing_else(desk: Desk) -> None:
    desk.asker.acts = {"captions": says(GOOD, BAD, OTHER)}
    run = await desk.generated()
    assert [(item["topic"], item["source"]) for item in run["variants"]] == [
        (GOOD["topic"], "model"),
        (OTHER["topic"], "model"),
    ]
    assert (run["state"], run["done"], run["dropped"], run["reason"]) == ("done", True, 1, None)
    assert "guaranteed_return" in run["refused_categories"]
    assert "refused some" in run["trouble"]


async def test_a_refused_text_is_repaired_once_without_costing_the_quota(desk: Desk) -> None:
    desk.asker.acts = {"captions": says(BAD), "repair": lambda _: GOOD}
    run = await desk.generated()
    assert [(item["topic"], item["is_repaired"]) for item in run["variants"]] == [(GOOD["topic"], True)]
    first, second = desk.asker.asked
    assert (first[0].prompt, first[1].per_day, second[0].prompt, second[1].per_day) == ("captions", 10, "repair", None)
    assert first[0].purpose is Purpose.GENERATION
    assert first[0].owner == desk.firms[0]
    assert len(first[0].names) == 1
    assert first[1].deadline_s < 3.4


async def test_a_text_that_cannot_be_repaired_is_dropped(desk: Desk) -> None:
    desk.asker.acts = {"captions": says(BAD), "repair": lambda _: BAD}
    run = await desk.generated()
    assert run["variants"]
    assert all(item["source"] == "baseline" for item in run["variants"])
    assert [question.prompt for question, _ in desk.asker.asked] == ["captions", "repair"]


async def test_the_ladder_is_cached_then_baseline_then_library(desk: Desk) -> None:
    desk.asker.acts = {"captions": says(GOOD)}
    await desk.generated()
    desk.asker.acts = {"captions": lambda _: Refused(Reason.BUDGET, "The month's budget is spent.")}
    run = await desk.generated(topic="  emergency SAVINGS")
    assert [(item["topic"], item["source"]) for item in run["variants"]] == [(GOOD["topic"], "cached")]
    assert (run["reason"], run["trouble"]) == ("budget", "The month's budget is spent.")
    run = await desk.generated(topic="Household budget")
    budget = next(topic for topic in safe_topics() if topic.family == "budgeting")
    assert [(item["caption"], item["source"]) for item in run["variants"]] == [
        (budget.baselines[Language.EN].caption, "baseline")
    ]
    run = await desk.generated(topic="Astrology of stars", language="mr", count=2)
    assert [item["source"] for item in run["variants"]] == ["library", "library"]
    assert {item["language"] for item in run["variants"]} == {"mr"}


async def test_without_a_model_there_is_still_a_post(desk: Desk, api_house: House) -> None:
    async with serving(desk.api.house, replace(api_house, asker=None)) as api:
        _, run, _ = await api.call(desk.writer, "POST", "/ai/generate?wait=true", WISH)
    assert (run["reason"], [item["source"] for item in run["variants"]]) == ("not-configured", ["baseline"])


async def test_the_model_is_grounded_in_reviewed_texts(desk: Desk) -> None:
    desk.asker.acts = {"captions": says(GOOD)}
    await desk.generated(language="hi")
    fields = desk.asker.asked[0][0].fields
    examples = json.loads(fields["examples"])
    assert len(examples) == 3
    assert all("\u0900" <= item["caption"][0] <= "\u097f" for item in examples)
    assert "budgeting" in fields["safe_topics"]


async def test_a_run_nobody_waits_for_is_worked_by_a_job_and_followed_as_events(desk: Desk) -> None:
    desk.asker.acts = {"captions": says(GOOD)}
    status, run, headers = await desk.api.call(desk.writer, "POST", "/ai/generate", WISH)
    assert (status, run["state"], run["done"], run["variants"]) == (202, "waiting", False, [])
    assert headers["Location"] == f"/v1/ai/runs/{run['id']}"
    assert desk.asker.asked == []
    async with desk.api.client.get(f"/v1/ai/runs/{run['id']}/events", headers=desk.writer) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        seen = [json.loads(await _next_data(response))]
        await desk.api.run_jobs()
        while not seen[-1]["done"]:
            seen.append(json.loads(await _next_data(response)))
    assert seen[0]["state"] == "waiting"
    assert [item["topic"] for item in seen[-1]["variants"]] == [GOOD["topic"]]
    await desk.api.run_jobs()
    assert len(desk.asker.asked) == 1, "a job that comes again does nothing"


async def _next_data(response: Any) -> str:
    while True:
        line = (await response.content.readline()).decode()
        if line.startswith("data:"):
            return line[5:]


async def test_a_request_that_died_is_taken_up_after_its_lease(desk: Desk, house: House) -> None:
    desk.asker.acts = {"captions": says(GOOD)}
    now = house.clock()
    writer = Writer(new_id(), desk.firms[0], "user:x")
    question = WISH | {"tone": "plain", "content_class": "EDUCATION", "count": 1}
    async with house.database.transactions() as session:
        row = await ai_runs.ask(session, writer, RunKind.GENERATION, question, is_awaited=True, now=now)
        assert await ai_runs.claim(session, row.id, now=now) is not None
    async with house.database.readings() as session:
        promised = await session.scalar(select(OutboxRow.available_at).where(OutboxRow.name == "ai-run"))
    assert promised == now + LEASE
    sender = house.whatsapp()
    for ahead, state in ((timedelta(), RunState.ASKING), (LEASE, RunState.DONE)):
        later = replace(desk.api.house, clock=lambda ahead=ahead: now + ahead)
        await handlers(later, sender)["content-processing"]["ai-run"]({"run_id": str(row.id)})
        async with house.database.readings() as session:
            assert await session.scalar(select(AiRunRow.state)) is state
    await sender.close()


async def test_runs_expire_and_are_swept(desk: Desk, house: House) -> None:
    desk.asker.acts = {"captions": says(GOOD)}
    run = await desk.generated()
    async with house.database.transactions() as session:
        await session.execute(update(AiRunRow).values(expires_at=house.clock() - timedelta(seconds=1)))
    status, body, _ = await desk.api.call(desk.writer, "GET", f"/ai/runs/{run['id']}")
    assert (status, body["code"]) == (404, "content.ai-run-unknown")
    await desk.generated()
    async with house.database.readings() as session:
        assert len((await session.scalars(select(AiRunRow.id))).all()) == 1


@pytest.mark.parametrize("path", ["", "/events"])
async def test_a_run_is_its_firms_alone(desk: Desk, path: str) -> None:
    desk.asker.acts = {"captions": says(GOOD)}
    run = await desk.generated()
    for who in (member(desk.firms[1]), staff("reviewer"), staff("admin")):
        status, body, _ = await desk.api.call(who, "GET", f"/ai/runs/{run['id']}{path}")
        assert (status, body["code"]) == (404, "content.ai-run-unknown")


async def test_generation_needs_its_tier_and_a_held_capacity(desk: Desk, house: House) -> None:
    status, body, _ = await desk.api.call(desk.writer, "POST", "/ai/generate", WISH | {"capacity": "IA"})
    assert (status, body["code"]) == (409, "content.capacity-not-held")
    assert "MFD" in body["detail"]
    async with house.database.transactions() as session:
        await session.execute(update(AdvisorRow).values(tier=Tier.BASIC))
    for path, sent in (("/ai/generate", WISH), ("/ai/translate", TRANSLATE)):
        status, body, _ = await desk.api.call(desk.writer, "POST", path, sent)
        assert (status, body["code"], body["needed"]) == (403, "advisor.tier-needed", "standard")
    for path in ("/ai/generate", "/ai/translate"):
        status, body, _ = await desk.api.call(staff("admin"), "POST", path, WISH)
        assert status in {403, 422}


@pytest.mark.parametrize(
    "wish",
    [
        {"language": "fr"},
        {"topic": ""},
        {"topic": "   "},
        {"topic": "x" * 201},
        {"count": 4},
        {"count": 0},
        {"tone": "loud"},
        {"topic": "a\0bc"},
        {"more": 1},
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused(desk: Desk, wish: dict[str, Any]) -> None:
    status, body, _ = await desk.api.call(desk.writer, "POST", "/ai/generate", WISH | wish)
    assert (status, body["code"]) == (422, "request.invalid")


async def test_a_good_translation_is_accepted(desk: Desk) -> None:
    desk.asker.acts = {"translation": lambda _: HI}
    run = await desk.translated()
    assert run["translation"]["accepted"]
    assert run["translation"]["text"]["caption"] == HI["caption"]
    assert (run["translation"]["source"], run["kind"]) == ("model", "translation")
    question, limits = desk.asker.asked[0]
    assert question.fields == TRANSLATE
    assert limits.deadline_s < 1.9
    assert limits.per_day == 20


async def test_a_translation_that_adds_a_promise_is_refused_however_innocent_the_rest(desk: Desk) -> None:
    baselines = next(topic for topic in safe_topics() if topic.family == "savings").baselines
    source, target = baselines[Language.EN], baselines[Language.MR]
    said = {"topic": target.topic, "caption": f"{target.caption} परताव्याची हमी."}
    desk.asker.acts = {"translation": lambda _: said}
    body = {"topic": source.topic, "caption": source.caption, "to_language": "mr"}
    differences = (await desk.translated(**body))["translation"]["differences"]
    assert any("guaranteed_return" in item for item in differences), differences


async def test_a_translation_that_differs_is_refused_with_what_differs(desk: Desk) -> None:
    desk.asker.acts = {"translation": lambda _: HI | {"caption": "25 साल तक बचत करें। रिटर्न निश्चित है।"}}
    said = (await desk.translated())["translation"]
    assert (said["accepted"], said["text"]) == (False, None)
    assert any("numbers" in item and "15" in item and "25" in item for item in said["differences"])
    assert any("negations" in item for item in said["differences"])


async def test_a_text_of_the_library_has_its_reviewed_translation(desk: Desk) -> None:
    async with desk.api.house.database.readings() as session:
        rows = await session.execute(
            select(VariantRow.language, VariantRow.topic, VariantRow.caption)
            .join(PackRow, PackRow.id == VariantRow.pack_id)
            .where(PackRow.slug == "nomination")
        )
        texts = {language: (topic, caption) for language, topic, caption in rows}
    topic, caption = texts[Language.EN]
    said = (await desk.translated(topic=topic, caption=caption, to_language="mr"))["translation"]
    assert (said["source"], said["text"]["caption"]) == ("library", texts[Language.MR][1])
    assert desk.asker.asked == []


@pytest.mark.parametrize("answer", [{}, {"topic": "x"}, {"topic": "जल्दी", "caption": "[name] बचत करें।"}])
async def test_an_answer_that_is_no_translation(desk: Desk, answer: dict[str, str]) -> None:
    desk.asker.acts = {"translation": lambda _: answer}
    run = await desk.translated()
    assert (run["translation"], run["reason"]) == (None, "unreadable")


async def test_a_translation_without_a_model_says_why(desk: Desk) -> None:
    run = await desk.translated()
    assert (run["translation"], run["reason"], run["trouble"]) == (None, "too-slow", "There was no answer in time.")
    status, body, _ = await desk.api.call(desk.writer, "POST", "/ai/translate", TRANSLATE | {"to_language": "en"})
    assert (status, body["code"]) == (422, "request.invalid")


async def test_packs_are_no_longer_always_degraded(desk: Desk) -> None:
    def found(question: Question) -> dict[str, Any]:
        quote = question.fields["caption"].split(":")[0]
        return {"findings": [{"category": "urgency", "quote": quote, "reason": "x", "confidence": 0.5}]}

    desk.asker.acts = {"suspicions": lambda _: {"findings": []}}
    pack = await desk.api.submitted(desk.writer, variants={"en": GOOD})
    assert (pack["checked"]["degraded"], pack["checked"]["band"]) == (False, "pass")
    desk.asker.acts = {"suspicions": found}
    pack = await desk.api.submitted(desk.writer, variants={"en": OTHER})
    assert (pack["checked"]["degraded"], pack["checked"]["band"]) == (False, "review")
    question, _ = desk.asker.asked[-1]
    assert (question.purpose, question.owner) == (Purpose.PACK_CHECK, desk.firms[0])


def test_a_job_has_more_time_than_a_request() -> None:
    assert all(ai_work.JOB_S[kind] > ai_work.WAITS_S[kind] for kind in RunKind)
    assert max(ai_work.JOB_S.values()) < LEASE.total_seconds()
