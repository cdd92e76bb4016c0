"""Who would get what on a day if it were planned now, and why. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from project_one.compliance import overrides
from project_one.delivery.guard import Granted, Guard
from project_one.delivery.planning import Bound, PlannedMessage, Reason, Snapshot, plan_night
from project_one.delivery.service.plan import Times, take_snapshot
from project_one.kernel.db import ReadSession
from project_one.vocabulary.domain import Capacity, Language, Slot


@dataclass(frozen=True)
class Choice:
    """A text somebody would get."""

    content_sha256: str
    topic_family: str
    topic: str


@dataclass(frozen=True)
class Forecast:
    """One advisor. `is_own`: her own pack, not one of the library. `candidates`: texts of the library for her capacity,
    language and month; `recent`: how many texts are out because she had them within 30 days."""

    advisor_id: UUID
    capacity: Capacity
    language: Language
    is_own: bool
    gets: Choice | None
    plan_b: Choice | None
    due_at: datetime | None
    candidates: int
    recent: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Simulation:
    business_date: date
    slot: Slot
    policy_version: str
    planned: int
    unplanned: int
    advisors: Sequence[Forecast]


@dataclass(frozen=True)
class Looked:
    """All that a simulation looks at, read once."""

    snapshot: Snapshot
    granted: Granted


async def look(session: ReadSession, guard: Guard, *, slot: Slot, times: Times) -> Looked:
    snapshot = await take_snapshot(session, guard.on, slot, times, whose=slot, limit=None)
    return Looked(snapshot, await overrides.granted(session, snapshot.contents.keys(), guard.rulebook.version))


def simulate(looked: Looked, guard: Guard, *, slot: Slot, now: datetime) -> Simulation:
    """The night plan of `guard.on` over the state of now; advisors in id order. Takes 0.2 ms for each: off the event loop."""
    snapshot = looked.snapshot
    plan = plan_night(snapshot, guard.checking(looked.granted, snapshot.terms, now=now))
    messages = {message.advisor_id: message for message in plan.messages}
    reasons: dict[UUID, list[Reason]] = {}
    for item in plan.unplanned:
        reasons.setdefault(item.advisor_id, []).append(item.reason)
    shelf_sizes = _shelf_sizes(snapshot)
    forecasts = [
        Forecast(
            advisor_id=advisor.advisor_id,
            capacity=advisor.identity.capacity,
            language=advisor.language,
            is_own=_is_own(snapshot, messages.get(advisor.advisor_id)),
            gets=_choice(snapshot, _first(messages.get(advisor.advisor_id))),
            plan_b=_choice(snapshot, _second(messages.get(advisor.advisor_id))),
            due_at=messages[advisor.advisor_id].due_at if advisor.advisor_id in messages else None,
            candidates=shelf_sizes[advisor.identity.capacity, advisor.language],
            recent=len(snapshot.recent.get(advisor.advisor_id, ())),
            reasons=tuple(reasons.get(advisor.advisor_id, ())),
        )
        for advisor in snapshot.advisors
    ]
    unplanned = len(snapshot.advisors) - len(messages)
    return Simulation(guard.on, slot, guard.rulebook.version, len(messages), unplanned, forecasts)


def _first(message: PlannedMessage | None) -> Bound | None:
    return message.binding if message else None


def _second(message: PlannedMessage | None) -> Bound | None:
    return message.plan_b if message else None


def _choice(snapshot: Snapshot, bound: Bound | None) -> Choice | None:
    if bound is None:
        return None
    return Choice(bound.sha256, bound.topic_family, snapshot.contents[bound.sha256].topic)


def _is_own(snapshot: Snapshot, message: PlannedMessage | None) -> bool:
    own = snapshot.own.get(message.advisor_id) if message else None
    return own is not None and message is not None and message.binding.sha256 == own.sha256


def _shelf_sizes(snapshot: Snapshot) -> dict[tuple[Capacity, Language], int]:
    """Approved texts of the library per capacity and language that the month allows."""
    month = snapshot.business_date.month
    fitting = [pack for pack in snapshot.library if not pack.months or month in pack.months]
    return {
        (capacity, language): sum(capacity in pack.capacities and language in pack.contents for pack in fitting)
        for capacity in Capacity
        for language in Language
    }
