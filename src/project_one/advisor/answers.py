"""Rows of the advisor room as answers; one place, so that every door shows an advisor alike."""

from datetime import datetime
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from project_one.advisor.documents import REQUIRED, DocumentKind
from project_one.advisor.errors import (
    AdvisorUnknownError,
    DocumentGoneError,
    DocumentInvalidError,
    DocumentStorageAwayError,
    DocumentTooLargeError,
    DocumentUnknownError,
    EvidenceMissingError,
    FirmExistsError,
    NumberInvalidError,
    NumberTakenError,
    PersonForgottenError,
    PhoneInvalidError,
    PhoneTakenError,
    RegisterTooLargeError,
    RegisterUnreadableError,
    RegistrationStateError,
    SnapshotShrunkError,
)
from project_one.advisor.models import AdvisorRow
from project_one.advisor.papers import documents
from project_one.advisor.schemas import AdvisorOut
from project_one.advisor.tiers import entitlements, tier_in_force
from project_one.kernel import problems
from project_one.kernel.db import ReadSession
from project_one.kernel.etags import VersionMissingError, VersionStaleError, etag
from project_one.kernel.lookups import Row
from project_one.vocabulary.domain import Tier

_REFUSALS: problems.Refusals = {
    404: (AdvisorUnknownError, DocumentUnknownError),
    409: (
        EvidenceMissingError,
        FirmExistsError,
        NumberTakenError,
        PersonForgottenError,
        PhoneTakenError,
        RegistrationStateError,
        SnapshotShrunkError,
    ),
    412: (VersionStaleError,),
    413: (DocumentTooLargeError, RegisterTooLargeError),
    422: (DocumentInvalidError, NumberInvalidError, PhoneInvalidError, RegisterUnreadableError),
    428: (VersionMissingError,),
    503: (DocumentGoneError, DocumentStorageAwayError),
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an operation of this room may refuse, for its description."""
    return problems.named(_REFUSALS, *statuses)


def shown(row: object, schema: type[BaseModel]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields}


def advisor_shown(
    row: AdvisorRow, now: datetime, *, given: set[DocumentKind] | None = None, response: Response | None = None
) -> dict[str, Any]:
    """`given`: kinds of documents she has sent. With a `response`, its ETag is set."""
    if response is not None:
        response.headers["ETag"] = etag(row.version)
    shown = advisor_listed({name: getattr(row, name) for name in _PLAIN}, now)
    return shown | {"missing_documents": None if given is None else sorted(REQUIRED[row.capacity] - given)}


def advisor_listed(row: Row, now: datetime) -> dict[str, Any]:
    """As lists show her: what is missing of her documents is told of one advisor only."""
    tier = tier_in_force(Tier(row["tier"]), row["trial_ends_at"], now)
    return row | {
        "languages": [row["language"], *row["further_languages"]],
        "tier_in_force": tier,
        "entitlements": vars(entitlements(tier)),
        "missing_documents": None,
    }


_COMPUTED = {"languages", "tier_in_force", "entitlements", "missing_documents"}
_PLAIN = set(AdvisorOut.model_fields) - _COMPUTED | {"language", "further_languages"}


async def advisor_read(session: ReadSession, row: AdvisorRow, now: datetime, response: Response) -> dict[str, Any]:
    """One advisor with what is missing of her documents, and her ETag."""
    given = {item.kind for item in await documents(session, row.id)}
    return advisor_shown(row, now, given=given, response=response)
