"""Documents: told by their bytes, sealed under the advisor's key, kept in the storage; only their description is a row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from project_one.advisor.documents import DocumentKind, MediaType, is_complete, sniff
from project_one.advisor.domain import RegistrationStatus
from project_one.advisor.errors import (
    DocumentGoneError,
    DocumentStorageAwayError,
    DocumentUnknownError,
    PersonForgottenError,
)
from project_one.advisor.evidence_models import DocumentRow
from project_one.advisor.onboarding import locked, one
from project_one.advisor.ports import DocumentStorage
from project_one.advisor.registration import Evidence, Mover, ensure_step
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel.bulk import among
from project_one.kernel.canonical import sha256_hex
from project_one.kernel.clock import Clock
from project_one.kernel.db import Database, Readings, ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vault import service as vault
from project_one.vault.domain import Keyring, SealBrokenError, SubjectKey

log = structlog.get_logger()

_SURELY_OVER = timedelta(days=1)  # no upload takes so long
_AT_ONCE = 1_000
_FOLDER = "advisors"
_OURS = re.compile(_FOLDER + r"/[0-9a-f-]{36}/[0-9a-f-]{36}")


@dataclass(frozen=True)
class Paper:
    """A document opened for a person of the staff."""

    kind: DocumentKind
    media_type: MediaType
    data: bytes


async def keep(
    database: Database,
    storage: DocumentStorage,
    keyring: Keyring,
    advisor_id: UUID,
    *,
    kind: DocumentKind,
    data: bytes,
    actor: str,
    clock: Clock,
) -> DocumentRow:
    """Seal, store, then describe; the storage is never called inside a transaction.

    What cannot be described is deleted again; after a crash `sweep_documents` does it. Raises on unknown advisors, other
    bytes than PDF, JPEG or PNG.
    """
    media_type = sniff(data)
    async with database.readings() as session:
        await one(session, advisor_id)
        key = await _key(session, keyring, advisor_id)
    document_id = new_id()
    storage_key = f"{_FOLDER}/{advisor_id}/{document_id}"
    await storage.put(storage_key, key.seal(str(document_id), data))
    row = DocumentRow(
        id=document_id,
        advisor_id=advisor_id,
        kind=kind,
        media_type=media_type,
        size=len(data),
        sha256=sha256_hex(data),
        storage_key=storage_key,
        uploaded_by=actor,
    )
    try:
        await _describe(database, row, actor=actor, clock=clock)
    except Exception:
        try:
            await _delete_undescribed(database.readings, storage, [storage_key])
        except (DocumentStorageAwayError, SQLAlchemyError, OSError) as error:
            log.warning("documents.left-behind", document_id=str(document_id), error=type(error).__name__)
        raise
    return row


async def _describe(database: Database, row: DocumentRow, *, actor: str, clock: Clock) -> None:
    advisor_id = row.advisor_id
    async with database.transactions() as session:
        advisor = await locked(session, advisor_id)
        row.firm_id, row.uploaded_at = advisor.firm_id, clock()
        session.add(row)
        await session.flush()  # so that it counts among her documents
        facts = {"document_id": str(row.id), "kind": row.kind.value, "sha256": row.sha256}
        events = [Event(Action.DOCUMENT_UPLOADED, "advisor", str(advisor_id), actor, facts)]
        kinds = {item.kind for item in await documents(session, advisor_id)}
        if advisor.registration_status is RegistrationStatus.FORMAT_OK and is_complete(advisor.capacity, kinds):
            advisor.registration_status = ensure_step(
                advisor.registration_status,
                RegistrationStatus.EVIDENCE_UPLOADED,
                by=Mover.ADVISOR,
                evidence={Evidence.DOCUMENTS},
            )
            moved = {"before": RegistrationStatus.FORMAT_OK.value, "after": advisor.registration_status.value}
            events.append(Event(Action.REGISTRATION_MOVED, "advisor", str(advisor_id), actor, moved))
        await audit.record(session, *events, now=clock())


async def sweep_documents(readings: Readings, storage: DocumentStorage, *, now: datetime) -> int:
    """Delete what an upload that broke off has left behind a day ago or more; how many. `readings`: of every firm."""
    kept = await storage.kept_under(_FOLDER, before=now - _SURELY_OVER)
    keys = [key for key in kept if _OURS.fullmatch(key)]
    deleted = 0
    for start in range(0, len(keys), _AT_ONCE):
        deleted += await _delete_undescribed(readings, storage, keys[start : start + _AT_ONCE])
    if deleted:
        log.warning("documents.swept", deleted=deleted)
    return deleted


async def _delete_undescribed(readings: Readings, storage: DocumentStorage, keys: Sequence[str]) -> int:
    """Delete those of the keys that no row names: a commit may have happened although its answer was lost."""
    async with readings() as session:
        named = await session.scalars(select(DocumentRow.storage_key).where(among(DocumentRow.storage_key, keys)))
        left = sorted(set(keys) - set(named))
    for key in left:
        await storage.delete(key)
    return len(left)


async def documents(session: ReadSession, advisor_id: UUID) -> Sequence[DocumentRow]:
    """Hers, newest first; at most a hundred."""
    return (
        await session.scalars(
            select(DocumentRow)
            .where(DocumentRow.advisor_id == advisor_id)
            .order_by(DocumentRow.uploaded_at.desc(), DocumentRow.id.desc())
            .limit(100)
        )
    ).all()


async def opened(
    database: Database,
    storage: DocumentStorage,
    keyring: Keyring,
    advisor_id: UUID,
    document_id: UUID,
    *,
    actor: str,
    clock: Clock,
) -> Paper:
    """Open a document for the staff; that it was read is on the trail before the bytes leave."""
    async with database.transactions() as session:
        row = await session.get(DocumentRow, document_id)
        if row is None or row.advisor_id != advisor_id:
            message = "She has no document with this id; GET /v1/advisors/{id}/documents lists them."
            raise DocumentUnknownError(message)
        key = await _key(session, keyring, advisor_id)
        facts = {"document_id": str(document_id), "kind": row.kind.value}
        await audit.record(session, Event(Action.DOCUMENT_READ, "advisor", str(advisor_id), actor, facts), now=clock())
    return Paper(row.kind, row.media_type, await _read(storage, key, row))


async def _read(storage: DocumentStorage, key: SubjectKey, row: DocumentRow) -> bytes:
    sealed = await storage.get(row.storage_key)
    try:
        data = key.open(str(row.id), sealed) if sealed is not None else b""
    except SealBrokenError:
        data = b""
    if sha256_hex(data) != row.sha256:
        message = "The stored bytes are missing or altered; restore the document storage from its backup."
        raise DocumentGoneError(message)
    return data


async def _key(session: ReadSession | WriteSession, keyring: Keyring, advisor_id: UUID) -> SubjectKey:
    key = (await vault.keys_of(session, keyring, [str(advisor_id)])).get(str(advisor_id))
    if key is None:
        message = "Her key was destroyed on her wish; nothing can be sealed or opened for her any more."
        raise PersonForgottenError(message)
    return key
