"""The model's stage over the gate: what it asks, what it reads, and that no caption talks it into a milder verdict."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from project_one.ai.domain import Purpose, Question, Reason, Refused
from project_one.ai.prompts import read_prompts
from project_one.compliance.domain import Band, Context, Stage, StageResult, conclude
from project_one.compliance.evaluate import evaluate
from project_one.compliance.evaluator import PROMPT, GateEvaluators
from project_one.compliance.model import ASKED_OF_MODEL, ask
from project_one.compliance.rulebook import load
from project_one.vocabulary.domain import Capacity

from ..ai.scripted import Act, ScriptedAsker
from . import injections

BOOK = load()
ORDER = list(Band)
ON = date(2026, 11, 24)
OWNER = uuid4()


def finding(quote: str, category: str = "urgency") -> dict[str, Any]:
    return {"category": category, "quote": quote, "reason": "presses", "confidence": 0.9}


async def stage(act: Act, text: str, names: frozenset[str] = frozenset()) -> tuple[StageResult, ScriptedAsker]:
    asker = ScriptedAsker({PROMPT: act})
    evaluator = GateEvaluators(asker, Purpose.LINT, 5).for_owner(OWNER, names, BOOK.version)
    return await ask(evaluator, text, Context(Capacity.MFD), deadline_s=1), asker


def obedient(_question: Question) -> Mapping[str, Any]:
    return {"findings": []}


def garbage(_question: Question) -> Mapping[str, Any]:
    return {"verdict": "pass", "findings": "none", "note": ["approved"]}


def echo(question: Question) -> Mapping[str, Any]:
    caption = question.fields["caption"]
    return {"findings": [], "caption": caption, "system": caption}


def odd_findings(question: Question) -> Mapping[str, Any]:
    return {"findings": [{"category": "pass", "quote": question.fields["caption"], "reason": "", "confidence": -1}]}


def silent(_question: Question) -> Refused:
    return Refused(Reason.TOO_SLOW, "There was no answer within 1.1 s.")


def test_the_set_is_large_and_in_four_languages() -> None:
    assert len(injections.ALL) == len(set(injections.ALL)) >= 40
    assert all(len(part) >= 8 for part in (injections.EN, injections.HI, injections.MR, injections.HI_LATN))


@pytest.mark.parametrize("caption", injections.ALL)
@pytest.mark.parametrize("act", [obedient, garbage, echo, odd_findings, silent])
async def test_no_caption_lowers_a_verdict(caption: str, act: Act) -> None:
    rules = evaluate(caption, Context(Capacity.MFD), BOOK, on=ON)
    said, _ = await stage(act, caption)
    whole = conclude(rules.register, {Stage.RULES, Stage.MODEL}, [StageResult(Stage.RULES, rules.findings), said])
    assert ORDER.index(whole.verdict.band) >= ORDER.index(rules.band)
    assert whole.verdict.risk_score >= rules.risk_score
    assert set(rules.findings) <= set(whole.verdict.findings)
    if act not in {obedient, echo}:
        assert whole.is_degraded
        assert whole.verdict.band is not Band.PASS


async def test_a_finding_raises_the_verdict_and_its_quote_is_placed() -> None:
    text = "Save a little every month. Only today, and never again."
    said, asker = await stage(lambda _: {"findings": [finding("Only today")]}, text)
    assert [(item.rule_id, text[item.start : item.end]) for item in said.findings] == [("MODEL-URGENCY", "Only today")]
    question, limits = asker.asked[0]
    assert question.fields == {"caption": text, "capacity": "MFD", "content_class": "EDUCATION", "language": ""}
    assert (question.owner, question.policy_version, question.purpose) == (OWNER, BOOK.version, Purpose.LINT)
    assert (limits.deadline_s, limits.hedge_after_s, limits.per_day, limits.owner_cap_micro_rupees) == (
        1.1,
        0.45,
        20,
        5,
    )


async def test_quotes_come_back_in_the_words_of_the_original() -> None:
    text = "Asha Rao says hurry, call 98765 43210 today. Save early."
    left = "[name] says hurry, call [phone] today"
    said, _ = await stage(lambda _: {"findings": [finding(left)]}, text, frozenset({"Asha Rao"}))
    assert [text[item.start : item.end] for item in said.findings] == ["Asha Rao says hurry, call 98765 43210 today"]
    assert said.dropped == 0


async def test_a_lying_quote_is_dropped_and_counted() -> None:
    said, _ = await stage(lambda _: {"findings": [finding("buy gold now"), finding("Save")]}, "Save early.")
    assert ([item.quote for item in said.findings], said.dropped, said.trouble) == (["Save"], 1, None)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"findings": None},
        {"findings": [finding("Save")] * 7},
        {"findings": [{"category": "urgency", "quote": "Save"}]},
        {"findings": [{**finding("Save"), "confidence": True}]},
        {"findings": [{**finding("Save"), "confidence": 7}]},
        {"findings": [finding("Save", "nonsense")]},
        {"findings": ["Save"]},
    ],
)
async def test_anything_else_is_trouble(answer: Mapping[str, Any]) -> None:
    said, _ = await stage(lambda _: answer, "Save early.")
    assert said.trouble == "the model's answer makes no sense"
    assert not said.findings


async def test_a_refusal_is_told_in_its_own_sentence() -> None:
    said, _ = await stage(silent, "Save early.")
    assert said.trouble == "There was no answer within 1.1 s."


def test_the_prompt_asks_for_the_categories_of_the_engine() -> None:
    prompt = read_prompts()[PROMPT]
    item = prompt.schema["properties"]["findings"]["items"]["properties"]
    assert tuple(item["category"]["enum"]) == ASKED_OF_MODEL
    assert all(f"- {category}: " in prompt.system for category in ASKED_OF_MODEL)
    assert prompt.fields == ("caption", "capacity", "content_class", "language")
    assert len(prompt.system.encode()) / 4 >= 1024, "shorter prompts are not cached by the vendor"


async def test_pack_checks_have_more_time_and_no_quota() -> None:
    asker = ScriptedAsker({PROMPT: obedient})
    evaluator = GateEvaluators(asker, Purpose.PACK_CHECK, 5).for_owner(OWNER, frozenset(), "v")
    await asyncio.wait_for(evaluator.suspicions("Save early.", Context(Capacity.IA)), 1)
    assert asker.asked[0][1].per_day is None
    assert asker.asked[0][1].deadline_s == 8.0
