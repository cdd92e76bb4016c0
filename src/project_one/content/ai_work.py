"""Doing what a run asks: the model, then the engine, and down the ladder when the model gives nothing.

generation   model ─► engine ─► repair once ─► engine      else  cached ─► baseline ─► library, each tried again
translation  library's own ─► model ─► parity, language, rules: accepted, or refused with what differs

No transaction is open while the model is asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from uuid import UUID

import structlog

from project_one.advisor.of_firm import FirmAdvisor, advisors_of_firm
from project_one.ai.domain import Limits, Purpose, Question, Reason, Refused, Result
from project_one.ai.limits import limits_of
from project_one.ai.ports import Asker
from project_one.compliance.domain import Context, Verdict
from project_one.compliance.rulebook import Rulebook
from project_one.compliance.verdicts import Subject, judged
from project_one.content import ai_runs, generation, translation
from project_one.content.ai_material import Material, gathered, reviewed_translation
from project_one.content.domain import Content
from project_one.content.generation import Engine, Source, Trial, Variant, Wish
from project_one.content.runs import Claimed, RunKind, RunResult, RunState
from project_one.content.topics import safe_topics, topic_of
from project_one.content.translation import Translated
from project_one.kernel.clock import Clock, business_date
from project_one.kernel.db import Transactions
from project_one.vocabulary.domain import Capacity, Language

log = structlog.get_logger()

WAITS_S: Mapping[RunKind, float] = {RunKind.GENERATION: 3.4, RunKind.TRANSLATION: 1.9}
"""In how many seconds a request that waits has its answer."""
JOB_S: Mapping[RunKind, float] = {RunKind.GENERATION: 20.0, RunKind.TRANSLATION: 10.0}
_FOR_THE_ENGINE_S = 0.15
_TOO_LATE_S = 0.4  # with less left a repair is not begun
_NOT_CONFIGURED = Refused(Reason.NOT_CONFIGURED, "No model is configured.")


@dataclass(frozen=True)
class RunTools:
    """What a run is worked with. `asker`: None where no model is configured."""

    transactions: Transactions
    asker: Asker | None
    rulebook_of: Callable[[date], Awaitable[Rulebook]]
    owner_cap_micro_rupees: int
    clock: Clock


async def work(tools: RunTools, run_id: UUID, *, seconds: Mapping[RunKind, float] = JOB_S) -> None:
    """Work on a run until it is done. Does nothing for one that is done or that another works on."""
    async with tools.transactions() as session:
        run = await ai_runs.claim(session, run_id, now=tools.clock())
    if run is None:
        return
    now = tools.clock()
    desk = _Desk(tools, run, await tools.rulebook_of(business_date(now)), now, time.monotonic() + seconds[run.kind])
    result = await (desk.generated() if run.kind is RunKind.GENERATION else desk.translated())
    async with tools.transactions() as session:
        await ai_runs.finish(session, run_id, result, now=tools.clock())
    log.info(
        "content.ai-run.done",
        run_id=str(run_id),
        kind=run.kind.value,
        reason=result.reason,
        sources=sorted({item.source.value for item in result.variants}),
        dropped=result.dropped,
    )


@dataclass(frozen=True)
class _Desk:
    """One run being worked on. `ends`: on the monotonic clock, when its answer is due."""

    tools: RunTools
    run: Claimed
    rulebook: Rulebook
    now: datetime
    ends: float

    @property
    def left_s(self) -> float:
        return self.ends - time.monotonic() - _FOR_THE_ENGINE_S

    async def generated(self) -> RunResult:
        wish = Wish.from_json(self.run.question)
        async with self.tools.transactions() as session:
            found = await gathered(session, self.run.firm_id, wish, now=self.now)
        engine = Engine(
            self.rulebook,
            found.frames,
            [advisor for advisor in found.advisors if advisor.identity.capacity is wish.capacity],
            wish.content_class,
            business_date(self.now),
            self.now,
        )
        answer = await self._ask("captions", _captions(wish, found), found.advisors)
        texts = [] if isinstance(answer, Refused) else generation.read_captions(answer.data, wish)
        await self._step(RunState.CHECKING)
        trials = await _tried(engine.tried_unread, texts)
        variants = [Variant(trial.content, Source.MODEL) for trial in trials if trial.is_safe]
        failed = [trial for trial in trials if not trial.is_safe]
        variants += await self._repaired(failed, wish, engine, found.advisors)
        categories = sorted({finding.category for trial in failed for finding in trial.findings})
        dropped = len(texts) - len(variants)
        refused = answer if isinstance(answer, Refused) else None
        if not variants:
            variants = await _from_the_ladder(engine, wish, found)
        return RunResult(
            self.rulebook.version,
            tuple(_distinct(variants)[: wish.count]),
            trouble=_trouble(refused, has_own=dropped == 0 and bool(texts), texts=len(texts)),
            reason=refused.reason.value if refused else None,
            dropped=dropped,
            refused_categories=tuple(categories),
        )

    async def _repaired(
        self, failed: Sequence[Trial], wish: Wish, engine: Engine, advisors: Sequence[FirmAdvisor]
    ) -> list[Variant]:
        """Each refused text is asked to be put right once; what is not safe then is dropped."""
        if self.left_s < _TOO_LATE_S or not failed:
            return []
        questions = [generation.repair_fields(trial, wish, self.rulebook) for trial in failed]
        answers = await asyncio.gather(
            *(self._ask("repair", fields, advisors, costs_quota=False) for fields in questions)
        )
        texts = [
            generation.read_caption(answer.data, wish.language) for answer in answers if not isinstance(answer, Refused)
        ]
        trials = await _tried(engine.tried_unread, [text for text in texts if text is not None])
        return [Variant(trial.content, Source.MODEL, is_repaired=True) for trial in trials if trial.is_safe]

    async def translated(self) -> RunResult:
        asked = self.run.question
        source = Content(asked["topic"], asked["caption"], Language(asked["from_language"]))
        to = Language(asked["to_language"])
        async with self.tools.transactions() as session:
            reviewed = await reviewed_translation(session, source, to)
            advisors = await advisors_of_firm(session, self.run.firm_id)
        version = self.rulebook.version
        if reviewed is not None:
            return RunResult(version, translated=Translated(reviewed, Source.LIBRARY))
        fields = translation.translation_fields(source, to)
        answer = await self._ask("translation", fields, advisors)
        await self._step(RunState.CHECKING)
        if isinstance(answer, Refused):
            return RunResult(version, trouble=answer.detail, reason=answer.reason.value)
        target = translation.read_translation(answer.data, to)
        target = target and translation.restored(source, target, _names(advisors))
        if target is None:
            reason = Reason.UNREADABLE.value
            return RunResult(version, trouble="The model's answer is no translation of this text.", reason=reason)
        differences = await asyncio.to_thread(self._differences, source, target, advisors)
        return RunResult(version, translated=Translated(None if differences else target, Source.MODEL, differences))

    def _differences(self, source: Content, target: Content, advisors: Iterable[FirmAdvisor]) -> list[str]:
        """What differs, in any of the capacities the firm speaks in; nobody has read the translation yet."""
        capacities = sorted({advisor.identity.capacity for advisor in advisors}) or [Capacity.MFD]
        found = [
            said
            for rulebook, capacity in product((self.rulebook, self.rulebook.patterns_alone), capacities)
            for said in translation.differences(
                source, target, self._verdict(source, capacity, rulebook), self._verdict(target, capacity, rulebook)
            )
        ]
        return list(dict.fromkeys(found))

    def _verdict(self, content: Content, capacity: Capacity, rulebook: Rulebook) -> Verdict:
        context = Context(capacity, language=content.language)
        return judged(Subject(content.sha256, content.paragraph, context), rulebook, on=business_date(self.now))

    async def _ask(
        self, prompt: str, fields: Mapping[str, str], advisors: Iterable[FirmAdvisor], *, costs_quota: bool = True
    ) -> Result:
        if self.tools.asker is None:
            return _NOT_CONFIGURED
        purpose = Purpose(self.run.kind.value)
        question = Question(purpose, prompt, fields, self.run.firm_id, self.rulebook.version, _names(advisors))
        return await self.tools.asker.call(question, self._limits(purpose, costs_quota=costs_quota))

    def _limits(self, purpose: Purpose, *, costs_quota: bool) -> Limits:
        cap = self.tools.owner_cap_micro_rupees
        return limits_of(
            purpose, owner_cap_micro_rupees=cap, deadline_s=max(self.left_s, 0.01), costs_quota=costs_quota
        )

    async def _step(self, state: RunState) -> None:
        async with self.tools.transactions() as session:
            await ai_runs.step(session, self.run.run_id, state, now=self.tools.clock())


def _names(advisors: Iterable[FirmAdvisor]) -> frozenset[str]:
    return frozenset(advisor.identity.registered_name for advisor in advisors)


def _captions(wish: Wish, found: Material) -> dict[str, str]:
    examples = generation.nearest(wish.topic, found.library, _hints(wish))[: generation.MOST_EXAMPLES]
    return generation.captions_fields(wish, examples, [topic.name for topic in safe_topics()])


def _hints(wish: Wish) -> frozenset[str]:
    topic = topic_of(wish.topic)
    return topic.words if topic else frozenset()


async def _tried(trial_of: Callable[[Content], Trial], texts: Sequence[Content]) -> list[Trial]:
    """Off the event loop: a text is read in every frame for every advisor."""
    return await asyncio.to_thread(lambda: [trial_of(text) for text in texts]) if texts else []


async def _from_the_ladder(engine: Engine, wish: Wish, found: Material) -> list[Variant]:
    """The first rung that holds a safe text."""
    topic = topic_of(wish.topic)
    rungs = (
        (Source.CACHED, engine.tried_unread, found.cached),
        (Source.BASELINE, engine.tried, [topic.baselines[wish.language]] if topic else []),
        (Source.LIBRARY, engine.tried, generation.nearest(wish.topic, found.library, _hints(wish))[: wish.count]),
    )
    for source, trial_of, texts in rungs:
        safe = [Variant(trial.content, source) for trial in await _tried(trial_of, texts) if trial.is_safe]
        if safe:
            return safe
    return []


def _distinct(variants: Iterable[Variant]) -> list[Variant]:
    return list({item.content.sha256: item for item in reversed(list(variants))}.values())[::-1]


def _trouble(refused: Refused | None, *, has_own: bool, texts: int) -> str | None:
    if refused is not None:
        return refused.detail
    if has_own:
        return None
    return "The model wrote no text." if not texts else "The engine refused some of the model's texts."
