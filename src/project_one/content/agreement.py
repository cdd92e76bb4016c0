"""How often the model and the reviewers said the same of a pack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from project_one.content.models import ReviewRow
from project_one.content.packs import Decision
from project_one.kernel.db import ReadSession


@dataclass(frozen=True)
class Agreement:
    """Of decisions. `looked_at`: those whose texts the model had read; shares are None where nothing was counted.

    Both agree on a text when the model found nothing and it was approved, or found something and it was not.
    """

    decisions: int
    looked_at: int
    both_clean: int
    both_odd: int
    only_model: int
    only_reviewer: int
    took_p50_ms: float | None
    took_p95_ms: float | None

    @property
    def agreement(self) -> float | None:
        return (self.both_clean + self.both_odd) / self.looked_at if self.looked_at else None

    @property
    def degraded_share(self) -> float | None:
        return 1 - self.looked_at / self.decisions if self.decisions else None


def agreement_of(reviews: Iterable[tuple[Decision, Mapping[str, Any]]]) -> Agreement:
    """`reviews`: decisions with what the model had said."""
    found = list(reviews)
    looked = [(decision, said) for decision, said in found if not said["degraded"]]
    pairs = [(bool(said["categories"]), decision is not Decision.APPROVED) for decision, said in looked]
    times = sorted(float(said["took_ms"]) for _, said in looked)
    return Agreement(
        decisions=len(found),
        looked_at=len(looked),
        both_clean=pairs.count((False, False)),
        both_odd=pairs.count((True, True)),
        only_model=pairs.count((True, False)),
        only_reviewer=pairs.count((False, True)),
        took_p50_ms=_quantile(times, 0.5),
        took_p95_ms=_quantile(times, 0.95),
    )


def _quantile(times: list[float], share: float) -> float | None:
    return times[min(len(times) - 1, int(share * len(times)))] if times else None


async def agreement_between(session: ReadSession, begins: datetime, ends: datetime) -> Agreement:
    """Of the decisions from `begins` until before `ends`; those that did not keep what the model said are left out."""
    rows = await session.execute(
        select(ReviewRow.decision, ReviewRow.model).where(ReviewRow.at >= begins, ReviewRow.at < ends)
    )
    return agreement_of((decision, said) for decision, said in rows if said is not None)
