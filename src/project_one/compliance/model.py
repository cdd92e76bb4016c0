"""Stage 2: what a model suspects. A port; whatever comes back, or does not, can only raise the outcome."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from project_one.compliance.domain import CATEGORIES, Context, Finding, Stage, StageResult

_FORM = frozenset({"emoji", "hashtag", "length", "shouting", "complex_language"})
ASKED_OF_MODEL = tuple(
    sorted(name for name in CATEGORIES if name not in _FORM and not name.startswith(("missing_", "expired_")))
)
"""Categories a model may name; what can be counted is not asked of it."""


@dataclass(frozen=True)
class Suspicion:
    """One thing a model points at. `quote`: exact words of the text; `confidence`: 0 to 1."""

    category: str
    quote: str
    reason: str
    confidence: float


class ModelUnavailableError(Exception):
    """The model did not answer, or not in the form that was asked for; the text says why, without personal data."""


class Evaluator(Protocol):
    async def suspicions(self, text: str, context: Context) -> Sequence[Suspicion]:
        """What the model suspects in `text`. Raises ModelUnavailableError."""
        ...


class Evaluators(Protocol):
    """Evaluators by who asks."""

    def for_owner(self, owner: UUID, names: frozenset[str], policy_version: str) -> Evaluator:
        """`owner`: whose quota and money; `names`: people of her firm, which no model may read."""
        ...


async def ask(evaluator: Evaluator | None, text: str, context: Context, *, deadline_s: float) -> StageResult:
    """The model's stage, done within `deadline_s` or in trouble. Never raises for what an evaluator does."""
    began = time.perf_counter()

    def result(findings: Sequence[Finding] = (), trouble: str | None = None, dropped: int = 0) -> StageResult:
        return StageResult(Stage.MODEL, findings, trouble, (time.perf_counter() - began) * 1000, dropped)

    if evaluator is None:
        return result(trouble="no model is configured")
    asking = asyncio.ensure_future(evaluator.suspicions(text, context))
    try:
        done, _ = await asyncio.wait({asking}, timeout=deadline_s)
    except asyncio.CancelledError:
        asking.cancel()
        raise
    if not done:
        asking.cancel()  # and not awaited: a deaf evaluator must not hold the text up
        asking.add_done_callback(_forget)
        return result(trouble="the model was too slow")
    if asking.cancelled():
        return result(trouble="the model was interrupted")
    if (error := asking.exception()) is not None:
        return result(trouble=str(error) if isinstance(error, ModelUnavailableError) else type(error).__name__)
    answer: object = asking.result()
    if not isinstance(answer, (list, tuple)) or not all(_is_sound(item) for item in answer):  # pyright: ignore[reportUnknownVariableType]
        return result(trouble="the model's answer makes no sense")
    findings = list(_located(text, answer))  # pyright: ignore[reportUnknownArgumentType]
    return result(findings, dropped=len(answer) - len(findings))  # pyright: ignore[reportUnknownArgumentType]


def _forget(asking: "asyncio.Future[Sequence[Suspicion]]") -> None:
    if not asking.cancelled():
        asking.exception()


def _is_sound(item: object) -> bool:
    return (
        isinstance(item, Suspicion)
        and item.category in ASKED_OF_MODEL
        and isinstance(item.quote, str)  # pyright: ignore[reportUnnecessaryIsInstance]  a lying port may hold anything
        and isinstance(item.confidence, (int, float))  # pyright: ignore[reportUnnecessaryIsInstance]
        and 0 <= item.confidence <= 1
    )


def _located(text: str, answer: Sequence[Suspicion]) -> Iterator[Finding]:
    """Suspicions whose quote stands in the text, where it stands first."""
    for item in answer:
        start = text.find(item.quote)
        if item.quote.strip() and start >= 0:
            severity = CATEGORIES[item.category][0]
            rule_id = f"MODEL-{item.category.upper().replace('_', '-')}"
            yield Finding(rule_id, item.category, severity, start, start + len(item.quote), item.quote)
