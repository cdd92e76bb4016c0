"""The SLA certificate, computed from the ledger export alone. Pure: the same export gives the same bytes.

The export is canonical JSON lines: one header (what it is a certificate of), then one line per message in id order.
On time: a vendor receipt says `sent`, `delivered` or `read` at or before the deadline, and nothing says `failed`.
"""

import hashlib
import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from project_one.delivery.domain import OWNER_OF, Cause, Facts, MessageStatus, Owner
from project_one.kernel.canonical import (
    Json,
    canonical_json,
    iso_utc,
    parse_iso_utc,
    sha256_hex,
)

FORMAT = "project-one/sla-certificate/1"
EXPORT_FORMAT = "project-one/ledger-export/1"
_LEFT = {MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ}
_TIMES = (
    "accepted_at",
    "sent_at",
    "delivered_at",
    "read_at",
    "failed_at",
    "unknown_at",
    "returned_at",
)


class ExportDamagedError(Exception):
    """The file is not a ledger export; the text names the line."""


@dataclass(frozen=True)
class Header:
    """What the certificate is about. `kind`: preliminary, final, demo or revised."""

    morning_id: str
    business_date: str
    slot: str
    kind: str
    as_of: str
    released_at: str
    deadline_at: str
    closes_at: str
    version: int
    supersedes: str | None
    planned_at_release: int
    orphan_receipts: int
    format: str = EXPORT_FORMAT


@dataclass(frozen=True)
class Attempt:
    """One attempt as exported."""

    id: str
    number: int
    sender: str
    rendered_sha256: str | None
    vendor_message_id: str | None
    facts: Facts


@dataclass(frozen=True)
class Line:
    """One message as exported."""

    message_id: str
    advisor_id: str
    due_at: datetime
    status: MessageStatus
    cause: Cause | None
    is_held: bool
    on_plan_b: bool
    resends_after_unknown: int
    withdrawn_at: datetime | None
    attempts: tuple[Attempt, ...]


def export_bytes(header: Header, lines: list[Line]) -> bytes:
    """The canonical ledger export."""
    rows = [canonical_json(asdict(header))]
    rows += [canonical_json(_line_json(line)) for line in sorted(lines, key=lambda line: line.message_id)]
    return b"\n".join(rows) + b"\n"


def _line_json(line: Line) -> Json:
    return {
        "message_id": line.message_id,
        "advisor_id": line.advisor_id,
        "due_at": iso_utc(line.due_at),
        "status": line.status.value,
        "cause": line.cause.value if line.cause else None,
        "is_held": line.is_held,
        "on_plan_b": line.on_plan_b,
        "resends_after_unknown": line.resends_after_unknown,
        "withdrawn_at": _time(line.withdrawn_at),
        "attempts": [
            {
                "id": attempt.id,
                "number": attempt.number,
                "sender": attempt.sender,
                "rendered_sha256": attempt.rendered_sha256,
                "vendor_message_id": attempt.vendor_message_id,
                "code": attempt.facts.code,
                **{name: _time(getattr(attempt.facts, name)) for name in _TIMES},
            }
            for attempt in line.attempts
        ],
    }


def _time(moment: datetime | None) -> str | None:
    return iso_utc(moment) if moment else None


def _moment(text: str | None) -> datetime | None:
    return parse_iso_utc(text) if text else None


def read_export(data: bytes) -> tuple[Header, list[Line]]:
    """Parse an export. Raises ExportDamagedError."""
    rows = data.splitlines()
    try:
        header = Header(**json.loads(rows[0]))
    except (IndexError, ValueError, TypeError) as error:
        message = "line 1 is not the header of a ledger export"
        raise ExportDamagedError(message) from error
    if header.format != EXPORT_FORMAT:
        message = f"the export is of format {header.format}, this release reads {EXPORT_FORMAT}"
        raise ExportDamagedError(message)
    lines: list[Line] = []
    for position, row in enumerate(rows[1:], start=2):
        try:
            lines.append(_read_line(json.loads(row)))
        except (KeyError, ValueError, TypeError) as error:
            message = f"line {position} is not a message of a ledger export"
            raise ExportDamagedError(message) from error
    return header, lines


