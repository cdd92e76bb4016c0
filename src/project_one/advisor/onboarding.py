"""Self-registration and the profile an advisor keeps herself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, bindparam, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from project_one.advisor.domain import OptInState, RegistrationStatus, Tone
from project_one.advisor.errors import EntitlementError, NumberTakenError, PhoneTakenError
from project_one.advisor.models import AdvisorRow, FirmRow
from project_one.advisor.service import unknown
from project_one.advisor.tiers import TRIAL, entitlements, tier_in_force
from project_one.audit import service as audit
from project_one.audit.domain import Action, Event
from project_one.kernel import pages
from project_one.kernel.canonical import iso_utc, parse_iso_utc
from project_one.kernel.db import ReadSession, WriteSession
from project_one.kernel.etags import require_match
from project_one.kernel.ids import new_id
from project_one.kernel.lookups import Lookup, Row, Statement, containing, in_order
from project_one.vault import service as vault
from project_one.vault.domain import Keyring
from project_one.vocabulary.domain import Capacity, Language, Slot, Tier


@dataclass(frozen=True)
class Application:
    """What a newcomer tells of herself. Number and phone are in their kept form; `website`: https, her declared domain."""

    capacity: Capacity
    registered_name: str
    registration_number: str
    phone: str
    email: str | None
    languages: Sequence[Language]
    slot: Slot
    tone: Tone
    website: str
    brand: Mapping[str, str | None]


async def register(
    session: WriteSession, keyring: Keyring, application: Application, *, firm_id: UUID, actor: str, now: datetime
) -> AdvisorRow:
    """A firm and its advisor on trial; the session must be scoped to `firm_id`. Raises NumberTakenError, PhoneTakenError."""
    advisor_id = new_id()
    _ensure_languages(application.languages, Tier.TRIAL)
    keys = await vault.create_keys(session, keyring, [str(advisor_id)], now=now)
    key = keys[str(advisor_id)]
    session.add(FirmRow(id=firm_id, name=application.registered_name, created_at=now))
    await session.flush()  # the advisor refers to it
    row = AdvisorRow(
        id=advisor_id,
        firm_id=firm_id,
        capacity=application.capacity,
        registered_name=application.registered_name,
        registration_number=application.registration_number,
        registration_status=RegistrationStatus.FORMAT_OK,
        website=application.website,
        language=application.languages[0],
        further_languages=[item.value for item in application.languages[1:]],
        slot=application.slot,
        tone=application.tone,
        brand=dict(application.brand),
        phone_sealed=key.seal("phone", application.phone.encode()),
        phone_hash=keyring.lookup_hash(application.phone),
        email_sealed=key.seal("email", application.email.encode()) if application.email else None,
        email_hash=keyring.lookup_hash(application.email) if application.email else None,
        opt_in_state=OptInState.NONE,
        is_demo=False,
        created_at=now,
        tier=Tier.TRIAL,
        trial_ends_at=now + TRIAL,
        valid_until=None,
        verified_at=None,
        version=1,
    )
    session.add(row)
    try:
        await session.flush()  # the unique indexes answer, not a read that another could overtake
    except IntegrityError as error:
        raise _taken(error) from None
    data = {"capacity": application.capacity.value, "registration_number": application.registration_number}
    await audit.record(session, Event(Action.ADVISOR_REGISTERED, "advisor", str(advisor_id), actor, data), now=now)
    return row


def _taken(error: IntegrityError) -> NumberTakenError | PhoneTakenError:
    if "phone_hash" in str(error.orig):
        return PhoneTakenError("Another advisor uses this phone; each needs one of her own.")
    if "registration_number" not in str(error.orig):
        raise error
    message = "This registration number is registered already; if it is yours, write to support to take it over."
    return NumberTakenError(message)


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None: not by this. `firm_id`: names what the session is scoped to, which leads to its index."""

    firm_id: UUID | None = None
    status: RegistrationStatus | None = None
    capacity: Capacity | None = None
    language: Language | None = None
    words: str | None = None


Sort = Literal["created_at", "-created_at", "registered_name", "-registered_name"]


async def page(
    lookup: Lookup, wanted: Filter, *, sort: Sort = "created_at", cursor: str | None = None, limit: int
) -> tuple[Sequence[Row], str | None]:
    """A page of the scope's advisors, and the cursor of the next. `words`: in her name or registration number."""
    column = _SORTS[sort][0]
    point, last = (None, None) if cursor is None else _position(cursor, column)
    pattern = containing(wanted.words) if wanted.words else None
    values = vars(wanted) | {"words": pattern, "point": point, "last": last}
    given = {name: value for name, value in values.items() if value is not None}
    rows = await lookup.rows(_page(sort, frozenset(given)), **given, limit=limit + 1)
    if len(rows) <= limit:
        return rows, None
    key = rows[limit - 1][column.key]
    return rows[:limit], pages.encode(iso_utc(key) if isinstance(key, datetime) else key, str(rows[limit - 1]["id"]))


