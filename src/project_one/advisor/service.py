"""Enrolling advisors, and what planning and sending need to know of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.engine import RowMapping

from project_one.advisor.domain import (
    Contact,
    Identity,
    OptInState,
    PlannedFor,
    RegistrationStatus,
)
from project_one.advisor.errors import AdvisorUnknownError
from project_one.advisor.models import AdvisorRow, FirmRow
from project_one.kernel.bulk import among, insert_many
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.ids import new_id
from project_one.vault import service as vault
from project_one.vault.domain import Keyring
from project_one.vocabulary.domain import Capacity, Language, Slot, Tier


@dataclass(frozen=True)
class NewAdvisor:
    """An advisor to enrol under a firm of her own. `phone`: E.164; `website`: https, on her declared domain."""

    identity: Identity
    language: Language
    slot: Slot
    phone: str
    email: str | None
    registration: RegistrationStatus
    is_demo: bool
    tier: Tier = Tier.BASIC


async def enrol(
    session: WriteSession,
    keyring: Keyring,
    newcomers: Sequence[NewAdvisor],
    *,
    opted_in: bool,
    now: datetime,
) -> dict[UUID, str]:
    """Add advisors, phone and e-mail sealed under their own keys. Phone hash by new advisor id."""
    ids = [new_id() for _ in newcomers]
    keys = await vault.create_keys(session, keyring, [str(advisor_id) for advisor_id in ids], now=now)
    firms = [{"id": new_id(), "name": item.identity.registered_name, "created_at": now} for item in newcomers]
    rows = [
        {
            "id": advisor_id,
            "firm_id": firm["id"],
            "capacity": item.identity.capacity,
            "registered_name": item.identity.registered_name,
            "registration_number": item.identity.registration_number,
            "registration_status": item.registration,
            "website": item.identity.website,
            "language": item.language,
            "slot": item.slot,
            "phone_sealed": keys[str(advisor_id)].seal("phone", item.phone.encode()),
            "phone_hash": keyring.lookup_hash(item.phone),
            "email_sealed": keys[str(advisor_id)].seal("email", item.email.encode()) if item.email else None,
            "email_hash": keyring.lookup_hash(item.email) if item.email else None,
            "opt_in_state": OptInState.IN if opted_in else OptInState.NONE,
            "is_demo": item.is_demo,
            "tier": item.tier,
            "created_at": now,
        }
        for advisor_id, firm, item in zip(ids, firms, newcomers, strict=True)
    ]
    await insert_many(session, FirmRow, firms)
    await insert_many(session, AdvisorRow, rows)
    return {advisor_id: keyring.lookup_hash(item.phone) for advisor_id, item in zip(ids, newcomers, strict=True)}


_IDENTITY = (
    AdvisorRow.registered_name,
    AdvisorRow.registration_number,
    AdvisorRow.capacity,
    AdvisorRow.website,
)


def _identity(row: RowMapping) -> Identity:
    return Identity(
        registered_name=row["registered_name"],
        registration_number=row["registration_number"],
        capacity=row["capacity"],
        website=row["website"],
    )


async def for_slot(session: ReadSession, slot: Slot | None, *, limit: int | None = None) -> list[PlannedFor]:
    """Every advisor of a slot (None: of all slots), in id order."""
    query = select(
        AdvisorRow.id,
        AdvisorRow.language,
        AdvisorRow.opt_in_state,
        AdvisorRow.registration_status,
        *_IDENTITY,
    ).order_by(AdvisorRow.id)
    if slot is not None:
        query = query.where(AdvisorRow.slot == slot)
    rows = (await session.execute(query.limit(limit))).mappings()
    return [
        PlannedFor(
            advisor_id=row["id"],
            identity=_identity(row),
            language=row["language"],
            opted_in=row["opt_in_state"] is OptInState.IN,
            registration=row["registration_status"],
        )
        for row in rows
    ]


async def slots_in_use(session: ReadSession) -> list[Slot]:
    """The slots that advisors have chosen."""
    return [Slot(slot) for slot in await session.scalars(select(AdvisorRow.slot).distinct().order_by(AdvisorRow.slot))]


async def contacts(session: ReadSession, keyring: Keyring, advisor_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Advisors as they stand now, phone opened; a forgotten person has none."""
    rows = (
        await session.execute(
            select(
                AdvisorRow.id,
                AdvisorRow.opt_in_state,
                AdvisorRow.registration_status,
                AdvisorRow.phone_sealed,
                AdvisorRow.phone_hash,
                AdvisorRow.is_demo,
                *_IDENTITY,
            ).where(among(AdvisorRow.id, advisor_ids))
        )
    ).mappings()
    keys = await vault.keys_of(session, keyring, {str(advisor_id) for advisor_id in advisor_ids})
    found: dict[UUID, Contact] = {}
    for row in rows:
        key = keys.get(str(row["id"]))
        found[row["id"]] = Contact(
            advisor_id=row["id"],
            identity=_identity(row),
            opted_in=row["opt_in_state"] is OptInState.IN,
            registration=row["registration_status"],
            phone=key.open("phone", row["phone_sealed"]).decode() if key else None,
            phone_hash=row["phone_hash"],
            is_demo=row["is_demo"],
        )
    return found


async def opt_out(session: WriteSession, *, phone_hash: str) -> Sequence[UUID]:
    """Mark who has this phone as opted out; their ids."""
    return list(
        await session.scalars(
            update(AdvisorRow)
            .where(AdvisorRow.phone_hash == phone_hash)
            .values(opt_in_state=OptInState.OUT)
            .returning(AdvisorRow.id)
        )
    )


async def set_registration(session: WriteSession, advisor_id: UUID, status: RegistrationStatus) -> None:
    """Enter what the register says. Raises AdvisorUnknownError."""
    changed = await session.scalar(
        update(AdvisorRow)
        .where(AdvisorRow.id == advisor_id)
        .values(registration_status=status)
        .returning(AdvisorRow.id)
    )
    if changed is None:
        raise unknown(advisor_id)


async def ensure_known(session: ReadSession, advisor_id: UUID) -> None:
    """Raises AdvisorUnknownError."""
    if await session.scalar(select(AdvisorRow.id).where(AdvisorRow.id == advisor_id)) is None:
        raise unknown(advisor_id)


def unknown(advisor_id: UUID) -> AdvisorUnknownError:
    return AdvisorUnknownError(
        "There is no advisor with this id; ids are UUIDs from the advisors list.",
        advisor_id=str(advisor_id),
    )


async def demo_count(session: ReadSession) -> int:
    return await session.scalar(select(func.count()).where(AdvisorRow.is_demo)) or 0


def registration_shape(capacity: Capacity, digits: int) -> str:
    """A well-formed number of the capacity: `ARN-<digits>`, `INA` or `INH` and nine digits."""
    match capacity:
        case Capacity.MFD:
            return f"ARN-{digits}"
        case Capacity.IA:
            return f"INA{digits:09d}"
        case Capacity.RA:
            return f"INH{digits:09d}"