def _read_line(row: dict[str, Any]) -> Line:
    due = parse_iso_utc(row["due_at"])
    return Line(
        message_id=row["message_id"],
        advisor_id=row["advisor_id"],
        due_at=due,
        status=MessageStatus(row["status"]),
        cause=Cause(row["cause"]) if row["cause"] else None,
        is_held=row["is_held"],
        on_plan_b=row["on_plan_b"],
        resends_after_unknown=row["resends_after_unknown"],
        withdrawn_at=_moment(row["withdrawn_at"]),
        attempts=tuple(
            Attempt(
                id=item["id"],
                number=item["number"],
                sender=item["sender"],
                rendered_sha256=item["rendered_sha256"],
                vendor_message_id=item["vendor_message_id"],
                facts=Facts(code=item["code"], **{name: _moment(item[name]) for name in _TIMES}),
            )
            for item in row["attempts"]
        ),
    )


def certificate_body(export: bytes) -> bytes:
    """The certificate of an export: canonical JSON, byte for byte the same on every machine."""
    header, lines = read_export(export)
    deadline = parse_iso_utc(header.deadline_at)
    released = parse_iso_utc(header.released_at)
    gone_after = [
        line
        for line in lines
        if line.status is MessageStatus.WITHDRAWN
        and line.cause is Cause.CONSENT
        and (line.withdrawn_at or released) >= released
    ]
    owed = [line for line in lines if line.status is not MessageStatus.WITHDRAWN]
    withdrawn_before = len(lines) - len(owed) - len(gone_after)
    misses = [line for line in owed if not _is_by(_left_at(line), deadline)]
    on_time = len(owed) - len(misses)
    owners = Counter(_owner(line).value for line in misses)
    waits = sorted(
        (accepted - line.due_at).total_seconds() for line in owed if (accepted := _accepted_at(line)) is not None
    )
    statuses = Counter(line.status.value for line in lines)
    delivered = [line for line in owed if line.status in (MessageStatus.DELIVERED, MessageStatus.READ)]
    body: dict[str, Json] = {
        "format": FORMAT,
        "kind": header.kind,
        "morning_id": header.morning_id,
        "business_date": header.business_date,
        "slot": header.slot,
        "as_of": header.as_of,
        "released_at": header.released_at,
        "deadline_at": header.deadline_at,
        "version": header.version,
        "supersedes": header.supersedes,
        "export_sha256": sha256_hex(export),
        "planned_at_release": header.planned_at_release,
        "withdrawn_for_consent_after_release": len(gone_after),
        "withdrawn_before_release": withdrawn_before,
        "denominator": len(owed),
        "on_time": on_time,
        "on_time_pct": _percent(on_time, len(owed)),
        "late": sum(1 for line in misses if line.status in _LEFT),
        "not_sent": sum(1 for line in misses if line.status not in _LEFT),
        "misses_by_owner": {owner.value: owners.get(owner.value, 0) for owner in Owner},
        "statuses": {status.value: statuses.get(status.value, 0) for status in MessageStatus},
        "delivered": len(delivered),
        "delivered_pct": _percent(len(delivered), len(owed)),
        "held": sum(1 for line in lines if line.is_held),
        "on_plan_b": sum(1 for line in lines if line.on_plan_b),
        "attempts": sum(len(line.attempts) for line in lines),
        "resends_after_unknown": sum(line.resends_after_unknown for line in lines),
        "orphan_receipts": header.orphan_receipts,
        "accepted_after_due_s": {
            "p50": _quantile(waits, 0.50),
            "p99": _quantile(waits, 0.99),
        },
    }
    return canonical_json(body)


def _accepted_at(line: Line) -> datetime | None:
    return min(
        (item.facts.accepted_at for item in line.attempts if item.facts.accepted_at),
        default=None,
    )


