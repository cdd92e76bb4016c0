"""Advisors held against the newest registers: one by one when a person decides, all of them every day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from project_one.advisor import registers
from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.evidence_models import RegistrationCheckRow
from project_one.advisor.matching import REGISTER_OF, Entry, MatchResult, Register, Snapshot, match
from project_one.advisor.models import AdvisorRow
from project_one.advisor.registration import Evidence, Mover, ensure_step, standing
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.bulk import among, insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id

_S = RegistrationStatus
_WATCHED = (_S.EVIDENCE_UPLOADED, _S.VERIFIED, _S.EXPIRING, _S.EXPIRED)


@dataclass(frozen=True)
class Check:
    """What a snapshot says of one advisor."""

    snapshot: Snapshot
    result: MatchResult
    entry: Entry | None

    @property
    def valid_until(self) -> date | None:
        return self.entry.valid_until if self.entry else None

    def row(self, advisor: AdvisorRow, before: RegistrationStatus, now: datetime) -> dict[str, Any]:
        return {
            "id": new_id(),
            "advisor_id": advisor.id,
            "firm_id": advisor.firm_id,
            "at": now,
            "snapshot_id": self.snapshot.snapshot_id,
            "as_of": self.snapshot.as_of,
            "result": self.result,
            "row_hash": self.entry.row_hash if self.entry else None,
            "register_name": self.entry.name if self.entry else None,
            "valid_until": self.valid_until,
            "status_before": before,
            "status_after": advisor.registration_status,
        }

    def event(self, advisor: AdvisorRow, actor: str) -> Event:
        data = {
            "register": self.snapshot.register.value,
            "as_of": self.snapshot.as_of.isoformat(),
            "result": self.result.value,
            "row_hash": self.entry.row_hash if self.entry else None,
        }
        return Event(Action.REGISTRATION_CHECKED, "advisor", str(advisor.id), actor, data)

    async def record(
        self, session: WriteSession, advisor: AdvisorRow, *, before: RegistrationStatus, actor: str, now: datetime
    ) -> None:
        session.add(RegistrationCheckRow(**self.row(advisor, before, now)))
        await audit.record(session, self.event(advisor, actor), now=now)


async def check(session: ReadSession, advisor: AdvisorRow, *, today: date) -> Check | None:
    """What the newest register of her capacity says; None when none was imported."""
    snapshot = await registers.newest(session, REGISTER_OF[advisor.capacity])
    if snapshot is None:
        return None
    found = (await registers.entries(session, snapshot, [advisor.registration_number])).get(advisor.registration_number)
    return Check(snapshot, match(advisor.registered_name, found, today), found)


async def history(session: ReadSession, advisor_id: UUID, *, limit: int = 100) -> Sequence[RegistrationCheckRow]:
    """Her checks, newest first."""
    query = select(RegistrationCheckRow).where(RegistrationCheckRow.advisor_id == advisor_id)
    ordered = query.order_by(RegistrationCheckRow.at.desc(), RegistrationCheckRow.id.desc())
    return (await session.scalars(ordered.limit(limit))).all()


@dataclass(frozen=True)
class Rechecked:
    """A batch: `last` is where the next begins, None when it was the last one."""

    checked: int
    moved: int
    last: UUID | None


async def recheck(
    session: WriteSession, *, after: UUID | None, limit: int = 500, now: datetime, today: date
) -> Rechecked:
    """The next advisors in id order against the registers and the calendar; moves what has to move, with its evidence.

    A verified advisor whom the newest register no longer shows is suspended until a person has looked. Nobody is verified
    here for the first time: that a number is genuine does not say who typed it. Demo advisors have invented numbers.
    """
    query = select(AdvisorRow).where(AdvisorRow.registration_status.in_(_WATCHED), AdvisorRow.is_demo.is_(False))
    if after is not None:
        query = query.where(AdvisorRow.id > after)
    rows = (await session.scalars(query.order_by(AdvisorRow.id).limit(limit).with_for_update())).all()
    snapshots = await registers.newest_of_all(session)
    lines = await _lines(session, rows, snapshots)
    before = await _last_checks(session, rows)
    checks: list[dict[str, Any]] = []
    events: list[Event] = []
    moved = 0
    for row in rows:
        snapshot = snapshots.get(REGISTER_OF[row.capacity])
        entry = lines.get(row.registration_number)
        found = Check(snapshot, match(row.registered_name, entry, today), entry) if snapshot else None
        status = row.registration_status
        to, why = _next(row, found, today)
        if to is not status:
            moved += 1
            row.registration_status = to
            row.version += 1
            data = {"before": status.value, "after": to.value, "reason": why}
            events.append(Event(Action.REGISTRATION_MOVED, "advisor", str(row.id), "register", data))
        if found is not None and (to is not status or before.get(row.id) != (found.snapshot.snapshot_id, found.result)):
            checks.append(found.row(row, status, now))
            events.append(found.event(row, "register"))
    await insert_many(session, RegistrationCheckRow, checks)
    await audit.record_all(session, events, now=now)
    return Rechecked(len(rows), moved, rows[-1].id if len(rows) == limit else None)


def _next(row: AdvisorRow, found: Check | None, today: date) -> tuple[RegistrationStatus, str]:
    """Where a registration goes, and why; `valid_until` follows the register."""
    status = row.registration_status
    if status is _S.EVIDENCE_UPLOADED:
        return status, ""
    evidence = set[Evidence]()
    if found is not None and found.result is MatchResult.NOT_FOUND:
        why = f"The {found.snapshot.register} register of {found.snapshot.as_of} does not show the number."
        return ensure_step(status, _S.SUSPENDED, by=Mover.REGISTER, evidence={Evidence.REASON}), why
    if found is not None and found.entry is not None:
        evidence.add(Evidence.REGISTER_ENTRY)
        row.valid_until = found.valid_until
    to = standing(row.valid_until, today)
    needs_entry = to is _S.VERIFIED or status is _S.EXPIRED
    if to is status or (needs_entry and not evidence):
        return status, ""
    return ensure_step(status, to, by=Mover.REGISTER, evidence=evidence), f"It is valid until {row.valid_until}."


async def _lines(
    session: ReadSession, rows: Sequence[AdvisorRow], snapshots: Mapping[Register, Snapshot]
) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for register, snapshot in snapshots.items():
        numbers = [row.registration_number for row in rows if REGISTER_OF[row.capacity] is register]
        found |= await registers.entries(session, snapshot, numbers)
    return found


async def _last_checks(session: ReadSession, rows: Sequence[AdvisorRow]) -> dict[UUID, tuple[UUID, MatchResult]]:
    """Snapshot and result of each advisor's last check: an unchanged answer is not written down every day."""
    checks = await session.execute(
        select(RegistrationCheckRow.advisor_id, RegistrationCheckRow.snapshot_id, RegistrationCheckRow.result)
        .where(among(RegistrationCheckRow.advisor_id, [row.id for row in rows]))
        .ext(distinct_on(RegistrationCheckRow.advisor_id))
        .order_by(RegistrationCheckRow.advisor_id, RegistrationCheckRow.at.desc())
    )
    return {advisor_id: (snapshot_id, result) for advisor_id, snapshot_id, result in checks}
