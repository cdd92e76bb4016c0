"""What delivery asks of the company that carries the messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from project_one.delivery.domain import Action, Cause


@dataclass(frozen=True)
class Outgoing:
    """A template message. `to`: E.164; `parameters` by name; `correlation_id` comes back in every receipt."""

    number_vendor_id: str
    to: str
    template: str
    language: str
    parameters: Mapping[str, str]
    correlation_id: str


@dataclass(frozen=True)
class Accepted:
    vendor_message_id: str
    at: datetime
    is_held: bool


@dataclass(frozen=True)
class Refused:
    """The vendor did not take it, and says so."""

    code: int
    action: Action
    cause: Cause
    at: datetime


@dataclass(frozen=True)
class Unclear:
    """The request was written and no readable answer came: it may or may not go out."""

    reason: str
    at: datetime


@dataclass(frozen=True)
class NotWritten:
    """No byte of the request left: safe to send again."""

    reason: str
    at: datetime


Outcome = Accepted | Refused | Unclear | NotWritten


class MessageSender(Protocol):
    @property
    def is_loopback(self) -> bool:
        """Whether the vendor is a sandbox on this machine: the only one that may get demo messages."""
        ...

    async def send(self, message: Outgoing) -> Outcome: ...
