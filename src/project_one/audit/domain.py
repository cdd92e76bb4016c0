"""The words of the trail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from project_one.kernel.canonical import Json


class Action(StrEnum):
    """What may stand in the trail. Past tense: it happened."""

    CONTENT_APPROVED = "content.approved"
    CONTENT_APPROVAL_VOIDED = "content.approval-voided"
    FRAME_APPROVED = "frame.approved"
    FRAME_APPROVAL_VOIDED = "frame.approval-voided"
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    MORNING_PLANNED = "morning.planned"
    MORNING_RELEASED = "morning.released"
    MORNING_STOPPED = "morning.stopped"
    MORNING_RESUMED = "morning.resumed"
    MORNING_CLOSED = "morning.closed"
    MESSAGE_REBOUND = "message.rebound"
    MESSAGE_SENT = "message.sent"
    MESSAGE_RESENT_AFTER_UNKNOWN = "message.resent-after-unknown"
    RECEIPTS_RECEIVED = "receipts.received"
    NUMBER_STOPPED = "number.stopped"
    NUMBER_RESUMED = "number.resumed"
    CERTIFICATE_ISSUED = "certificate.issued"
    POLICY_DRAFTED = "policy.drafted"
    POLICY_TESTED = "policy.tested"
    POLICY_APPROVED = "policy.approved"
    POLICY_WITHDRAWN = "policy.withdrawn"
    OVERRIDE_ASKED = "override.asked"
    OVERRIDE_GRANTED = "override.granted"
    OVERRIDE_REVOKED = "override.revoked"
    USER_ENTERED = "user.entered"
    USER_DELETED = "user.deleted"
    MEMBERSHIP_SET = "membership.set"
    MEMBERSHIP_ENDED = "membership.ended"
    SEAT_TAKEN = "seat.taken"
    SEAT_AWAITED = "seat.awaited"
    ORGANISATION_LINKED = "organisation.linked"
    ORGANISATION_ENDED = "organisation.ended"
    FIRM_RENAMED = "firm.renamed"
    STAFF_ROLE_GRANTED = "staff.role-granted"
    STAFF_ROLE_REVOKED = "staff.role-revoked"
    SESSION_REVOKED = "session.revoked"
    API_KEY_MADE = "api-key.made"
    API_KEY_REVOKED = "api-key.revoked"
    ADVISOR_REGISTERED = "advisor.registered"
    ADVISOR_CHANGED = "advisor.changed"
    ADVISOR_TIER_SET = "advisor.tier-set"
    DOCUMENT_UPLOADED = "document.uploaded"
    DOCUMENT_READ = "document.read"
    REGISTRATION_CHECKED = "registration.checked"
    REGISTRATION_MOVED = "registration.moved"
    REGISTER_IMPORTED = "register.imported"
    LIBRARY_PACK_ADDED = "library.pack-added"
    EXPORT_LINKED = "export.linked"
    PACK_CREATED = "pack.created"
    PACK_EDITED = "pack.edited"
    PACK_DELETED = "pack.deleted"
    PACK_SUBMITTED = "pack.submitted"
    PACK_CHECKED = "pack.checked"
    PACK_APPROVED = "pack.approved"
    PACK_REJECTED = "pack.rejected"
    PACK_CHANGES_REQUESTED = "pack.changes-requested"
    PACK_SCHEDULED = "pack.scheduled"
    PACK_SENT = "pack.sent"
    PACK_WITHDRAWN = "pack.withdrawn"
    PACKS_BULK_APPROVED = "packs.bulk-approved"
    PACK_TEMPLATE_SAVED = "pack-template.saved"
    PACK_TEMPLATE_DELETED = "pack-template.deleted"
    AI_BUDGET_ALERT = "ai-budget.alert"
    AI_BUDGET_SET = "ai-budget.set"


@dataclass(frozen=True)
class Event:
    """One thing that happened to one object. `actor`: `clock`, `driver:<id>`, `operator`, `reviewer:<id>`, `vendor:whatsapp`, `vendor:clerk`, `user:<id>`, `api-key:<id>`."""

    action: Action
    object_kind: str
    object_id: str
    actor: str
    data: Mapping[str, Json] = field(default_factory=dict[str, Json])
    business_date: date | None = None
