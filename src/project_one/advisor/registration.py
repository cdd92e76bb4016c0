"""How a registration moves: which step, by whom, on what evidence. Pure.

FORMAT_OK ──► EVIDENCE_UPLOADED ──► VERIFIED ⇄ EXPIRING ──► EXPIRED
                    any of these ──► SUSPENDED ──► back to where its dates say; any ──► SURRENDERED, for ever
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.errors import EvidenceMissingError, RegistrationStateError

EXPIRES_SOON = timedelta(days=90)
_S = RegistrationStatus


class Mover(StrEnum):
    """Who moves it. `REGISTER`: the daily check against the imported registers, or the calendar."""

    ADVISOR = "advisor"
    STAFF = "staff"
    REGISTER = "register"


class Evidence(StrEnum):
    """What a step rests on. `REGISTER_ENTRY`: a row of a dated snapshot, named by its hash."""

    DOCUMENTS = "documents"
    REGISTER_ENTRY = "register entry"
    REASON = "reason"


@dataclass(frozen=True)
class Step:
    movers: frozenset[Mover]
    needs: frozenset[Evidence]


_BY_PERSON = Step(frozenset({Mover.STAFF}), frozenset({Evidence.DOCUMENTS, Evidence.REGISTER_ENTRY, Evidence.REASON}))
_BY_DATE = Step(frozenset({Mover.REGISTER}), frozenset())
_RENEWED = Step(frozenset({Mover.REGISTER}), frozenset({Evidence.REGISTER_ENTRY}))
_STOPPED = Step(frozenset({Mover.STAFF, Mover.REGISTER}), frozenset({Evidence.REASON}))
_BACK = Step(frozenset({Mover.STAFF}), frozenset({Evidence.REASON, Evidence.REGISTER_ENTRY}))
_BACK_UNVERIFIED = Step(frozenset({Mover.STAFF}), frozenset({Evidence.REASON}))
_GIVEN_UP = Step(frozenset({Mover.STAFF}), frozenset({Evidence.REASON}))

STEPS: Mapping[tuple[RegistrationStatus, RegistrationStatus], Step] = {
    (_S.FORMAT_OK, _S.EVIDENCE_UPLOADED): Step(frozenset({Mover.ADVISOR}), frozenset({Evidence.DOCUMENTS})),
    (_S.EVIDENCE_UPLOADED, _S.VERIFIED): _BY_PERSON,
    (_S.EVIDENCE_UPLOADED, _S.EXPIRING): _BY_PERSON,
    (_S.VERIFIED, _S.EXPIRING): _BY_DATE,
    (_S.VERIFIED, _S.EXPIRED): _BY_DATE,
    (_S.EXPIRING, _S.EXPIRED): _BY_DATE,
    (_S.EXPIRING, _S.VERIFIED): _RENEWED,
    (_S.EXPIRED, _S.VERIFIED): _RENEWED,
    (_S.EXPIRED, _S.EXPIRING): _RENEWED,
    **{(state, _S.SUSPENDED): _STOPPED for state in (_S.VERIFIED, _S.EXPIRING, _S.EXPIRED)},
    **{(state, _S.SUSPENDED): _GIVEN_UP for state in (_S.FORMAT_OK, _S.EVIDENCE_UPLOADED)},
    **{(_S.SUSPENDED, state): _BACK for state in (_S.VERIFIED, _S.EXPIRING, _S.EXPIRED)},
    **{(_S.SUSPENDED, state): _BACK_UNVERIFIED for state in (_S.FORMAT_OK, _S.EVIDENCE_UPLOADED)},
    **{(state, _S.SURRENDERED): _GIVEN_UP for state in _S if state is not _S.SURRENDERED},
}


def ensure_step(
    current: RegistrationStatus, to: RegistrationStatus, *, by: Mover, evidence: Set[Evidence]
) -> RegistrationStatus:
    """`to`, if `by` may take that step on this evidence. Raises RegistrationStateError, EvidenceMissingError."""
    step = STEPS.get((current, to))
    if step is None or by not in step.movers:
        message = f"A registration that is {current} cannot become {to} this way."
        raise RegistrationStateError(message, state=current.value, to=to.value)
    missing = sorted(step.needs - evidence)
    if missing:
        message = f"To become {to} it still needs: {', '.join(missing)}."
        raise EvidenceMissingError(message, state=current.value, missing=", ".join(missing))
    return to


def standing(valid_until: date | None, today: date) -> RegistrationStatus:
    """What a verified registration is by its dates. `valid_until`: the last valid business date, None for perpetual."""
    if valid_until is None or valid_until - today > EXPIRES_SOON:
        return _S.VERIFIED
    return _S.EXPIRING if valid_until >= today else _S.EXPIRED
