"""Planning a morning: take the snapshot, decide, write the difference into the ledger."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, case, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from project_one.advisor import service as advisors
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.channel import service as channel
from project_one.compliance import overrides
from project_one.content import service as content
from project_one.content.domain import Frame
from project_one.delivery.domain import Cause, MessageStatus, MorningState
from project_one.delivery.errors import MorningAlreadyReleasedError
from project_one.delivery.guard import Guard
from project_one.delivery.models import MessageRow, MorningRow
from project_one.delivery.planning import (
    NO_REPEAT,
    Bound,
    Check,
    Own,
    Plan,
    PlannedMessage,
    Reason,
    Snapshot,
    Spread,
    Unplanned,
    plan_night,
)
from project_one.kernel.bulk import batched, insert_many, update_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import Capacity, Language, Slot


@dataclass(frozen=True)
class Times:
    """When this morning leaves, when it is late, when it ends, and how its sends are spread."""

    release_at: datetime
    deadline_at: datetime
    closes_at: datetime
    spread: Spread


@dataclass(frozen=True)
class PlanResult:
    morning_id: UUID
    planned: int
    added: int
    rebound: int
    withdrawn: int
    unplanned: list[dict[str, str]]


async def plan_morning(
    session: WriteSession,
    guard: Guard,
    *,
    slot: Slot,
    times: Times,
    now: datetime,
    is_demo: bool = False,
    everyone: bool = False,
    limit: int | None = None,
) -> PlanResult:
    """Write the plan of one morning; again and again until the release. Raises MorningAlreadyReleasedError.

    `guard`: the rules in force on that business date. `everyone`: advisors of all slots, not only of this one (a morning
    released by hand).
    """
    business_date = guard.on
    morning = await _morning(session, business_date, slot, times, is_demo=is_demo, now=now)
    snapshot = await take_snapshot(
        session,
        business_date,
        slot,
        times,
        whose=None if everyone else slot,
        limit=limit,
    )
    granted = await overrides.granted(session, snapshot.contents.keys(), guard.rulebook.version)
    made = _planned(snapshot, guard.checking(granted, snapshot.terms, now=now))
    result = await _apply(session, morning, made, now=now)
    morning.unplanned = result.unplanned
    morning.planned_at = now
    if result.added or result.rebound or result.withdrawn:
        data = {
            "planned": result.planned,
            "added": result.added,
            "rebound": result.rebound,
            "withdrawn": result.withdrawn,
        }
        event = Event(
            Action.MORNING_PLANNED,
            "morning",
            str(morning.id),
            "planner",
            data,
            business_date,
        )
        await audit.record(session, event, now=now)
    return result


async def _morning(
    session: WriteSession,
    business_date: date,
    slot: Slot,
    times: Times,
    *,
    is_demo: bool,
    now: datetime,
) -> MorningRow:
    statement = upsert(MorningRow).values(
        id=new_id(),
        business_date=business_date,
        slot=slot,
        state=MorningState.PLANNED,
        is_demo=is_demo,
        release_at=times.release_at,
        deadline_at=times.deadline_at,
        closes_at=times.closes_at,
        spread_s=times.spread.total_s,
        planned_at=now,
        unplanned=[],
    )
    await session.execute(statement.on_conflict_do_nothing())
    query = select(MorningRow).where(MorningRow.business_date == business_date, MorningRow.slot == slot)
    row = (await session.scalars(query.with_for_update().execution_options(populate_existing=True))).one()
    if row.state is not MorningState.PLANNED:
        message = f"The morning of {business_date} {slot} is {row.state}; its bindings change no more."
        raise MorningAlreadyReleasedError(message, business_date=str(business_date), slot=slot)
    return row


async def take_snapshot(
    session: ReadSession,
    business_date: date,
    slot: Slot,
    times: Times,
    *,
    whose: Slot | None,
    limit: int | None,
) -> Snapshot:
    """What the plan looks at, read once."""
    planned_for = await advisors.for_slot(session, whose, limit=limit)
    library = await content.fallback_library(session)
    scheduled = await content.scheduled(session, business_date, slot)
    own_hashes = {sha for item in scheduled.values() for sha in item.contents.values()}
    library_hashes = {sha for pack in library for sha in pack.contents.values()}
    material = await content.material(session, own_hashes | library_hashes)
    frames: dict[tuple[Capacity, Language], list[Frame]] = {}
    for capacity in Capacity:
        for language in Language:
            frames[capacity, language] = material.frames_for(capacity, language)
    own: dict[UUID, Own] = {}
    for advisor in planned_for:
        item = scheduled.get(advisor.advisor_id)
        sha = item.contents.get(advisor.language) if item else None
        if item and sha in material.contents and advisor.identity.capacity in item.capacities:
            own[advisor.advisor_id] = Own(sha, item.topic_family, item.pack_id)
    return Snapshot(
        business_date=business_date,
        release_at=times.release_at,
        spread=times.spread,
        advisors=planned_for,
        own=own,
        library=library,
        contents=material.contents,
        terms=material.terms,
        frames=frames,
        recent=await _recent(session, business_date),
        numbers=await channel.numbers(session),
    )


async def _recent(session: ReadSession, business_date: date) -> dict[UUID, frozenset[str]]:
    """What left for each advisor within NO_REPEAT before this day."""
    left = case(
        (MessageRow.on_plan_b, MessageRow.plan_b_sha256),
        else_=MessageRow.content_sha256,
    )
    rows = await session.execute(
        select(MessageRow.advisor_id, left).where(
            MessageRow.business_date < business_date,
            MessageRow.business_date >= business_date - NO_REPEAT,
            MessageRow.status.not_in([MessageStatus.FAILED, MessageStatus.WITHDRAWN]),
        )
    )
    found: dict[UUID, set[str]] = {}
    for advisor_id, sha256 in rows:
        found.setdefault(advisor_id, set()).add(sha256)
    return {advisor_id: frozenset(hashes) for advisor_id, hashes in found.items()}


async def _planned(snapshot: Snapshot, check: Check) -> AsyncIterator[Plan]:
    """The plan in pieces; the next is made, off the event loop, while the last is written. Advisors do not depend on
    each other."""
    upcoming: asyncio.Task[Plan] | None = None
    for some in batched(snapshot.advisors):
        made = await upcoming if upcoming is not None else None
        upcoming = asyncio.create_task(asyncio.to_thread(plan_night, replace(snapshot, advisors=some), check))
        if made is not None:
            yield made
    if upcoming is not None:
        yield await upcoming


def _renders(bound: Bound | None) -> dict[str, Any]:
    return {str(frame_id): sha256 for frame_id, sha256 in bound.renders.items()} if bound else {}


def _columns(message: PlannedMessage) -> dict[str, Any]:
    return {
        "number_id": message.number_id,
        "due_at": message.due_at,
        "next_at": message.due_at,
        "content_sha256": message.binding.sha256,
        "renders": _renders(message.binding),
        "topic_family": message.binding.topic_family,
        "plan_b_sha256": message.plan_b.sha256 if message.plan_b else None,
        "plan_b_renders": _renders(message.plan_b),
    }


_COMPARED = (
    "number_id",
    "due_at",
    "content_sha256",
    "renders",
    "topic_family",
    "plan_b_sha256",
    "plan_b_renders",
)


async def _apply(session: WriteSession, morning: MorningRow, plan: AsyncIterator[Plan], *, now: datetime) -> PlanResult:
    """Insert what is new, rebind what changed, withdraw who is no longer deliverable."""
    query = select(
        MessageRow.id,
        MessageRow.advisor_id,
        MessageRow.status,
        *(getattr(MessageRow, name) for name in _COMPARED),
    )
    existing = {
        row["advisor_id"]: row
        for row in (await session.execute(query.where(MessageRow.morning_id == morning.id))).mappings()
    }
    planned = added = rebound = 0
    unplanned: list[Unplanned] = []
    async for piece in plan:
        fresh = [message for message in piece.messages if message.advisor_id not in existing]
        there = [
            (message, existing.pop(message.advisor_id)) for message in piece.messages if message.advisor_id in existing
        ]
        await insert_many(session, MessageRow, [_new_row(morning, message) for message in fresh])
        planned, added, unplanned = planned + len(piece.messages), added + len(fresh), unplanned + piece.unplanned
        rebound += await _rebind(session, morning, there, now=now)
    withdrawn = await _withdraw(session, existing, unplanned, now=now)
    told = [{"advisor_id": str(item.advisor_id), "reason": item.reason.value} for item in unplanned]
    return PlanResult(morning.id, planned, added, rebound, withdrawn, told)


async def _rebind(
    session: WriteSession,
    morning: MorningRow,
    messages: Sequence[tuple[PlannedMessage, RowMapping]],
    *,
    now: datetime,
) -> int:
    """Write what differs from the row that is there; how many."""
    changed: list[dict[str, Any]] = []
    events: list[Event] = []
    for message, row in messages:
        columns = _columns(message)
        if row["status"] is MessageStatus.PLANNED and all(row[name] == columns[name] for name in _COMPARED):
            continue
        again = {"status": MessageStatus.PLANNED, "cause": None, "withdrawn_at": None}
        changed.append({"id": row["id"], **again, **columns})
        data = {"from": row["content_sha256"], "to": message.binding.sha256}
        day = morning.business_date
        events.append(Event(Action.MESSAGE_REBOUND, "message", str(row["id"]), "planner", data, day))
    await update_many(session, MessageRow, changed)
    await audit.record_all(session, events, now=now)
    return len(changed)


def _new_row(morning: MorningRow, message: PlannedMessage) -> dict[str, Any]:
    return {
        "id": new_id(),
        "morning_id": morning.id,
        "business_date": morning.business_date,
        "slot": morning.slot,
        "advisor_id": message.advisor_id,
        "status": MessageStatus.PLANNED,
        "is_held": False,
        "on_plan_b": False,
        "attempts_made": 0,
        "resends_after_unknown": 0,
        **_columns(message),
    }


_WITHDRAWN_FOR = {
    Reason.NO_CONSENT: Cause.CONSENT,
    Reason.NOT_REGISTERED: Cause.REGISTRATION,
}


async def _withdraw(
    session: WriteSession, left_over: Mapping[UUID, RowMapping], unplanned: Sequence[Unplanned], *, now: datetime
) -> int:
    """Rows of advisors whom the plan no longer serves."""
    reasons = {item.advisor_id: item.reason for item in unplanned}
    count = 0
    for advisor_id, row in left_over.items():
        if row["status"] is MessageStatus.PLANNED:
            cause = _WITHDRAWN_FOR.get(reasons.get(advisor_id, Reason.NOT_REGISTERED), Cause.CONTENT)
            await session.execute(
                update(MessageRow)
                .where(MessageRow.id == row["id"])
                .values(status=MessageStatus.WITHDRAWN, cause=cause, withdrawn_at=now)
            )
            count += 1
    return count
