"""Templates a firm starts packs from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from project_one.advisor.firm_tier import ensure_languages
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.content import pack_rows
from project_one.content.domain import Content
from project_one.content.drafting import Writer
from project_one.content.errors import PackTemplateTakenError, PackTemplateUnknownError
from project_one.content.models import PackTemplateRow
from project_one.kernel import pages
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vocabulary.domain import ContentClass, Language


async def add(
    session: WriteSession,
    writer: Writer,
    name: str,
    content_class: ContentClass,
    contents: Mapping[Language, Content],
    *,
    now: datetime,
) -> PackTemplateRow:
    """Raises PackTemplateTakenError when the firm has one of that name, TierNeededError."""
    await ensure_languages(session, writer.firm_id, len(contents), now=now)
    values = {
        "id": new_id(),
        "firm_id": writer.firm_id,
        "name": name,
        "content_class": content_class,
        "content": pack_rows.as_json(contents),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    made = await session.scalar(
        insert(PackTemplateRow).values(values).on_conflict_do_nothing().returning(PackTemplateRow)
    )
    if made is None:
        raise _taken()
    await _note(session, made, Action.PACK_TEMPLATE_SAVED, writer, now=now)
    return made


async def read(session: ReadSession, template_id: UUID) -> PackTemplateRow:
    """Raises PackTemplateUnknownError."""
    return _found(await session.scalar(select(PackTemplateRow).where(PackTemplateRow.id == template_id)))


async def locked(session: WriteSession, template_id: UUID) -> PackTemplateRow:
    """Raises PackTemplateUnknownError."""
    query = select(PackTemplateRow).where(PackTemplateRow.id == template_id).with_for_update()
    return _found(await session.scalar(query))


async def change(
    session: WriteSession,
    row: PackTemplateRow,
    writer: Writer,
    name: str,
    content_class: ContentClass,
    contents: Mapping[Language, Content],
    *,
    now: datetime,
) -> None:
    """Put other content into a locked template. Raises PackTemplateTakenError, TierNeededError."""
    await ensure_languages(session, writer.firm_id, len(contents), now=now)
    row.name, row.content_class, row.content = name, content_class, pack_rows.as_json(contents)
    row.version, row.updated_at = row.version + 1, now
    try:
        await session.flush()  # the unique index answers when another took the name meanwhile
    except IntegrityError:
        raise _taken() from None
    await _note(session, row, Action.PACK_TEMPLATE_SAVED, writer, now=now)


async def remove(session: WriteSession, row: PackTemplateRow, writer: Writer, *, now: datetime) -> None:
    await _note(session, row, Action.PACK_TEMPLATE_DELETED, writer, now=now)
    await session.delete(row)


async def listed(session: ReadSession, *, cursor: str | None, limit: int) -> tuple[list[PackTemplateRow], str | None]:
    """By name."""
    query = select(PackTemplateRow)
    key = tuple_(PackTemplateRow.name, PackTemplateRow.id)
    if cursor is not None:
        name, last = pages.decode(cursor, 2)
        query = query.where(key > tuple_(literal(_plain(name)), literal(_id(last))))
    found = list(await session.scalars(query.order_by(PackTemplateRow.name, PackTemplateRow.id).limit(limit + 1)))
    shown = found[:limit]
    return shown, pages.encode(shown[-1].name, str(shown[-1].id)) if len(found) > limit else None


def _plain(name: str) -> str:
    """A name out of a cursor; what Postgres cannot hold was never in one."""
    if "\0" in name or any("\ud800" <= char <= "\udfff" for char in name):
        raise pages.invalid()
    return name


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise pages.invalid() from None


def contents_of(row: PackTemplateRow) -> dict[Language, Content]:
    return {
        Language(language): Content(topic=item["topic"], caption=item["caption"], language=Language(language))
        for language, item in row.content.items()
    }


def as_dict(row: PackTemplateRow) -> dict[str, Any]:
    texts = [{"language": language, **item} for language, item in sorted(row.content.items())]
    return {
        **{name: getattr(row, name) for name in ("id", "name", "content_class", "version", "created_at", "updated_at")},
        "variants": texts,
    }


async def _note(session: WriteSession, row: PackTemplateRow, action: Action, writer: Writer, *, now: datetime) -> None:
    hashes = {language: item["sha256"] for language, item in sorted(row.content.items())}
    event = Event(action, "pack-template", str(row.id), writer.actor, {"version": row.version, "hashes": hashes})
    await audit.record(session, event, now=now)


def _found(row: PackTemplateRow | None) -> PackTemplateRow:
    if row is None:
        message = "Your firm has no template with this id; GET /v1/pack-templates lists them."
        raise PackTemplateUnknownError(message)
    return row


def _taken() -> PackTemplateTakenError:
    return PackTemplateTakenError("Your firm has a template of this name; choose another or change that one.")
