"""The ledger as people read it: what became of each message, when, and who owns a miss. Plain columns, few queries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, ColumnElement, Select, and_, bindparam, case, func, literal, null, or_, select, tuple_

from project_one.delivery.domain import OWNER_OF, MessageStatus, Owner
from project_one.delivery.errors import MessageUnknownError
from project_one.delivery.models import AttemptRow, MessageRow, MorningRow
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession

Row = dict[str, Any]

_LEFT = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)
_ENDED = (MessageStatus.FAILED, MessageStatus.WITHDRAWN)
_ATTEMPT = tuple(
    getattr(AttemptRow, name)
    for name in (
        "message_id",
        "number",
        "status",
        "vendor_message_id",
        "claimed_at",
        "accepted_at",
        "sent_at",
        "delivered_at",
        "read_at",
        "failed_at",
        "code",
    )
)


@dataclass(frozen=True)
class Wanted:
    """Which messages. `advisor_ids`: the caller's own, None for everybody's. `since`, `until`: business dates, both included."""

    advisor_ids: Collection[UUID] | None = None
    advisor_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    status: MessageStatus | None = None
    owner: Owner | None = None


# What became of a message as of `:now`, as expressions over its row and its morning's; built once, for every statement.
_NOW: ColumnElement[datetime] = bindparam("now", type_=TIMESTAMP(timezone=True))
_EARLIEST = (
    select(func.min(func.least(AttemptRow.sent_at, AttemptRow.delivered_at, AttemptRow.read_at)))
    .where(AttemptRow.message_id == MessageRow.id)
    .correlate(MessageRow)
    .scalar_subquery()
)
_LEFT_AT = case((MessageRow.status.in_(_LEFT), _EARLIEST), else_=null())
"""The earliest vendor time that proves it left."""

_IS_ON_TIME = case(
    (MessageRow.status.in_(_ENDED), literal(False)),
    (_LEFT_AT.is_not(None), MorningRow.deadline_at >= _LEFT_AT),
    (MorningRow.deadline_at < _NOW, literal(False)),
    else_=null(),
)
"""Null while it may still be."""

_OWNER = case(
    (
        _IS_ON_TIME.is_(False),
        func.coalesce(
            case({cause.value: owner.value for cause, owner in OWNER_OF.items()}, value=MessageRow.cause),
            case(
                (and_(MessageRow.status == MessageStatus.ACCEPTED, MessageRow.is_held), Owner.META_PACING.value),
                (MessageRow.status == MessageStatus.ACCEPTED, Owner.META.value),
                else_=Owner.US.value,
            ),
        ),
    ),
    else_=null(),
)
"""Of a miss: by the recorded cause, else whoever it waits for; as the certificate has it."""

_MESSAGES = select(
    MessageRow.id,
    MessageRow.advisor_id,
    MessageRow.business_date,
    MessageRow.slot,
    MessageRow.status,
    MessageRow.cause,
    MessageRow.due_at,
    MorningRow.deadline_at,
    MessageRow.on_plan_b,
    case((MessageRow.on_plan_b, MessageRow.plan_b_sha256), else_=MessageRow.content_sha256).label("content_sha256"),
    MessageRow.topic_family,
    _LEFT_AT.label("left_at"),
    _IS_ON_TIME.label("is_on_time"),
    _OWNER.label("owner"),
).join(MorningRow, MorningRow.id == MessageRow.morning_id)


def _of(advisor_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Of these advisors. One alone is compared by itself: then her rows are read in their order, and only as many as wanted."""
    if len(advisor_ids) == 1:
        return MessageRow.advisor_id == next(iter(advisor_ids))
    return among(MessageRow.advisor_id, advisor_ids)


