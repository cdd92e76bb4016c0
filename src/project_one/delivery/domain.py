"""The outcome algebra: what can become of a message, and what to do next. Pure.

An attempt is a set of facts with times; facts only join (the earliest time of each wins), so receipts may repeat,
reorder and come early. Its status is read off the facts; a message is the best of its attempts.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID


class MessageStatus(StrEnum):
    PLANNED = "planned"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class AttemptStatus(StrEnum):
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    RETURNED = "returned"  # claimed, and known never to have been written to the vendor


class MorningState(StrEnum):
    PLANNED = "planned"
    RELEASED = "released"
    STOPPED = "stopped"
    CLOSED = "closed"


class Action(StrEnum):
    """What to do about a refusal; the vendor's table maps its codes to these."""

    RETRY = "retry"
    SLOW_DOWN = "slow-down"
    WAIT_FOR_RECIPIENT = "wait-for-recipient"
    SWITCH_FRAME = "switch-frame"
    STOP_NUMBER = "stop-number"
    STOP_MORNING = "stop-morning"
    GIVE_UP = "give-up"
    END_CONSENT = "end-consent"


class Cause(StrEnum):
    """Why a message was not sent, in words that have an owner."""

    VENDOR_TROUBLE = "vendor-trouble"
    VENDOR_PACING = "vendor-pacing"
    USER_CAP = "user-cap"
    NUMBER = "number"
    TEMPLATE = "template"
    RECIPIENT = "recipient"
    CONSENT = "consent"
    REGISTRATION = "registration"
    CONTENT = "content"
    OUR_REQUEST = "our-request"
    DEADLINE = "deadline"


class Owner(StrEnum):
    """Who owns a miss of `sent`."""

    US = "us"
    META = "meta"
    META_PACING = "meta-pacing"
    USER_CAP = "per-user-cap"
    NUMBER = "number"
    RECIPIENT = "recipient"
    CONTENT_LATE = "content-late"
    CONSENT = "consent"


OWNER_OF = {
    Cause.VENDOR_TROUBLE: Owner.META,
    Cause.VENDOR_PACING: Owner.META_PACING,
    Cause.USER_CAP: Owner.USER_CAP,
    Cause.NUMBER: Owner.NUMBER,
    Cause.TEMPLATE: Owner.META_PACING,
    Cause.RECIPIENT: Owner.RECIPIENT,
    Cause.CONSENT: Owner.CONSENT,
    Cause.REGISTRATION: Owner.US,
    Cause.CONTENT: Owner.CONTENT_LATE,
    Cause.OUR_REQUEST: Owner.US,
    Cause.DEADLINE: Owner.US,
}


@dataclass(frozen=True)
class Facts:
    """What is known of one attempt. Join with `|`: commutative, associative, idempotent."""

    unknown_at: datetime | None = None
    accepted_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    failed_at: datetime | None = None
    returned_at: datetime | None = None
    code: int | None = None  # of the earliest failure

    def __or__(self, other: Self) -> Self:
        failures = [(side.failed_at, side.code or 0, side.code) for side in (self, other) if side.failed_at is not None]
        failed_at, _, code = min(failures) if failures else (None, 0, None)
        return replace(
            self,
            unknown_at=_earliest(self.unknown_at, other.unknown_at),
            accepted_at=_earliest(self.accepted_at, other.accepted_at),
            sent_at=_earliest(self.sent_at, other.sent_at),
            delivered_at=_earliest(self.delivered_at, other.delivered_at),
            read_at=_earliest(self.read_at, other.read_at),
            returned_at=_earliest(self.returned_at, other.returned_at),
            failed_at=failed_at,
            code=code,
        )

    @property
    def status(self) -> AttemptStatus:
        """`read` implies delivered; a failure yields to a delivery and to nothing else."""
        ladder = (
            (self.read_at, AttemptStatus.READ),
            (self.delivered_at, AttemptStatus.DELIVERED),
            (self.failed_at, AttemptStatus.FAILED),
            (self.sent_at, AttemptStatus.SENT),
            (self.accepted_at, AttemptStatus.ACCEPTED),
            (self.returned_at, AttemptStatus.RETURNED),
            (self.unknown_at, AttemptStatus.UNKNOWN),
        )
        return next(
            (status for moment, status in ladder if moment is not None),
            AttemptStatus.CLAIMED,
        )

    @property
    def left_at(self) -> datetime | None:
        """The earliest vendor time that proves the message left Meta: `sent`, or what implies it."""
        return min(
            (t for t in (self.sent_at, self.delivered_at, self.read_at) if t is not None),
            default=None,
        )


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


_PROVEN = {
    AttemptStatus.ACCEPTED: (1, MessageStatus.ACCEPTED),
    AttemptStatus.SENT: (2, MessageStatus.SENT),
    AttemptStatus.DELIVERED: (3, MessageStatus.DELIVERED),
    AttemptStatus.READ: (4, MessageStatus.READ),
}


def best_of(attempts: list[Facts]) -> MessageStatus | None:
    """The best proven outcome among the attempts; None while none is accepted or better."""
    proven = [_PROVEN[facts.status] for facts in attempts if facts.status in _PROVEN]
    return max(proven)[1] if proven else None


@dataclass(frozen=True)
class Retry:
    """Plan it again; not before `at`."""

    at: datetime


@dataclass(frozen=True)
class GiveUp:
    cause: Cause


@dataclass(frozen=True)
class RetryPolicy:
    """Durations already divided by the time scale. `unknown_wait`: how long a receipt may settle an unknown outcome."""

    base: timedelta = timedelta(seconds=1)
    ceiling: timedelta = timedelta(seconds=30)
    recipient_wait: timedelta = timedelta(seconds=6)
    unknown_wait: timedelta = timedelta(seconds=45)
    claim_lasts: timedelta = timedelta(seconds=15)
    write_within: timedelta = timedelta(seconds=3)


def after_refusal(
    action: Action,
    cause: Cause,
    *,
    attempts: int,
    now: datetime,
    closes_at: datetime,
    policy: RetryPolicy,
) -> Retry | GiveUp:
    """What becomes of a message after attempt number `attempts` was refused. Back-off doubles and ends at the deadline."""
    match action:
        case Action.GIVE_UP | Action.END_CONSENT:
            return GiveUp(cause)
        case Action.SWITCH_FRAME | Action.STOP_NUMBER | Action.STOP_MORNING:
            at = now + policy.base
        case Action.WAIT_FOR_RECIPIENT:
            at = now + policy.recipient_wait * 2 ** min(attempts - 1, 6)
        case Action.RETRY | Action.SLOW_DOWN:
            at = now + min(policy.ceiling, policy.base * 2 ** min(attempts - 1, 10))
    return Retry(at) if at < closes_at else GiveUp(cause)


@dataclass(frozen=True)
class Report:
    """One vendor status, in our words. `correlation`: our attempt id, echoed; absent on some."""

    vendor_message_id: str
    correlation: UUID | None
    facts: Facts
    status: AttemptStatus
    at: datetime
    number_vendor_id: str
    recipient: str | None  # E.164; hashed before it is stored
    action: Action | None = None
    cause: Cause | None = None
