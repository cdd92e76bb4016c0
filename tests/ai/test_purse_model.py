"""Any sequence of reservations, settlements, crashes and new caps leaves the purses as plain arithmetic has them."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project_one.ai.budget import set_month_cap
from project_one.ai.domain import Usage
from project_one.ai.ports import Scope
from project_one.ai.prices import shipped
from project_one.ai.purse import MICRO
from project_one.bootstrap import House
from project_one.kernel.clock import business_date
from project_one.kernel.ids import new_id

from .spending import MODEL, bill, budgets, purse_of, spending

_MONTHS = itertools.count()  # each example has a month of its own
_RUPEES = 15
_COSTS = st.integers(0, 600_000)
_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("reserve"), st.integers(0, 2), st.integers(0, 2), _COSTS, st.sampled_from([0, 700_000, 5 * MICRO])
        ),
        st.tuples(st.just("settle"), st.integers(0, 50), st.one_of(st.none(), st.integers(0, 4000))),
        st.tuples(st.just("sweep")),
        st.tuples(st.just("cap"), st.integers(0, 2), st.integers(1, 30)),
    ),
    min_size=8,
    max_size=40,
)


@dataclass
class Plain:
    """A purse in three numbers."""

    cap: int
    reserved: int = 0
    spent: int = 0

    def bears(self, amount: int) -> bool:
        return self.reserved + self.spent + amount <= self.cap

    def book(self, worst: int, cost: int) -> None:
        self.reserved -= worst
        self.spent += cost


@dataclass
class Books:
    """What the purse should do."""

    month_cap: int
    rows: dict[tuple[Scope, str], Plain] = field(default_factory=dict)
    calls: list[tuple[UUID, int, list[tuple[Scope, str]]]] = field(default_factory=list)
    booked: dict[UUID, int] = field(default_factory=dict)

    def reserve(self, call_id: UUID, owner: UUID, worst: int, owner_cap: int, now: datetime) -> Scope | None:
        month, day = f"{business_date(now):%Y-%m}", str(business_date(now))
        keys = [(Scope.OWNER, f"{owner}/{month}"), (Scope.DAY, day), (Scope.MONTH, month)]
        of_month = self.rows.get(keys[2], Plain(self.month_cap))
        caps = (owner_cap, of_month.cap * 2 // 30, self.month_cap)
        rows = [self.rows.get(key, Plain(cap)) for key, cap in zip(keys, caps, strict=True)]
        was = rows[0].cap
        rows[0].cap = owner_cap
        for (scope, _), row in zip(keys, rows, strict=True):
            if not row.bears(worst):
                rows[0].cap = was
                return scope
        for key, row in zip(keys, rows, strict=True):
            self.rows[key] = row
            row.reserved += worst
        self.calls.append((call_id, worst, keys))
        return None

    def settle(self, index: int, cost: int | None) -> int:
        call_id, worst, keys = self.calls[index]
        if call_id not in self.booked:
            self.booked[call_id] = worst if cost is None else min(cost, worst)
            for key in keys:
                self.rows[key].book(worst, self.booked[call_id])
        return self.booked[call_id]

    def set_cap(self, rupees: int, now: datetime) -> None:
        wanted = rupees * MICRO
        for key, cap in (
            ((Scope.DAY, str(business_date(now))), wanted * 2 // 30),
            ((Scope.MONTH, f"{business_date(now):%Y-%m}"), wanted),
        ):
            row = self.rows.setdefault(key, Plain(cap))
            row.cap = max(cap, row.reserved + row.spent)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=_STEPS)
async def test_the_purse_is_plain_arithmetic(house: House, steps: list[tuple[object, ...]]) -> None:
    month = next(_MONTHS)
    first = datetime(2027 + month // 12, month % 12 + 1, 10, 6, tzinfo=UTC)
    purse, books = purse_of(house, rupees=_RUPEES), Books(_RUPEES * MICRO)
    owners = [new_id() for _ in range(3)]
    for step in steps:
        match step:
            case ("reserve", int(who), int(day), int(worst), int(cap)):
                now, call = first + timedelta(days=day), spending(owners[who], worst, cap=cap)
                expected = books.reserve(call.call_id, owners[who], worst, cap, now)
                assert await purse.reserve(call, now=now) is expected
            case ("settle", int(index), None | int() as tokens) if books.calls:
                chosen = index % len(books.calls)
                cost = None if tokens is None else shipped().cost(MODEL, Usage(tokens, 0), on=first.date())
                call_id = books.calls[chosen][0]
                assert await purse.settle(call_id, bill(tokens), now=first) == books.settle(chosen, cost)
            case ("sweep",):
                held = [index for index, item in enumerate(books.calls) if item[0] not in books.booked]
                assert await purse.sweep(now=first, after_s=0) >= len(held)
                for index in held:
                    books.settle(index, None)
            case ("cap", int(day), int(rupees)):
                now = first + timedelta(days=day)
                async with house.database.transactions() as session:
                    await set_month_cap(session, rupees=rupees, reason="a test", actor="operator", now=now)
                books.set_cap(rupees, now)
            case _:
                continue
        rows = await budgets(house)
        seen = {key: Plain(row.cap, row.reserved, row.spent) for key, row in rows.items() if key in books.rows}
        assert seen == books.rows
