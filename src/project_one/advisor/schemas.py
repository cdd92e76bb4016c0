"""HTTP bodies of the advisors' door."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl, TypeAdapter

from project_one.advisor.connection import OptInMethod
from project_one.advisor.documents import DocumentKind, MediaType
from project_one.advisor.domain import OptInState, RegistrationStatus, Tone
from project_one.advisor.matching import MatchResult, Register
from project_one.vocabulary.domain import Capacity, Language, Tier, parse_slot

_URL = TypeAdapter(HttpUrl)


def _https(text: str) -> str:
    """An https address of a named host, without a login."""
    _URL.validate_python(text)
    parts = urlsplit(text)
    if parts.scheme != "https" or "." not in (parts.hostname or "") or parts.username or parts.password:
        message = "an https address like https://asha-rao.example is needed"
        raise ValueError(message)
    return text.rstrip("/")


def _slot(text: str) -> str:
    return parse_slot(text)


def _distinct(languages: list[Language]) -> list[Language]:
    if len(set(languages)) < len(languages):
        message = "each language once"
        raise ValueError(message)
    return languages


def _printable(text: str) -> str:
    cleaned = " ".join(text.split())
    if not cleaned or not cleaned.replace("\u200d", "").replace("\u200c", "").isprintable():
        message = "letters that can be seen are needed, and no control characters"
        raise ValueError(message)
    return cleaned


def _sendable(text: str) -> str:
    if "{" in text or "}" in text:
        message = "braces cannot be sent in a message"
        raise ValueError(message)
    return text


Https = Annotated[str, Field(max_length=200, examples=["https://asha-rao.example"]), AfterValidator(_https)]
Website = Annotated[
    str, Field(max_length=80, examples=["https://asha-rao.example"]), AfterValidator(_https), AfterValidator(_sendable)
]
"""As it stands in every message, which leaves it this much room; the same of the name."""
RegisteredName = Annotated[str, Field(max_length=100), AfterValidator(_printable), AfterValidator(_sendable)]
SlotText = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["06:00"]), AfterValidator(_slot)]
Languages = Annotated[list[Language], Field(min_length=1, max_length=3), AfterValidator(_distinct)]
Line = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["asha@asha-rao.example"])]
Phone = Annotated[str, Field(max_length=30, examples=["+919800000001"])]
Reason = Annotated[
    str, Field(max_length=1000, examples=["Certificate and register entry compared."]), AfterValidator(_printable)
]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Brand(_In):
    """How her posts look: shown name, colour and logo."""

    name: Line | None = Field(default=None, examples=["Asha Rao Investments"])
    colour: str | None = Field(default=None, pattern="^#[0-9a-fA-F]{6}$", examples=["#0B5FFF"])
    logo_url: Https | None = Field(default=None, examples=["https://asha-rao.example/logo.png"])


class BrandOut(BaseModel):
    """Null: not set; her registered name is shown."""

    name: str | None
    colour: str | None
    logo_url: str | None


def _whole_brand(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Who never set any has none of the three."""
    return {name: kept.get(name) for name in BrandOut.model_fields}


class AdvisorIn(_In):
    """The first of `languages` is the one her posts go out in."""

    capacity: Capacity = Field(examples=["MFD"])
    registered_name: RegisteredName = Field(examples=["Asha Rao"], description="Exactly as on the certificate.")
    registration_number: str = Field(max_length=40, examples=["ARN-123456"])
    phone: Phone
    email: Email | None = None
    languages: Languages = Field(examples=[["hi", "en"]])
    slot: SlotText
    tone: Tone = Tone.PLAIN
    website: Website = Field(description="On the domain declared to the supervisory body.")
    brand: Brand = Brand()


class AdvisorChangeIn(_In):
    """Only what is named changes. Registration, phone and tier have doors of their own."""

    languages: Languages | None = None
    slot: SlotText | None = None
    tone: Tone | None = None
    website: Website | None = None
    brand: Brand | None = None


class ReasonIn(_In):
    reason: Reason


class TierIn(_In):
    tier: Tier = Field(examples=["standard"])
    reason: Reason


class OptInIn(_In):
    """`evidence`: names the proof, such as a form number; it does not quote it."""

    phone: Phone
    proof_text_version: str = Field(min_length=1, max_length=60, examples=["2026-11-24/hi"])
    method: OptInMethod = Field(examples=["dashboard"])
    evidence: Line = Field(examples=["dashboard click 2026-11-24"])


class PhoneIn(_In):
    phone: Phone


class EntitlementsOut(BaseModel):
    """Of the tier in force. `price_paise`: per month, before tax."""

    languages: int
    packs_per_day: int
    has_generation: bool
    has_analytics: bool
    has_exports: bool
    has_brand_on_image: bool
    seats: int
    price_paise: int


class AdvisorOut(BaseModel):
    """Phone and e-mail are sealed and not shown."""

    id: UUID
    firm_id: UUID
    capacity: Capacity
    registered_name: str
    registration_number: str
    registration_status: RegistrationStatus
    valid_until: date | None = Field(description="Last valid day by the register; null: perpetual or not yet known.")
    verified_at: datetime | None
    languages: list[Language]
    slot: str
    tone: Tone
    website: str
    brand: Annotated[BrandOut, BeforeValidator(_whole_brand)]
    opt_in_state: OptInState
    tier: Tier
    tier_in_force: Tier = Field(description="A trial that has run out counts as basic.")
    trial_ends_at: datetime | None
    entitlements: EntitlementsOut
    missing_documents: list[DocumentKind] | None = Field(description="Null in lists.")
    created_at: datetime
    version: int


class DocumentOut(BaseModel):
    id: UUID
    kind: DocumentKind
    media_type: MediaType
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime


class DocumentsOut(BaseModel):
    items: list[DocumentOut]
    missing: list[DocumentKind]


class CheckOut(BaseModel):
    """Snapshot day and row hash are the evidence."""

    id: UUID
    at: datetime
    snapshot_id: UUID
    as_of: date
    result: MatchResult
    row_hash: str | None
    register_name: str | None
    valid_until: date | None
    status_before: RegistrationStatus
    status_after: RegistrationStatus


class ChecksOut(BaseModel):
    items: list[CheckOut]


class JudgedOut(BaseModel):
    verdict_id: UUID
    band: str
    risk_score: int
    given_at: datetime


class ScoreOut(BaseModel):
    at: datetime
    score: Decimal = Field(max_digits=5, decimal_places=2)
    verdict_ids: list[UUID]


class ScoreStandingOut(BaseModel):
    """`current`: 100 minus the mean risk score of the newest 30 verdicts on her packs; null before the first."""

    current: Decimal | None = Field(max_digits=5, decimal_places=2, examples=["93.50"])
    verdicts: list[JudgedOut]
    history: list[ScoreOut]


class SnapshotListedOut(BaseModel):
    """`lost`: numbers of the snapshot before that are gone; `forced`: it was imported in spite of more than 5 %."""

    id: UUID
    source: Register
    as_of: date
    rows: int
    lost: int
    forced: bool
    duplicates: int
    unreadable: int
    imported_by: str
    imported_at: datetime


class SnapshotOut(BaseModel):
    """`lost`: numbers of the snapshot before that are gone. At most a hundred lines of each kind are listed."""

    id: UUID
    source: Register
    as_of: date
    rows: int
    lost: int
    is_new: bool
    duplicates: int
    unreadable: int
    duplicate_lines: list[str]
    unreadable_lines: list[str]
