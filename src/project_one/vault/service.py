"""Making, fetching and destroying the keys of persons (and of inbox days)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update

from project_one.kernel.bulk import among, insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.vault.domain import Keyring, SubjectKey
from project_one.vault.models import SubjectKeyRow


async def create_keys(
    session: WriteSession, keyring: Keyring, subjects: Sequence[str], *, now: datetime
) -> dict[str, SubjectKey]:
    """New keys for subjects that have none; existing ones are kept. Keys by subject."""
    made = {subject: keyring.new_key(subject) for subject in subjects}
    rows = [{"subject": subject, "wrapped_key": wrapped, "created_at": now} for subject, (_, wrapped) in made.items()]
    await insert_many(session, SubjectKeyRow, rows, skip_existing=True)
    return await keys_of(session, keyring, subjects)


async def keys_of(session: ReadSession, keyring: Keyring, subjects: Collection[str]) -> dict[str, SubjectKey]:
    """Keys by subject; a subject that was never known or is forgotten is absent."""
    rows = await session.execute(
        select(SubjectKeyRow.subject, SubjectKeyRow.wrapped_key).where(
            among(SubjectKeyRow.subject, subjects), SubjectKeyRow.wrapped_key.is_not(None)
        )
    )
    return {subject: keyring.unwrap(subject, wrapped) for subject, wrapped in rows if wrapped is not None}


async def destroy_keys_between(session: WriteSession, first: str, end: str, *, now: datetime) -> None:
    """Forget what was sealed under subjects from `first` up to, not including, `end`, in text order."""
    await session.execute(
        update(SubjectKeyRow)
        .where(
            SubjectKeyRow.subject.collate("C") >= first,
            SubjectKeyRow.subject.collate("C") < end,
            SubjectKeyRow.wrapped_key.is_not(None),
        )
        .values(wrapped_key=None, destroyed_at=now)
    )


async def destroy_key(session: WriteSession, subject: str, *, now: datetime) -> None:
    """Forget for ever what was sealed under this subject's key."""
    await session.execute(
        update(SubjectKeyRow).where(SubjectKeyRow.subject == subject).values(wrapped_key=None, destroyed_at=now)
    )
