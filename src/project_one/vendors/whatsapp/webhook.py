"""Meta's webhooks: the signature over the raw bytes, and the payload in our words."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from project_one.channel.domain import TemplateReport, TemplateState
from project_one.delivery.domain import AttemptStatus, Facts, Report
from project_one.vendors.whatsapp.client import template_state
from project_one.vendors.whatsapp.errors import action_for


def is_genuine(raw: bytes, header: str | None, *, app_secret: str) -> bool:
    """Whether `X-Hub-Signature-256` is the HMAC-SHA256 of exactly these bytes. Constant time."""
    expected = "sha256=" + hmac.new(app_secret.encode(), raw, sha256).hexdigest()
    return header is not None and hmac.compare_digest(expected.encode(), header.encode())


class PayloadUnreadableError(Exception):
    """Genuine, but not what Meta documents."""


@dataclass(frozen=True)
class InboundText:
    """What a person sent us: text, or the label of the button she pressed."""

    sender: str  # E.164
    text: str
    vendor_message_id: str


@dataclass
class Payload:
    reports: list[Report] = field(default_factory=list[Report])
    inbound: list[InboundText] = field(default_factory=list[InboundText])
    marketing_stops: list[str] = field(default_factory=list[str])
    templates: list[TemplateReport] = field(default_factory=list[TemplateReport])
    is_channel_changed: bool = False  # something about our numbers: the vendor's list has the truth


def parse(raw: bytes) -> Payload:
    """Everything in one POST that concerns us; unknown fields are skipped. Raises PayloadUnreadableError."""
    payload = Payload()
    try:
        for name, value in _changes(orjson.loads(raw)):
            match name:
                case "messages":
                    _messages(value, payload)
                case "user_preferences":
                    stops = (item["wa_id"] for item in value["user_preferences"] if item.get("value") == "stop")
                    payload.marketing_stops.extend(_e164(wa_id) for wa_id in stops)
                case "message_template_status_update":
                    payload.templates.append(
                        TemplateReport(
                            name=value["message_template_name"],
                            language=value["message_template_language"],
                            state=_template_event(value["event"]),
                        )
                    )
                case "phone_number_quality_update" | "account_update" | "business_capability_update":
                    payload.is_channel_changed = True
                case _:
                    pass
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        message = f"{type(error).__name__} in a genuine payload"
        raise PayloadUnreadableError(message) from error
    return payload


def _changes(body: Any) -> Iterator[tuple[str, Any]]:
    for entry in body["entry"]:
        for change in entry["changes"]:
            yield change["field"], change["value"]


def _messages(value: Any, payload: Payload) -> None:
    number = str(value["metadata"]["phone_number_id"])
    for status in value.get("statuses", ()):
        report = _report(status, number)
        if report is not None:
            payload.reports.append(report)
    for message in value.get("messages", ()):
        text = (message.get("button") or {}).get("text") or (message.get("text") or {}).get("body")
        if text and "from" in message:
            payload.inbound.append(InboundText(_e164(message["from"]), text, message["id"]))


_STATUSES = {
    "sent": AttemptStatus.SENT,
    "delivered": AttemptStatus.DELIVERED,
    "read": AttemptStatus.READ,
    "played": AttemptStatus.READ,
    "failed": AttemptStatus.FAILED,
}


def _report(status: Any, number: str) -> Report | None:
    kind = _STATUSES.get(status["status"])
    if kind is None:
        return None
    at = datetime.fromtimestamp(int(status["timestamp"]), UTC)
    code, action, cause = None, None, None
    if kind is AttemptStatus.FAILED:
        errors = status.get("errors") or [{}]
        code = int(errors[0].get("code", 0))
        action, cause = action_for(code) if code else (None, None)
    match kind:
        case AttemptStatus.SENT:
            facts = Facts(sent_at=at)
        case AttemptStatus.DELIVERED:
            facts = Facts(delivered_at=at)
        case AttemptStatus.READ:
            facts = Facts(read_at=at)
        case _:
            facts = Facts(failed_at=at, code=code)
    recipient = status.get("recipient_id")
    return Report(
        vendor_message_id=status["id"],
        correlation=_uuid(status.get("biz_opaque_callback_data")),
        facts=facts,
        status=kind,
        at=at,
        number_vendor_id=number,
        recipient=_e164(recipient) if recipient else None,
        action=action,
        cause=cause,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None  # somebody else's correlation: matched by message id instead


def _e164(wa_id: str) -> str:
    return "+" + wa_id.lstrip("+")


def _template_event(event: str) -> TemplateState:
    return TemplateState.APPROVED if event == "REINSTATED" else template_state(event)
