"""When an approved pack goes out, taking one back, and entering what was sent."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select

from project_one.advisor.of_firm import FirmAdvisor, advisors_of_firm
from project_one.audit.domain import Action
from project_one.content import pack_rows as rows
from project_one.content.errors import DayInvalidError, DayTakenError
from project_one.content.models import PackRow, ScheduleRow
from project_one.content.own_approvals import void_own
from project_one.content.pack_rows import Pack
from project_one.content.packs import Move, PackState, day_trouble
from project_one.content.service import schedule
from project_one.kernel.bulk import among
from project_one.kernel.clock import business_date
from project_one.kernel.db import WriteSession
from project_one.kernel.turns import take_turn
from project_one.vocabulary.domain import ContentClass, Slot


async def put_on(
    session: WriteSession,
    pack: Pack,
    day: date,
    *,
    slot: Slot | None,
    advisor_ids: Sequence[UUID] | None,
    actor: str,
    now: datetime,
) -> list[FirmAdvisor]:
    """Schedule a locked pack for a business date, for the firm's advisors or those named; for whom.

    Each in her own slot and one pack a day (all tiers). Raises DayInvalidError, DayTakenError, PackStateError.
    """
    if pack.state is PackState.SCHEDULED:
        await session.execute(delete(ScheduleRow).where(ScheduleRow.pack_id == pack.row.id))
    rows.move(pack, Move.SCHEDULE, now=now)
    chosen = [
        item
        for item in await advisors_of_firm(session, pack.firm_id)
        if (slot is None or item.slot == slot) and (advisor_ids is None or item.advisor_id in advisor_ids)
    ]
    _ensure_fits(pack, chosen, day, advisor_ids, now=now)
    await take_turn(session, f"content.schedule:{pack.firm_id}")
    taken = await session.scalars(
        select(ScheduleRow.advisor_id).where(
            among(ScheduleRow.advisor_id, [item.advisor_id for item in chosen]), ScheduleRow.business_date == day
        )
    )
    if others := sorted(str(item) for item in set(taken)):
        message = f"There is a pack for {day} already, and a day has one; take it off that day or name another."
        raise DayTakenError(message, advisor_ids=others)
    by_slot: dict[Slot, list[UUID]] = {}
    for item in chosen:
        by_slot.setdefault(item.slot, []).append(item.advisor_id)
    for its_slot, ids in sorted(by_slot.items()):
        await schedule(session, pack_id=pack.row.id, advisor_ids=ids, business_date=day, slot=its_slot)
    pack.row.scheduled_on = day
    await rows.note(
        session,
        pack,
        Action.PACK_SCHEDULED,
        actor=actor,
        now=now,
        policy=str((pack.row.checked or {}).get("policy_version", "")),
        advisors=[str(item.advisor_id) for item in chosen],
    )
    return chosen


def _ensure_fits(
    pack: Pack, chosen: Sequence[FirmAdvisor], day: date, advisor_ids: Sequence[UUID] | None, *, now: datetime
) -> None:
    unknown = sorted(str(item) for item in set(advisor_ids or ()) - {item.advisor_id for item in chosen})
    if unknown or not chosen:
        message = "None of your firm's advisors with this id has her post in that slot; leave ids and slot out for all."
        raise DayInvalidError(message, advisor_ids=unknown)
    if trouble := day_trouble(day, {item.slot for item in chosen}, now=now, today=business_date(now)):
        raise DayInvalidError(trouble)
    without = sorted({item.language.value for item in chosen if item.language not in pack.contents})
    if without:
        message = (
            f"The pack has no text in {', '.join(without)}, the delivery language of an advisor; add it or name others."
        )
        raise DayInvalidError(message, languages=without)
    until = pack.row.ad_valid_until
    if pack.row.content_class is ContentClass.ADVERTISEMENT and until is not None and until < day:
        message = f"The approval of this advertisement ends on {until}; name an earlier day or renew it."
        raise DayInvalidError(message)


async def withdraw(session: WriteSession, pack: Pack, *, reason: str, actor: str, now: datetime) -> None:
    """Take a locked pack out for good; a message that is planned with it takes its plan B. Raises PackStateError."""
    was = pack.state
    rows.move(pack, Move.WITHDRAW, now=now)
    await void_own(session, pack.row.id, reason="the pack was withdrawn", actor=actor, now=now)
    await rows.note(session, pack, Action.PACK_WITHDRAWN, actor=actor, now=now, reason=reason, before=was.value)
    await unschedule(session, pack)


async def unschedule(session: WriteSession, pack: Pack) -> None:
    """No morning is this pack's any more; of a message planned with it the approval decides."""
    await session.execute(delete(ScheduleRow).where(ScheduleRow.pack_id == pack.row.id))
    pack.row.scheduled_on = None


async def mark_sent(
    session: WriteSession, business_date: date, slot: Slot, left: Mapping[UUID, str], *, now: datetime
) -> int:
    """Enter which scheduled packs went out. `left`: the content hash that left for each advisor. How many packs."""
    found = await session.execute(
        select(ScheduleRow.pack_id, ScheduleRow.advisor_id)
        .join(PackRow, PackRow.id == ScheduleRow.pack_id)
        .where(
            ScheduleRow.business_date == business_date,
            ScheduleRow.slot == slot,
            PackRow.state == PackState.SCHEDULED,
        )
        .order_by(ScheduleRow.pack_id)
    )
    whose: dict[UUID, list[UUID]] = {}
    for pack_id, advisor_id in found:
        if advisor_id in left:
            whose.setdefault(pack_id, []).append(advisor_id)
    sent = 0
    for pack_id, advisor_ids in whose.items():
        pack = await rows.locked(session, pack_id)
        if pack.state is not PackState.SCHEDULED or not {left[item] for item in advisor_ids} & set(
            pack.hashes.values()
        ):
            continue
        rows.move(pack, Move.SEND, now=now)
        pack.row.sent_at = now
        await rows.note(session, pack, Action.PACK_SENT, actor="close-morning", now=now)
        sent += 1
    return sent
