"""The night plan: a pure function over a snapshot. The same snapshot gives the same plan."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from project_one.advisor.domain import Identity, PlannedFor
from project_one.channel.domain import SendingNumber
from project_one.content.domain import (
    CompositionError,
    Content,
    Frame,
    LibraryPack,
    compose,
)
from project_one.content.terms import TermsByText
from project_one.vocabulary.domain import Capacity, Language

NO_REPEAT = timedelta(days=30)


class Reason(StrEnum):
    """Why an advisor has no message, or one without a plan B."""

    NO_CONSENT = "no-consent"
    NOT_REGISTERED = "registration-not-valid"
    NOTHING_APPROVED = "nothing-approved"
    NO_FRAME = "no-approved-frame"
    NO_NUMBER = "no-sending-number"
    DOES_NOT_FIT = "does-not-fit"
    RULES_REFUSE = "rules-refuse"
    NO_PLAN_B = "no-plan-b"


@dataclass(frozen=True)
class Spread:
    """How sends are spread after the release, in seconds (already scaled): `groups` starts `gap_s` apart, plus jitter."""

    groups: int
    gap_s: float
    jitter_s: float

    @property
    def total_s(self) -> float:
        return (self.groups - 1) * self.gap_s + self.jitter_s


@dataclass(frozen=True)
class Own:
    """An advisor's own pack for this morning, in her language and approved."""

    sha256: str
    topic_family: str
    pack_id: UUID


@dataclass(frozen=True)
class Snapshot:
    """All the plan looks at. `recent`: what each advisor got within NO_REPEAT, by content hash."""

    business_date: date
    release_at: datetime
    spread: Spread
    advisors: Sequence[PlannedFor]
    own: Mapping[UUID, Own]
    library: Sequence[LibraryPack]
    contents: Mapping[str, Content]
    terms: TermsByText
    frames: Mapping[tuple[Capacity, Language], Sequence[Frame]]
    recent: Mapping[UUID, frozenset[str]]
    numbers: Sequence[SendingNumber]


class Check(Protocol):
    """Ids of the rules that forbid the composed text; none when it may leave. `pack_id`: her own pack, if it is of one."""

    def __call__(
        self, frame: Frame, content: Content, identity: Identity, text: str, pack_id: UUID | None, /
    ) -> Sequence[str]: ...


@dataclass(frozen=True)
class Bound:
    """A content with the hash of what each usable frame makes of it for this advisor."""

    sha256: str
    topic_family: str
    renders: Mapping[UUID, str]


@dataclass(frozen=True)
class PlannedMessage:
    advisor_id: UUID
    number_id: UUID
    due_at: datetime
    binding: Bound
    plan_b: Bound | None


@dataclass(frozen=True)
class Unplanned:
    """Somebody to look at before 06:00. With NO_PLAN_B she has a message, only no second one; where her own pack does
    not fit or the rules refuse it, she has a fallback."""

    advisor_id: UUID
    reason: Reason


@dataclass(frozen=True)
class Plan:
    messages: list[PlannedMessage]
    unplanned: list[Unplanned]


