"""A purse in memory, exact and able to be away; judged by the tests like the real one."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from project_one.ai.domain import Purpose
from project_one.ai.ports import Bill, Scope, Spending

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@dataclass
class MemoryPurse:
    """Prices: 1 micro-rupee a byte or token sent, 4 a token answered. `answers`: cleared, it hangs."""

    left: int = 10_000_000
    priced: frozenset[str] = frozenset({"gpt-6-luna", "gpt-6.1-terra"})
    share: float = 1.0
    away: Exception | None = None
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    open: dict[UUID, Spending] = field(default_factory=dict[UUID, Spending])
    settled: dict[UUID, tuple[Spending, Bill, int]] = field(default_factory=dict[UUID, tuple[Spending, Bill, int]])
    taken: int = 0

    def __post_init__(self) -> None:
        self.answers.set()

    async def worst(self, model: str, *, input_bytes: int, most_output_tokens: int, now: datetime) -> int:
        if model not in self.priced:
            raise LookupError(model)
        return input_bytes + 4 * most_output_tokens

    async def reserve(self, spending: Spending, *, now: datetime) -> Scope | None:
        await self._open_till()
        if spending.worst_micro_rupees > self.left:
            return Scope.MONTH
        self.left -= spending.worst_micro_rupees
        self.open[spending.call_id] = spending
        return None

    async def settle(self, call_id: UUID, bill: Bill, *, now: datetime) -> int:
        await asyncio.sleep(0)
        if call_id in self.settled:
            return self.settled[call_id][2]
        spending = self.open.pop(call_id)
        usage = bill.usage
        cost = spending.worst_micro_rupees if usage is None else usage.input + 4 * usage.output
        self.left += spending.worst_micro_rupees - cost
        self.settled[call_id] = (spending, bill, cost)
        return cost

    async def take(self, owner: UUID, purpose: Purpose, *, per_day: int, now: datetime) -> bool:
        await self._open_till()
        if self.taken >= per_day:
            return False
        self.taken += 1
        return True

    async def put_back(self, owner: UUID, purpose: Purpose, *, now: datetime) -> None:
        self.taken -= 1

    async def share_left(self, *, now: datetime) -> float:
        return self.share

    @property
    def outcomes(self) -> list[str]:
        return sorted(bill.outcome for _, bill, _ in self.settled.values())

    async def _open_till(self) -> None:
        await asyncio.sleep(0)
        await self.answers.wait()
        if self.away:
            raise self.away
