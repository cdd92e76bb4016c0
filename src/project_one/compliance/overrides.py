"""Letting a text pass in spite of findings: two reviewers, neither the author, bound to text, policy and findings."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.compliance.domain import Finding
from project_one.compliance.errors import FourEyesError, NotOverridableError, OverrideUnknownError, PolicyStateError
from project_one.compliance.models import OverrideRow
from project_one.compliance.policy import grave, is_covered, never_overridable
from project_one.kernel.bulk import among
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id

_LEAST_REASON = 20


async def ask(
    session: WriteSession,
    content_sha256: str,
    policy_version: str,
    findings: Sequence[Finding],
    *,
    author: str,
    reviewer: str,
    reason: str,
    now: datetime,
) -> UUID:
    """The first reviewer's half. Raises when a finding may never pass, nothing is to be overridden or she is the author."""
    if reviewer == author:
        message = "The author of a text may not let it pass; two other reviewers must."
        raise FourEyesError(message)
    if blocked := never_overridable(findings):
        message = f"These findings can never be overridden: {', '.join(blocked)}. Change the text."
        raise NotOverridableError(message)
    stopping = grave(findings)
    if not stopping:
        message = "Nothing stops this text; it needs no override."
        raise NotOverridableError(message)
    if len(reason.strip()) < _LEAST_REASON:
        message = f"Give a reason a stranger can judge, of {_LEAST_REASON} characters at least."
        raise NotOverridableError(message)
    row = OverrideRow(
        id=new_id(),
        content_sha256=content_sha256,
        policy_version=policy_version,
        fingerprints=sorted({finding.fingerprint for finding in stopping}),
        reason=reason.strip(),
        author=author,
        first_reviewer=reviewer,
        asked_at=now,
    )
    session.add(row)
    data = {"override": str(row.id), "policy": policy_version, "rules": sorted({item.rule_id for item in stopping})}
    await audit.record(session, Event(Action.OVERRIDE_ASKED, "content", content_sha256, reviewer, data), now=now)
    return row.id


async def grant(session: WriteSession, override_id: UUID, *, reviewer: str, now: datetime) -> None:
    """The second reviewer's half; only with it the override counts."""
    row = await _locked(session, override_id)
    if row.revoked_at is not None or row.granted_at is not None:
        message = "This override is settled already."
        raise PolicyStateError(message)
    if reviewer in {row.author, row.first_reviewer}:
        message = "You wrote the text or asked for this override; another reviewer must grant it."
        raise FourEyesError(message)
    row.second_reviewer, row.granted_at = reviewer, now
    data = {"override": str(row.id), "first_reviewer": row.first_reviewer}
    await audit.record(session, Event(Action.OVERRIDE_GRANTED, "content", row.content_sha256, reviewer, data), now=now)


async def revoke(session: WriteSession, override_id: UUID, *, actor: str, reason: str, now: datetime) -> None:
    """The undo, for one reviewer alone: a risk may be raised by anybody."""
    row = await _locked(session, override_id)
    if row.revoked_at is not None:
        message = "This override is revoked already."
        raise PolicyStateError(message)
    row.revoked_at = now
    data = {"override": str(row.id), "reason": reason}
    await audit.record(session, Event(Action.OVERRIDE_REVOKED, "content", row.content_sha256, actor, data), now=now)


async def granted(
    session: ReadSession, contents: Collection[str], policy_version: str
) -> dict[str, list[Sequence[str]]]:
    """The fingerprints of each override that counts under this policy, by content hash."""
    rows = await session.execute(
        select(OverrideRow.content_sha256, OverrideRow.fingerprints).where(
            among(OverrideRow.content_sha256, contents),
            OverrideRow.policy_version == policy_version,
            OverrideRow.granted_at.is_not(None),
            OverrideRow.revoked_at.is_(None),
        )
    )
    found: dict[str, list[Sequence[str]]] = {}
    for content_sha256, fingerprints in rows:
        found.setdefault(content_sha256, []).append(fingerprints)
    return found


async def is_overridden(
    session: ReadSession, content_sha256: str, policy_version: str, findings: Sequence[Finding]
) -> bool:
    """Whether one granted override covers every finding that stops this text under this policy."""
    known = await granted(session, [content_sha256], policy_version)
    return any(is_covered(findings, fingerprints) for fingerprints in known.get(content_sha256, ()))


async def _locked(session: WriteSession, override_id: UUID) -> OverrideRow:
    row = await session.get(OverrideRow, override_id, with_for_update=True, populate_existing=True)
    if row is None:
        message = "There is no override with this id."
        raise OverrideUnknownError(message)
    return row
