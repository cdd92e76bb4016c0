"""Importing snapshots of the public registers, and asking the newest one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, tuple_

from project_one.advisor.errors import RegisterUnreadableError, SnapshotShrunkError
from project_one.advisor.evidence_models import RegisterRow, SnapshotRow
from project_one.advisor.matching import Entry, Register, Snapshot
from project_one.advisor.register_files import RegisterFile
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.bulk import among, batched, insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id

_MOST_LOST = 0.05
_REPORTED = ("lost", "forced", "duplicates", "unreadable")


@dataclass(frozen=True)
class Imported:
    """`created`: False when this very file was there for that day; `lost`: numbers of the snapshot before it no longer has."""

    snapshot_id: UUID
    rows: int
    lost: int
    created: bool


async def import_register(
    session: WriteSession,
    file: RegisterFile,
    *,
    register: Register,
    as_of: date,
    force: bool,
    actor: str,
    now: datetime,
    today: date,
) -> Imported:
    """Keep a snapshot. Raises SnapshotShrunkError when over 5 % of the numbers known before are gone, unless forced."""
    if as_of > today:
        message = f"The snapshot is dated {as_of}, which is yet to come; name the day it was downloaded."
        raise RegisterUnreadableError(message)
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('project_one.register.' || :name, 0))"),
        {"name": register.value},
    )
    known = await session.scalar(
        select(SnapshotRow).where(
            SnapshotRow.register == register, SnapshotRow.as_of == as_of, SnapshotRow.file_sha256 == file.sha256
        )
    )
    if known is not None:
        return Imported(known.id, known.rows, int(known.report["lost"]), created=False)
    before = await newest(session, register)
    lost, count_before = await _lost(session, before, {entry.number for entry in file.entries})
    if lost > _MOST_LOST * count_before and not force:
        message = (
            f"{lost} of the {count_before} numbers of the snapshot before are missing, more than 5 %. "
            "See whether the download was cut off; if it is right, import it again with force."
        )
        raise SnapshotShrunkError(message, lost=lost, rows_before=count_before)
    snapshot_id = new_id()
    report: dict[str, Any] = {
        "lost": lost,
        "forced": force,
        "duplicates": file.duplicate_count,
        "unreadable": file.unreadable_count,
        "duplicate_lines": list(file.duplicates),
        "unreadable_lines": list(file.unreadable),
    }
    session.add(
        SnapshotRow(
            id=snapshot_id,
            register=register,
            as_of=as_of,
            file_sha256=file.sha256,
            rows=len(file.entries),
            report=report,
            imported_by=actor,
            imported_at=now,
        )
    )
    await session.flush()  # the lines refer to it
    for part in batched(file.entries):
        await insert_many(session, RegisterRow, [{"snapshot_id": snapshot_id, **vars(entry)} for entry in part])
    data = {
        "register": register.value,
        "as_of": as_of.isoformat(),
        "file_sha256": file.sha256,
        "rows": len(file.entries),
        "lost": lost,
        "forced": force,
    }
    await audit.record(
        session, Event(Action.REGISTER_IMPORTED, "register-snapshot", str(snapshot_id), actor, data), now=now
    )
    return Imported(snapshot_id, len(file.entries), lost, created=True)


async def newest(session: ReadSession, register: Register) -> Snapshot | None:
    """The snapshot of the latest day; of two of one day, the one imported last."""
    return (await newest_of_all(session)).get(register)


async def newest_of_all(session: ReadSession) -> Mapping[Register, Snapshot]:
    """The snapshot that counts, by register; those never imported are absent."""
    rows = await session.execute(
        select(SnapshotRow.id, SnapshotRow.register, SnapshotRow.as_of).order_by(
            SnapshotRow.as_of, SnapshotRow.imported_at
        )
    )
    return {register: Snapshot(found, register, as_of) for found, register, as_of in rows}


async def snapshots(
    session: ReadSession, register: Register, *, after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Snapshots of a register with what their import reported, the last imported first."""
    query = select(SnapshotRow).where(SnapshotRow.register == register)
    if after is not None:
        query = query.where(tuple_(SnapshotRow.imported_at, SnapshotRow.id) < tuple_(*after))
    rows = await session.scalars(query.order_by(SnapshotRow.imported_at.desc(), SnapshotRow.id.desc()).limit(limit))
    return [
        {
            "id": row.id,
            "source": row.register,
            "as_of": row.as_of,
            "rows": row.rows,
            "imported_by": row.imported_by,
            "imported_at": row.imported_at,
            **{name: row.report[name] for name in _REPORTED},
        }
        for row in rows
    ]


async def entries(session: ReadSession, snapshot: Snapshot, numbers: Collection[str]) -> dict[str, Entry]:
    """Lines by registration number; a number the register does not show is absent."""
    rows = await session.scalars(
        select(RegisterRow).where(RegisterRow.snapshot_id == snapshot.snapshot_id, among(RegisterRow.number, numbers))
    )
    return {
        row.number: Entry(row.number, row.name, row.trade_name, row.city, row.valid_from, row.valid_until, row.row_hash)
        for row in rows
    }


async def _lost(session: ReadSession, before: Snapshot | None, numbers: Collection[str]) -> tuple[int, int]:
    """How many numbers of the snapshot before are not among `numbers`, and how many it had."""
    if before is None:
        return 0, 0
    of_before = RegisterRow.snapshot_id == before.snapshot_id
    count = await session.scalar(select(func.count()).where(of_before)) or 0
    kept = await session.scalar(select(func.count()).where(of_before, among(RegisterRow.number, numbers))) or 0
    return count - kept, count


def report(made: Imported, file: RegisterFile) -> dict[str, Any]:
    """What an importer is told."""
    return {
        "rows": made.rows,
        "lost": made.lost,
        "is_new": made.created,
        "duplicates": file.duplicate_count,
        "unreadable": file.unreadable_count,
        "duplicate_lines": list(file.duplicates),
        "unreadable_lines": list(file.unreadable),
    }
