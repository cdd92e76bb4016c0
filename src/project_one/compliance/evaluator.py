"""The model's stage over the gate: asks for suspicions and reads the answer; whatever else comes back is trouble.

lint, pack check ── for_owner(owner, names, policy) ──► AskedEvaluator ── Asker.call ──► suspicions | ModelUnavailableError
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from project_one.ai.domain import Limits, Purpose, Question, Refused
from project_one.ai.limits import limits_of
from project_one.ai.ports import Asker
from project_one.ai.scrub import Scrubbed, scrub
from project_one.compliance.domain import Context
from project_one.compliance.model import ModelUnavailableError, Suspicion

PROMPT = "suspicions"
MOST_FINDINGS = 6


@dataclass(frozen=True)
class AskedEvaluator:
    """An evaluator for one owner. `names`: people of the tenant, which stay here."""

    asker: Asker
    purpose: Purpose
    limits: Limits
    owner: UUID
    names: frozenset[str]
    policy_version: str

    async def suspicions(self, text: str, context: Context) -> Sequence[Suspicion]:
        fields = {
            "caption": text,
            "capacity": context.capacity.value,
            "content_class": context.content_class.value,
            "language": context.language.value if context.language else "",
        }
        question = Question(self.purpose, PROMPT, fields, self.owner, self.policy_version, self.names)
        result = await self.asker.call(question, self.limits)
        if isinstance(result, Refused):
            raise ModelUnavailableError(result.detail)
        return read_suspicions(result.data, scrub(text, self.names))


def read_suspicions(data: Any, left: Scrubbed) -> list[Suspicion]:
    """The findings of an answer, their quotes in the words of the original. `left`: the caption as it left the house.

    Raises ModelUnavailableError when it is not what was asked for.
    """
    items: Any = data.get("findings") if isinstance(data, dict) else None
    if not isinstance(items, list) or len(items) > MOST_FINDINGS:
        raise _senseless()
    return [_suspicion(item, left) for item in items]


def _suspicion(item: Any, left: Scrubbed) -> Suspicion:
    match item:
        case {
            "category": str(category),
            "quote": str(quote),
            "reason": str(reason),
            "confidence": int() | float() as confidence,
        } if not isinstance(confidence, bool):
            return Suspicion(category, left.in_original(quote) or quote, reason, float(confidence))
        case _:
            raise _senseless()


def _senseless() -> ModelUnavailableError:
    return ModelUnavailableError("the model's answer makes no sense")


@dataclass(frozen=True)
class GateEvaluators:
    """Evaluators over the gate for one purpose."""

    asker: Asker
    purpose: Purpose
    owner_cap_micro_rupees: int

    def for_owner(self, owner: UUID, names: frozenset[str], policy_version: str) -> AskedEvaluator:
        limits = limits_of(self.purpose, owner_cap_micro_rupees=self.owner_cap_micro_rupees)
        return AskedEvaluator(self.asker, self.purpose, limits, owner, names, policy_version)
