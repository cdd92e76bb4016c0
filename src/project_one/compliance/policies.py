"""The life of a policy in Postgres: drafted, tested, approved by a second person, in force from a date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.compliance.errors import FourEyesError, PolicyInvalidError, PolicyStateError, PolicyUnknownError
from project_one.compliance.models import PolicyRow
from project_one.compliance.policy import Approved, PolicyState, in_force, packed, unpacked
from project_one.compliance.regression import Regression
from project_one.compliance.rulebook import RulebookError, policy_version, read_policy, shipped
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.turns import take_turn

_MOST_FAILURES_KEPT = 50


@dataclass(frozen=True)
class Draft:
    """`created`: False when the very same files were there already."""

    version: str
    created: bool


def with_changes(base: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Policy files with some replaced, added or (None) taken away. Raises PolicyInvalidError when they cannot be read."""
    policy = dict(base)
    for name, text in changes.items():
        if text is None:
            policy.pop(name, None)
        else:
            policy[name] = text
    try:
        read_policy(policy)
    except RulebookError as error:
        raise PolicyInvalidError(str(error)) from error
    return policy


async def draft(session: WriteSession, policy: Mapping[str, str], *, author: str, note: str, now: datetime) -> Draft:
    """Keep policy files as a draft; the same files twice are one draft. `policy` must be readable (`with_changes`)."""
    version = policy_version(policy)
    await take_turn(session, f"compliance.policy:{version}")
    if await session.get(PolicyRow, version) is not None:
        return Draft(version, created=False)
    row = PolicyRow(
        version=version,
        state=PolicyState.DRAFT,
        files=packed(policy),
        author=author,
        note=note,
        drafted_at=now,
    )
    session.add(row)
    await audit.record(session, Event(Action.POLICY_DRAFTED, "policy", version, author, {"note": note}), now=now)
    return Draft(version, created=True)


async def files_of(session: ReadSession, version: str) -> dict[str, str]:
    """The files of a version; the shipped one is always there. Raises PolicyUnknownError."""
    row = await session.get(PolicyRow, version)
    if row is not None:
        return unpacked(row.files)
    policy = shipped()
    if policy_version(policy) == version:
        return policy
    raise _unknown(version)


async def record_regression(
    session: WriteSession, version: str, regression: Regression, *, actor: str, now: datetime
) -> PolicyRow:
    """Write down how a draft did against its examples; passing makes it `tested`, failing a draft again."""
    row = await _locked(session, version)
    if row.state not in {PolicyState.DRAFT, PolicyState.TESTED}:
        message = f"This version is {row.state}; only a draft is tested. Draft another."
        raise PolicyStateError(message, state=row.state)
    row.state = PolicyState.TESTED if regression.is_passed else PolicyState.DRAFT
    row.regression = {
        "checked": regression.checked,
        "failed": len(regression.failures),
        "failures": list(regression.failures[:_MOST_FAILURES_KEPT]),
    }
    row.tested_at = now
    data = {"checked": regression.checked, "failed": len(regression.failures)}
    await audit.record(session, Event(Action.POLICY_TESTED, "policy", version, actor, data), now=now)
    return row


async def approve(
    session: WriteSession, version: str, *, approver: str, effective_from: date, now: datetime, today: date
) -> PolicyRow:
    """Put a tested version in force from a business date on; the author may not. Raises on state, person and date."""
    row = await _locked(session, version)
    if row.state is not PolicyState.TESTED:
        message = f"This version is {row.state}; it must have passed its regression run before it is approved."
        raise PolicyStateError(message, state=row.state)
    if row.author == approver:
        message = "You wrote this version; another person must approve it."
        raise FourEyesError(message)
    if effective_from < today:
        message = f"It cannot take effect in the past; name {today} or a later date."
        raise PolicyInvalidError(message)
    row.state, row.approver, row.approved_at, row.effective_from = PolicyState.APPROVED, approver, now, effective_from
    data = {"author": row.author, "effective_from": effective_from.isoformat()}
    await audit.record(session, Event(Action.POLICY_APPROVED, "policy", version, approver, data), now=now)
    return row


async def withdraw(session: WriteSession, version: str, *, actor: str, reason: str, now: datetime) -> PolicyRow:
    """Take a version out: what was in force before it is in force again. The undo of an approval."""
    row = await _locked(session, version)
    if row.state is PolicyState.WITHDRAWN:
        message = "This version is withdrawn already."
        raise PolicyStateError(message, state=row.state)
    row.state = PolicyState.WITHDRAWN
    await audit.record(session, Event(Action.POLICY_WITHDRAWN, "policy", version, actor, {"reason": reason}), now=now)
    return row


async def current_version(session: ReadSession, on: date) -> str | None:
    """The approved version in force on a business date; None means the one that ships with the release."""
    found = await session.execute(
        select(PolicyRow.version, PolicyRow.effective_from)
        .where(PolicyRow.state == PolicyState.APPROVED, PolicyRow.effective_from <= on)
        .order_by(PolicyRow.approved_at)
    )
    return in_force([Approved(version, since) for version, since in found if since is not None], on)


async def all_policies(session: ReadSession) -> Sequence[PolicyRow]:
    """Newest first."""
    return (await session.scalars(select(PolicyRow).order_by(PolicyRow.drafted_at.desc(), PolicyRow.version))).all()


async def policy(session: ReadSession, version: str) -> PolicyRow:
    """Raises PolicyUnknownError."""
    row = await session.get(PolicyRow, version)
    if row is None:
        raise _unknown(version)
    return row


async def _locked(session: WriteSession, version: str) -> PolicyRow:
    row = await session.get(PolicyRow, version, with_for_update=True, populate_existing=True)
    if row is None:
        raise _unknown(version)
    return row


def _unknown(version: str) -> PolicyUnknownError:
    message = "No policy has this version; GET /v1/policies lists them."
    return PolicyUnknownError(message, version=version[:64])
