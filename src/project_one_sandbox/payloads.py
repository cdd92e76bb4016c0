"""Webhook bodies as Meta writes them. Source: WhatsApp reference 9."""

import base64
import hashlib
import secrets
from dataclasses import dataclass

from project_one_sandbox.graph_errors import reported
from project_one_sandbox.receipts import Fate
from project_one_sandbox.shapes import Json, meta_json


def new_wamid(wa_id: str) -> str:
    """Unique over all runs, so that a product that kept its data meets no old id again."""
    raw = (
        b"\x1c\x18" + bytes([len(wa_id)]) + wa_id.encode() + b"\x15\x02\x00\x11\x18\x12" + secrets.token_hex(9).encode()
    )
    return "wamid." + base64.b64encode(raw + b"\x00").decode()


def user_id(wa_id: str) -> str | None:
    """A business-scoped user id. Only Indian users have one here, as Meta hands them out gradually."""
    if not wa_id.startswith("91"):
        return None
    return f"IN.{int.from_bytes(hashlib.sha256(wa_id.encode()).digest()[:8]) % 10**20:020d}"


def contact(wa_id: str, name: str) -> Json:
    found: Json = {"profile": {"name": name}, "wa_id": wa_id}
    user = user_id(wa_id)
    if user is not None:
        found["user_id"] = user
    return found


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted message. The texts are JSON already, ready to be copied into a status."""

    number_id: str
    wamid: str
    wa_id: str
    opaque: str | None
    accepted_at: float
    id_json: str
    recipient_json: str
    contact_json: str
    opaque_json: str
    pricing_json: str


def accepted(*, number_id: str, wa_id: str, opaque: str | None, category: str | None, at: float) -> Accepted:
    """`category`: the template's; None for a message in an open window. `at`: Unix seconds."""
    wamid = new_wamid(wa_id)
    user = user_id(wa_id)
    own = "" if user is None else f',"recipient_user_id":"{user}"'
    named = "" if user is None else f',"user_id":"{user}"'
    kind = "free_customer_service" if category is None else "regular"
    billable = "false" if category is None else "true"
    label = "service" if category is None else category.lower()
    return Accepted(
        number_id=number_id,
        wamid=wamid,
        wa_id=wa_id,
        opaque=opaque,
        accepted_at=at,
        id_json=meta_json(wamid),
        recipient_json=f'"recipient_id":"{wa_id}"{own}',
        contact_json=f'{{"profile":{{"name":"User {wa_id[-4:]}"}},"wa_id":"{wa_id}"{named}}}',
        opaque_json="" if opaque is None else f',"biz_opaque_callback_data":{meta_json(opaque)}',
        pricing_json=f',"pricing":{{"billable":{billable},"pricing_model":"PMP","type":"{kind}","category":"{label}"}}',
    )


def status(message: Accepted, fate: Fate) -> str:
    timestamp = int(message.accepted_at + fate.happens_s)
    parts = [
        f'{{"id":{message.id_json},"status":"{fate.status}","timestamp":"{timestamp}",{message.recipient_json}',
        message.opaque_json if fate.is_correlated else "",
        message.pricing_json if fate.has_pricing else "",
        "" if fate.code is None else f',"errors":[{meta_json(reported(fate.code))}]',
        "}",
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Update:
    """An item of a `messages` change. `place`: `statuses` or `messages`; without contact it has its own change."""

    number_id: str
    place: str
    item_json: str
    contact_json: str | None


def envelope(waba_id: str, changes: list[str], time: int | None = None) -> bytes:
    when = "" if time is None else f'"time":{time},'
    body = (
        f'{{"object":"whatsapp_business_account","entry":[{{"id":"{waba_id}",{when}"changes":[{",".join(changes)}]}}]}}'
    )
    return body.encode("ascii")


def messages_body(waba_id: str, metadata: dict[str, str], updates: list[Update]) -> bytes:
    """`metadata`: JSON by number id. Updates of one number and place share a change, in their order."""
    groups: dict[tuple[str, str, bool], list[Update]] = {}
    for update in updates:
        groups.setdefault((update.number_id, update.place, update.contact_json is None), []).append(update)
    changes: list[str] = []
    for (number_id, place, is_bare), members in groups.items():
        contacts = dict.fromkeys(update.contact_json for update in members if update.contact_json is not None)
        told = "" if is_bare else f'"contacts":[{",".join(contacts)}],'
        items = ",".join(update.item_json for update in members)
        changes.append(
            f'{{"value":{{"messaging_product":"whatsapp","metadata":{metadata.get(number_id, "{}")},'
            f'{told}"{place}":[{items}]}},"field":"messages"}}'
        )
    return envelope(waba_id, changes)


def account_body(waba_id: str, field: str, value: Json, time: int) -> bytes:
    return envelope(waba_id, [meta_json({"value": value, "field": field})], time)