def _which(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.advisor_ids is not None:
        conditions.append(_of(wanted.advisor_ids))
    if wanted.advisor_id is not None:
        conditions.append(MessageRow.advisor_id == wanted.advisor_id)
    if wanted.since is not None:
        conditions.append(MessageRow.business_date >= wanted.since)
    if wanted.until is not None:
        conditions.append(MessageRow.business_date <= wanted.until)
    if wanted.status is not None:
        conditions.append(MessageRow.status == wanted.status)
    if wanted.owner is not None:
        conditions.append(_OWNER.in_((wanted.owner.value,)))
    return conditions


async def deliveries(
    session: ReadSession, wanted: Wanted, *, after: tuple[date, UUID] | None, limit: int, now: datetime
) -> list[Row]:
    """Messages, newest day first, each with its attempts; those behind the position `after`."""
    query = _MESSAGES.where(*_which(wanted))
    if after is not None:
        query = query.where(tuple_(MessageRow.business_date, MessageRow.id) < tuple_(*after))
    ordered = query.order_by(MessageRow.business_date.desc(), MessageRow.id.desc()).limit(limit)
    return await _with_attempts(session, ordered, now=now)


async def delivery(session: ReadSession, message_id: UUID, *, now: datetime) -> Row:
    """One message with its attempts. Raises MessageUnknownError."""
    found = await _with_attempts(session, _MESSAGES.where(MessageRow.id == message_id), now=now)
    if not found:
        detail = "There is no message with this id; ids come from the list of deliveries."
        raise MessageUnknownError(detail, message_id=str(message_id))
    return found[0]


async def _with_attempts(session: ReadSession, query: Select[*tuple[Any, ...]], *, now: datetime) -> list[Row]:
    messages = [dict(row) for row in (await session.execute(query, {"now": now})).mappings()]
    attempts: dict[UUID, list[Row]] = {}
    theirs = among(AttemptRow.message_id, [row["id"] for row in messages])
    for row in (await session.execute(select(*_ATTEMPT).where(theirs).order_by(AttemptRow.number))).mappings():
        attempts.setdefault(row["message_id"], []).append(dict(row))
    return [row | {"attempts": attempts.get(row["id"], [])} for row in messages]


async def mornings(session: ReadSession, *, after: tuple[date, str] | None, limit: int) -> list[Row]:
    """Mornings, newest first, with their messages by status."""
    query = select(
        MorningRow.id,
        MorningRow.business_date,
        MorningRow.slot,
        MorningRow.state,
        MorningRow.release_at,
        MorningRow.released_at,
        MorningRow.deadline_at,
        MorningRow.closes_at,
        MorningRow.planned_at_release,
        func.jsonb_array_length(MorningRow.unplanned).label("to_look_at"),
    )
    if after is not None:
        query = query.where(tuple_(MorningRow.business_date, MorningRow.slot) < tuple_(*after))
    ordered = query.order_by(MorningRow.business_date.desc(), MorningRow.slot.desc()).limit(limit)
    found = [dict(row) for row in (await session.execute(ordered)).mappings()]
    counted = await session.execute(
        select(MessageRow.morning_id, MessageRow.status, func.count())
        .where(among(MessageRow.morning_id, [row["id"] for row in found]))
        .group_by(MessageRow.morning_id, MessageRow.status)
    )
    counts: dict[UUID, dict[MessageStatus, int]] = {}
    for morning_id, status, count in counted:
        counts.setdefault(morning_id, dict.fromkeys(MessageStatus, 0))[status] = count
    return [row | {"statuses": counts.get(row["id"], dict.fromkeys(MessageStatus, 0))} for row in found]


async def figures(
    session: ReadSession, advisor_ids: Collection[UUID], since: date, until: date, *, now: datetime
) -> Sequence[Row]:
    """Per business date: how many were planned, sent, delivered, read, on time, failed; and the misses by owner."""
    delivered = MessageRow.status.in_([MessageStatus.DELIVERED, MessageStatus.READ])
    query = (
        select(
            MessageRow.business_date,
            _OWNER.label("owner"),
            func.count().label("planned"),
            func.count().filter(or_(delivered, MessageRow.status == MessageStatus.SENT)).label("sent"),
            func.count().filter(delivered).label("delivered"),
            func.count().filter(MessageRow.status == MessageStatus.READ).label("read"),
            func.count().filter(_IS_ON_TIME.is_(True)).label("on_time"),
            func.count().filter(MessageRow.status == MessageStatus.FAILED).label("failed"),
        )
        .join(MorningRow, MorningRow.id == MessageRow.morning_id)
        .where(*_which(Wanted(advisor_ids, since=since, until=until)))
        .group_by(MessageRow.business_date, "owner")
        .order_by(MessageRow.business_date)
    )
    days: dict[date, Row] = {}
    for row in (await session.execute(query, {"now": now})).mappings():
        day = days.setdefault(row["business_date"], _empty(row["business_date"]))
        for name in _COUNTED:
            day[name] += row[name]
        if row["owner"] is not None:
            day["missed_by_owner"][row["owner"]] += row["planned"]
    return list(days.values())


_COUNTED = ("planned", "sent", "delivered", "read", "on_time", "failed")


def _empty(day: date) -> Row:
    misses = {owner.value: 0 for owner in Owner}
    return {"business_date": day, **dict.fromkeys(_COUNTED, 0), "missed_by_owner": misses}
