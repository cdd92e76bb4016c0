"""The judge: what the sandbox truly accepted, refused and reported, in its own words and order.

`at` is the wall clock in Unix seconds. Both logs are bounded; the oldest entries go first and `truncated` says so.
"""

import hashlib
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from project_one_sandbox import wall
from project_one_sandbox.shapes import Json

RECEIPTS_PER_RECORD = 3
_PEAK_WINDOW_S = 1.0
_DROP_SHARE = 20


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST_BEFORE = "lost_before"


@dataclass(slots=True)
class Record:
    """One send request. `answered`: the answer was handed to the socket whole."""

    seq: int
    at: float
    number: str
    to: str | None
    opaque: str | None
    outcome: Outcome
    wamid: str | None = None
    answered: bool = False
    code: int | None = None
    fault: str | None = None
    template: str | None = None
    language: str | None = None
    text_sha256: str | None = None
    text: str | None = None

    def as_json(self) -> Json:
        return {name: getattr(self, name) for name in _RECORD_FIELDS}


_RECORD_FIELDS = tuple(Record.__dataclass_fields__)


@dataclass(slots=True)
class Receipt:
    """One emission of a status. `at`: the moment of the event, as in its timestamp."""

    seq: int
    wamid: str
    status: str
    at: float
    opaque: str | None
    first_acknowledged_at: float | None = None

    def as_json(self) -> Json:
        return {
            "seq": self.seq,
            "wamid": self.wamid,
            "status": self.status,
            "at": self.at,
            "opaque": self.opaque,
            "first_acknowledged_at": self.first_acknowledged_at,
        }


T = TypeVar("T")


@dataclass(slots=True)
class Log(Generic[T]):
    """Entries numbered from 1; at most `limit` stay."""

    limit: int
    entries: list[T] = field(default_factory=list[T])
    dropped: int = 0

    @property
    def next_seq(self) -> int:
        return self.dropped + len(self.entries) + 1

    def append(self, entry: T) -> list[T]:
        """Return what had to go."""
        self.entries.append(entry)
        if len(self.entries) <= self.limit:
            return []
        gone = self.entries[: len(self.entries) - self.limit + self.limit // _DROP_SHARE]
        del self.entries[: len(gone)]
        self.dropped += len(gone)
        return gone

    def since(self, seq: int, limit: int) -> list[T]:
        start = max(0, seq - self.dropped)
        return self.entries[start : start + limit]


class Oracle:
    def __init__(self, *, limit: int, keep_text: bool) -> None:
        self.keep_text = keep_text
        self.records: Log[Record] = Log(limit)
        self.receipts: Log[Receipt] = Log(limit * RECEIPTS_PER_RECORD)
        self.statuses: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self._accepted: dict[str, list[Record]] = {}
        self._doubled: dict[str, None] = {}
        self._recent: dict[str, deque[float]] = {}
        self._peak: dict[str, int] = {}

    def note(  # noqa: PLR0913 - one parameter a column
        self,
        outcome: Outcome,
        *,
        number: str,
        to: str | None,
        opaque: str | None,
        at: float | None = None,
        wamid: str | None = None,
        code: int | None = None,
        fault: str | None = None,
        template: str | None = None,
        language: str | None = None,
        text: str | None = None,
    ) -> Record:
        record = Record(
            seq=self.records.next_seq,
            at=wall.now() if at is None else at,
            number=number,
            to=to,
            opaque=opaque,
            outcome=outcome,
            wamid=wamid,
            code=code,
            fault=fault,
            template=template,
            language=language,
            text_sha256=None if text is None else hashlib.sha256(text.encode()).hexdigest(),
            text=text if self.keep_text else None,
        )
        self._outcomes[outcome] += 1
        if outcome is Outcome.ACCEPTED and to is not None:
            self._count(record, to)
        for old in self.records.append(record):
            self._forget(old)
        return record

    def _count(self, record: Record, to: str) -> None:
        accepted = self._accepted.setdefault(to, [])
        accepted.append(record)
        if len(accepted) > 1:
            self._doubled[to] = None
        recent = self._recent.setdefault(record.number, deque())
        now = time.monotonic()
        recent.append(now)
        while now - recent[0] >= _PEAK_WINDOW_S:
            recent.popleft()
        self._peak[record.number] = max(self._peak.get(record.number, 0), len(recent))

    def _forget(self, record: Record) -> None:
        if record.outcome is not Outcome.ACCEPTED or record.to is None:
            return
        left = [kept for kept in self._accepted[record.to] if kept is not record]
        if left:
            self._accepted[record.to] = left
        else:
            del self._accepted[record.to]
        if len(left) <= 1:
            self._doubled.pop(record.to, None)

    def set_limit(self, limit: int) -> None:
        """Takes hold with the next entries."""
        self.records.limit = limit
        self.receipts.limit = limit * RECEIPTS_PER_RECORD

    def latest_accepted(self, to: str, number: str) -> str | None:
        """The wamid of the last message from `number` that `to` got."""
        accepted = self._accepted.get(to, [])
        return next(
            (record.wamid for record in reversed(accepted) if record.number == number),
            None,
        )

    def note_receipt(self, *, wamid: str, status: str, at: float, opaque: str | None) -> Receipt:
        receipt = Receipt(self.receipts.next_seq, wamid, status, at, opaque)
        self.statuses[status] += 1
        self.receipts.append(receipt)
        return receipt

    def summary(self) -> Json:
        return {
            "requests": self._outcomes.total(),
            "accepted": self._outcomes[Outcome.ACCEPTED],
            "refused": self._outcomes[Outcome.REFUSED],
            "lost_before": self._outcomes[Outcome.LOST_BEFORE],
            "recipients": len(self._accepted),
            "double_accepts": [
                {
                    "to": to,
                    "wamids": [record.wamid for record in self._accepted[to]],
                    "opaques": [record.opaque for record in self._accepted[to]],
                }
                for to in self._doubled
            ],
            "peak_per_second": dict(self._peak),
            "statuses": dict(self.statuses),
            "truncated": self.records.dropped > 0 or self.receipts.dropped > 0,
        }
