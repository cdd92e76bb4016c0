"""Numbers and templates as sending sees them."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

HEADROOM = 0.9  # we send at this share of the vendor's limit: 72/s of 80, 900/s of 1,000


class Quality(StrEnum):
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    UNKNOWN = "UNKNOWN"


class NumberState(StrEnum):
    CONNECTED = "connected"
    STOPPED = "stopped"  # by the vendor, by a refusal, or by us after a low accept rate


class TemplateState(StrEnum):
    APPROVED = "approved"
    PAUSED = "paused"
    OTHER = "other"  # pending, rejected, disabled: not usable


@dataclass(frozen=True)
class SendingNumber:
    """One of our numbers. `limit_per_s`: what the vendor allows."""

    id: UUID
    vendor_id: str
    state: NumberState
    quality: Quality
    limit_per_s: int
    is_spare: bool
    stop_reason: str | None = None

    @property
    def may_send(self) -> bool:
        return self.state is NumberState.CONNECTED and self.quality is not Quality.RED

    @property
    def rate_per_s(self) -> float:
        """What we allow ourselves: below the limit, half of it while quality is yellow."""
        rate = self.limit_per_s * HEADROOM
        return rate / 2 if self.quality is Quality.YELLOW else rate


@dataclass(frozen=True)
class NumberReport:
    """What the vendor says of a number; None: said nothing about it."""

    vendor_id: str
    is_connected: bool | None = None
    quality: Quality | None = None
    limit_per_s: int | None = None


@dataclass(frozen=True)
class TemplateReport:
    """What the vendor says of a template. `body`: its text, for comparing with the frame; None in status webhooks."""

    name: str
    language: str
    state: TemplateState
    body: str | None = None
