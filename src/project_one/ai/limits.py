"""What a call may take, by purpose: the one table. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID, uuid5

from project_one.ai.domain import Limits, Purpose

_OWNERS = UUID("0198a5b2-0000-7000-8000-0000000000a1")

_TABLE: Mapping[Purpose, Limits] = {
    Purpose.LINT: Limits(deadline_s=1.1, owner_cap_micro_rupees=0, hedge_after_s=0.45, per_day=20),
    Purpose.PACK_CHECK: Limits(deadline_s=8.0, owner_cap_micro_rupees=0, hedge_after_s=2.0),
    Purpose.GENERATION: Limits(deadline_s=3.4, owner_cap_micro_rupees=0, per_day=10),
    Purpose.TRANSLATION: Limits(deadline_s=1.9, owner_cap_micro_rupees=0, per_day=20),
}


def limits_of(
    purpose: Purpose, *, owner_cap_micro_rupees: int, deadline_s: float | None = None, costs_quota: bool = True
) -> Limits:
    """`deadline_s`: where there is more time, or less, than the purpose's own. `costs_quota`: False for a second step."""
    limits = replace(_TABLE[purpose], owner_cap_micro_rupees=owner_cap_micro_rupees)
    limits = limits if costs_quota else replace(limits, per_day=None)
    return limits if deadline_s is None else replace(limits, deadline_s=deadline_s)


def per_day(purpose: Purpose) -> int | None:
    """Calls of an owner on one business date; None for any number."""
    return _TABLE[purpose].per_day


def owner_of(actor: str, *, firm_id: UUID | None, person: UUID | None) -> UUID:
    """Whose quota and budget a caller uses: her firm's, her own, or that of the token she is known by."""
    return firm_id or person or uuid5(_OWNERS, actor)
