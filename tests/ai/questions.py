"""What tests ask, within which limits, and who answers."""

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

    async def models(self, _role: Role, on: date) -> tuple[str, ...]:
        return self.listed.get(on, ("gpt-6-luna", "gpt-6.1-terra"))


def question(caption: str, names: frozenset[str] = frozenset()) -> Question:
    return Question(Purpose.LINT, "suspicions", {"caption": caption, "language": "hi"}, OWNER, "p1", names)
