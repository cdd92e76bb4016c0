"""Time comes from here and travels as a parameter; decisions never look at a clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

IST = ZoneInfo("Asia/Kolkata")

Clock = Callable[[], datetime]


def shifted_clock(offset: timedelta) -> Clock:
    """A clock that is wrong by `offset`, for rehearsing a host whose time is off."""
    return lambda: datetime.now(UTC) + offset


def business_date(moment: datetime) -> date:
    """The day an Indian reader would call it."""
    return moment.astimezone(IST).date()


def ist_moment(day: date, at: time) -> datetime:
    """`at` on the Indian wall clock on `day`, as UTC."""
    return datetime.combine(day, at, IST).astimezone(UTC)


@dataclass(frozen=True)
class Pace:
    """The simulator's time scale: every product duration and deadline is divided by it. 1 outside simulator and chaos."""

    scale: float = 1.0

    def seconds(self, value: float) -> float:
        return value / self.scale

    def delta(self, value: timedelta) -> timedelta:
        return value / self.scale
