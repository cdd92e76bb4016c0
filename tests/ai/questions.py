"""What tests ask, within which limits, and who answers."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from project_one.ai.domain import Limits, Purpose, Question, Role

OWNER = UUID(int=7)
LIMITS = Limits(deadline_s=1.0, owner_cap_micro_rupees=1_000_000, per_day=20)


@dataclass
class Listed:
    """Two models, or those of a day."""

    listed: dict[date, tuple[str, ...]] = field(default_factory=dict[date, tuple[str, ...]])

    def model_for(self, role: Role, on: date, *, gone: AbstractSet[str] = frozenset()) -> str:
        for model in self.listed.get(on, ("gpt-6-luna", "gpt-6.1-terra")):
            if model not in gone:
                return model
        raise LookupError(role)


def question(caption: str, names: frozenset[str] = frozenset()) -> Question:
    return Question(Purpose.LINT, "suspicions", {"caption": caption, "language": "hi"}, OWNER, "p1", names)