def _position(cursor: str, column: InstrumentedAttribute[Any]) -> tuple[Any, UUID]:
    point, advisor_id = pages.decode(cursor, 2)
    try:
        return parse_iso_utc(point) if column is AdvisorRow.created_at else point, UUID(advisor_id)
    except ValueError:
        raise pages.invalid() from None


_SHOWN = [column for column in AdvisorRow.__table__.columns if not column.info.get("pii")]
_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "firm_id": AdvisorRow.firm_id == bindparam("firm_id"),
    "status": AdvisorRow.registration_status == bindparam("status"),
    "capacity": AdvisorRow.capacity == bindparam("capacity"),
    "language": AdvisorRow.language == bindparam("language"),
    "words": or_(
        AdvisorRow.registered_name.ilike(bindparam("words")), AdvisorRow.registration_number.ilike(bindparam("words"))
    ),
}
_SORTS: Mapping[Sort, tuple[InstrumentedAttribute[Any], bool]] = {
    "created_at": (AdvisorRow.created_at, False),
    "-created_at": (AdvisorRow.created_at, True),
    "registered_name": (AdvisorRow.registered_name, False),
    "-registered_name": (AdvisorRow.registered_name, True),
}


@cache
def _page(sort: Sort, given: frozenset[str]) -> Statement:
    column, is_descending = _SORTS[sort]
    query = select(*_SHOWN).where(*(_CONDITIONS[name] for name in sorted(given & _CONDITIONS.keys())))
    ordered = in_order(
        query, column.expression, AdvisorRow.id.expression, is_descending=is_descending, is_continued="point" in given
    )
    return Statement(ordered.limit(bindparam("limit", type_=Integer())))


async def one(session: ReadSession, advisor_id: UUID) -> AdvisorRow:
    """Raises AdvisorUnknownError, also for another firm's."""
    row = await session.get(AdvisorRow, advisor_id)
    if row is None:
        raise unknown(advisor_id)
    return row


async def locked(session: WriteSession, advisor_id: UUID) -> AdvisorRow:
    """The row for a change, until the transaction ends. Raises AdvisorUnknownError."""
    row = await session.get(AdvisorRow, advisor_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise unknown(advisor_id)
    return row


@dataclass(frozen=True)
class Changes:
    """New values; None: as it was."""

    languages: Sequence[Language] | None = None
    slot: Slot | None = None
    tone: Tone | None = None
    website: str | None = None
    brand: Mapping[str, str | None] | None = None


async def change(
    session: WriteSession, advisor_id: UUID, changes: Changes, *, if_match: str | None, actor: str, now: datetime
) -> AdvisorRow:
    """Edit the profile. Raises on a stale version and on more languages than the tier holds."""
    row = await locked(session, advisor_id)
    require_match(if_match, row.version)
    values: dict[str, Any] = {
        name: value for name in ("slot", "tone", "website") if (value := getattr(changes, name)) is not None
    }
    if changes.languages is not None:
        _ensure_languages(changes.languages, tier_in_force(row.tier, row.trial_ends_at, now))
        values["language"] = changes.languages[0]
        values["further_languages"] = [item.value for item in changes.languages[1:]]
    if changes.brand is not None:
        values["brand"] = dict(changes.brand)
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    if not changed:
        return row
    for name in changed:
        setattr(row, name, values[name])
    row.version += 1
    await audit.record(
        session, Event(Action.ADVISOR_CHANGED, "advisor", str(advisor_id), actor, {"fields": changed}), now=now
    )
    return row


async def set_tier(
    session: WriteSession, advisor_id: UUID, tier: Tier, *, reason: str, actor: str, now: datetime
) -> AdvisorRow:
    """Book a tier. Fewer languages than she has chosen: the first ones stay. Raises AdvisorUnknownError."""
    row = await locked(session, advisor_id)
    before = row.tier
    if tier is Tier.TRIAL and row.trial_ends_at is not None:
        message = (
            f"Her trial began before and ends {row.trial_ends_at:%Y-%m-%d}; there is one per advisor. Book a tier."
        )
        raise EntitlementError(message)
    row.tier = tier
    if tier is Tier.TRIAL:
        row.trial_ends_at = now + TRIAL
    row.further_languages = row.further_languages[: entitlements(tier).languages - 1]
    row.version += 1
    data = {"before": before.value, "after": tier.value, "reason": reason}
    await audit.record(session, Event(Action.ADVISOR_TIER_SET, "advisor", str(advisor_id), actor, data), now=now)
    return row


def _ensure_languages(languages: Sequence[Language], tier: Tier) -> None:
    most = entitlements(tier).languages
    if len(languages) > most:
        message = f"The tier {tier} holds {most} language{'s' if most > 1 else ''}; choose fewer or book a larger tier."
        raise EntitlementError(message, languages=most)
