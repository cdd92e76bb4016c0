"""Clerk's webhooks: Svix's signature over the raw bytes, and the event in our words."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

_WINDOW_S = 300
_MILLISECONDS_FROM = 10**12
_LONGEST_ID = 200


def is_genuine(raw: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
    """Whether a `v1` entry of `svix-signature` is the HMAC-SHA256 of id, timestamp and exactly these bytes."""
    message_id, stamp = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key or not 0 < len(message_id) <= _LONGEST_ID:
        return False
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + raw, "sha256").digest()
    expected = base64.b64encode(digest)
    given = headers.get("svix-signature", "").split()
    return any(hmac.compare_digest(expected, item[3:].encode()) for item in given if item.startswith("v1,"))


def is_recent(headers: Mapping[str, str], *, now: datetime) -> bool:
    """Whether it was sent within five minutes of now: what was recorded cannot be played back later."""
    stamp = headers.get("svix-timestamp", "")
    return stamp.isascii() and stamp.isdigit() and len(stamp) < 12 and abs(now.timestamp() - int(stamp)) <= _WINDOW_S  # noqa: PLR2004


class PayloadUnreadableError(Exception):
    """Genuine, but not what Clerk documents."""


@dataclass(frozen=True)
class UserChanged:
    user: str
    updated_at: datetime


@dataclass(frozen=True)
class UserDeleted:
    user: str


@dataclass(frozen=True)
class OrganisationChanged:
    """Also when it was created."""

    organisation: str
    name: str
    updated_at: datetime


@dataclass(frozen=True)
class OrganisationDeleted:
    organisation: str


@dataclass(frozen=True)
class SessionEnded:
    """`how`: the kind of the report: she signed out, somebody took the session away, or it was removed."""

    session: str
    how: str


@dataclass(frozen=True)
class MembershipChanged:
    """`role` as in session tokens: without `org:`."""

    membership: str
    user: str
    organisation: str
    organisation_name: str
    role: str
    updated_at: datetime
    has_ended: bool


Change = UserChanged | UserDeleted | OrganisationChanged | OrganisationDeleted | MembershipChanged | SessionEnded


def parse(raw: bytes) -> Change | None:
    """What happened; None for the many kinds that do not concern us. Raises PayloadUnreadableError."""
    try:
        body = orjson.loads(raw)
        return _change(body["type"], body["data"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        message = f"{type(error).__name__} in a genuine payload"
        raise PayloadUnreadableError(message) from error


def _change(kind: str, data: Any) -> Change | None:
    match kind:
        case "user.created" | "user.updated":
            return UserChanged(_id(data), _moment(data["updated_at"]))
        case "user.deleted":
            return UserDeleted(_id(data))
        case "organization.created" | "organization.updated":
            since = data.get("updated_at", data.get("created_at", 0))
            return OrganisationChanged(_id(data), _text(data["name"]), _moment(since))
        case "organization.deleted":
            return OrganisationDeleted(_id(data))
        case "session.ended" | "session.removed" | "session.revoked":
            return SessionEnded(_id(data), kind)
        case "organizationMembership.created" | "organizationMembership.updated" | "organizationMembership.deleted":
            return MembershipChanged(
                membership=_id(data),
                user=_text(data["public_user_data"]["user_id"]),
                organisation=_id(data["organization"]),
                organisation_name=str(data["organization"]["name"]),
                role=_text(data["role"]).removeprefix("org:"),
                updated_at=_moment(data["updated_at"]),
                has_ended=kind.endswith(".deleted"),
            )
        case _:
            return None


def _id(data: Any) -> str:
    return _text(data["id"])


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        message = "a text is missing"
        raise TypeError(message)
    return value


def _moment(value: Any) -> datetime:
    """Milliseconds as documented, seconds as in some of the examples."""
    number = int(value)
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)
