"""The join of the stages: whatever a model answers, delays or breaks, the outcome is never milder than the rules'."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project_one.compliance.domain import (
    CATEGORIES,
    Band,
    Context,
    Finding,
    Register,
    Severity,
    Stage,
    StageResult,
    conclude,
    judge,
)
from project_one.compliance.evaluate import evaluate
from project_one.compliance.model import ASKED_OF_MODEL, ModelUnavailableError, Suspicion, ask
from project_one.compliance.rulebook import load
from project_one.vocabulary.domain import Capacity

BOOK = load()
CONTEXT = Context(Capacity.MFD)
ORDER = list(Band)
TEXT = "Save a little every month. Returns are not guaranteed."


class InMemory:
    """A model that does what it is told to."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act

    async def suspicions(self, text: str, context: Context) -> Sequence[Suspicion]:
        answer = self._act()
        return await answer if asyncio.iscoroutine(answer) else answer


findings = st.builds(
    Finding,
    rule_id=st.sampled_from(["A", "B", "C"]),
    category=st.sampled_from(sorted(CATEGORIES)),
    severity=st.sampled_from(Severity),
    start=st.integers(0, 30),
    end=st.integers(0, 40),
    quote=st.just(""),
)
results = st.lists(
    st.builds(
        StageResult,
        stage=st.sampled_from(Stage),
        findings=st.lists(findings, max_size=5),
        trouble=st.sampled_from([None, None, "broken"]),
    ),
    max_size=4,
)


@given(results, results, st.sets(st.sampled_from(Stage)))
def test_more_stages_never_lower_an_outcome(some: list[StageResult], more: list[StageResult], due: set[Stage]) -> None:
    before = judge((finding for result in some for finding in result.findings), Register.EN)
    after = conclude(Register.EN, due, [*some, *more])
    assert ORDER.index(after.verdict.band) >= ORDER.index(before.band)
    assert after.verdict.risk_score >= before.risk_score


@given(results, st.sets(st.sampled_from(Stage)))
def test_a_missing_or_troubled_stage_is_at_least_a_review(done: list[StageResult], due: set[Stage]) -> None:
    conclusion = conclude(Register.EN, due, done)
    whole = due <= {result.stage for result in done if result.trouble is None}
    assert conclusion.is_degraded is not whole
    assert whole or conclusion.verdict.band is not Band.PASS


anything = st.one_of(
    st.none(), st.integers(), st.text(), st.lists(st.text()), st.dictionaries(st.text(), st.integers())
)
suspicions = st.lists(
    st.builds(
        Suspicion,
        category=st.one_of(st.sampled_from(ASKED_OF_MODEL), st.text(max_size=9)),
        quote=st.sampled_from(["Save", "guaranteed", "not there", ""]),
        reason=st.text(max_size=9),
        confidence=st.floats(allow_nan=True),
    ),
    max_size=4,
)
failures = st.sampled_from([ModelUnavailableError("down"), RuntimeError("bug"), asyncio.CancelledError(), OSError()])


@given(st.text(max_size=60), st.one_of(anything, suspicions, failures))
def test_no_answer_lowers_the_rules_verdict(text: str, answer: Any) -> None:
    def act() -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    rules = evaluate(text, CONTEXT, BOOK, on=date(2026, 11, 24))
    stage = asyncio.run(ask(InMemory(act), text, CONTEXT, deadline_s=1))
    joined = conclude(rules.register, [Stage.RULES, Stage.MODEL], [StageResult(Stage.RULES, rules.findings), stage])
    assert ORDER.index(joined.verdict.band) >= ORDER.index(rules.band)
    assert joined.verdict.risk_score >= rules.risk_score


async def test_a_deaf_model_is_left_behind() -> None:
    never = asyncio.Event()

    async def deaf() -> Sequence[Suspicion]:
        try:
            await never.wait()
        except asyncio.CancelledError:
            await never.wait()
        return []

    stage = await ask(InMemory(deaf), TEXT, CONTEXT, deadline_s=0.01)
    assert stage.trouble == "the model was too slow"
    never.set()


async def test_quotes_are_found_in_the_text_or_dropped() -> None:
    said = [
        Suspicion("urgency", "every month", "presses", 0.9),
        Suspicion("urgency", "act now", "presses", 0.9),
    ]
    stage = await ask(InMemory(lambda: said), TEXT, CONTEXT, deadline_s=1)
    assert [(item.rule_id, TEXT[item.start : item.end]) for item in stage.findings] == [
        ("MODEL-URGENCY", "every month")
    ]
    assert (stage.dropped, stage.trouble) == (1, None)


@pytest.mark.parametrize(
    "answer", [None, "pass", [1], [Suspicion("nonsense", "Save", "", 0.5)], [Suspicion("urgency", "Save", "", 7)]]
)
async def test_nonsense_is_trouble(answer: Any) -> None:
    stage = await ask(InMemory(lambda: answer), TEXT, CONTEXT, deadline_s=1)
    assert stage.trouble == "the model's answer makes no sense"
    assert not stage.findings


async def test_without_a_model_the_stage_is_in_trouble() -> None:
    assert (await ask(None, TEXT, CONTEXT, deadline_s=1)).trouble == "no model is configured"