def _left_at(line: Line) -> datetime | None:
    if line.status not in _LEFT:
        return None
    return min(
        (moment for item in line.attempts if (moment := item.facts.left_at)),
        default=None,
    )


def _is_by(moment: datetime | None, deadline: datetime) -> bool:
    return moment is not None and moment <= deadline


def _owner(line: Line) -> Owner:
    """Who owns a miss of `sent`: the recorded cause, else whoever the message is waiting for."""
    if line.cause is not None:
        return OWNER_OF[line.cause]
    if line.status is MessageStatus.ACCEPTED:
        return Owner.META_PACING if line.is_held else Owner.META
    return Owner.US


def _percent(part: int, whole: int) -> str:
    """Two decimals, cut and never rounded up, as text: 99.996 % is not 100 %."""
    if whole == 0:
        return "100.00"
    return f"{part * 10_000 // whole // 100}.{part * 10_000 // whole % 100:02d}"


def _quantile(ordered: list[float], share: float) -> str | None:
    """Nearest rank, in seconds with milliseconds, as text."""
    if not ordered:
        return None
    return f"{ordered[max(0, math.ceil(len(ordered) * share) - 1)]:.3f}"


@dataclass(frozen=True)
class Signed:
    body: bytes
    signature: bytes
    public_key: bytes

    def to_file(self) -> bytes:
        """The file handed to a stranger: the body as an object, and an Ed25519 signature over its canonical bytes."""
        envelope: dict[str, Json] = {
            "certificate": json.loads(self.body),
            "signature": {
                "algorithm": "Ed25519",
                "public_key": self.public_key.hex(),
                "key_id": key_id(self.public_key),
                "value": self.signature.hex(),
            },
        }
        return (json.dumps(envelope, indent=2, ensure_ascii=False) + "\n").encode()


def key_id(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()[:16]


def sign(body: bytes, private_key: bytes) -> Signed:
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return Signed(
        body=body,
        signature=key.sign(body),
        public_key=key.public_key().public_bytes_raw(),
    )


class CertificateInvalidError(Exception):
    """The file is not a certificate or was altered."""


def verify(data: bytes) -> Signed:
    """Check a certificate file against the key in it; whose key that is, the caller compares. Raises CertificateInvalidError."""
    try:
        envelope = json.loads(data)
        body = canonical_json(envelope["certificate"])
        signature = bytes.fromhex(envelope["signature"]["value"])
        public_key = bytes.fromhex(envelope["signature"]["public_key"])
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except InvalidSignature:
        message = "The signature does not fit: the certificate was altered after it was signed."
        raise CertificateInvalidError(message) from None
    except (ValueError, KeyError, TypeError) as error:
        message = "This file is not an SLA certificate."
        raise CertificateInvalidError(message) from error
    return Signed(body=body, signature=signature, public_key=public_key)


def as_text(body: bytes) -> str:
    """For people."""
    data = json.loads(body)
    waits = data["accepted_after_due_s"]
    misses = ", ".join(f"{owner} {count}" for owner, count in data["misses_by_owner"].items() if count) or "none"
    supersedes = f", supersedes {data['supersedes'][:12]}…" if data["supersedes"] else ""
    lines = [
        f"SLA certificate ({data['kind']}) of the morning {data['business_date']} {data['slot']}",
        f"  as of            {data['as_of']}, version {data['version']}{supersedes}",
        f"  released         {data['released_at']}, deadline {data['deadline_at']}",
        f"  planned          {data['planned_at_release']} at release, {data['withdrawn_for_consent_after_release']} withdrawn for consent, {data['denominator']} owed",
        f"  sent on time     {data['on_time']} ({data['on_time_pct']} %), late {data['late']}, not sent {data['not_sent']}",
        f"  delivered        {data['delivered']} ({data['delivered_pct']} %)",
        f"  misses by owner  {misses}",
        f"  accepted         p50 {waits['p50']} s, p99 {waits['p99']} s after due; {data['attempts']} attempts, {data['resends_after_unknown']} resent after unknown",
        f"  ledger export    sha256 {data['export_sha256']}",
    ]
    return "\n".join(lines)
