"""The ledger as people read it: what became of each message, when, and who owns a miss. Plain columns, few queries."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    TIMESTAMP,
    ColumnElement,
    Date,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)

from project_one.delivery.domain import OWNER_OF, MessageStatus, MorningState, Owner
from project_one.delivery.errors import MessageUnknownError
from project_one.delivery.models import AttemptRow, MessageRow, MorningRow
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession
from project_one.kernel.lookups import Lookup, Row, Statement
from project_one.vocabulary.domain import Slot

_LEFT = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)
_ENDED = (MessageStatus.FAILED, MessageStatus.WITHDRAWN)
_OF_ATTEMPT = (
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
_RECEIPTS = (
    select(
        func.min(func.least(AttemptRow.sent_at, AttemptRow.delivered_at, AttemptRow.read_at)).label("earliest"),
        func.json_agg(
            func.json_build_object(*(part for name in _OF_ATTEMPT for part in (name, getattr(AttemptRow, name)))),
            type_=JSON,
        )
        .aggregate_order_by(AttemptRow.number)
        .label("attempts"),
    )
    .where(AttemptRow.message_id == MessageRow.id)
    .correlate(MessageRow)
    .lateral("receipts")
)
"""One row for each message, also for one without an attempt."""


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
_LEFT_AT = case((MessageRow.status.in_(_LEFT), _RECEIPTS.c.earliest), else_=null())
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

_MESSAGES = (
    select(
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
        _RECEIPTS.c.attempts,
    )
    .join(MorningRow, MorningRow.id == MessageRow.morning_id)
    .join(_RECEIPTS, true())
)
_NEWEST_FIRST = (MessageRow.business_date.desc(), MessageRow.id.desc())


async def deliveries(
    lookup: Lookup, wanted: Wanted, *, after: tuple[date, UUID] | None, limit: int, now: datetime
) -> list[Row]:
    """Messages, newest day first, each with its attempts; those behind the position `after`."""
    day, last = after or (None, None)
    given = _given(wanted) | {name: value for name, value in (("day", day), ("last", last)) if value is not None}
    return [_completed(row) for row in await lookup.rows(_list(frozenset(given)), **given, limit=limit, now=now)]


@cache
def _list(given: frozenset[str]) -> Statement:
    """The page is found first and told of then; only whose miss it is has to be told of all to find it."""
    conditions = [_CONDITIONS[name] for name in sorted(given & _CONDITIONS.keys())]
    most = bindparam("limit", type_=Integer())
    if "owner" in given:
        return Statement(_MESSAGES.where(*conditions).order_by(*_NEWEST_FIRST).limit(most))
    page = select(MessageRow.id).where(*conditions).order_by(*_NEWEST_FIRST).limit(most).correlate(None)
    return Statement(_MESSAGES.where(MessageRow.id.in_(page)).order_by(*_NEWEST_FIRST))


def _given(wanted: Wanted) -> dict[str, Any]:
    """The values of what is wanted. Of one advisor alone the rows are read in their order, and only as many as wanted."""
    values = {name: value for name, value in vars(wanted).items() if value is not None}
    if wanted.advisor_ids is not None and len(wanted.advisor_ids) == 1:
        values["own_id"] = next(iter(values.pop("advisor_ids")))
    return values


_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "advisor_ids": MessageRow.advisor_id == any_(bindparam("advisor_ids", type_=ARRAY(Uuid()))),
    "own_id": MessageRow.advisor_id == bindparam("own_id"),
    "advisor_id": MessageRow.advisor_id == bindparam("advisor_id"),
    "since": MessageRow.business_date >= bindparam("since"),
    "until": MessageRow.business_date <= bindparam("until"),
    "status": MessageRow.status == bindparam("status"),
    "owner": bindparam("owner", type_=Text()) == _OWNER,
    "day": tuple_(MessageRow.business_date, MessageRow.id)
    < tuple_(bindparam("day", type_=Date()), bindparam("last", type_=Uuid())),
}
_ONE = Statement(_MESSAGES.where(MessageRow.id == bindparam("message_id")))


async def delivery(lookup: Lookup, message_id: UUID, *, now: datetime) -> Row:
    """One message with its attempts. Raises MessageUnknownError."""
    found = await lookup.row(_ONE, message_id=message_id, now=now)
    if found is None:
        detail = "There is no message with this id; ids come from the list of deliveries."
        raise MessageUnknownError(detail, message_id=str(message_id))
    return _completed(found)


def _completed(row: Row) -> Row:
    return row | {"attempts": row["attempts"] or []}


@dataclass(frozen=True)
class WantedMornings:
    """What of the mornings is wanted; None: any."""

    since: date | None
    until: date | None
    state: MorningState | None
    slot: Slot | None


async def mornings(
    session: ReadSession, wanted: WantedMornings, *, after: tuple[date, str] | None, limit: int
) -> list[Row]:
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
    if wanted.since is not None:
        query = query.where(MorningRow.business_date >= wanted.since)
    if wanted.until is not None:
        query = query.where(MorningRow.business_date <= wanted.until)
    if wanted.state is not None:
        query = query.where(MorningRow.state == wanted.state)
    if wanted.slot is not None:
        query = query.where(MorningRow.slot == wanted.slot)
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
        .join(_RECEIPTS, true())
        .where(among(MessageRow.advisor_id, advisor_ids), MessageRow.business_date.between(since, until))
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
