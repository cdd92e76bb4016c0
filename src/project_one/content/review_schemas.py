"""HTTP bodies of reviews, the reviewers' queue and overrides."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from project_one.content.pack_schemas import MAX_CAPTION, DiffOut, In, Note, PackOut, Sha256, Stored
from project_one.content.packs import Decision
from project_one.vocabulary.domain import Language

_HASHES = {"en": "5f" * 32, "hi": "a0" * 32}
Hashes = Annotated[dict[Language, Sha256], Field(min_length=1, examples=[_HASHES])]


class ReasonIn(In):
    """`rule_id`, `category`: of the finding it is about, if there is one."""

    note: Note = Field(examples=["‘Best time to buy’ urges the reader; say why time matters instead."])
    rule_id: Annotated[str, Field(max_length=100), Stored] | None = Field(default=None, examples=["SEBI-ALL-URGENCY"])
    category: Annotated[str, Field(max_length=100), Stored] | None = Field(default=None, examples=["urgency"])
    language: Language | None = None


class SuggestionIn(In):
    language: Language
    text: Annotated[str, Field(min_length=1, max_length=MAX_CAPTION), Stored]


class ApproveIn(In):
    """`hashes`: of every language, as they were read; the approval holds for these texts alone."""

    hashes: Hashes
    note: Annotated[str, Field(max_length=2_000), Stored] = ""


class RefuseIn(In):
    hashes: Hashes
    reasons: list[ReasonIn] = Field(
        min_length=1, max_length=50, examples=[[{"language": "en", "note": "Say why time matters, without urging."}]]
    )
    suggestions: list[SuggestionIn] = Field(default_factory=list[SuggestionIn], max_length=10)
    note: Annotated[str, Field(max_length=2_000), Stored] = ""


class BulkApproveIn(In):
    """One decision with a name; every language of each pack must be listed."""

    name: Note = Field(examples=["Evening queue of 24 November, education, read one by one"])
    hashes: list[Sha256] = Field(min_length=1, max_length=300, examples=[list(_HASHES.values())])


class BulkApprovedOut(BaseModel):
    pack_ids: list[UUID]


class ReviewOut(BaseModel):
    id: UUID
    revision: int
    decision: Decision
    reasons: list[dict[str, Any]]
    suggestions: list[dict[str, Any]]
    note: str
    reviewer_id: UUID
    policy_version: str
    hashes: dict[Language, str]
    bulk_id: UUID | None
    at: datetime


class ReviewsOut(BaseModel):
    items: list[ReviewOut]


class WaitingOut(BaseModel):
    """`age_s`: seconds since it was submitted. `alike`: packs in review that say nearly the same, itself included.

    `since_approved`: what changed against the text approved last, of it or of the pack it was copied from.
    """

    pack: PackOut
    firm_id: UUID
    age_s: float
    likeness_group: UUID | None
    alike: int
    since_approved: dict[Language, DiffOut] | None


class OverrideIn(In):
    pack_id: UUID = Field(examples=["0198a5b2-0000-7000-8000-000000000011"])
    language: Language
    reason: Annotated[str, Field(min_length=20, max_length=2_000), Stored] = Field(
        examples=["Quoted from a warning of the exchange itself."]
    )


class OverrideRevokeIn(In):
    reason: Note = Field(examples=["It is not a quotation."])


class OverrideOut(BaseModel):
    id: UUID
    content_sha256: str
    policy_version: str
    fingerprints: list[str]
    reason: str
    author: str
    first_reviewer: str
    asked_at: datetime
    second_reviewer: str | None
    granted_at: datetime | None
    revoked_at: datetime | None
