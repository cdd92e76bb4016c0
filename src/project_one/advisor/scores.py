"""How compliant what an advisor writes is, as one number. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

COUNTED = 30
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Judged:
    """A stored verdict. `risk_score`: 0 (nothing found) to 100."""

    verdict_id: UUID
    band: str
    risk_score: int
    given_at: datetime


def score_of(verdicts: Sequence[Judged]) -> Decimal | None:
    """100 minus the mean risk score of the newest 30 verdicts (newest first); None before the first one."""
    counted = verdicts[:COUNTED]
    if not counted:
        return None
    mean = Decimal(sum(item.risk_score for item in counted)) / len(counted)
    return (100 - mean).quantize(_CENT, ROUND_HALF_UP)
