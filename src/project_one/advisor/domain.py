"""What an advisor is to the rest of the house."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from project_one.vocabulary.domain import Capacity, Language


class OptInState(StrEnum):
    NONE = "none"
    IN = "in"
    OUT = "out"


class RegistrationStatus(StrEnum):
    """Where a registration stands; a well-formed number alone is not a verification."""

    FORMAT_OK = "format-ok"
    EVIDENCE_UPLOADED = "evidence-uploaded"
    VERIFIED = "verified"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    SURRENDERED = "surrendered"


MAY_SEND = frozenset({RegistrationStatus.VERIFIED, RegistrationStatus.EXPIRING})


class Tone(StrEnum):
    """How her posts should sound."""

    PLAIN = "plain"
    WARM = "warm"
    FORMAL = "formal"


@dataclass(frozen=True)
class Identity:
    """What the first line of every post must say (SEBI circular of 26 Feb 2026, effective 1 May 2026)."""

    registered_name: str
    registration_number: str
    capacity: Capacity
    website: str


@dataclass(frozen=True)
class PlannedFor:
    """An advisor as the night plan sees her: no phone."""

    advisor_id: UUID
    identity: Identity
    language: Language
    opted_in: bool
    registration: RegistrationStatus

    @property
    def is_deliverable(self) -> bool:
        return self.opted_in and self.registration in MAY_SEND


@dataclass(frozen=True)
class Contact:
    """An advisor at the moment of sending, re-read in the transaction that claims. `phone`: E.164, never logged."""

    advisor_id: UUID
    identity: Identity
    opted_in: bool
    registration: RegistrationStatus
    phone: str | None
    phone_hash: str
    is_demo: bool
