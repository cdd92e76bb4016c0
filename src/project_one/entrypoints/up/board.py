"""The live view of a morning in the terminal."""

from collections import deque
from dataclasses import dataclass, field

from rich.table import Table

from project_one.delivery.domain import MessageStatus

_FINAL = (
    MessageStatus.DELIVERED,
    MessageStatus.READ,
    MessageStatus.FAILED,
    MessageStatus.WITHDRAWN,
)
_LADDER = (
    MessageStatus.ACCEPTED,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
)
_RATE_WINDOW_S = 2.0


def is_settled(counts: dict[MessageStatus, int]) -> bool:
    """Every message is where it will stay."""
    return sum(counts.values()) == sum(counts[status] for status in _FINAL)


def reached(counts: dict[MessageStatus, int], status: MessageStatus) -> int:
    """Messages that came at least as far as `status`."""
    return sum(counts[item] for item in _LADDER[_LADDER.index(status) :])


@dataclass
class Board:
    """`ends_at`: monotonic second at which watching ends."""

    planned: int
    ends_at: float
    peak_rate: float = 0.0
    _counts: dict[MessageStatus, int] = field(default_factory=dict[MessageStatus, int])
    _history: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])
    _now: float = 0.0

    def update(self, counts: dict[MessageStatus, int], now: float) -> None:
        """Take in a reading made at monotonic second `now`."""
        self._counts, self._now = counts, now
        self._history.append((now, reached(counts, MessageStatus.ACCEPTED)))
        while self._history[-1][0] - self._history[0][0] > _RATE_WINDOW_S:
            self._history.popleft()
        self.peak_rate = max(self.peak_rate, self.rate)

    @property
    def rate(self) -> float:
        """Accepted messages a second over the last two seconds."""
        (first_at, first), (last_at, last) = self._history[0], self._history[-1]
        return (last - first) / (last_at - first_at) if last_at - first_at > _RATE_WINDOW_S / 2 else 0.0

    def render(self) -> Table:
        table = Table(title="The morning", min_width=60)
        names = [
            "planned",
            "accepted",
            "sent",
            "delivered",
            "read",
            "failed",
            "unknown",
            "msg/s",
            "left",
        ]
        for name in names:
            table.add_column(name, justify="right")
        cells = [self.planned, *(reached(self._counts, status) for status in _LADDER)]
        cells += [
            self._counts[MessageStatus.FAILED],
            self._counts[MessageStatus.UNKNOWN],
        ]
        left = max(0.0, self.ends_at - self._now)
        table.add_row(*(str(cell) for cell in cells), f"{self.rate:.0f}", f"{left:.0f} s")
        return table
