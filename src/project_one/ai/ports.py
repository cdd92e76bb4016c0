"""What the gate needs of others: a vendor that answers, and a purse that keeps count."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from project_one.ai.domain import Limits, Purpose, Question, Result, Role, Usage


class Trouble(StrEnum):
    """What went wrong at the vendor; the gate decides by it, never by a message."""

    RATE = "rate"
    EXHAUSTED = "exhausted"  # out of credit: nothing is worth a retry before somebody pays
    KEY = "key"
    MODEL_GONE = "model-gone"
    OURS = "ours"  # the request was wrong; no retry helps
    SERVER = "server"
    CONNECTION = "connection"
    REFUSED = "refused"
    FILTERED = "filtered"
    CUT = "cut"  # the answer ended in the middle


class VendorError(Exception):
    """`usage`: what the call cost all the same, where the vendor says so. The text holds no prompt and no answer."""

    def __init__(
        self, trouble: Trouble, detail: str, *, retry_after_s: float | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.retry_after_s = retry_after_s
        self.usage = usage


@dataclass(frozen=True)
class ModelRequest:
    """`user`: the fields as one JSON text; `safety_id`: a keyed hash of the owner, nothing that names her."""

    model: str
    system: str
    user: str
    schema_name: str
    schema: Mapping[str, Any]
    most_output_tokens: int
    safety_id: str


@dataclass(frozen=True)
class ModelReply:
    """`text`: JSON by the schema, unless the model lies; `model`: as the vendor names it."""

    text: str
    model: str
    usage: Usage


class ModelClient(Protocol):
    """A vendor of models. Cancelling a call ends it on our side; it may still be billed."""

    async def respond(self, request: ModelRequest) -> ModelReply:
        """Raises VendorError. Retries nothing by itself."""
        ...


Models = Callable[[Role, date], Awaitable[Sequence[str]]]
"""Models of a role on an Indian business day: the one to ask first, then its successors."""


class Scope(StrEnum):
    """A purse that was empty."""

    MONTH = "month"
    DAY = "day"
    OWNER = "owner"


@dataclass(frozen=True)
class Spending:
    """What a call may cost at worst, before it is made."""

    call_id: UUID
    owner: UUID
    owner_cap_micro_rupees: int
    purpose: Purpose
    model: str
    prompt: str
    prompt_version: int
    worst_micro_rupees: int
    is_hedge: bool = False


@dataclass(frozen=True)
class Bill:
    """What became of a call. `usage`: None where nobody knows; then it stays at the worst case."""

    outcome: str
    usage: Usage | None
    took_ms: float


class Purse(Protocol):
    """Money in integer micro-rupees, exact under concurrency and across crashes."""

    async def worst(self, model: str, *, input_bytes: int, most_output_tokens: int, now: datetime) -> int:
        """The most a call can cost. Raises LookupError for a model without a price on that day."""
        ...

    async def reserve(self, spending: Spending, *, now: datetime) -> Scope | None:
        """Set the worst case aside in a transaction of its own; the purse that cannot bear it, None when all can."""
        ...

    async def settle(self, call_id: UUID, bill: Bill, *, now: datetime) -> int:
        """Book what it really cost and give back the rest; the cost. A second time changes nothing."""
        ...

    async def take(self, owner: UUID, purpose: Purpose, *, per_day: int, now: datetime) -> bool:
        """Take one of the day's calls (IST) of this owner; False when none is left."""
        ...

    async def put_back(self, owner: UUID, purpose: Purpose, *, now: datetime) -> None:
        """Return what was taken for a call that never left."""
        ...

    async def share_left(self, *, now: datetime) -> float:
        """Of the month's budget, 0 to 1: below a twentieth nothing is asked twice."""
        ...


class Asker(Protocol):
    """The gate as its callers see it."""

    async def call(self, question: Question, limits: Limits) -> Result:
        """An answer or a refusal within the deadline. Raises only for a question that is our own mistake."""
        ...
