"""A gate that answers what it is told to, and remembers what it was asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from project_one.ai.domain import Answer, Limits, Question, Reason, Refused, Result
from project_one.kernel.ids import new_id

Act = Callable[[Question], Mapping[str, Any] | Refused]
SILENT = Refused(Reason.TOO_SLOW, "There was no answer in time.")


@dataclass
class ScriptedAsker:
    """`acts`: by prompt; a prompt without one is refused."""

    acts: Mapping[str, Act] = field(default_factory=dict[str, Act])
    asked: list[tuple[Question, Limits]] = field(default_factory=list[tuple[Question, Limits]])

    async def call(self, question: Question, limits: Limits) -> Result:
        self.asked.append((question, limits))
        act = self.acts.get(question.prompt)
        said = SILENT if act is None else act(question)
        return said if isinstance(said, Refused) else Answer(new_id(), said, "scripted", is_cached=False)
