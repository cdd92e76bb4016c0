"""The right to drive a number: one row per number in Postgres, fenced, short, renewed each second.

Only Postgres's own clock says whether a lease is alive: a process whose clock is off neither robs a living driver
nor leaves behind a lease that outlives it.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from project_one.delivery.models import NumberLeaseRow
from project_one.kernel.db import WriteSession

_VENDOR_WINDOW = timedelta(seconds=2)  # sends of a predecessor this recent still count at the vendor


@dataclass(frozen=True)
class Lease:
    """`is_taken_over`: somebody drove until just now and may have spent the vendor's bucket."""

    number_id: UUID
    driver: str
    fence: int
    is_taken_over: bool


async def acquire(
    session: WriteSession,
    number_id: UUID,
    *,
    driver: str,
    lasts: timedelta,
) -> Lease | None:
    """The lease, or None while somebody else holds it."""
    is_recent = NumberLeaseRow.expires_at > _now() - _VENDOR_WINDOW
    query = select(is_recent).where(NumberLeaseRow.number_id == number_id).with_for_update()
    is_taken_over = bool(await session.scalar(query))
    statement = insert(NumberLeaseRow).values(number_id=number_id, driver=driver, fence=1, expires_at=_now() + lasts)
    fence = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=["number_id"],
            set_={
                "driver": driver,
                "fence": NumberLeaseRow.fence + 1,
                "expires_at": _now() + lasts,
            },
            where=NumberLeaseRow.expires_at <= _now(),
        ).returning(NumberLeaseRow.fence)
    )
    return None if fence is None else Lease(number_id, driver, fence, is_taken_over=is_taken_over)


async def renew(session: WriteSession, lease: Lease, *, lasts: timedelta) -> bool:
    """Keep it; False when it is lost."""
    kept = await session.scalar(
        update(NumberLeaseRow)
        .where(
            NumberLeaseRow.number_id == lease.number_id,
            NumberLeaseRow.fence == lease.fence,
        )
        .values(expires_at=_now() + lasts)
        .returning(NumberLeaseRow.fence)
    )
    return kept is not None


async def give_back(session: WriteSession, lease: Lease) -> None:
    """Let others in at once."""
    await session.execute(
        update(NumberLeaseRow)
        .where(
            NumberLeaseRow.number_id == lease.number_id,
            NumberLeaseRow.fence == lease.fence,
        )
        .values(expires_at=_now())
    )


def live_leases():  # noqa: ANN201  a subquery of number ids
    return select(NumberLeaseRow.number_id).where(NumberLeaseRow.expires_at > _now())


def _now():  # noqa: ANN202  when the statement runs, not when its transaction began
    return func.clock_timestamp()