def _lot(*parts: str) -> int:
    """A number that looks random and is the same every time."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


def due_at(advisor_id: UUID, snapshot: Snapshot) -> datetime:
    """Release, plus the start of her group, plus her jitter; seeded by date and advisor."""
    spread = snapshot.spread
    group = _lot("group", str(advisor_id)) % spread.groups
    share = _lot("jitter", str(advisor_id), snapshot.business_date.isoformat()) / 2**64
    return snapshot.release_at + timedelta(seconds=group * spread.gap_s + share * spread.jitter_s)


class _Shelf:
    """Fallback candidates of one capacity and language for the month, in a fixed order."""

    def __init__(self, snapshot: Snapshot, capacity: Capacity, language: Language) -> None:
        month = snapshot.business_date.month
        self.items = [
            (pack.contents[language], pack.topic_family)
            for pack in snapshot.library
            if capacity in pack.capacities and language in pack.contents and (not pack.months or month in pack.months)
        ]

    def pick(self, start: int, *, not_these: frozenset[str], not_family: str | None) -> tuple[str, str] | None:
        """The next item from `start` on, of another topic family if there is one."""
        second_choice: tuple[str, str] | None = None
        for offset in range(len(self.items)):
            sha256, family = self.items[(start + offset) % len(self.items)]
            if sha256 in not_these:
                continue
            if family != not_family:
                return sha256, family
            second_choice = second_choice or (sha256, family)
        return second_choice


def plan_night(snapshot: Snapshot, check: Check) -> Plan:
    """One message per deliverable advisor, each with a plan B where there is one, and the list of those to look at."""
    messages: list[PlannedMessage] = []
    unplanned: list[Unplanned] = []
    shelves: dict[tuple[Capacity, Language], _Shelf] = {}
    numbers = [number for number in snapshot.numbers if number.may_send and not number.is_spare]
    for advisor in snapshot.advisors:
        key = (advisor.identity.capacity, advisor.language)
        if key not in shelves:
            shelves[key] = _Shelf(snapshot, *key)
        reason = _hindrance(advisor, snapshot, numbers)
        if reason is None:
            binder = _Binder(advisor, snapshot, shelves[key], check)
            first, reasons = binder.first()
            unplanned += [Unplanned(advisor.advisor_id, item) for item in reasons]
            if first is not None:
                messages.append(_message(advisor, snapshot, numbers, first, binder.after(first)))
                if messages[-1].plan_b is None:
                    unplanned.append(Unplanned(advisor.advisor_id, Reason.NO_PLAN_B))
        else:
            unplanned.append(Unplanned(advisor.advisor_id, reason))
    return Plan(messages, unplanned)


def _hindrance(advisor: PlannedFor, snapshot: Snapshot, numbers: Sequence[SendingNumber]) -> Reason | None:
    """Why nothing at all can be sent to her; None when something can."""
    if not advisor.opted_in:
        return Reason.NO_CONSENT
    if not advisor.is_deliverable:
        return Reason.NOT_REGISTERED
    if not numbers:
        return Reason.NO_NUMBER
    if not snapshot.frames.get((advisor.identity.capacity, advisor.language)):
        return Reason.NO_FRAME
    return None


def _message(
    advisor: PlannedFor, snapshot: Snapshot, numbers: Sequence[SendingNumber], first: Bound, second: Bound | None
) -> PlannedMessage:
    return PlannedMessage(
        advisor_id=advisor.advisor_id,
        number_id=_choose_number(advisor.advisor_id, numbers),
        due_at=due_at(advisor.advisor_id, snapshot),
        binding=first,
        plan_b=second,
    )


@dataclass(frozen=True)
class _Binder:
    """Finds what one advisor can be bound to."""

    advisor: PlannedFor
    snapshot: Snapshot
    shelf: _Shelf
    check: Check

    def first(self) -> tuple[Bound | None, list[Reason]]:
        """Her own pack, or the first of the shelf that fits and that the rules let pass; and what a person should know."""
        own = self.snapshot.own.get(self.advisor.advisor_id)
        bound = self._bound(own.sha256, own.topic_family, own.pack_id) if own else None
        if isinstance(bound, Bound):
            return bound, []
        reasons = [] if bound is None else [bound]
        instead = self._from_shelf(self._start, not_these=self._used, not_family=None)
        return (instead, reasons) if isinstance(instead, Bound) else (None, reasons or [instead])

    def after(self, first: Bound) -> Bound | None:
        """Plan B: another text, of another topic family if there is one."""
        found = self._from_shelf(self._start + 1, not_these=self._used | {first.sha256}, not_family=first.topic_family)
        return found if isinstance(found, Bound) else None

    @property
    def _start(self) -> int:
        return _lot("shelf", str(self.advisor.advisor_id)) + self.snapshot.business_date.toordinal()

    @property
    def _used(self) -> frozenset[str]:
        return self.snapshot.recent.get(self.advisor.advisor_id, frozenset())

    def _from_shelf(self, start: int, *, not_these: frozenset[str], not_family: str | None) -> Bound | Reason:
        reason = Reason.NOTHING_APPROVED
        while item := self.shelf.pick(start, not_these=not_these, not_family=not_family):
            bound = self._bound(*item)
            if isinstance(bound, Bound):
                return bound
            reason, not_these = bound, not_these | {item[0]}
        return reason

    def _bound(self, sha256: str, family: str, pack_id: UUID | None = None) -> Bound | Reason:
        identity, content = self.advisor.identity, self.snapshot.contents[sha256]
        renders: dict[UUID, str] = {}
        reason = Reason.DOES_NOT_FIT
        for frame in self.snapshot.frames[identity.capacity, self.advisor.language]:
            try:
                rendered = compose(frame, content, identity)
            except CompositionError:
                continue  # another wording may still fit
            if self.check(frame, content, identity, rendered.text, pack_id):
                reason = Reason.RULES_REFUSE
                continue
            renders[frame.id] = rendered.sha256
        return Bound(sha256, family, renders) if renders else reason


def _choose_number(advisor_id: UUID, numbers: Sequence[SendingNumber]) -> UUID:
    """Weighted by rate, stable per advisor, so that a client chat keeps its sender."""
    point = _lot("number", str(advisor_id)) / 2**64 * sum(number.rate_per_s for number in numbers)
    for number in numbers:
        point -= number.rate_per_s
        if point < 0:
            return number.id
    return numbers[-1].id
