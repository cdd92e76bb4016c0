"""The life of an advisor's own pack: what may follow what, and who may decide. Pure.

draft ──submit──► checking ──stage 2──► in-review ──► approved ──► scheduled ──► sent
  ▲                                        ├──► changes-requested ◄── an approval taken back
  └──────────────── any edit ◄─────────────┴──► rejected              withdrawn ◄── all but sent
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from project_one.kernel.clock import ist_moment
from project_one.vocabulary.domain import Language, Slot

OWN_FAMILY = "own"
FREEZE_BEFORE = timedelta(minutes=30)  # bindings change no more, except to plan B (design section 2)
FURTHEST = timedelta(days=90)
REVISE_AFTER = timedelta(minutes=5)  # autosaves within it are one revision
_SKETCH = 24
_SHINGLE = 4
ALIKE = 0.5
"""From this share of equal sketch values on two packs are shown as near-duplicates."""


class PackState(StrEnum):
    DRAFT = "draft"
    CHECKING = "checking"
    IN_REVIEW = "in-review"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes-requested"
    SCHEDULED = "scheduled"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


class Move(StrEnum):
    """What somebody does to a pack."""

    EDIT = "edit"
    SUBMIT = "submit"
    CHECK = "check"
    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request-changes"
    TAKE_BACK = "take-back"
    SCHEDULE = "schedule"
    SEND = "send"
    WITHDRAW = "withdraw"


class Decision(StrEnum):
    """What a reviewer says of a pack."""

    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes-requested"


_S = PackState
APPROVED = frozenset({_S.APPROVED, _S.SCHEDULED})
"""A person stands for the texts, and they have not been sent."""
_OPEN = frozenset(_S) - {_S.SENT, _S.WITHDRAWN}
_MOVES: Mapping[Move, tuple[frozenset[PackState], PackState]] = {
    Move.EDIT: (_OPEN, _S.DRAFT),
    Move.SUBMIT: (frozenset({_S.DRAFT}), _S.CHECKING),
    Move.CHECK: (frozenset({_S.CHECKING}), _S.IN_REVIEW),
    Move.APPROVE: (frozenset({_S.IN_REVIEW}), _S.APPROVED),
    Move.REJECT: (frozenset({_S.IN_REVIEW}), _S.REJECTED),
    Move.REQUEST_CHANGES: (frozenset({_S.IN_REVIEW}), _S.CHANGES_REQUESTED),
    Move.TAKE_BACK: (APPROVED, _S.CHANGES_REQUESTED),
    Move.SCHEDULE: (APPROVED, _S.SCHEDULED),
    Move.SEND: (frozenset({_S.SCHEDULED}), _S.SENT),
    Move.WITHDRAW: (_OPEN, _S.WITHDRAWN),
}
MOVE_OF = {
    Decision.APPROVED: Move.APPROVE,
    Decision.REJECTED: Move.REJECT,
    Decision.CHANGES_REQUESTED: Move.REQUEST_CHANGES,
}


def after(state: PackState, move: Move) -> PackState | None:
    """The state that follows; None when the move is not possible."""
    allowed, target = _MOVES[move]
    return target if state in allowed else None


def needs(move: Move) -> list[str]:
    """The states a move is possible in, for people."""
    return sorted(_MOVES[move][0])


@dataclass(frozen=True)
class Reason:
    """Why a reviewer did not approve. `rule_id`, `category`: of a finding, where there is one."""

    note: str
    rule_id: str | None = None
    category: str | None = None
    language: Language | None = None


@dataclass(frozen=True)
class Suggestion:
    """Other words a reviewer proposes for one language."""

    language: Language
    text: str


def day_trouble(day: date, slots: Iterable[Slot], *, now: datetime, today: date) -> str | None:
    """Why nothing can be scheduled for that business date; None when it can."""
    if day > today + FURTHEST:
        return f"Name a business date within {FURTHEST.days} days; {day} is further away."
    frozen = [slot for slot in slots if ist_moment(day, time.fromisoformat(slot)) - FREEZE_BEFORE <= now]
    if frozen:
        return f"The morning of {day} at {min(frozen)} is frozen or over; name a later business date."
    return None


def sketch(texts: Iterable[str]) -> list[int]:
    """A few numbers that stand for a text: similar texts share many of them (the least shingle hashes, one per seed)."""
    folded = " ".join(" ".join(texts).casefold().split())
    shingles = {folded[at : at + _SHINGLE].encode() for at in range(max(1, len(folded) - _SHINGLE + 1))}
    return [min(zlib.crc32(item, seed * 0x9E3779B1 & 0xFFFFFFFF) for item in shingles) for seed in range(_SKETCH)]


def alike(one: Iterable[int], other: Iterable[int]) -> float:
    """The share of equal values of two sketches, 0 to 1."""
    pairs = list(zip(one, other, strict=False))
    return sum(mine == theirs for mine, theirs in pairs) / len(pairs) if pairs else 0.0
