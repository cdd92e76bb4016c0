"""Reading, locking and writing the rows of an own pack; what its services share."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, func, select

from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.auth.domain import Principal
from project_one.content.domain import Content
from project_one.content.errors import PackStateError, PackUnknownError
from project_one.content.models import PackRevisionRow, PackRow, VariantRow
from project_one.content.packs import Move, PackState, after, needs
from project_one.kernel.canonical import Json
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.kernel.lookups import Statement, run_in
from project_one.vocabulary.domain import Language

SHOWN = (
    "id",
    "author_id",
    "content_class",
    "topic_family",
    "ad_reference",
    "ad_valid_until",
    "wanted_on",
    "copied_from",
    "checked",
    "created_at",
    "updated_at",
    "submitted_at",
    "scheduled_on",
    "sent_at",
)
"""Columns that whoever may read a pack sees as they stand."""


@dataclass(frozen=True)
class Pack:
    """An own pack with its text by language."""

    row: PackRow
    contents: dict[Language, Content]

    @property
    def hashes(self) -> dict[str, str]:
        return {language.value: content.sha256 for language, content in sorted(self.contents.items())}

    @property
    def firm_id(self) -> UUID:
        assert self.row.firm_id is not None  # noqa: S101  a constraint of the table: own packs have a firm
        return self.row.firm_id

    @property
    def version(self) -> int:
        return self.row.version or 0

    @property
    def state(self) -> PackState:
        assert self.row.state is not None  # noqa: S101  only rows with a state are read here
        return self.row.state


async def read(session: ReadSession, pack_id: UUID) -> Pack:
    """Raises PackUnknownError, also for a pack of another firm."""
    row = await session.scalar(select(PackRow).where(PackRow.id == pack_id, PackRow.state.is_not(None)))
    if row is None:
        raise unknown(pack_id)
    return Pack(row, (await contents_of(session, [pack_id])).get(pack_id, {}))


async def ensure_history_shown(session: ReadSession, pack_id: UUID, caller: Principal) -> None:
    """Staff reads on what was submitted and decided while the author changes it. Raises PackUnknownError."""
    pack = await read(session, pack_id)
    if caller.is_staff and pack.row.submitted_at is None:
        raise unknown(pack_id)


def is_submitted() -> ColumnElement[bool]:
    """Whether what a pack says now is what was submitted: any edit empties `checked`."""
    return func.jsonb_typeof(PackRow.checked) == "object"


async def locked_once_submitted(session: WriteSession, pack_id: UUID) -> Pack:
    """As `locked`, for who decides: of what nobody was asked about she learns nothing. Raises PackUnknownError."""
    pack = await locked(session, pack_id)
    if pack.row.submitted_at is None:
        raise unknown(pack_id)
    return pack


async def locked(session: WriteSession, pack_id: UUID) -> Pack:
    """The same, and nobody else changes it until the end of the transaction."""
    row = await session.scalar(
        select(PackRow)
        .where(PackRow.id == pack_id, PackRow.state.is_not(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise unknown(pack_id)
    return Pack(row, (await contents_of(session, [pack_id])).get(pack_id, {}))


async def contents_of(session: ReadSession, pack_ids: Collection[UUID]) -> dict[UUID, dict[Language, Content]]:
    """The texts of packs, in one query."""
    found: dict[UUID, dict[Language, Content]] = {}
    for row in await run_in(session, _CONTENTS, pack_ids=list(pack_ids)):
        language = Language(row["language"])
        content = Content(topic=row["topic"], caption=row["caption"], language=language)
        found.setdefault(row["pack_id"], {})[language] = content
    return found


_CONTENTS = Statement(
    select(VariantRow.pack_id, VariantRow.language, VariantRow.topic, VariantRow.caption)
    .where(VariantRow.pack_id == any_(bindparam("pack_ids", type_=ARRAY(Uuid()))))
    .order_by(VariantRow.language)
)


def move(pack: Pack, what: Move, *, now: datetime) -> None:
    """Take the step and count the version up. Raises PackStateError with the current state."""
    target = after(pack.state, what)
    if target is None:
        message = f"This pack is {pack.state}; {what} is possible when it is {' or '.join(needs(what))}."
        raise PackStateError(message, state=pack.state.value, version=pack.version)
    pack.row.state = target
    touch(pack, now=now)


def touch(pack: Pack, *, now: datetime) -> None:
    """A change of any kind: another version, another ETag."""
    pack.row.version = pack.version + 1
    pack.row.updated_at = now


def as_json(contents: Mapping[Language, Content]) -> dict[str, Any]:
    """Texts as a revision keeps them."""
    return {
        language.value: {"topic": content.topic, "caption": content.caption, "sha256": content.sha256}
        for language, content in sorted(contents.items())
    }


async def last_revision(session: ReadSession, pack_id: UUID) -> PackRevisionRow | None:
    query = select(PackRevisionRow).where(PackRevisionRow.pack_id == pack_id)
    return await session.scalar(query.order_by(PackRevisionRow.number.desc()).limit(1))


async def revision_number(session: ReadSession, pack_id: UUID) -> int:
    """Of the newest revision."""
    return await session.scalar(select(func.max(PackRevisionRow.number)).where(PackRevisionRow.pack_id == pack_id)) or 0


def add_revision(
    session: WriteSession,
    pack: Pack,
    *,
    number: int,
    author_id: UUID,
    now: datetime,
    submitted_at: datetime | None = None,
) -> None:
    session.add(
        PackRevisionRow(
            id=new_id(),
            firm_id=pack.firm_id,
            pack_id=pack.row.id,
            number=number,
            author_id=author_id,
            at=now,
            content=as_json(pack.contents),
            submitted_at=submitted_at,
        )
    )


async def note(session: WriteSession, pack: Pack, action: Action, *, actor: str, now: datetime, **data: Json) -> None:
    """Write into the trail what was done to a pack and over which texts."""
    said = {"version": pack.version, "hashes": pack.hashes, **data}
    event = Event(action, "pack", str(pack.row.id), actor, said, pack.row.scheduled_on)
    await audit.record(session, event, now=now)


def unknown(pack_id: UUID) -> PackUnknownError:
    message = "You have no pack with this id; GET /v1/content-packs lists yours."
    return PackUnknownError(message, pack_id=str(pack_id))
