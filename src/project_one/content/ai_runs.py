"""Keeping runs: asked, claimed by one worker at a time, done; and texts of earlier runs that may be shown again."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from project_one.auth.domain import Principal
from project_one.content.domain import Content
from project_one.content.drafting import Writer
from project_one.content.errors import AiRunUnknownError
from project_one.content.generation import Source, Variant, Wish
from project_one.content.jobs import WorkAiRun
from project_one.content.models import AiRunRow
from project_one.content.runs import KEPT_FOR, LEASE, Claimed, RunKind, RunResult, RunState
from project_one.kernel import outbox
from project_one.kernel.canonical import canonical_json, sha256_hex
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import Language

_CACHED_FROM = 20  # earlier runs that are looked through


async def ask(
    session: WriteSession,
    writer: Writer,
    kind: RunKind,
    question: Mapping[str, Any],
    *,
    is_awaited: bool,
    now: datetime,
) -> AiRunRow:
    """Write down what is asked and promise the work; what has expired of the firm's goes.

    `is_awaited`: the request does the work itself, and the job comes after its lease in case it died.
    """
    await session.execute(delete(AiRunRow).where(AiRunRow.firm_id == writer.firm_id, AiRunRow.expires_at < now))
    row = AiRunRow(
        id=new_id(),
        firm_id=writer.firm_id,
        asked_by=writer.user_id,
        kind=kind,
        state=RunState.WAITING,
        question=dict(question),
        question_sha256=question_sha256(kind, question),
        result=None,
        claimed_until=None,
        created_at=now,
        updated_at=now,
        expires_at=now + KEPT_FOR,
    )
    session.add(row)
    outbox.enqueue(session, WorkAiRun(run_id=row.id), now=now + LEASE if is_awaited else now)
    return row


def question_sha256(kind: RunKind, question: Mapping[str, Any]) -> str:
    """For a generation the wish's own, so that spacing and count do not matter."""
    if kind is RunKind.GENERATION:
        return Wish.from_json(question).sha256
    return sha256_hex(canonical_json(dict(question)))


async def claim(session: WriteSession, run_id: UUID, *, now: datetime) -> Claimed | None:
    """Take a run for the length of a lease; None when it is done or another has it."""
    row = await session.scalar(
        select(AiRunRow).where(AiRunRow.id == run_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None or row.state is RunState.DONE or (row.claimed_until is not None and row.claimed_until > now):
        return None
    row.state, row.claimed_until, row.updated_at = RunState.ASKING, now + LEASE, now
    return Claimed(row.id, row.firm_id, row.kind, row.question)


async def step(session: WriteSession, run_id: UUID, state: RunState, *, now: datetime) -> None:
    await session.execute(
        update(AiRunRow)
        .where(AiRunRow.id == run_id, AiRunRow.state != RunState.DONE)
        .values(state=state, updated_at=now)
    )


async def finish(session: WriteSession, run_id: UUID, result: RunResult, *, now: datetime) -> None:
    """Keep what came of it; the first result stays."""
    await session.execute(
        update(AiRunRow)
        .where(AiRunRow.id == run_id, AiRunRow.state != RunState.DONE)
        .values(state=RunState.DONE, result=as_json(result), claimed_until=None, updated_at=now)
    )


async def read(session: ReadSession, run_id: UUID, caller: Principal, *, now: datetime) -> AiRunRow:
    """Raises AiRunUnknownError, also for a run of another firm, for one that has expired, and for staff."""
    row = await session.scalar(
        select(AiRunRow).where(AiRunRow.id == run_id, AiRunRow.firm_id == caller.tenant, AiRunRow.expires_at >= now)
    )
    if row is None:
        message = "You have no run with this id, or it is older than 14 days; ask again."
        raise AiRunUnknownError(message, run_id=str(run_id))
    return row


async def cached(session: ReadSession, firm_id: UUID, wish: Wish, *, now: datetime) -> list[Content]:
    """Texts a model wrote for the same wish of this firm in the last days, newest first."""
    rows = await session.scalars(
        select(AiRunRow.result)
        .where(
            AiRunRow.firm_id == firm_id,
            AiRunRow.question_sha256 == wish.sha256,
            AiRunRow.state == RunState.DONE,
            AiRunRow.expires_at >= now,
        )
        .order_by(AiRunRow.created_at.desc())
        .limit(_CACHED_FROM)
    )
    contents = [
        Content(item["topic"], item["caption"], Language(item["language"]))
        for result in rows
        for item in (result or {}).get("variants", ())
        if item["source"] == Source.MODEL
    ]
    return list({content.sha256: content for content in contents}.values())


def as_json(result: RunResult) -> dict[str, Any]:
    """A result as it is kept and shown."""
    kept = asdict(result) | {"variants": [_variant(item) for item in result.variants], "translated": None}
    kept["refused_categories"] = list(result.refused_categories)
    if result.translated is not None:
        translated = result.translated
        kept["translated"] = {
            "content": _content(translated.content) if translated.content else None,
            "source": translated.source.value,
            "differences": list(translated.differences),
        }
    return kept


def _variant(item: Variant) -> dict[str, Any]:
    return _content(item.content) | {"source": item.source.value, "is_repaired": item.is_repaired}


def _content(content: Content) -> dict[str, Any]:
    return {
        "topic": content.topic,
        "caption": content.caption,
        "language": content.language.value,
        "sha256": content.sha256,
    }
