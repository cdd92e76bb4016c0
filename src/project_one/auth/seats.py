"""Seats of a firm. Who has been a member longest sits; whoever is beyond the seats waits, and moves up by herself.

Nothing is kept but who joined when: a member who leaves, a larger tier and a trial that runs out count at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.models import MembershipRow, UserRow, UserStatus
from project_one.kernel.db import ReadSession, WriteSession


@dataclass(frozen=True)
class Seating:
    """The members of a firm by the time they joined."""

    seated: Sequence[UUID]
    waiting: Sequence[UUID]

    def has_seat(self, user_id: UUID, seats: int) -> bool:
        """Also for one whose membership is not reported yet: she comes last."""
        return user_id in self.seated or (user_id not in self.waiting and len(self.seated) < seats)


async def seating(session: ReadSession, firm_id: UUID, seats: int) -> Seating:
    members = (
        await session.scalars(
            select(MembershipRow.user_id)
            .join(UserRow, UserRow.id == MembershipRow.user_id)
            .where(
                MembershipRow.firm_id == firm_id,
                MembershipRow.ended_at.is_(None),
                UserRow.status == UserStatus.ACTIVE,
            )
            .order_by(MembershipRow.joined_at, MembershipRow.user_id)
        )
    ).all()
    return Seating(members[:seats], members[seats:])


async def record_moves(
    session: WriteSession, firm_id: UUID, before: Seating, after: Seating, *, actor: str, now: datetime
) -> None:
    """Write into the trail who got a seat and who waits for one since."""
    data = {"firm": str(firm_id)}
    moves = [(Action.SEAT_TAKEN, item) for item in after.seated if item not in before.seated]
    moves += [(Action.SEAT_AWAITED, item) for item in after.waiting if item not in before.waiting]
    await audit.record(session, *(Event(action, "user", str(item), actor, data) for action, item in moves), now=now)
